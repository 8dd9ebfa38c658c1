class Trainer(TrainerBase):
    @torch.no_grad()
    def sample(self, labels=None, cfg_scale=3.0, n_steps=None):
        a = self.args
        z = torch.randn(a.n_samples, a.image_channels, a.image_size, a.image_size)
        labels = torch.randint(0, 10, (a.n_samples,)) if labels is None else labels
        for step in reversed(range(n_steps or a.n_steps)):
            t = torch.full((a.n_samples, 1, 1, 1), step)
            eps = (1 + cfg_scale) * self.eps_model(z, labels) - cfg_scale * self.eps_model(z, None)
            x_t = (z - self.diffusion.sigma_lambda(t) * eps) / self.diffusion.alpha_lambda(t)
            z = self.diffusion.p_sample(z, t, t - 1, x_t)
        return x_t
