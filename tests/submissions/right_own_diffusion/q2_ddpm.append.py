class DenoiseDiffusion(DenoiseDiffusion):
    def __init__(self, eps_model, n_steps, device):
        super().__init__(eps_model, n_steps, device)
        self.last_time = n_steps - 1

    def times(self, n, t):
        return torch.full((n,), t, device=self.device, dtype=torch.long)

    def p_sample(self, xt, t, *, strength=1.0):
        mean, var = self.p_xt_prev_xt(xt, t)
        keeps_noise = (t > 0).to(xt.dtype).reshape(-1, 1, 1, 1)
        return mean + strength * keeps_noise * var.sqrt() * torch.randn_like(xt)
