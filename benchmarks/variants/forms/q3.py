"""Other ways of writing the solutions of the guidance tasks."""

from __future__ import annotations

FORMS = {
    "q3.get_lambda": [
        """
u = t.float() / self.n_steps
b = torch.arctan(torch.exp(torch.tensor(-self.lambda_max / 2)))
a = torch.arctan(torch.exp(torch.tensor(-self.lambda_min / 2))) - b
return (-2 * torch.log(torch.tan(a * u + b))).view(-1, 1, 1, 1)
""",
        """
import numpy as np
u = torch.true_divide(t, self.n_steps)
b = np.arctan(np.exp(-self.lambda_max / 2.0))
a = np.arctan(np.exp(-self.lambda_min / 2.0)) - b
angle = float(a) * u + float(b)
return -2.0 * (torch.sin(angle).log() - torch.cos(angle).log())[:, None, None, None]
""",
        """
b = math.atan(math.exp(-0.5 * self.lambda_max))
a = math.atan(math.exp(-0.5 * self.lambda_min)) - b
levels = [-2.0 * math.log(math.tan(a * (int(s) / self.n_steps) + b)) for s in t]
return torch.tensor(levels, dtype=torch.float32, device=t.device).reshape(-1, 1, 1, 1)
""",
        """
u = (t / self.n_steps).reshape(-1, 1, 1, 1)
b = math.atan(math.exp(-self.lambda_max / 2))
a = math.atan(math.exp(-self.lambda_min / 2)) - b
return torch.log(1.0 / torch.tan(a * u + b) ** 2)
""",
    ],
    "q3.alpha_lambda": [
        "return torch.sqrt(1 / (1 + torch.exp(-lambda_t)))",
        "return torch.exp(0.5 * torch.nn.functional.logsigmoid(lambda_t))",
        "return lambda_t.sigmoid() ** 0.5",
        "return (1.0 + (-lambda_t).exp()).rsqrt()",
        """
var = torch.sigmoid(lambda_t)
return torch.pow(var, 1 / 2).reshape(lambda_t.shape)
""",
    ],
    "q3.sigma_lambda": [
        "return torch.sqrt(1 - self.alpha_lambda(lambda_t) ** 2)",
        "return torch.sqrt(1 - torch.sigmoid(lambda_t))",
        "return torch.exp(0.5 * torch.nn.functional.logsigmoid(-lambda_t))",
        "return 1 / torch.sqrt(1 + torch.exp(lambda_t))",
        "return torch.sqrt((1 - self.alpha_lambda(lambda_t) ** 2).clamp(min=0))",
        """
alpha = self.alpha_lambda(lambda_t)
return torch.sqrt(torch.clamp(1 - torch.square(alpha), min=1e-10))
""",
    ],
    "q3.q_sample": [
        """
alpha, sigma = self.alpha_lambda(lambda_t), self.sigma_lambda(lambda_t)
return torch.addcmul(alpha * x, sigma, noise)
""",
        """
mean = self.alpha_lambda(lambda_t) * x
std = self.sigma_lambda(lambda_t)
return mean + std * noise
""",
        """
rows = [self.alpha_lambda(l) * a + self.sigma_lambda(l) * n for a, l, n in
        zip(x, lambda_t, noise)]
return torch.stack(rows)
""",
        """
alpha = torch.sigmoid(lambda_t).sqrt()
sigma = torch.sigmoid(-lambda_t).sqrt()
return torch.einsum("bijk,bchw->bchw", alpha, x) + sigma * noise
""",
    ],
    "q3.sigma_q": [
        """
ratio = self.get_exp_ratio(lambda_t, lambda_t_prim)
return torch.sqrt((1 - ratio) * self.sigma_lambda(lambda_t) ** 2)
""",
        """
var = (1 - torch.exp(lambda_t - lambda_t_prim)) * torch.sigmoid(-lambda_t)
return var.sqrt()
""",
        """
sigma = self.sigma_lambda(lambda_t)
return sigma * (1 - self.get_exp_ratio(l=lambda_t, l_prim=lambda_t_prim)) ** 0.5
""",
        """
var = (1 - self.get_exp_ratio(lambda_t, lambda_t_prim)) * self.sigma_lambda(lambda_t).pow(2)
return torch.sqrt(var.clamp(min=1e-10))
""",
        """
log_variance = torch.log(1 - torch.exp(lambda_t - lambda_t_prim))
return torch.exp(0.5 * (log_variance + torch.nn.functional.logsigmoid(-lambda_t)))
""",
    ],
    "q3.sigma_q_x": [
        """
ratio = self.get_exp_ratio(lambda_t, lambda_t_prim)
return torch.sqrt((1 - ratio) * self.sigma_lambda(lambda_t_prim) ** 2)
""",
        """
var = (1 - torch.exp(lambda_t - lambda_t_prim)) * torch.sigmoid(-lambda_t_prim)
return var.sqrt()
""",
        """
return self.sigma_q(lambda_t, lambda_t_prim) * self.sigma_lambda(lambda_t_prim) / self.sigma_lambda(
    lambda_t)
""",
        """
log_variance = torch.log(1 - torch.exp(lambda_t - lambda_t_prim))
return torch.exp(0.5 * (log_variance + torch.nn.functional.logsigmoid(-lambda_t_prim)))
""",
    ],
    "q3.mu_p_theta": [
        """
ratio = torch.exp(lambda_t - lambda_t_prim)
alpha, alpha_prim = self.alpha_lambda(lambda_t), self.alpha_lambda(lambda_t_prim)
return alpha_prim * (ratio / alpha * z_lambda_t + (1 - ratio) * x)
""",
        """
e = self.get_exp_ratio(lambda_t, lambda_t_prim)
first = e * self.alpha_lambda(lambda_t_prim) * z_lambda_t / self.alpha_lambda(lambda_t)
second = self.alpha_lambda(lambda_t_prim) * x
return first + second - e * second
""",
        """
ratio = self.get_exp_ratio(lambda_t, lambda_t_prim)
a, b = self.alpha_lambda(lambda_t), self.alpha_lambda(lambda_t_prim)
return b * torch.lerp(x, z_lambda_t / a, ratio.expand_as(x))
""",
        """
ratio = self.get_exp_ratio(lambda_t, lambda_t_prim)
weight = ratio * torch.sqrt(torch.sigmoid(lambda_t_prim) / torch.sigmoid(lambda_t))
return weight * z_lambda_t - torch.expm1(lambda_t - lambda_t_prim) * torch.sigmoid(
    lambda_t_prim).sqrt() * x
""",
    ],
    "q3.var_p_theta": [
        """
small, large = self.sigma_q_x(lambda_t, lambda_t_prim), self.sigma_q(lambda_t, lambda_t_prim)
return small ** (2 * (1 - v)) * large ** (2 * v)
""",
        """
a = torch.log(self.sigma_q_x(lambda_t, lambda_t_prim) ** 2)
b = torch.log(self.sigma_q(lambda_t, lambda_t_prim) ** 2)
return torch.exp(torch.lerp(a, b, v))
""",
        """
a = self.sigma_q_x(lambda_t, lambda_t_prim).pow(2).pow(1 - v)
b = self.sigma_q(lambda_t, lambda_t_prim).pow(2).pow(v)
return torch.mul(a, b)
""",
        """
share = 1 - self.get_exp_ratio(lambda_t, lambda_t_prim)
a, b = torch.sigmoid(-lambda_t_prim), torch.sigmoid(-lambda_t)
return share * a ** (1 - v) * b ** v
""",
    ],
    "q3.p_sample": [
        """
mean = self.mu_p_theta(z_lambda_t, x_t, lambda_t, lambda_t_prim)
std = torch.sqrt(self.var_p_theta(lambda_t, lambda_t_prim))
return torch.addcmul(mean, std, randomizer.normal_like(z_lambda_t))
""",
        """
eps = randomizer.normal_like(x_t)
var = self.var_p_theta(lambda_t, lambda_t_prim, v=0.3)
return self.mu_p_theta(z_lambda_t, x_t, lambda_t, lambda_t_prim) + var ** 0.5 * eps
""",
        """
mean = self.mu_p_theta(z_lambda_t, x_t, lambda_t, lambda_t_prim)
std = self.var_p_theta(lambda_t, lambda_t_prim).sqrt().expand_as(mean)
return torch.normal(mean, std)
""",
        """
mean = self.mu_p_theta(z_lambda_t, x_t, lambda_t, lambda_t_prim)
std = self.var_p_theta(lambda_t, lambda_t_prim).sqrt()
return torch.distributions.Normal(mean, std).sample()
""",
    ],
    "q3.loss": [
        """
z = self.q_sample(x0, self.get_lambda(t), noise)
predicted = self.eps_model(z, labels)
return torch.nn.functional.mse_loss(predicted, noise, reduction="sum") / x0.shape[0]
""",
        """
lambda_t = self.get_lambda(t)
gap = noise - self.eps_model(self.q_sample(x0, lambda_t, noise), labels)
return gap.pow(2).sum((1, 2, 3)).mean()
""",
        """
z = self.q_sample(x=x0, lambda_t=self.get_lambda(t), noise=noise)
gap = self.eps_model(z, labels) - noise
return torch.einsum("bchw,bchw->", gap, gap) / len(x0)
""",
        """
z = self.q_sample(x0, self.get_lambda(t), noise)
error = torch.nn.functional.mse_loss(self.eps_model(z, labels), noise, reduction="none")
return error.mean() * x0[0].numel()
""",
    ],
    "q3.sample": [
        """
level = self.diffusion.get_lambda(t)
c, u = self.eps_model(z, labels), self.eps_model(z, None)
eps = c + cfg_scale * (c - u)
x_t = (z - self.diffusion.sigma_lambda(level) * eps) / self.diffusion.alpha_lambda(level)
if t_ != n_steps - 1:
    z = self.diffusion.p_sample(z, level, self.diffusion.get_lambda(t - 1), x_t)
""",
        """
lambda_t = self.diffusion.get_lambda(t)
lambda_t_prim = self.diffusion.get_lambda(torch.clamp(t - 1, min=0))
u = self.eps_model(z, None)
noise = torch.lerp(u, self.eps_model(z, labels), 1 + cfg_scale)
x_t = z / self.diffusion.alpha_lambda(lambda_t) - noise * (
    self.diffusion.sigma_lambda(lambda_t) / self.diffusion.alpha_lambda(lambda_t))
if int(t[0]) > 0:
    z = self.diffusion.p_sample(z, lambda_t, lambda_t_prim, x_t)
""",
        """
lambda_t = self.diffusion.get_lambda(t)
noise = self.eps_model(z, labels) * (1 + cfg_scale)
noise = noise - self.eps_model(z) * cfg_scale
x_t = (z - self.diffusion.sigma_lambda(lambda_t) * noise) / self.diffusion.alpha_lambda(lambda_t)
if t_ + 1 < n_steps:
    z = self.diffusion.p_sample(z_lambda_t=z, lambda_t=lambda_t,
                                lambda_t_prim=self.diffusion.get_lambda(t - 1), x_t=x_t)
""",
        """
lambda_t = self.diffusion.get_lambda(t)
noise = (1.0 + cfg_scale) * self.eps_model(z, labels) - cfg_scale * self.eps_model(z, labels=None)
sigma, alpha = self.diffusion.sigma_lambda(lambda_t), self.diffusion.alpha_lambda(lambda_t)
x_t = (z - sigma * noise) / alpha
level = self.diffusion.get_lambda(t - 1)
z = self.diffusion.p_sample(z, lambda_t, level, x_t) if t_ < n_steps - 1 else z
""",
        """
lambda_t = self.diffusion.get_lambda(t)
both = [self.eps_model(z, one) for one in (labels, None)]
noise = torch.stack([(1 + cfg_scale) * both[0], -cfg_scale * both[1]]).sum(dim=0)
x_t = (z - self.diffusion.sigma_lambda(lambda_t) * noise) / self.diffusion.alpha_lambda(lambda_t)
following = n_steps - 2 - t_
if following >= 0:
    t_prim = torch.full_like(t, following)
    z = self.diffusion.p_sample(z, lambda_t, self.diffusion.get_lambda(t_prim), x_t)
""",
    ],
}
