import numpy as np
import torch


def _wide(*tensors):
    return [x.to(torch.float64).flatten(start_dim=1) for x in tensors]


def log_likelihood_bernoulli(mu, target):
    mu, target = _wide(mu, target)
    return (target * mu.log() + (1 - target) * (1 - mu).log()).sum(-1)


def log_likelihood_normal(mu, logvar, z):
    mu, logvar, z = _wide(mu, logvar, z)
    return (-0.5 * (np.log(2 * np.pi) + logvar + (z - mu).pow(2) / logvar.exp())).sum(-1).float()


def log_mean_exp(y):
    y = y.double()
    top = y.max(dim=1, keepdim=True)[0]
    return (top + (y - top).exp().mean(1, keepdim=True).log()).squeeze(1)


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    mu_q, logvar_q, mu_p, logvar_p = _wide(mu_q, logvar_q, mu_p, logvar_p)
    std_q, std_p = (0.5 * logvar_q).exp(), (0.5 * logvar_p).exp()
    each = torch.log(std_p / std_q) + (std_q**2 + (mu_q - mu_p) ** 2) / (2 * std_p**2) - 0.5
    return each.sum(1)


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    mu_q, logvar_q, mu_p, logvar_p = (
        x.repeat_interleave(num_samples, 0) for x in _wide(mu_q, logvar_q, mu_p, logvar_p)
    )
    z = mu_q + (0.5 * logvar_q).exp() * torch.randn_like(mu_q)
    gap = log_likelihood_normal(mu_q, logvar_q, z) - log_likelihood_normal(mu_p, logvar_p, z)
    return gap.reshape(-1, num_samples).mean(1)
