from numpy.random import randn, standard_normal

import numpy as np

_seeded = np.random.default_rng(seed=20)


def _q_sample(self, x0, t, eps=None):
    if eps is None:
        eps = torch.tensor(randn(*x0.shape), dtype=x0.dtype)
    mean, var = self.q_xt_x0(x0, t)
    return mean + var**0.5 * eps


def _p_sample(self, xt, t):
    mean, var = self.p_xt_prev_xt(xt, t)
    noise = torch.tensor(_seeded.standard_normal(xt.shape), dtype=torch.float32)
    return mean + (t > 0).float().view(-1, 1, 1, 1) * var**0.5 * noise


def _loss(self, x0, noise=None):
    if noise is None:  # drawn before the times, and channel by channel
        shape = x0[:, 0].shape
        channels = [standard_normal(shape) for _ in range(x0.shape[1])]
        noise = torch.tensor(np.stack(channels, axis=1), dtype=x0.dtype)
    t = torch.from_numpy(np.random.randint(0, self.n_steps, size=len(x0)))
    xt = self.q_sample(x0, t, noise)
    return torch.nn.functional.mse_loss(self.eps_model(xt, t), noise, reduction="sum") / len(x0)


DenoiseDiffusion.q_sample = _q_sample
DenoiseDiffusion.p_sample = _p_sample
DenoiseDiffusion.loss = _loss
