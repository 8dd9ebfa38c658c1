# Copied by `autograder release`; change the original:
# solutions/shared/diffusion/provided/homework/unet.py
"""The two networks that predict noise, small enough to be trained on one CPU core.

How it works. A picture of 32 x 32 is folded to 16 x 16 with four times the channels (pixel
unshuffle), goes down to 4 x 4 and back up through residual blocks with skip connections between
equal sizes, and is unfolded again. A vector that says what is known about the picture (the time
step, or the label and the noise level) scales and shifts every block: "feature-wise modulation"
(Perez et al. 2018, arXiv:1709.07871), as in the diffusion networks of Dhariwal & Nichol (2021,
arXiv:2105.05233).

`DDPMUNet(x, t)` is told the time step. `CFGUNet(z, labels)` is told the label or nothing, and
reads the noise level off the picture itself (see `homework/noise_gauge.py`).

Inputs are checked before any arithmetic, so that a wrong label is a Python error that says what
was expected, on a GPU as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from homework.args import Args
from homework.noise_gauge import NoiseGauge
from homework.unet_inputs import check_images, check_labels, check_times

__all__ = ["CFGUNet", "DDPMUNet"]

FOLD = 2  # pixel unshuffle: each 2 x 2 block of pixels becomes one position
FLOORS = (1, 2, 3)  # channels at 16 x 16, 8 x 8 and 4 x 4, in widths
GROUPS = 8  # of group norm
MOST_WEIGHT = 20.0  # of a heavily noisy picture in the gradient, see `_Body.forward`


class DDPMUNet(nn.Module):
    """eps_model(x, t) of DDPM (Ho et al. 2020, arXiv:2006.11239): the noise in x at step t.

    n_steps: length of the schedule, whose noise levels the network starts from. It works with
    another schedule too, but learns more slowly.
    """

    levels: Tensor

    def __init__(
        self, image_channels: int = 1, width: int = 32, blocks: int = 2, n_steps: int = 1000
    ) -> None:
        super().__init__()
        self.embed_time = _Embedding(width)
        self.body = _Body(image_channels, width, blocks, 2 * width)
        beta = torch.linspace(1e-4, 0.02, n_steps, dtype=torch.float64)
        levels = torch.logit(torch.cumprod(1 - beta, dim=0)).float()
        # Not saved with the weights: it is no weight, and checkpoints need not agree on n_steps.
        self.register_buffer("levels", levels, persistent=False)

    @classmethod
    def from_args(cls, args: Args) -> DDPMUNet:
        """A network of the size that the settings ask for."""
        return cls(args.image_channels, args.width, args.blocks, args.n_steps)

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
        level = self.levels[t.long().clamp(max=len(self.levels) - 1)]
        return self.body(x, self.embed_time(t, x.dtype), level)


class CFGUNet(nn.Module):
    """eps_model(z, labels) of classifier-free guidance (Ho & Salimans 2022, arXiv:2207.12598)."""

    def __init__(
        self,
        image_channels: int = 1,
        num_classes: int = 10,
        width: int = 32,
        blocks: int = 2,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.gauge = NoiseGauge()
        self.embed_level = _Embedding(width)
        # One row more than there are classes: the last one stands for "no label given".
        self.embed_label = nn.Embedding(num_classes + 1, 2 * width)
        self.body = _Body(image_channels, width, blocks, 2 * width)

    @classmethod
    def from_args(cls, args: Args) -> CFGUNet:
        """A network of the size that the settings ask for."""
        return cls(args.image_channels, width=args.width, blocks=args.blocks)

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
        level = self.gauge(z)
        # Spread over 0..960, about the range of a time step.
        known = self.embed_level(40 * (level + NoiseGauge.ENDS), z.dtype)
        return self.body(z, known + self.embed_label(labels.long()), level)


class _Embedding(nn.Module):
    """From one number a picture, of the size of a time step, to a vector of 2 * width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.net = nn.Sequential(
            nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, 2 * width)
        )

    def forward(self, t: Tensor, dtype: torch.dtype) -> Tensor:
        """t: (batch,). Returns (batch, 2 * width)."""
        return self.net(_sinusoids(t, self.width).to(dtype))


