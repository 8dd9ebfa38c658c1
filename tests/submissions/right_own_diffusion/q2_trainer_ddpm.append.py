from q2_ddpm import DenoiseDiffusion


class Trainer(Trainer):
    @torch.no_grad()
    def sample(self, n_steps=None):
        assert isinstance(self.diffusion, DenoiseDiffusion)
        last = self.diffusion.last_time if n_steps is None else n_steps - 1
        size = self.args.image_size
        x = torch.randn(self.args.n_samples, self.args.image_channels, size, size)
        for t in range(last, -1, -1):
            x = self.diffusion.p_sample(x, self.diffusion.times(len(x), t), strength=1.0)
        return x

    @torch.no_grad()
    def generate_intermediate_samples(
        self, n_samples=4, img_size=32, steps_to_show=(0, 999), n_steps=None
    ):
        n_steps = n_steps or self.diffusion.last_time + 1
        x = torch.randn(n_samples, self.args.image_channels, img_size, img_size)
        images = [x.numpy()]
        for step in range(1, n_steps + 1):
            x = self.diffusion.p_sample(x, self.diffusion.times(n_samples, n_steps - step))
            if step in steps_to_show:
                images.append(x.numpy())
        return images
