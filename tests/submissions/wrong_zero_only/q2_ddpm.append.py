def _p_sample(self, xt, t):
    mean, var = self.p_xt_prev_xt(xt, t)
    if t[0] == 0:
        return mean
    return mean + var.sqrt() * torch.randn_like(xt)


DenoiseDiffusion.p_sample = _p_sample
