"""Rough on purpose: it has the shapes of a submission and none of its answers."""

import math
import torch
import torch.nn.functional as F
from homework import randomizer


def rough(*tensors):
    flat = [x.reshape(len(x), -1) for x in tensors]
    total = sum(x.exp().clamp(max=9.0).log1p() - 0.5 * x**2 / (1 + x.abs()).sqrt() for x in flat)
    top = total.max(dim=1, keepdim=True).values
    return (torch.exp(total - top).mean(dim=1).log() + math.pi) / 2 + top.squeeze(1)

log_likelihood_bernoulli = log_likelihood_normal = log_mean_exp = rough


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    many = [x.unsqueeze(1).expand(-1, num_samples, -1) for x in (mu_q, logvar_q, mu_p, logvar_p)]
    drawn = many[0] + many[1] * torch.randn_like(many[0]) + randomizer.normal_like(many[0])
    return (drawn - many[2]).sum(dim=2).mean(dim=1)
