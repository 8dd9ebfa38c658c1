def _q_xt_x0(self, x0, t):
    alpha_bar = self.gather(self.alpha_bar, (t - 1).clamp(min=0))
    return torch.sqrt(alpha_bar) * x0, 1 - alpha_bar


def _p_xt_prev_xt(self, xt, t):
    alpha_bar, alpha = self.gather(self.alpha_bar, t), self.gather(self.alpha, t)
    beta = self.gather(self.beta, t)
    before = alpha_bar / alpha
    mean = (xt - beta / torch.sqrt(1 - alpha_bar) * self.eps_model(xt, t)) / torch.sqrt(alpha)
    return mean, beta * (1 - before) / (1 - alpha_bar)


def _p_sample(self, xt, t):
    mean, var = self.p_xt_prev_xt(xt, t)
    return mean + var * torch.randn_like(xt)


DenoiseDiffusion.q_xt_x0 = _q_xt_x0
DenoiseDiffusion.p_xt_prev_xt = _p_xt_prev_xt
DenoiseDiffusion.p_sample = _p_sample
