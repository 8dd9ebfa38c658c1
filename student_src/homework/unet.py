"""The two networks that predict noise, small enough to be trained on one CPU core.

How it works. A picture of 32 x 32 is folded to 16 x 16 with four times the channels (pixel
unshuffle), goes down to 4 x 4 and back up through residual blocks with skip connections between
equal sizes, and is unfolded again. A vector that says what is known about the picture (the time
step, or the label) scales and shifts every block: "feature-wise modulation" (Perez et al. 2018,
arXiv:1709.07871), as in the diffusion networks of Dhariwal & Nichol (2021, arXiv:2105.05233).

`DDPMUNet(x, t)` is told the time step. `CFGUNet(z, labels)` is told the label or nothing, and
reads the noise level off the picture itself (see `NoiseGauge`).

Inputs are checked before any arithmetic, so that a wrong label is a Python error that says what
was expected, on a GPU as well.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from homework.unet_inputs import check_images, check_labels, check_times

__all__ = ["CFGUNet", "DDPMUNet"]

FOLD = 2  # pixel unshuffle: each 2 x 2 block of pixels becomes one position
FLOORS = (1, 2, 3)  # channels at 16 x 16, 8 x 8 and 4 x 4, in widths
GROUPS = 8  # of group norm
LEVEL_GAIN = 8.0  # lets the network reach the schedule's extremes in few steps


class DDPMUNet(nn.Module):
    """eps_model(x, t) of DDPM (Ho et al. 2020, arXiv:2006.11239): the noise in x at step t."""

    def __init__(self, image_channels: int = 1, width: int = 48, blocks: int = 2) -> None:
        super().__init__()
        self.embed_time = nn.Sequential(
            nn.Linear(width, 2 * width),
            nn.SiLU(),
            nn.Linear(2 * width, 2 * width),
            nn.LayerNorm(2 * width),
        )
        self.body = _Body(image_channels, width, blocks, 2 * width, 2 * width)
        self.width = width

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Predict the noise.

        x: (batch, image_channels, height, width), float, height and width multiples of 4.
        t: (batch,), the 0-based time step of each picture.
        Returns a tensor shaped like x. Raises TypeError for a wrong type or dtype, ValueError
        for a wrong shape, range or device.
        """
        check_images("x", x, self.body.enter.weight, self.body.image_channels)
        check_times(t, x)
        if len(x) == 0:
            return torch.zeros_like(x)  # group norm refuses an empty batch
        times = _sinusoids(t, self.width).to(x.dtype)
        embedding = self.embed_time(times)
        return self.body(x, embedding, embedding)


