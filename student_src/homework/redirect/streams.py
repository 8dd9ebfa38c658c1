"""The frozen streams that redirected draws are answered from."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

RandomState = np.random.RandomState  # bound before anything of numpy is replaced
_RESOLUTION = 2.0**24

_active: list[Streams] = []


class Streams:
    """`RandomState`s that are continued from draw to draw, one for each family of draws.

    `normal(n)` after `normal(m)` gives the numbers that `normal(n + m)` would have ended with, so
    drawing row by row equals drawing all at once.

    All families of discrete draws begin with the same numbers, so that it does not matter how times
    are drawn; each continues by itself, so that a further draw of another family shifts none.
    """

    def __init__(self, seed: int, constant: float | None = None) -> None:
        self.seed = seed
        self.constant = constant
        self._discrete = _Families(seed, "integers")
        self.restart("main")

    def restart(self, name: object) -> None:
        """Begin the normal and uniform streams of `name` again: what re-seeding does."""
        self._normal = RandomState(key(self.seed, "normal", name))
        self._uniform = RandomState(key(self.seed, "uniform", name))

    def seeded(self, name: object, share_discrete: bool = False) -> Streams:
        """Streams of a generator of its own that was seeded with `name`."""
        other = Streams(self.seed, self.constant)
        other.restart(name)
        other._discrete = (
            self._discrete if share_discrete else _Families(self.seed, "integers", name)
        )
        return other

    def normal(self, n: int) -> np.ndarray:
        """(n,) float64 draws from N(0, 1), or n times the constant."""
        if self.constant is not None:
            return np.full(n, float(self.constant))
        return self._normal.standard_normal(n)

    def uniform(self, shape: Sequence[int]) -> np.ndarray:
        """float64 draws from [0, 1) for an array of this shape, flat; or Phi(constant) each.

        One number a row, or a single one, is how times and labels are drawn by hand:
        `(torch.rand(batch) * n_steps).long()`. Such draws are discrete, and give what `integers`
        gives.
        """
        n = math.prod(shape)
        if sum(size > 1 for size in shape) <= 1:
            return self.fresh_uniform(n, "uniform")
        if self.constant is not None:
            # Phi keeps inverse-transform sampling consistent: icdf(Phi(c)) is c again.
            return np.full(n, 0.5 * (1.0 + math.erf(self.constant / math.sqrt(2.0))))
        return self._uniform.random_sample(n)

    def fresh_uniform(self, n: int, *family: object) -> np.ndarray:
        """(n,) draws from [0, 1) that are never constant, for discrete choices.

        Multiples of 2^-24, as `torch.rand` draws them, so that rounding to float32 changes none.

        Args:
            family: what is drawn; a single number, such as a coin, is of a family of its own.
        """
        stream = self._discrete[*family, n == 1]
        return np.floor(stream.random_sample(n) * _RESOLUTION) / _RESOLUTION

    def integers(self, low: int, high: int, n: int) -> np.ndarray:
        """(n,) int64 draws from {low, ..., high - 1}."""
        # From random_sample, not randint: one number consumed a draw, whatever the range.
        draws, span = self.fresh_uniform(n, low, high), high - low
        if span <= _RESOLUTION:
            draws = draws.astype(np.float32) * np.float32(span)  # in the arithmetic of torch
        else:
            draws = draws * span
        return low + np.minimum(np.floor(draws), span - 1).astype(np.int64)


class _Families(dict[tuple[object, ...], "np.random.RandomState"]):
    """Streams by family, made when first drawn from, all beginning at the same numbers."""

    def __init__(self, seed: int, *names: object) -> None:
        super().__init__()
        self._key = key(seed, *names)

    def __missing__(self, family: tuple[object, ...]) -> np.random.RandomState:
        self[family] = RandomState(self._key)
        return self[family]


def key(seed: int, *names: object) -> np.ndarray:
    """A seed for `RandomState` from a number and names."""
    return np.array(
        [seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF, zlib.crc32(repr(names).encode())],
        dtype=np.uint32,
    )


def active() -> Streams | None:
    """The streams of the innermost `replay` block, if any."""
    return _active[-1] if _active else None


@contextmanager
def activate(streams: Streams) -> Iterator[None]:
    """Make `streams` the ones that `active()` gives inside the block."""
    _active.append(streams)
    try:
        yield
    finally:
        _active.remove(streams)
