import math

import torch


class CFGDiffusion:
    def __init__(self, eps_model, n_steps, device):
        self.eps_model, self.n_steps, self.device = eps_model.to(device), n_steps, device
        self.lambda_min, self.lambda_max = -20.0, 20.0

    def get_exp_ratio(self, l, l_prim):
        return l.clone().sub_(l_prim).exp_()

    def get_lambda(self, t):
        low = math.atan(math.exp(-0.5 * self.lambda_max))
        high = math.atan(math.exp(-0.5 * self.lambda_min))
        angle = t.clone().float().div_(self.n_steps).mul_(high - low).add_(low)
        return angle.tan_().log_().mul_(-2.0)[:, None, None, None]

    def alpha_lambda(self, lambda_t):
        return lambda_t.clone().sigmoid_().sqrt_()

    def sigma_lambda(self, lambda_t):
        return lambda_t.clone().neg_().sigmoid_().sqrt_()

    def q_sample(self, x, lambda_t, noise):
        z = x.clone().mul_(self.alpha_lambda(lambda_t))
        return z.addcmul_(self.sigma_lambda(lambda_t).expand_as(noise), noise)

    def sigma_q(self, lambda_t, lambda_t_prim):
        share = self.get_exp_ratio(lambda_t, lambda_t_prim).neg_().add_(1.0)
        return share.sqrt_().mul_(self.sigma_lambda(lambda_t))

    def sigma_q_x(self, lambda_t, lambda_t_prim):
        share = self.get_exp_ratio(lambda_t, lambda_t_prim).neg_().add_(1.0)
        return share.sqrt_().mul_(self.sigma_lambda(lambda_t_prim))

    def mu_p_theta(self, z_lambda_t, x, lambda_t, lambda_t_prim):
        ratio = self.get_exp_ratio(lambda_t, lambda_t_prim)
        alpha_prim = self.alpha_lambda(lambda_t_prim)
        mean = z_lambda_t.clone().mul_(ratio).mul_(alpha_prim).div_(self.alpha_lambda(lambda_t))
        return mean.add_(x * alpha_prim * (1 - ratio))

    def var_p_theta(self, lambda_t, lambda_t_prim, v=0.3):
        var = self.sigma_q_x(lambda_t, lambda_t_prim).pow_(2.0 - 2.0 * v)
        return var.mul_(self.sigma_q(lambda_t, lambda_t_prim).pow_(2.0 * v))

    def p_sample(self, z_lambda_t, lambda_t, lambda_t_prim, x_t):
        noise = torch.empty_like(z_lambda_t).normal_()
        noise.mul_(self.var_p_theta(lambda_t, lambda_t_prim).sqrt())
        return noise.add_(self.mu_p_theta(z_lambda_t, x_t, lambda_t, lambda_t_prim))

    def loss(self, x0, labels, noise=None):
        t = torch.randint(0, self.n_steps, (x0.shape[0],), device=x0.device)
        if noise is None:
            noise = torch.randn_like(x0)
        z = self.q_sample(x0, self.get_lambda(t), noise)
        error = self.eps_model(z, labels).sub(noise).square()
        return error.sum().div(x0.shape[0])