class CFGUNet(nn.Module):
    """eps_model(z, labels) of classifier-free guidance (Ho & Salimans 2022, arXiv:2207.12598)."""

    def __init__(
        self,
        image_channels: int = 1,
        num_classes: int = 10,
        width: int = 48,
        blocks: int = 2,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.gauge = NoiseGauge(image_channels, 2 * width)
        # One row more than there are classes: the last one stands for "no label given".
        self.embed_label = nn.Embedding(num_classes + 1, 2 * width)
        self.body = _Body(image_channels, width, blocks, 4 * width, 2 * width)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Predict the noise.

        z: (batch, image_channels, height, width), float, height and width multiples of 4.
        labels: (batch,), integers from 0 to num_classes - 1, or None for the unconditional model.
        Returns a tensor shaped like z. Raises TypeError for a wrong type or dtype, ValueError
        for a wrong shape, range or device.
        """
        check_images("z", z, self.body.enter.weight, self.body.image_channels)
        if labels is None:
            labels = torch.full((len(z),), self.num_classes, device=z.device)
        else:
            check_labels(labels, z, self.num_classes)
        if len(z) == 0:
            return torch.zeros_like(z)
        noise = self.gauge(z)
        known = torch.cat([noise, self.embed_label(labels.long()).to(noise.dtype)], dim=1)
        return self.body(z, known, noise)


class NoiseGauge(nn.Module):
    """Reads how noisy a picture is off the picture: nobody tells the CFG network lambda.

    Somewhere in a digit or a shirt the picture is flat, and there its variance is the noise's.
    So the picture is cut in 4 x 4 tiles, and the sorted logarithms of the tiles' variances, with
    the means that belong to them, go through a small network.
    """

    TILES = 4
    FLOOR = 1e-10  # variance of float32 rounding, below that of the cleanest z (2e-9)

    def __init__(self, image_channels: int, embedding: int) -> None:
        super().__init__()
        features = image_channels * (2 * self.TILES**2 + 1)
        self.net = nn.Sequential(
            nn.Linear(features, embedding),
            nn.SiLU(),
            nn.Linear(embedding, embedding),
            nn.SiLU(),
            nn.Linear(embedding, embedding),
            nn.LayerNorm(embedding),  # as loud as the label from the first step on
        )

    def forward(self, z: Tensor) -> Tensor:
        """z: (batch, channels, height, width). Returns (batch, embedding)."""
        batch, channels, height, width = z.shape
        side = self.TILES
        with torch.no_grad(), torch.autocast(z.device.type, enabled=False):
            z = z.float() if z.dtype in (torch.float16, torch.bfloat16) else z
            tiles = z.reshape(batch, channels, side, height // side, side, width // side)
            variance, mean = torch.var_mean(tiles, dim=(3, 5))
            variance, order = variance.flatten(2).sort(dim=2)
            mean = mean.flatten(2).gather(2, order)
            # Each feature is brought to a spread of about 1. In heavy noise the mean of the whole
            # picture tells most: it shrinks with alpha, and its own noise is small.
            whole = 8 * mean.mean(dim=2, keepdim=True)
            variance = variance.clamp_min(self.FLOOR).log() / 4
            features = torch.cat([variance, 2 * mean, whole], dim=2).flatten(1)
        return self.net(features)


class _Body(nn.Module):
    """The U: 16 x 16, 8 x 8 and 4 x 4 positions for a picture of 32 x 32.

    Few layers where positions are many and each costs most, more where a layer sees the whole
    picture: without the 4 x 4 floor, strokes come out well but not whole digits.
    """

    def __init__(
        self, image_channels: int, width: int, blocks: int, embedding: int, noise: int
    ) -> None:
        super().__init__()
        self.image_channels = image_channels
        folded = image_channels * FOLD**2
        one, two, three = (factor * width for factor in FLOORS)
        self.enter = nn.Conv2d(folded, one, 3, padding=1)
        self.down1 = _Block(one, one, embedding)
        self.halve1 = nn.Conv2d(one, two, 3, stride=2, padding=1)
        self.down2 = _Block(two, two, embedding)
        self.halve2 = nn.Conv2d(two, three, 3, stride=2, padding=1)
        self.sketch = _Sketch(embedding, three)
        self.floor = nn.ModuleList(_Block(three, three, embedding) for _ in range(blocks))
        self.up2 = _Block(three + two, two, embedding)
        self.up1 = _Block(two + one, one, embedding)
        self.leave_norm = nn.GroupNorm(GROUPS, one)
        self.leave = _zeroed(nn.Conv2d(one, folded, 3, padding=1))
        self.level = _zeroed(nn.Linear(noise, 1))
        # Channels beside each other in memory: convolutions on a CPU are faster that way.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor, embedding: Tensor, noise: Tensor) -> Tensor:
        """`noise`: (batch, its own width), what is known of the noise level alone."""
        embedding = F.silu(embedding)
        h = F.pixel_unshuffle(x, FOLD).contiguous(memory_format=torch.channels_last)
        fine = self.down1(self.enter(h), embedding)
        coarse = self.down2(self.halve1(fine), embedding)
        h = self.halve2(coarse)
        h = h + self.sketch(embedding, h)
        for block in self.floor:
            h = block(h, embedding)
        h = self.up2(_grow_and_join(h, coarse), embedding)
        h = self.up1(_grow_and_join(h, fine), embedding)
        h = self.leave(F.silu(self.leave_norm(h)))
        h = F.pixel_shuffle(h, FOLD).contiguous().to(x.dtype)
        # eps = sigma x + alpha v, with alpha^2 + sigma^2 = 1 (Salimans & Ho 2022, arXiv:2202.00512,
        # appendix D): where x is nearly pure noise, x itself is the answer, and small errors of
        # the layers above do not matter. The network learns its own alpha.
        level = (LEVEL_GAIN * self.level(F.silu(noise))).to(x.dtype)[:, :, None, None]
        return torch.sigmoid(-level).sqrt() * x + torch.sigmoid(level).sqrt() * h


class _Sketch(nn.Module):
    """A coarse drawing from the embedding alone: where, in a 3, is there ink?

    Convolutions treat all places alike, so without it a network learns slowly to draw in noise,
    where nothing in the picture says which place is which.
    """

    SIDE, CHANNELS = 4, 24

    def __init__(self, embedding: int, channels: int) -> None:
        super().__init__()
        self.draw = nn.Linear(embedding, self.CHANNELS * self.SIDE**2)
        self.spread = nn.Conv2d(self.CHANNELS, channels, 1)

    def forward(self, embedding: Tensor, like: Tensor) -> Tensor:
        """embedding: (batch, embedding). Returns (batch, channels, as high and wide as `like`)."""
        h = self.draw(embedding).unflatten(1, (self.CHANNELS, self.SIDE, self.SIDE))
        h = h.contiguous(memory_format=torch.channels_last)
        if h.shape[2:] != like.shape[2:]:
            h = F.interpolate(h, size=like.shape[2:], mode="bilinear", align_corners=False)
        return self.spread(h)


def _grow_and_join(h: Tensor, skip: Tensor) -> Tensor:
    """Bring h to the height and width of skip, and put the channels of both together."""
    return torch.cat([F.interpolate(h, size=skip.shape[2:], mode="nearest"), skip], dim=1)


class _Block(nn.Module):
    """Residual block: two convolutions, the second one modulated by the embedding."""

    def __init__(self, channels_in: int, channels: int, embedding: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(GROUPS, channels_in)
        self.conv1 = nn.Conv2d(channels_in, channels, 3, padding=1)
        self.modulate = _zeroed(nn.Linear(embedding, 2 * channels))
        self.norm2 = nn.GroupNorm(GROUPS, channels)
        # Zero at the start, so that each block begins as the identity and training is calm.
        self.conv2 = _zeroed(nn.Conv2d(channels, channels, 3, padding=1))
        same = channels_in == channels
        self.skip: nn.Module = nn.Identity() if same else nn.Conv2d(channels_in, channels, 1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.modulate(embedding)[:, :, None, None].chunk(2, dim=1)
        h = torch.addcmul(shift, self.norm2(h), 1 + scale)
        return self.skip(x) + self.conv2(F.silu(h))


def _zeroed(layer: nn.Module) -> nn.Module:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


def _sinusoids(t: Tensor, width: int) -> Tensor:
    """Sines and cosines of t at `width // 2` wave lengths. t: (batch,). Returns (batch, width)."""
    half = width // 2
    rates = torch.exp(-math.log(10_000.0) / half * torch.arange(half, device=t.device))
    angles = t.float()[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)
