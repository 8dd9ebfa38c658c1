def _q_sample(self, x0, t, eps=None):
    mean, var = self.q_xt_x0(x0, t)
    return mean + var.sqrt() * (torch.randn(1).expand_as(x0) if eps is None else eps)


def _p_sample(self, xt, t):
    mean, var = self.p_xt_prev_xt(xt, t)
    noise = torch.randn_like(xt[0])
    return mean + (t > 0).view(-1, 1, 1, 1) * var.sqrt() * noise


def _loss(self, x0, noise=None):
    t = torch.randint(0, self.n_steps, (len(x0),))
    if noise is None:
        noise = torch.randn(x0.shape[1:]).expand_as(x0)
    xt = self.q_sample(x0, t, noise)
    return ((noise - self.eps_model(xt, t)) ** 2).flatten(1).sum(1).mean()


DenoiseDiffusion.q_sample = _q_sample
DenoiseDiffusion.p_sample = _p_sample
DenoiseDiffusion.loss = _loss
