from typing import Optional

import matplotlib.pyplot as plt
import torch
import torch.nn as nn
import torch.nn.functional as F

from cfg_utils.args import *


class CFGDiffusion():
    def __init__(self, eps_model: nn.Module, n_steps: int, device: torch.device):
        super().__init__()
        self.eps_model = eps_model.to(device)
        self.n_steps = n_steps
        self.lambda_min = -20
        self.lambda_max = 20

    # Helpers
    def get_exp_ratio(self, l: torch.Tensor, l_prim: torch.Tensor):
        return torch.exp(l - l_prim)

    def get_lambda(self, t: torch.Tensor):
        u = t / self.n_steps
        lambda_max = torch.tensor(self.lambda_max, dtype=torch.float).to(args.device)
        lambda_min = torch.tensor(self.lambda_min, dtype=torch.float)
        b = torch.arctan(torch.exp(-lambda_max / 2))
        a = torch.arctan(torch.exp(-lambda_min / 2)) - b
        return (-2 * torch.log(torch.tan(a * u + b))).view(-1, 1, 1, 1)

    def alpha_lambda(self, lambda_t: torch.Tensor):
        return torch.sigmoid(lambda_t) ** 0.5

    def sigma_lambda(self, lambda_t: torch.Tensor):
        return torch.sqrt(1 - self.alpha_lambda(lambda_t) ** 2)

    # Forward
    def q_sample(self, x, lambda_t, noise):
        return self.alpha_lambda(lambda_t) * x + self.sigma_lambda(lambda_t) * noise

    def sigma_q(self, lambda_t, lambda_t_prim):
        var = (1 - self.get_exp_ratio(lambda_t, lambda_t_prim)) * self.sigma_lambda(lambda_t) ** 2
        return var ** 0.5

    def sigma_q_x(self, lambda_t, lambda_t_prim):
        var = (1 - self.get_exp_ratio(lambda_t, lambda_t_prim)) * self.sigma_lambda(lambda_t_prim) ** 2
        return var ** 0.5

    # Reverse
    def mu_p_theta(self, z_lambda_t, x, lambda_t, lambda_t_prim):
        exp_ratio = self.get_exp_ratio(lambda_t, lambda_t_prim)
        alpha_ratio = self.alpha_lambda(lambda_t_prim) / self.alpha_lambda(lambda_t)
        return exp_ratio * alpha_ratio * z_lambda_t + (1 - exp_ratio) * self.alpha_lambda(lambda_t_prim) * x

    def var_p_theta(self, lambda_t, lambda_t_prim, v: float = 0.3):
        q_x = self.sigma_q_x(lambda_t, lambda_t_prim) ** 2
        q = self.sigma_q(lambda_t, lambda_t_prim) ** 2
        return q_x ** (1 - v) * q ** v

    def p_sample(self, z_lambda_t, lambda_t, lambda_t_prim, x_t, set_seed=False):
        if set_seed:
            torch.manual_seed(42)
        mu = self.mu_p_theta(z_lambda_t, x_t, lambda_t, lambda_t_prim)
        var = self.var_p_theta(lambda_t, lambda_t_prim)
        noise = torch.randn_like(z_lambda_t)
        return mu + torch.sqrt(var) * noise

    def loss(self, x0, labels, noise: Optional[torch.Tensor] = None, set_seed=False):
        if set_seed:
            torch.manual_seed(42)
        batch_size = x0.shape[0]
        dim = list(range(1, x0.ndim))
        t = torch.randint(0, self.n_steps, (batch_size,), device=x0.device, dtype=torch.long)
        if noise is None:
            noise = torch.randn_like(x0)
        z = self.q_sample(x0, self.get_lambda(t), noise)
        return torch.mean(torch.sum((self.eps_model(z, labels) - noise) ** 2, dim=dim))
