def _q_xt_x0(self, x0, t):
    """The limit of many small steps: exp(-sum beta) in place of prod(1 - beta)."""
    alpha_bar = torch.exp(-self.gather(self.beta.cumsum(0), t))
    return alpha_bar.sqrt() * x0, 1 - alpha_bar


DenoiseDiffusion.q_xt_x0 = _q_xt_x0
