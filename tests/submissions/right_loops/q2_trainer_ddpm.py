import torch

from homework.training import TrainerBase


class Trainer(TrainerBase):
    @torch.no_grad()
    def sample(self, n_steps=None):
        steps = self.args.n_steps if n_steps is None else n_steps
        size = self.args.image_size
        images = []
        for _ in range(self.args.n_samples):
            images.append(torch.randn(self.args.image_channels, size, size))
        t = steps
        while t > 0:
            t -= 1
            images = [self.diffusion.p_sample(x[None], torch.tensor([t]))[0] for x in images]
        return torch.stack(images)

    @torch.no_grad()
    def generate_intermediate_samples(
        self, n_samples=4, img_size=32, steps_to_show=(0, 999), n_steps=None
    ):
        steps = self.args.n_steps if n_steps is None else n_steps
        x = torch.randn(n_samples, self.args.image_channels, img_size, img_size)
        history = {0: x}
        for t in reversed(range(steps)):
            x = self.diffusion.p_sample(x, torch.ones(n_samples, dtype=torch.long) * t)
            history[steps - t] = x
        shown = [s for s in sorted(set(steps_to_show)) if 1 <= s <= steps]
        return [history[s].numpy() for s in (0, *shown)]
