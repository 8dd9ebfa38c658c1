import torch
from torch import nn
from torch.nn.functional import logsigmoid


class CFGDiffusion(nn.Module):
    """In logarithms wherever it helps."""

    def __init__(self, eps_model, n_steps, device):
        super().__init__()
        self.eps_model = eps_model.to(device)
        self.n_steps = n_steps
        self.device = device
        self.lambda_min, self.lambda_max = -20, 20
        self.history = []

    @property
    def angles(self):
        ends = torch.tensor([self.lambda_max, self.lambda_min], dtype=torch.float64)
        return torch.atan(torch.exp(-ends / 2))

    def get_lambda(self, t):
        low, high = self.angles
        u = t.to(torch.float64) / self.n_steps
        return -2 * torch.log(torch.tan(low + (high - low) * u)).float().view(-1, 1, 1, 1)

    def alpha_lambda(self, lambda_t):
        return torch.exp(0.5 * logsigmoid(lambda_t))

    def sigma_lambda(self, lambda_t):
        return torch.exp(0.5 * logsigmoid(-lambda_t))

    def q_sample(self, x, lambda_t, noise):
        return torch.lerp(torch.zeros_like(x), x, self.alpha_lambda(lambda_t)) + (
            self.sigma_lambda(lambda_t) * noise
        )

    def _log_share(self, l, l_prim):
        return torch.log(-torch.expm1(l - l_prim))

    def sigma_q(self, lambda_t, lambda_t_prim):
        return torch.exp(0.5 * (self._log_share(lambda_t, lambda_t_prim) + logsigmoid(-lambda_t)))

    def sigma_q_x(self, lambda_t, lambda_t_prim):
        log_var = self._log_share(lambda_t, lambda_t_prim) + logsigmoid(-lambda_t_prim)
        return torch.exp(0.5 * log_var)

    def mu_p_theta(self, z_lambda_t, x, lambda_t, lambda_t_prim):
        ratio = torch.exp(lambda_t - lambda_t_prim)
        scale = torch.exp(0.5 * (logsigmoid(lambda_t_prim) - logsigmoid(lambda_t)))
        return ratio * scale * z_lambda_t + (1 - ratio) * self.alpha_lambda(lambda_t_prim) * x

    def var_p_theta(self, lambda_t, lambda_t_prim, v=0.3):
        log_q_x = 2 * torch.log(self.sigma_q_x(lambda_t, lambda_t_prim))
        log_q = 2 * torch.log(self.sigma_q(lambda_t, lambda_t_prim))
        return torch.exp(torch.lerp(log_q_x, log_q, v))

    def p_sample(self, z_lambda_t, lambda_t, lambda_t_prim, x_t):
        mean = self.mu_p_theta(z_lambda_t, x_t, lambda_t, lambda_t_prim)
        std = self.var_p_theta(lambda_t, lambda_t_prim) ** 0.5
        self.history.append(float(std.mean()))
        return torch.normal(mean, std.expand_as(mean))

    def loss(self, x0, labels, noise=None):
        noise = torch.randn_like(x0) if noise is None else noise
        t = torch.randint(0, self.n_steps, (x0.size(0),), device=x0.device)
        z = self.q_sample(x0, self.get_lambda(t), noise)
        return nn.functional.mse_loss(self.eps_model(z, labels), noise, reduction="sum") / x0.size(0)

    forward = loss