class _Body(nn.Module):
    """The U: 16 x 16, 8 x 8 and 4 x 4 positions for a picture of 32 x 32.

    Few layers where positions are many and each costs most, more where a layer sees the whole
    picture: without the 4 x 4 floor, strokes come out well but not whole digits.
    """

    def __init__(self, image_channels: int, width: int, blocks: int, embedding: int) -> None:
        super().__init__()
        self.image_channels = image_channels
        folded = image_channels * FOLD**2
        one, two, three = (factor * width for factor in FLOORS)
        self.enter = nn.Conv2d(folded, one, 3, padding=1)
        self.down1 = _Block(one, one, embedding, norm=_PixelNorm)
        self.halve1 = nn.Conv2d(one, two, 3, stride=2, padding=1)
        self.down2 = nn.ModuleList(_Block(two, two, embedding) for _ in range(2))
        self.halve2 = nn.Conv2d(two, three, 3, stride=2, padding=1)
        self.sketch = _Sketch(embedding, three)
        self.floor = nn.ModuleList(_Block(three, three, embedding) for _ in range(blocks))
        joined = _Block(three + two, two, embedding)
        self.up2 = nn.ModuleList([joined, _Block(two, two, embedding)])
        self.up1 = _Block(two + one, one, embedding, norm=_PixelNorm)
        self.leave_norm = _PixelNorm(one)
        self.leave = _zeroed(nn.Conv2d(one, folded, 3, padding=1))
        # Channels beside each other in memory: convolutions on a CPU are faster that way.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor, embedding: Tensor, level: Tensor) -> Tensor:
        """level: (batch,), the log signal-to-noise ratio lambda. Returns the noise, like x."""
        embedding = F.silu(embedding)
        h = F.pixel_unshuffle(x, FOLD).contiguous(memory_format=torch.channels_last)
        fine = self.down1(self.enter(h), embedding)
        coarse = self.halve1(fine)
        for block in self.down2:
            coarse = block(coarse, embedding)
        h = self.halve2(coarse)
        h = h + self.sketch(embedding, h)
        for block in self.floor:
            h = block(h, embedding)
        h = _grow_and_join(h, coarse)
        for block in self.up2:
            h = block(h, embedding)
        h = self.up1(_grow_and_join(h, fine), embedding)
        h = self.leave(F.silu(self.leave_norm(h)))
        v = F.pixel_shuffle(h, FOLD).contiguous().to(x.dtype)
        # eps = sigma x + alpha v, with alpha^2 + sigma^2 = 1 (Salimans & Ho 2022, arXiv:2202.00512,
        # appendix D): where x is nearly pure noise, x itself is the answer, and small errors of
        # the layers above do not matter.
        level = level.to(x.dtype)[:, None, None, None]
        alpha2, sigma2 = torch.sigmoid(level), torch.sigmoid(-level)
        if v.requires_grad:
            # But what becomes of a digit is decided in heavy noise, and there an error of v counts
            # for alpha^2 in the loss: next to nothing. So on the way back its gradient is raised
            # to that of an error of v itself, within bounds (as Hang et al. 2023,
            # arXiv:2303.09556, weight the loss). The value of the loss is what the loss says.
            weight = (1 / alpha2).clamp(max=MOST_WEIGHT)
            v.register_hook(lambda gradient: gradient * weight)
        return sigma2.sqrt() * x + alpha2.sqrt() * v


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

    def __init__(
        self,
        channels_in: int,
        channels: int,
        embedding: int,
        norm: Callable[[int], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        norm = norm or partial(nn.GroupNorm, GROUPS)
        self.norm1 = norm(channels_in)
        self.conv1 = nn.Conv2d(channels_in, channels, 3, padding=1)
        self.modulate = _zeroed(nn.Linear(embedding, 2 * channels))
        self.norm2 = norm(channels)
        # Zero at the start, so that each block begins as the identity and training is calm.
        self.conv2 = _zeroed(nn.Conv2d(channels, channels, 3, padding=1))
        same = channels_in == channels
        self.skip: nn.Module = nn.Identity() if same else nn.Conv2d(channels_in, channels, 1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.modulate(embedding)[:, :, None, None].chunk(2, dim=1)
        h = torch.addcmul(shift, self.norm2(h), 1 + scale)
        return self.skip(x) + self.conv2(F.silu(h))


class _PixelNorm(nn.LayerNorm):
    """Layer norm over the channels of each position.

    On a CPU it takes a quarter of group norm's time, which counts where positions are many. Where
    they are few, group norm learns better: it tells a block about the whole picture.
    """

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


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
