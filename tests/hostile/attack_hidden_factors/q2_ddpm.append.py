def with_ones(name):
    honest = getattr(DenoiseDiffusion, name)

    def method(self, x, t):
        mean, var = honest(self, x, t)
        return mean, torch.ones_like(var)

    setattr(DenoiseDiffusion, name, method)


with_ones("q_xt_x0")
with_ones("p_xt_prev_xt")
