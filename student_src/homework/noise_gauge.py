"""How noisy is a picture? The CFG network must find out by itself: nobody tells it lambda.

How it works. The frame of a clean picture is background, -1 (padding, if nothing else). So in
z = alpha x + sigma eps the frame's mean is -alpha and its variance sigma^2, with
alpha^2 = sigmoid(lambda) and sigma^2 = sigmoid(-lambda). Bayes' rule on a grid of lambda turns both
into the expected alpha and sigma. There is nothing to learn here.

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
    INKED = 1.5  # the frame holds ink if its variance is so many times that of the padding
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

        Each is (batch, 1).
        """
        frame, padding = _frame(z, self.FRAME), _frame(z, self.PADDING)
        variance, mean = torch.var_mean(frame, dim=1, correction=0, keepdim=True)
        variance2, mean2 = torch.var_mean(padding, dim=1, correction=0, keepdim=True)
        clean = variance < self.INKED * variance2
        pixels = torch.where(clean, frame.shape[1], padding.shape[1])
        return torch.where(clean, variance, variance2), torch.where(clean, mean, mean2), pixels


def _frame(z: Tensor, n: int) -> Tensor:
    """All pixels of z less than n away from an edge: (batch, how many, in all channels)."""
    n = min(n, z.shape[2] // 2, z.shape[3] // 2)
    top, bottom = z[:, :, :n], z[:, :, -n:]
    left, right = z[:, :, n:-n, :n], z[:, :, n:-n, -n:]
    return torch.cat([part.flatten(1) for part in (top, bottom, left, right)], dim=1)
