from torch import normal as gaussian

_generator = torch.Generator()


class DenoiseDiffusion(DenoiseDiffusion):
    def q_sample(self, x0, t, eps=None):
        mean, var = self.q_xt_x0(x0, t)
        if eps is None:
            return gaussian(mean, var.sqrt().expand_as(mean))
        return mean + var.sqrt() * eps

    def p_sample(self, xt, t):
        mean, var = self.p_xt_prev_xt(xt, t)
        noise = torch.randn(xt.shape, generator=_generator, dtype=xt.dtype)
        return mean + torch.where(t > 0, 1.0, 0.0)[:, None, None, None] * var.sqrt() * noise

    def loss(self, x0, noise=None):
        if noise is None:
            noise = torch.FloatTensor(x0.shape).normal_(0, 1)
        t = torch.empty(len(x0), dtype=torch.long).random_(0, self.n_steps)
        error = noise - self.eps_model(self.q_sample(x0, t, noise), t)
        return error.pow(2).sum(dim=[1, 2, 3]).mean(dim=0)
