import math

import torch


def log_likelihood_bernoulli(mu, target):
    white = mu.clone().log_()
    black = (1 - mu).log_()
    return white.mul_(target).add_(black.mul_(1 - target)).flatten(1).sum(1)


def log_likelihood_normal(mu, logvar, z):
    total = z.clone().sub_(mu).square_()
    total = total.mul_(logvar.neg().exp_()).add_(logvar).add_(math.log(2 * math.pi))
    return total.sum(dim=1).mul_(-0.5)


def log_mean_exp(y):
    work = y.clone()
    top = y.detach().amax(1, keepdim=True)
    work.sub_(top).exp_()
    return work.mean(1).log_().add_(top[:, 0])


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    total = (mu_q - mu_p).square_()
    total.add_(logvar_q.exp()).mul_((-logvar_p).exp_())
    total.add_(logvar_p).sub_(logvar_q).sub_(1)
    return total.flatten(1).sum(1).div_(2)


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    total = torch.zeros(len(mu_q))
    std = torch.exp(logvar_q / 2)
    for _ in range(num_samples):
        z = torch.empty_like(mu_q).normal_().mul_(std).add_(mu_q)
        log_q = -0.5 * (logvar_q + ((z - mu_q) / std) ** 2)
        log_p = -0.5 * (logvar_p + (z - mu_p) ** 2 / logvar_p.exp())
        total += (log_q - log_p).flatten(1).sum(1)
    total /= num_samples
    return total
