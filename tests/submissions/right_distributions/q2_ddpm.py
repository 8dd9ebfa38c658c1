import torch
from torch.distributions import Categorical, Normal


class DenoiseDiffusion:
    def __init__(self, eps_model, n_steps, device):
        self.eps_model = eps_model.to(device)
        self.beta = torch.linspace(1e-4, 0.02, n_steps).to(device)
        self.alpha = 1.0 - self.beta
        self.alpha_bar = self.alpha.cumprod(0)
        self.n_steps = n_steps
        self.sigma2 = self.beta

    def gather(self, c, t):
        return c.gather(-1, t).reshape(-1, 1, 1, 1)

    def q_xt_x0(self, x0, t):
        bar = self.gather(self.alpha_bar, t)
        return bar**0.5 * x0, 1 - bar

    def q_sample(self, x0, t, eps=None):
        mean, var = self.q_xt_x0(x0, t)
        return Normal(mean, var.sqrt()).sample() if eps is None else mean + var.sqrt() * eps

    def p_xt_prev_xt(self, xt, t):
        noise = self.eps_model(xt, t)
        share = (1 - self.gather(self.alpha, t)) / (1 - self.gather(self.alpha_bar, t)) ** 0.5
        return (xt - share * noise) / self.gather(self.alpha, t) ** 0.5, self.gather(self.sigma2, t)

    def p_sample(self, xt, t):
        mean, var = self.p_xt_prev_xt(xt, t)
        drawn = Normal(mean, var.sqrt()).rsample()
        return torch.where((t == 0)[:, None, None, None], mean, drawn)

    def loss(self, x0, noise=None):
        # The times come from a distribution too.
        t = Categorical(logits=torch.zeros(self.n_steps, device=x0.device)).sample((len(x0),))
        if noise is None:
            noise = Normal(0.0, 1.0).sample(x0.shape)
        xt = self.q_sample(x0, t, noise)
        return ((noise - self.eps_model(xt, t)) ** 2).sum((1, 2, 3)).mean()
