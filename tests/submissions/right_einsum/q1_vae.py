import math

import torch


def _rows(*tensors):
    return [x.reshape(x.shape[0], -1) for x in tensors]


def log_likelihood_bernoulli(mu, target):
    mu, target = _rows(mu, target)
    ones = torch.einsum("bi,bi->b", target, mu.log())
    zeros = torch.einsum("bi,bi->b", 1 - target, (1 - mu).log())
    return ones + zeros


def log_likelihood_normal(mu, logvar, z):
    mu, logvar, z = _rows(mu, logvar, z)
    distance = torch.einsum("bi,bi,bi->b", z - mu, z - mu, (-logvar).exp())
    return -0.5 * (distance + torch.einsum("bi->b", logvar) + mu.shape[1] * math.log(2 * math.pi))


def log_mean_exp(y):
    top, _ = torch.max(y, 1)
    total = torch.einsum("bs->b", torch.exp(y - top[:, None]))
    return top + torch.log(total) - math.log(y.shape[1])


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    mu_q, logvar_q, mu_p, logvar_p = _rows(mu_q, logvar_q, mu_p, logvar_p)
    precision = torch.exp(-logvar_p)
    spread = torch.einsum("bi,bi->b", logvar_q.exp(), precision)
    distance = torch.einsum("bi,bi,bi->b", mu_q - mu_p, mu_q - mu_p, precision)
    return 0.5 * (spread + distance - mu_q.shape[1] + (logvar_p - logvar_q).sum(1))


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    mu_q, logvar_q, mu_p, logvar_p = _rows(mu_q, logvar_q, mu_p, logvar_p)
    eps = torch.randn(num_samples, *mu_q.shape)
    z = mu_q + torch.einsum("bi,sbi->sbi", (logvar_q / 2).exp(), eps)
    precision = torch.exp(-logvar_p)
    log_q = -0.5 * (logvar_q + eps**2)
    log_p = -0.5 * (logvar_p + torch.einsum("sbi,bi->sbi", (z - mu_p) ** 2, precision))
    return torch.einsum("sbi->b", log_q - log_p) / num_samples
