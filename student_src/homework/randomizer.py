"""Where stubs and notebooks draw their random numbers.

Each function is torch's own generator on the asked device; use torch's functions instead if you
like. `replay(seed)` makes every draw repeatable on any device, torch version and GPU: inside it
the numbers come from frozen NumPy streams (see `homework.redirect`), whichever torch, numpy or
`random` function asks for them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from homework.redirect import replay

__all__ = [
    "integers",
    "integers_like",
    "normal",
    "normal_like",
    "replay",
    "uniform",
    "uniform_like",
]

Device = torch.device | str | None


def normal(
    shape: Sequence[int], device: Device = None, dtype: torch.dtype | None = None
) -> torch.Tensor:
    """Draws from N(0, 1), a tensor of the given shape."""
    return torch.randn(tuple(shape), device=device, dtype=dtype)


def uniform(
    shape: Sequence[int], device: Device = None, dtype: torch.dtype | None = None
) -> torch.Tensor:
    """Draws from the uniform distribution on [0, 1), a tensor of the given shape."""
    return torch.rand(tuple(shape), device=device, dtype=dtype)


def integers(low: int, high: int, shape: Sequence[int], device: Device = None) -> torch.Tensor:
    """Draws from {low, ..., high - 1}, an int64 tensor of the given shape."""
    return torch.randint(low, high, tuple(shape), device=device, dtype=torch.long)


def normal_like(x: torch.Tensor) -> torch.Tensor:
    """Draws from N(0, 1) with the shape, dtype and device of `x`."""
    return torch.randn_like(x)


def uniform_like(x: torch.Tensor) -> torch.Tensor:
    """Draws from the uniform distribution on [0, 1) with the shape, dtype and device of `x`."""
    return torch.rand_like(x)


def integers_like(x: torch.Tensor, low: int, high: int) -> torch.Tensor:
    """Draws from {low, ..., high - 1}: int64, with the shape and device of `x`."""
    return torch.randint(low, high, tuple(x.shape), device=x.device, dtype=torch.long)
