import torch


class DenoiseDiffusion:
    def __init__(self, eps_model, n_steps, device):
        self.eps_model, self.n_steps, self.device = eps_model.to(device), n_steps, device
        self.beta = torch.linspace(1e-4, 0.02, n_steps, device=device)
        self.alpha_bar = torch.exp(torch.cumsum(torch.log1p(-self.beta), 0))

    @staticmethod
    def scale(factor, images):
        return torch.einsum("b,bchw->bchw", factor, images)

    def q_xt_x0(self, x0, t):
        bar = self.alpha_bar[t]
        return self.scale(bar.sqrt(), x0), (1 - bar)[:, None, None, None]

    def q_sample(self, x0, t, eps=None):
        eps = torch.randn(x0.size()) if eps is None else eps
        mean, var = self.q_xt_x0(x0, t)
        return mean + self.scale(var.flatten().sqrt(), eps)

    def p_xt_prev_xt(self, xt, t):
        beta = self.beta[t]
        clean = xt - self.scale(beta / (1 - self.alpha_bar[t]).sqrt(), self.eps_model(xt, t))
        return self.scale((1 - beta).rsqrt(), clean), beta.view(-1, 1, 1, 1)

    def p_sample(self, xt, t):
        mean, var = self.p_xt_prev_xt(xt, t)
        std = var.flatten().sqrt() * (t != 0)
        return mean + self.scale(std, torch.randn(xt.size()))

    def loss(self, x0, noise=None):
        noise = torch.randn(x0.size()) if noise is None else noise
        t = torch.randint(self.n_steps, (x0.shape[0],))
        gap = self.eps_model(self.q_sample(x0, t, noise), t) - noise
        return torch.einsum("bchw,bchw->", gap, gap) / x0.shape[0]
