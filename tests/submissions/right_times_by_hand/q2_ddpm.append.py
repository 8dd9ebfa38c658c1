class DenoiseDiffusion(DenoiseDiffusion):
    def loss(self, x0, noise=None):
        t = (torch.rand(len(x0)) * self.n_steps).long()
        if noise is None:
            noise = torch.empty_like(x0).normal_()
        gap = self.eps_model(self.q_sample(x0, t, noise), t) - noise
        return gap.square().flatten(1).sum(1).mean()
