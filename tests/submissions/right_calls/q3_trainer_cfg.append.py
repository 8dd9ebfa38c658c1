import copy


class Trainer(Trainer):
    @torch.no_grad()
    def sample(self, labels=None, cfg_scale=3.0, n_steps=None):
        network, n = copy.deepcopy(self.eps_model).eval(), self.args.n_samples
        assert network.num_classes == 10
        n_steps = n_steps or self.args.n_steps
        labels = torch.randint(0, network.num_classes, (n,)) if labels is None else labels
        z = torch.randn(n, self.args.image_channels, self.args.image_size, self.args.image_size)
        for t in range(n_steps - 1, -1, -1):
            level = self.diffusion.get_lambda(torch.full((n,), t))
            plain, eps = network(z), network(z=z, labels=labels)
            eps = eps + cfg_scale * (eps - plain)
            x = (z - self.diffusion.sigma_lambda(level) * eps) / self.diffusion.alpha_lambda(level)
            if t:
                after = self.diffusion.get_lambda(torch.full((n,), t - 1))
                z = self.diffusion.p_sample(z, level, after, x)
        return x
