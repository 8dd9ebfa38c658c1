from typing import Optional, Tuple

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from easydict import EasyDict
from tqdm import tqdm

torch.manual_seed(42)
np.random.seed(42)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
print("device:", device)
config = EasyDict({"beta_start": 1e-4, "beta_end": 0.02})

plt.figure(figsize=(4, 2))
plt.plot(np.linspace(config.beta_start, config.beta_end, 1000))
plt.show()


class DenoiseDiffusion():
    def __init__(self, eps_model: nn.Module, n_steps: int, device: torch.device):
        super().__init__()
        self.eps_model = eps_model.to(device)
        self.beta = torch.linspace(config.beta_start, config.beta_end, n_steps).to(device)
        self.alpha = 1.0 - self.beta
        self.alpha_bar = torch.cumprod(self.alpha, dim=0)
        self.n_steps = n_steps
        self.sigma2 = self.beta

    def gather(self, c: torch.Tensor, t: torch.Tensor):
        c_ = c.gather(-1, t)
        return c_.reshape(-1, 1, 1, 1)

    def q_xt_x0(self, x0, t) -> Tuple[torch.Tensor, torch.Tensor]:
        a = self.gather(self.alpha_bar, t)
        mean = a ** 0.5 * x0
        var = (1 - a) * torch.ones_like(x0)
        return mean, var

    def q_sample(self, x0, t, eps: Optional[torch.Tensor] = None, set_seed=False):
        if set_seed:
            torch.manual_seed(42)
        if eps is None:
            eps = torch.randn_like(x0)
        mean, var = self.q_xt_x0(x0, t)
        return mean + (var ** 0.5) * eps

    def p_xt_prev_xt(self, xt, t):
        eps_theta = self.eps_model(xt, t)
        alpha_bar = self.gather(self.alpha_bar, t)
        alpha = self.gather(self.alpha, t)
        eps_coef = (1 - alpha) / (1 - alpha_bar) ** 0.5
        p_mean = 1 / (alpha ** 0.5) * (xt - eps_coef * eps_theta)
        p_var = self.gather(self.sigma2, t).expand(xt.shape)
        return p_mean, p_var

    def p_sample(self, xt, t, set_seed=False):
        if set_seed:
            torch.manual_seed(42)
        p_mean, p_var = self.p_xt_prev_xt(xt, t)
        z = torch.randn_like(xt)
        z[t == 0] = 0.0
        return p_mean + p_var ** 0.5 * z

    def loss(self, x0, noise: Optional[torch.Tensor] = None, set_seed=False):
        if set_seed:
            torch.manual_seed(42)
        batch_size = x0.shape[0]
        t = torch.randint(0, self.n_steps, (batch_size,), device=x0.device, dtype=torch.long)
        if noise is None:
            noise = torch.randn_like(x0)
        xt = self.q_sample(x0, t, eps=noise)
        eps_theta = self.eps_model(xt, t)
        loss = F.mse_loss(noise, eps_theta, reduction="sum") / batch_size
        print("loss", loss.item())
        return loss
