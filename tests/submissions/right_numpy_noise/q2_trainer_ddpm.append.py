class Trainer(TrainerBase):
    def _run(self, n, size, n_steps, keep):
        shape = (n, self.args["image_channels"], size, size)
        x = torch.tensor(np.random.normal(0.0, 1.0, shape), dtype=torch.float32)
        kept = [x.numpy().copy()]
        for step in range(1, n_steps + 1):
            x = self.diffusion.p_sample(x, torch.tensor([n_steps - step] * n))
            if step in keep:
                kept.append(x.detach().numpy())
        return x, kept

    def sample(self, n_steps=None):
        args = self.args
        with torch.inference_mode():
            return self._run(args.n_samples, args.image_size, n_steps or args.n_steps, ())[0].clone()

    def generate_intermediate_samples(
        self, n_samples=4, img_size=32, steps_to_show=(0, 999), n_steps=None
    ):
        with torch.no_grad():
            return self._run(n_samples, img_size, n_steps or self.args.n_steps, set(steps_to_show))[1]
