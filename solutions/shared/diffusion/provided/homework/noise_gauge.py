"""How noisy is a picture? The CFG network must find out by itself: nobody tells it lambda.

How it works. The frame of a clean picture is background, -1: two pixels of padding for certain,
and of most digits two more. So in z = alpha x + sigma eps the frame's mean is -alpha and its
variance sigma^2, with alpha^2 = sigmoid(lambda) and sigma^2 = sigmoid(-lambda). Bayes' rule on a
grid of lambda turns both into the expected alpha and sigma. There is nothing to learn here.

In training both are used. In sampling (`eval()`) the mean is ignored. The reason: whoever reads
lambda off z cannot know that the reverse process is late. A picture whose signal came out too weak
by chance looks like an earlier one, is treated as one, and stays late to the end: a digit under
noise. The variance of z is what the sampler itself sets, so that such errors die out. For the same
reason sampling never believes in a level below `LEAST`, where the signal is too weak to be
measured: it had better be a little early.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["NoiseGauge"]


class NoiseGauge(nn.Module):
    """Reads the log signal-to-noise ratio lambda off the frame of each picture."""

    FRAME, PADDING = 4, 2  # pixels: the frame, and what of it is background for certain
    # The rest of the frame holds ink if its variance is so many times that of the padding, or if
    # its mean lies so many standard errors above: both happen by chance in one picture of forty.
    INKED, BRIGHT = 1.25, 2.0
    ENDS = 12.0  # of the grid; beyond, alpha or sigma is 0.002 and float32 hardly tells
    LEAST = -5.0
    grid: Tensor

    def __init__(self) -> None:
        super().__init__()
        grid = torch.linspace(-self.ENDS, self.ENDS, 401)
        self.register_buffer("grid", grid, persistent=False)

    @torch.no_grad()
    def forward(self, z: Tensor) -> Tensor:
        """z: (batch, channels, height, width). Returns lambda, (batch,), in float32."""
        with torch.autocast(z.device.type, enabled=False):
            variance, mean, pixels = self._measure(z.float())
            grid = self.grid.float()
            alpha2, sigma2 = torch.sigmoid(grid), torch.sigmoid(-grid)
            alpha, sigma = alpha2.sqrt(), sigma2.sqrt()
            # log likelihood of the frame's pixels, and the schedule's own density of lambda
            misfit = variance + (mean + alpha) ** 2 if self.training else variance
            log_p = -0.5 * pixels * (sigma2.log() + misfit / sigma2) + (alpha * sigma).log()
            if not self.training:
                log_p = log_p.masked_fill(grid < self.LEAST, -torch.inf)
            p = log_p.softmax(dim=1)
            return 2 * ((p @ alpha) / (p @ sigma)).log()

    def _measure(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Variance, mean and number of the pixels of the frame, or where it has ink, the padding.

        Each is (batch, 1). Ink that went unnoticed would be taken for noise: of clothes, which
        reach the edge of their 28 x 28 pixels.
        """
        p = self.PADDING
        padding, rest = _frame(z, p), _frame(z[:, :, p:-p, p:-p], self.FRAME - p)
        k, m = padding.shape[1], rest.shape[1]
        variance, mean = _moments(padding)
        if m == 0:  # a tiny picture
            return variance, mean, torch.full_like(mean, k)
        variance2, mean2 = _moments(rest)
        error = (variance * (1 / k + 1 / m)).sqrt()
        inked = (variance2 > self.INKED * variance) | (mean2 - mean > self.BRIGHT * error)
        share = torch.where(inked, 0.0, m / (k + m))
        both = variance.lerp(variance2, share) + share * (1 - share) * (mean2 - mean) ** 2
        return both, mean.lerp(mean2, share), torch.where(inked, k, k + m)


def _moments(pixels: Tensor) -> tuple[Tensor, Tensor]:
    return torch.var_mean(pixels, dim=1, correction=0, keepdim=True)


def _frame(z: Tensor, n: int) -> Tensor:
    """All pixels of z less than n away from an edge: (batch, how many, in all channels)."""
    n = min(n, z.shape[2] // 2, z.shape[3] // 2)
    top, bottom = z[:, :, :n], z[:, :, -n:]
    left, right = z[:, :, n:-n, :n], z[:, :, n:-n, -n:]
    return torch.cat([part.flatten(1) for part in (top, bottom, left, right)], dim=1)
