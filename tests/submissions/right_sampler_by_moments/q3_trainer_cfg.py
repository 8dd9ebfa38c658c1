import torch

from homework.training import TrainerBase


class Trainer(TrainerBase):
    @torch.no_grad()
    def sample(self, labels=None, cfg_scale=3.0, n_steps=None):
        d, n = self.diffusion, self.args.n_samples
        size = self.args.image_size
        z = torch.randn(n, self.args.image_channels, size, size)
        if labels is None:
            labels = torch.randint(10, (n,))
        level = None
        for t in reversed(range(self.args.n_steps if n_steps is None else n_steps)):
            times = torch.full((n,), t)
            level = d.get_lambda(times)
            known, unknown = self.eps_model(z, labels), self.eps_model(z, None)
            eps = torch.lerp(unknown, known, 1 + cfg_scale)
            x = (z - d.sigma_lambda(level) * eps) / d.alpha_lambda(level)
            if t == 0:
                return x
            following = d.get_lambda(times - 1)
            std = d.var_p_theta(level, following).sqrt()
            z = d.mu_p_theta(z, x, level, following) + std * torch.randn_like(z)
