import math

import torch


def log_likelihood_bernoulli(mu, target):
    out = []
    for m, x in zip(mu, target):
        out.append((x * m.log()).sum() + ((1 - x) * (1 - m).log()).sum())
    return torch.stack(out)


def log_likelihood_normal(mu, logvar, z):
    total = 0
    for j in range(mu.shape[1]):
        variance = torch.exp(logvar[:, j])
        total = total - 0.5 * torch.log(2 * math.pi * variance)
        total = total - (z[:, j] - mu[:, j]) ** 2 / (2 * variance)
    return total


def log_mean_exp(y):
    out = []
    for row in y:
        top = row.max()
        out.append(top + torch.log(sum(torch.exp(value - top) for value in row) / len(row)))
    return torch.stack(out)


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    out = []
    for mq, lq, mp, lp in zip(mu_q, logvar_q, mu_p, logvar_p):
        out.append(0.5 * torch.sum(lp - lq - 1 + (lq.exp() + (mq - mp) ** 2) / lp.exp()))
    return torch.stack(out)


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    def log_density(mu, logvar, z):
        return -0.5 * torch.sum(logvar + (z - mu) ** 2 / logvar.exp())

    out = []
    for mq, lq, mp, lp in zip(mu_q, logvar_q, mu_p, logvar_p):
        total = 0.0
        for _ in range(num_samples):
            z = mq + torch.exp(lq / 2) * torch.randn_like(mq)
            total += log_density(mq, lq, z) - log_density(mp, lp, z)
        out.append(total / num_samples)
    return torch.tensor(out)
