import torch
import torch.nn as nn
from torch import Tensor


class DenoiseDiffusion(nn.Module):
    calls = 0

    def __init__(self, eps_model, n_steps, device, schedule="linear", verbose=True):
        super().__init__()
        self.eps_model = eps_model.to(device)
        self.n_steps, self.device, self.verbose = n_steps, device, verbose
        self.register_buffer("beta", self.make_schedule(schedule))
        self.register_buffer("alpha", 1 - self.beta)
        self.register_buffer("alpha_bar", torch.cumprod(self.alpha, dim=0))
        self.register_buffer("sigma2", self.beta.clone())
        self.register_buffer("root_bar", self.alpha_bar.sqrt())
        self.to(device)
        if verbose:
            print(f"{n_steps} steps on {device}: {self}")

    def make_schedule(self, name):
        assert name == "linear", name
        return torch.linspace(1e-4, 2e-2, self.n_steps)

    def at(self, table: Tensor, t: Tensor, like: Tensor) -> Tensor:
        DenoiseDiffusion.calls += 1
        return table[t][(...,) + (None,) * (like.ndim - 1)]

    def q_xt_x0(self, x0: Tensor, t: Tensor):
        return self.at(self.root_bar, t, x0) * x0, 1 - self.at(self.alpha_bar, t, x0)

    def q_sample(self, x0: Tensor, t: Tensor, eps: Tensor | None = None) -> Tensor:
        mean, var = self.q_xt_x0(x0, t)
        return mean + var.sqrt() * (torch.randn_like(x0) if eps is None else eps)

    def predict_x0(self, xt, t):
        bar = self.at(self.alpha_bar, t, xt)
        return (xt - (1 - bar).sqrt() * self.eps_model(xt, t)) / bar.sqrt()

    def p_xt_prev_xt(self, xt: Tensor, t: Tensor):
        # Through the estimate of x0: the same mean as eq. 11, written as in eq. 7.
        bar, alpha, beta = (self.at(c, t, xt) for c in (self.alpha_bar, self.alpha, self.beta))
        before = bar / alpha
        x0 = self.predict_x0(xt, t)
        mean = (before.sqrt() * beta * x0 + alpha.sqrt() * (1 - before) * xt) / (1 - bar)
        return mean, self.at(self.sigma2, t, xt)

    def p_sample(self, xt: Tensor, t: Tensor) -> Tensor:
        mean, var = self.p_xt_prev_xt(xt, t)
        mask = (t > 0).view(-1, *[1] * (xt.dim() - 1))
        return mean + mask * torch.sqrt(var) * torch.randn_like(xt)

    def loss(self, x0: Tensor, noise: Tensor | None = None) -> Tensor:
        t = torch.randint(high=self.n_steps, size=x0.shape[:1], device=x0.device)
        noise = torch.randn_like(x0) if noise is None else noise
        predicted = self.eps_model(self.q_sample(x0, t, eps=noise), t)
        return nn.MSELoss(reduction="none")(predicted, noise).sum(dim=(1, 2, 3)).mean()

    forward = loss
