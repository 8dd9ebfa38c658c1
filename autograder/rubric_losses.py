"""How a loss may be made of differences of images: what wrong losses are looked for among."""

from __future__ import annotations

from typing import Any

import numpy as np

Made = dict[str, dict[str, Any]]


def losses(errors: dict[str, np.ndarray], shape: tuple[int, ...]) -> Made:
    """Ways to reduce differences of images to one number, and sizes that it may be divided by."""
    bases: dict[str, Any] = {}
    for name, error in errors.items():
        flat = error.reshape(len(error), -1)
        bases |= {
            f"sum of ({name})^2": (flat**2).sum(),
            f"sum of |{name}|": np.abs(flat).sum(),
            f"sum of the norms of {name}": np.sqrt((flat**2).sum(axis=1)).sum(),
        }
    batch, channels, *size = shape
    factors = {"the batch size": batch, "the number of channels": channels,
               "the pixels of a channel": int(np.prod(size))}  # fmt: skip
    return {"bases": {n: np.float64(b) for n, b in bases.items()},
            "factors": {n: np.float64(f) for n, f in factors.items()}}  # fmt: skip
