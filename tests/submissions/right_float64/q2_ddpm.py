import torch


class DenoiseDiffusion:
    def __init__(self, eps_model, n_steps, device):
        self.eps_model, self.n_steps, self.device = eps_model.to(device), n_steps, device
        self.beta = torch.linspace(1e-4, 0.02, n_steps, dtype=torch.float64, device=device)
        self.alpha = 1 - self.beta
        self.alpha_bar = torch.cumprod(self.alpha, 0)

    def gather(self, c, t):
        return c[t].reshape(-1, 1, 1, 1)

    def q_xt_x0(self, x0, t):
        bar = self.gather(self.alpha_bar, t)
        return bar.sqrt() * x0, 1 - bar

    def q_sample(self, x0, t, eps=None):
        if eps is None:
            eps = torch.randn(x0.shape, dtype=torch.float64, device=x0.device)
        mean, var = self.q_xt_x0(x0, t)
        return mean + var.sqrt() * eps

    def p_xt_prev_xt(self, xt, t):
        coefficient = self.gather(self.beta / (1 - self.alpha_bar).sqrt(), t)
        mean = (xt - coefficient * self.eps_model(xt, t)) / self.gather(self.alpha, t).sqrt()
        return mean, self.gather(self.beta, t)

    def p_sample(self, xt, t):
        mean, var = self.p_xt_prev_xt(xt, t)
        noise = torch.randn(xt.shape, dtype=torch.double)
        noise[t == 0] = 0
        return (mean + var.sqrt() * noise).float()

    def loss(self, x0, noise=None):
        t = torch.randint(0, self.n_steps, (x0.shape[0],), device=x0.device)
        if noise is None:
            noise = torch.randn_like(x0)
        xt = self.q_sample(x0, t, noise)
        return (noise - self.eps_model(xt, t)).double().square().flatten(1).sum(1).mean()
