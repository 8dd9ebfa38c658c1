from __future__ import annotations

from dataclasses import dataclass
from math import atan, exp

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Span:
    low: float = -20.0
    high: float = 20.0


@dataclass
class CFGDiffusion:
    eps_model: nn.Module
    n_steps: int
    device: torch.device | str
    span: Span = Span()

    def get_exp_ratio(self, l: Tensor, l_prim: Tensor) -> Tensor:
        return (l - l_prim).exp()

    def get_lambda(self, t: Tensor) -> Tensor:
        b = atan(exp(-self.span.high / 2))
        a = atan(exp(-self.span.low / 2)) - b
        angles = torch.tensor([[[[a * int(time) / self.n_steps + b]]] for time in t])
        return 2 * torch.log(1 / torch.tan(angles))

    def alpha_lambda(self, lambda_t: Tensor) -> Tensor:
        return (1 / (1 + (-lambda_t).exp())).sqrt()

    def sigma_lambda(self, lambda_t: Tensor) -> Tensor:
        return (1 / (1 + lambda_t.exp())).sqrt()

    def q_sample(self, x: Tensor, lambda_t: Tensor, noise: Tensor) -> Tensor:
        return torch.stack([
            alpha * image + sigma * eps
            for image, alpha, sigma, eps in zip(
                x, self.alpha_lambda(lambda_t), self.sigma_lambda(lambda_t), noise
            )
        ])

    def sigma_q(self, lambda_t: Tensor, lambda_t_prim: Tensor) -> Tensor:
        return self._root(lambda_t, lambda_t_prim, self.sigma_lambda(lambda_t))

    def sigma_q_x(self, lambda_t: Tensor, lambda_t_prim: Tensor) -> Tensor:
        return self._root(lambda_t, lambda_t_prim, self.sigma_lambda(lambda_t_prim))

    def _root(self, l: Tensor, l_prim: Tensor, sigma: Tensor) -> Tensor:
        return torch.sqrt((1 - self.get_exp_ratio(l, l_prim)) * sigma.square())

    def mu_p_theta(self, z_lambda_t, x, lambda_t, lambda_t_prim) -> Tensor:
        keep = self.get_exp_ratio(lambda_t, lambda_t_prim)
        target = self.alpha_lambda(lambda_t_prim)
        return target * (keep * z_lambda_t / self.alpha_lambda(lambda_t) + (1 - keep) * x)

    def var_p_theta(self, lambda_t: Tensor, lambda_t_prim: Tensor, v: float = 0.3) -> Tensor:
        ends = self.sigma_q_x(lambda_t, lambda_t_prim), self.sigma_q(lambda_t, lambda_t_prim)
        return (ends[0] ** (1 - v) * ends[1] ** v).square()

    def p_sample(self, z_lambda_t, lambda_t, lambda_t_prim, x_t) -> Tensor:
        noise = torch.stack([torch.randn(z.shape) for z in z_lambda_t])
        moments = lambda_t, lambda_t_prim
        return self.mu_p_theta(z_lambda_t, x_t, *moments) + self.var_p_theta(*moments).sqrt() * noise

    def loss(self, x0: Tensor, labels: Tensor | None, noise: Tensor | None = None) -> Tensor:
        times = torch.randint(0, self.n_steps, (len(x0),))
        noise = noise if noise is not None else torch.randn_like(x0)
        z = self.q_sample(x0, self.get_lambda(times), noise)
        return (self.eps_model(z, labels) - noise).square().mean(0).sum()
