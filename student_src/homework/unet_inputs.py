# Copied by `autograder release`; change the original:
# solutions/shared/diffusion/provided/homework/unet_inputs.py
"""Checks of what goes into a network, before any arithmetic.

On a GPU a label out of range would end in a device-side assert, after which nothing works until
the kernel is restarted. Here each is a TypeError (wrong type or dtype) or a ValueError (wrong
shape, range or device) that says what was expected and what to do.
"""

from __future__ import annotations

import torch
from torch import Tensor

GRAIN = 4  # height and width must be multiples of this: one fold, four tiles a side


def check_images(name: str, x: Tensor, weight: Tensor, channels: int) -> None:
    """x must be float pictures (batch, channels, height, width) on the device of the weights."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, got {type(x).__name__}")
    if not x.is_floating_point():
        raise TypeError(f"{name} must hold floats, got {x.dtype}: convert it with .float()")
    if x.dtype != weight.dtype and not torch.is_autocast_enabled(x.device.type):
        raise TypeError(
            f"{name} is {x.dtype} but the network is {weight.dtype}: "
            f"convert it with .to({weight.dtype})"
        )
    shape = tuple(x.shape)
    if x.dim() != 4 or shape[1] != channels:
        raise ValueError(f"{name} must be (batch, {channels}, height, width), got {shape}")
    if shape[2] % GRAIN or shape[3] % GRAIN or 0 in shape[2:]:
        raise ValueError(
            f"height and width of {name} must be multiples of {GRAIN}, got {shape[2]} x {shape[3]}"
        )
    if x.device != weight.device:
        raise ValueError(
            f"{name} is on {x.device} but the network is on {weight.device}: "
            f"move it with .to({str(weight.device)!r})"
        )


def check_times(t: Tensor, x: Tensor) -> None:
    """t must hold one time step, not negative, for each picture."""
    _check_vector("t", t, x)
    if t.is_complex() or t.dtype == torch.bool:
        raise TypeError(f"t must hold time steps (integers), got {t.dtype}")
    if t.numel() and not bool((t >= 0).all()):
        raise ValueError(f"t must not be negative, got values from {t.min().item()}")


def check_labels(labels: Tensor, z: Tensor, num_classes: int) -> None:
    """labels must hold one class number for each picture."""
    if isinstance(labels, Tensor) and labels.dim() == 2 and labels.shape[1] == num_classes:
        raise ValueError(
            f"labels must be class numbers of shape ({len(z)},), got {tuple(labels.shape)}, "
            "which looks one-hot: use labels.argmax(dim=1)"
        )
    _check_vector("labels", labels, z)
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise TypeError(f"labels must be integers, got {labels.dtype}: convert with .long()")
    if labels.numel():
        low, high = (int(value) for value in torch.aminmax(labels))
        if low < 0 or high >= num_classes:
            raise ValueError(
                f"labels must lie in 0..{num_classes - 1}, got values from {low} to {high}; "
                "for the unconditional model pass labels=None"
            )


def _check_vector(name: str, v: Tensor, x: Tensor) -> None:
    if not isinstance(v, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor of shape (batch,), got {type(v).__name__}")
    if v.shape != x.shape[:1]:
        raise ValueError(
            f"{name} must have one entry a picture, shape ({len(x)},), got {tuple(v.shape)}"
        )
    if v.device != x.device:
        raise ValueError(
            f"{name} is on {v.device} but the pictures are on {x.device}: "
            f"move it with .to({str(x.device)!r})"
        )
