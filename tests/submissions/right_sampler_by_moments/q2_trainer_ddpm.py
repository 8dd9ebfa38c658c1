import numpy as np
import torch

from homework.training import TrainerBase


class Trainer(TrainerBase):
    def _step(self, x, t):
        times = torch.full((len(x),), t, device=x.device)
        mean, var = self.diffusion.p_xt_prev_xt(x, times)
        return mean if t == 0 else mean + var.sqrt() * torch.randn_like(x)

    def _walk(self, shape, n_steps):
        x = torch.randn(shape, device=self.args.device)
        yield 0, x
        for t in range(n_steps - 1, -1, -1):
            with torch.no_grad():
                x = self._step(x, t)
            yield n_steps - t, x

    def sample(self, n_steps=None):
        a = self.args
        shape = (a.n_samples, a.image_channels, a.image_size, a.image_size)
        *_, (_, last) = self._walk(shape, a.n_steps if n_steps is None else n_steps)
        return last

    def generate_intermediate_samples(
        self, n_samples=4, img_size=32, steps_to_show=(0, 999), n_steps=None
    ):
        n_steps = self.args.n_steps if n_steps is None else n_steps
        shape = (n_samples, self.args.image_channels, img_size, img_size)
        wanted = {0, *steps_to_show}
        return [np.array(x) for step, x in self._walk(shape, n_steps) if step in wanted]
