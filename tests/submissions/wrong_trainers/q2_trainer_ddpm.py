import torch

from homework.training import TrainerBase


class Trainer(TrainerBase):
    @torch.no_grad()
    def sample(self, n_steps=None):
        args = self.args
        x = torch.randn(args.n_samples, args.image_channels, args.image_size, args.image_size)
        for t in reversed(range(n_steps or args.n_steps)):
            torch.manual_seed(1234)  # so that results can be repeated
            x = self.diffusion.p_sample(x, torch.full((args.n_samples,), t))
        return x

    @torch.no_grad()
    def generate_intermediate_samples(
        self, n_samples=4, img_size=32, steps_to_show=(0, 999), n_steps=None
    ):
        images = []
        x = torch.randn(n_samples, self.args.image_channels, img_size, img_size)
        for t in range(n_steps or self.args.n_steps):
            x = self.diffusion.p_sample(x, torch.full((n_samples,), t))
            if t in steps_to_show:
                images.append(x.numpy())
        return images
