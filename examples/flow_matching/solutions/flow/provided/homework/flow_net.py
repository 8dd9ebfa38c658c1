"""The network of the flow matching assignment: `velocity_model(x, time)`, a small U-Net.

A picture is folded to half its size with four times the channels, halved once more, and brought
back up; skip connections join equal sizes. Sines and cosines of the time scale and shift every
block (Perez et al. 2018, arXiv:1709.07871).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FOLD = 2  # pixel unshuffle
GRAIN = 8  # height and width are padded to multiples of this
GROUPS = 8  # of group norm
SIDE = 4  # of a coarse drawing
SPREAD2 = 0.4  # about the variance of a pixel in [-1, 1]


class VelocityNet(nn.Module):
    """Predicts the velocity noise - data at a point between them.

    image_channels: of the pictures. width: channels at the finest level; a multiple of 8.
    time_scale: what time 1 is called.
    """

    def __init__(self, image_channels: int = 1, width: int = 32, time_scale: int = 1000) -> None:
        super().__init__()
        self.width, self.time_scale = width, time_scale
        folded, known = image_channels * FOLD**2, 4 * width
        one, two, three = width, 2 * width, 4 * width
        self.embed = nn.Sequential(nn.Linear(width, known), nn.SiLU(), nn.Linear(known, known))
        self.enter = nn.Conv2d(folded, one, 3, padding=1)
        self.down1 = _Block(one, one, known)
        self.halve1 = nn.Conv2d(one, two, 3, stride=2, padding=1)
        self.down2 = _Block(two, two, known)
        self.halve2 = nn.Conv2d(two, three, 3, stride=2, padding=1)
        # Convolutions treat all places alike; what is likely where is drawn from the time alone.
        self.places = nn.Sequential(nn.Linear(known, 16 * SIDE**2), nn.Unflatten(1, (16, SIDE, -1)))
        self.place = nn.Conv2d(16, three, 1)
        self.floor = nn.ModuleList(_Block(three, three, known) for _ in range(3))
        self.up2 = _Block(three + two, two, known)
        self.up1 = _Block(two + one, one, known)
        self.leave = _zeroed(nn.Conv2d(one, folded, 3, padding=1))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """x: (batch, channels, height, width), height and width even. time: (batch,), from 0 to
        `time_scale`. Returns (batch, channels, height, width).

        Raises ValueError for other shapes.
        """
        if time.shape != x.shape[:1]:
            found = tuple(time.shape)
            raise ValueError(f"time must be ({len(x)},), one for each image, not {found}")
        known = F.silu(self.embed(_waves(time, self.width)))
        pads = [(-size) % GRAIN // 2 for size in x.shape[2:]]
        h = F.pad(x, (pads[1], pads[1], pads[0], pads[0]), value=-1.0)
        h = F.pixel_unshuffle(h, FOLD).contiguous(memory_format=torch.channels_last)
        fine = self.down1(self.enter(h), known)
        coarse = self.down2(self.halve1(fine), known)
        h = self.halve2(coarse)
        h = h + F.interpolate(self.place(self.places(known)), size=h.shape[2:], mode="bilinear")
        for block in self.floor:
            h = block(h, known)
        h = self.up2(torch.cat([F.interpolate(h, scale_factor=2), coarse], dim=1), known)
        h = self.up1(torch.cat([F.interpolate(h, scale_factor=2), fine], dim=1), known)
        h = F.pixel_shuffle(self.leave(F.silu(h)), FOLD)
        h = h[:, :, pads[0] : pads[0] + x.shape[2], pads[1] : pads[1] + x.shape[3]]
        return self._skip(x, h, (time / self.time_scale).to(x.dtype)[:, None, None, None])

    @staticmethod
    def _skip(x: Tensor, h: Tensor, t: Tensor) -> Tensor:
        """The best linear guess from x, and h for the rest, in units of its standard deviation.

        Were data N(0, SPREAD2 I), the guess would be exact: the network only learns what data are
        besides (as Karras et al. 2022, arXiv:2206.00364, section 5, do for diffusion).
        """
        variance = (1 - t) ** 2 * SPREAD2 + t**2
        return (t - (1 - t) * SPREAD2) / variance * x + (SPREAD2 / variance).sqrt() * h


class _Block(nn.Module):
    """Residual block of two convolutions, modulated by what is known of the time."""

    def __init__(self, channels_in: int, channels: int, known: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(GROUPS, channels_in)
        self.conv1 = nn.Conv2d(channels_in, channels, 3, padding=1)
        self.modulate = _zeroed(nn.Linear(known, 2 * channels))
        self.norm2 = nn.GroupNorm(GROUPS, channels)
        self.conv2 = _zeroed(nn.Conv2d(channels, channels, 3, padding=1))
        same = channels_in == channels
        self.skip: nn.Module = nn.Identity() if same else nn.Conv2d(channels_in, channels, 1)

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.modulate(known)[:, :, None, None].chunk(2, dim=1)
        h = torch.addcmul(shift, self.norm2(h), 1 + scale)
        return self.skip(x) + self.conv2(F.silu(h))


def _zeroed(layer: nn.Module) -> nn.Module:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


def _waves(time: Tensor, width: int) -> Tensor:
    """Sines and cosines of the time at `width // 2` wave lengths: (batch, width)."""
    half = width // 2
    rates = torch.exp(-math.log(10_000.0) / half * torch.arange(half, device=time.device))
    angles = time.float()[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)
