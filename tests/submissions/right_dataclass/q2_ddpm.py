from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor, nn


@dataclass
class DenoiseDiffusion:
    eps_model: nn.Module
    n_steps: int
    device: torch.device | str
    first: float = 1e-4
    last: float = 0.02
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.eps_model = self.eps_model.to(self.device)

    @cached_property
    def beta(self) -> Tensor:
        return torch.linspace(self.first, self.last, self.n_steps, device=self.device)

    @cached_property
    def alpha_bar(self) -> Tensor:
        return (1 - self.beta).cumprod(dim=0)

    def q_xt_x0(self, x0: Tensor, t: Tensor) -> list[Tensor]:
        bar = self.alpha_bar[t].reshape(-1, 1, 1, 1).expand(x0.shape)
        return [bar.sqrt() * x0, 1 - bar]

    def q_sample(self, x0: Tensor, t: Tensor, eps: Tensor | None = None) -> Tensor:
        (mean, var), eps = self.q_xt_x0(x0, t), torch.randn_like(x0) if eps is None else eps
        return torch.addcmul(mean, var.sqrt(), eps)

    def p_xt_prev_xt(self, xt: Tensor, t: Tensor) -> list[Tensor]:
        beta = self.beta[t].reshape(-1, 1, 1, 1).expand_as(xt)
        bar = self.alpha_bar[t].reshape(-1, 1, 1, 1).expand_as(xt)
        mean = (xt - beta * (1 - bar).rsqrt() * self.eps_model(xt, t)) * (1 - beta).rsqrt()
        return [mean, beta]

    def p_sample(self, xt: Tensor, t: Tensor) -> Tensor:
        mean, var = self.p_xt_prev_xt(xt, t)
        drawn = torch.empty_like(mean)
        for time in t.unique():
            chosen = t == time
            noise = torch.randn_like(mean[chosen])
            drawn[chosen] = mean[chosen] + (noise * var[chosen].sqrt() if time else 0)
        return drawn

    def loss(self, x0: Tensor, noise: Tensor | None = None) -> Tensor:
        noise = torch.randn_like(x0) if noise is None else noise
        t = torch.randint(0, self.n_steps, x0.shape[:1], device=x0.device)
        return (self.eps_model(self.q_sample(x0, t, noise), t) - noise).pow(2).sum() / len(x0)
