from q3_cfg_diffusion import CFGDiffusion


class Trainer(Trainer):
    @torch.no_grad()
    def sample(self, labels=None, cfg_scale=3.0, n_steps=None):
        assert isinstance(self.diffusion, CFGDiffusion)
        n_steps = n_steps or self.args.n_steps
        n, size = self.args.n_samples, self.args.image_size
        z = torch.randn(n, self.args.image_channels, size, size)
        labels = torch.randint(0, 10, (n,)) if labels is None else labels
        before = self.diffusion.calls
        for step in range(n_steps - 1, -1, -1):
            t = torch.full((n,), step)
            lambda_t = self.diffusion.get_lambda(t)
            x = self.diffusion.estimate(z, lambda_t, self.diffusion.guided(z, labels, cfg_scale))
            if step:
                noise = torch.randn_like(z)
                z = self.diffusion.p_sample(
                    z, lambda_t, self.diffusion.get_lambda(t - 1), x, noise=noise
                )
        assert self.diffusion.calls == before + n_steps
        return x
