"""Rough on purpose: it has the shapes of a submission and none of its answers."""

import torch
from torch import nn
from homework import randomizer


class DenoiseDiffusion:
    def __init__(self, eps_model, n_steps, device):
        self.eps_model, self.n_steps = eps_model, n_steps
        self.table = torch.linspace(0.1, 0.9, n_steps).to(device).cumprod(dim=0)

    def p_sample(self, xt, t):
        level = self.table.gather(-1, t).reshape(-1, 1, 1, 1)
        mixed = level.sqrt() * xt + (1 - level) ** 0.5 * self.eps_model(xt, t)
        return torch.where(level > 0.5, mixed, mixed.flip(0) + randomizer.normal_like(xt))

    def loss(self, x0, noise=None):
        t = randomizer.integers(0, self.n_steps, (len(x0),), device=x0.device)
        noise = torch.randn_like(x0) if noise is None else noise
        return ((self.p_sample(x0, t) - noise) ** 2).sum(dim=(1, 2, 3)).mean()
