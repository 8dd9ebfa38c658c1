import torch

from homework.training import TrainerBase


class Trainer(TrainerBase):
    @torch.no_grad()
    def sample(self, labels=None, cfg_scale=3.0, n_steps=None):
        a, d = self.args, self.diffusion
        n_steps = n_steps or a.n_steps
        z = torch.randn(a.n_samples, a.image_channels, a.image_size, a.image_size)
        labels = torch.randint(0, 10, (a.n_samples,)) if labels is None else labels
        for t in reversed(range(n_steps)):
            now = d.get_lambda(torch.full((a.n_samples,), t))
            free, bound = self.eps_model(z, None), self.eps_model(z, labels)
            eps = free + cfg_scale * (bound - free)
            x_t = (z - d.sigma_lambda(now) * eps) / d.alpha_lambda(now)
            if t > 0:
                z = d.p_sample(z, now, d.get_lambda(torch.full((a.n_samples,), t - 1)), x_t)
        return x_t
