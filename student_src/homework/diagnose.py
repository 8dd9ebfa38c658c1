"""Tells how wrong arrays differ from the right ones, over all cases of a task, and tests noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

# Bounds for noise are in standard errors. A right solution exceeds 6 about once in 10^9 draws, and
# draws are frozen: a solution that passes once passes always.
SIGMAS = 6.0
EQUAL = 0.98  # correlation of what is the same up to rounding
NONE = 1e-2  # what is smaller everywhere is no noise
Arrays = Mapping[str, np.ndarray]


def difference(actual: np.ndarray, expected: np.ndarray) -> str:
    """The largest difference and where it is."""
    if actual.ndim == 0:
        return f"got {actual:.6g}, expected {expected:.6g}"
    gap = np.where(np.isfinite(actual), np.abs(actual - expected), np.inf)
    where = tuple(int(i) for i in np.unravel_index(int(np.argmax(gap)), gap.shape))
    index = ", ".join(map(str, where))
    return (
        f"largest difference {gap[where]:.4g} at [{index}]: "
        f"got {actual[where]:.6g}, expected {expected[where]:.6g}"
    )


@dataclass(frozen=True)
class Pair:
    """One output of one case: finite float64 arrays of one shape, and the inputs of the case."""

    actual: np.ndarray
    expected: np.ndarray
    rtol: float
    atol: float
    inputs: Arrays = field(default_factory=dict)

    def close(self, a: np.ndarray, b: np.ndarray) -> bool:
        return np.allclose(a, b, rtol=self.rtol, atol=self.atol)

    @property
    def varied(self) -> bool:
        """Whether its values differ so much that no pattern holds by chance."""
        return self.expected.size > 1 and bool(
            np.ptp(self.expected) > 0.1 * np.abs(self.expected).max() > 100 * self.atol
        )


def pattern(wrong: Sequence[Pair], right: Sequence[Pair]) -> str:
    """The key in `sentences.PATTERNS` of what holds for all pairs; empty if nothing does.

    Args:
        wrong: one output, from all cases in which it is wrong.
        right: the same output from the other cases.
    """
    for name, holds in _PATTERNS:
        if all(map(holds, wrong)) and _tell(wrong):
            # What is right too where the pattern holds is no evidence against it.
            if all(map(holds, right)):
                return name
    if not any(_usable(pair).any() for pair in right):
        factor = _multiple(wrong)
        if factor:
            return factor
    return _rows(wrong, right)


def _tell(pairs: Sequence[Pair]) -> bool:
    """Whether no pattern holds by chance: values of one case that differ, or three cases."""
    return len(pairs) > 2 or any(pair.varied for pair in pairs)


def _offset(pair: Pair) -> bool:
    if pair.expected.size == 1:
        return False
    gap = pair.actual - pair.expected
    allowed = pair.atol + pair.rtol * np.abs(pair.expected).max()
    return bool(np.ptp(gap) <= min(allowed, 0.1 * abs(gap.mean())))


def _square(pair: Pair) -> bool:
    return _positive(pair) and pair.close(pair.actual, pair.expected**2)


def _root(pair: Pair) -> bool:
    return _positive(pair) and pair.close(pair.actual**2, pair.expected)


def _positive(pair: Pair) -> bool:
    return bool((pair.actual > 0).all() and (pair.expected > 0).all())


def _transposed(pair: Pair) -> bool:
    shape = pair.actual.shape
    square = len(shape) >= 2 and shape[-1] == shape[-2]
    return square and pair.close(np.swapaxes(pair.actual, -1, -2), pair.expected)


_PATTERNS: tuple[tuple[str, Callable[[Pair], bool]], ...] = (
    ("sign", lambda pair: pair.close(pair.actual, -pair.expected)),
    ("offset", _offset),
    ("square", _square),
    ("root", _root),
    ("transposed", _transposed),
)


def _multiple(pairs: Sequence[Pair]) -> str:
    """How a factor between results and expected values depends on the case, if that is simple.

    Single numbers have a factor always; they count if the same rule holds in three cases.
    """
    factors = [factor for factor in map(_factor, pairs) if factor is not None]
    if len(factors) < len(pairs) or not _tell(pairs):
        return ""
    for name, rule in _FACTORS.items():
        wanted = [rule(_counts(pair)) for pair in pairs]
        telling = name in ("twice", "half") or len(set(wanted)) > 1
        if telling and all(abs(f / w - 1) < 1e-3 for f, w in zip(factors, wanted)):
            return name
    if np.ptp(factors) > 1e-3 * abs(factors[0]):
        return ""
    single = all(pair.expected.size == 1 for pair in pairs)
    return "multiple of numbers" if single else "multiple"


def _factor(pair: Pair) -> float | None:
    """The number that all expected values are multiplied by, unless that is about 1."""
    usable = _usable(pair)
    if not usable.any():
        return None
    factor = float(np.median(pair.actual[usable] / pair.expected[usable]))
    if abs(factor - 1.0) < 1e-2 or abs(factor) < 1e-6:
        return None
    return factor if pair.close(pair.actual / factor, pair.expected) else None


def _usable(pair: Pair) -> np.ndarray:
    return np.asarray(np.abs(pair.expected) > max(1e-6, pair.atol))


Counts = tuple[int, int]
_FACTORS: dict[str, Callable[[Counts], float]] = {
    "twice": lambda n: 2.0,
    "half": lambda n: 0.5,
    "times batch": lambda n: n[0],
    "by batch": lambda n: 1 / n[0],
    "times features": lambda n: n[1],
    "by features": lambda n: 1 / n[1],
    "times all": lambda n: n[0] * n[1],
    "by all": lambda n: 1 / (n[0] * n[1]),
}


def _counts(pair: Pair) -> Counts:
    """(samples, values per sample) of the largest input."""
    largest = max(pair.inputs.values(), key=lambda array: array.size, default=pair.expected)
    batch = len(largest) if largest.ndim else 1
    return batch, max(1, largest.size // max(1, batch))


def _rows(wrong: Sequence[Pair], right: Sequence[Pair]) -> str:
    """Which rows of the batches are right, taken over all cases."""
    fine = [_right_rows(pair) for pair in wrong]
    if not all(len(rows) > 1 for rows in fine):
        return ""
    everything = np.concatenate([*fine, *map(_right_rows, right)])
    times = [pair.inputs.get("t") for pair in (*wrong, *right)]
    if all(t is not None and t.ndim == 1 for t in times):
        t = np.concatenate([t for t in times if t is not None])
        if t.shape == everything.shape and everything.any():
            if np.array_equal(everything, t > 0):
                return "not t0"
            if np.array_equal(everything, t == 0):
                return "only t0"
    if all(rows[0] and not rows[1:].any() for rows in fine) and sum(map(len, fine)) > 3:
        return "first row"
    return "some rows" if all(rows.any() for rows in fine) else ""


def _right_rows(pair: Pair) -> np.ndarray:
    if pair.actual.ndim == 0:
        return np.ones(0, bool)
    close = np.isclose(pair.actual, pair.expected, rtol=pair.rtol, atol=pair.atol)
    return np.asarray(close.reshape(len(close), -1).all(axis=1))


def noise_problem(actual: np.ndarray, mean: np.ndarray, std: np.ndarray) -> tuple[str, str]:
    """Whether (actual - mean) / std looks like independent N(0, 1) draws.

    Arrays are looked at slice by slice along calls or steps (axis 0) and images of a batch (axis
    1) if they have three axes or more, along channels, rows and columns if they have five: pixels
    first, since images of one number each are alike in all other ways too.

    Returns:
        A key of `sentences.NOISES`, empty if the noise is fine, and numbers.
    """
    z = (actual - mean) / std
    n = z.size
    if n > 1 and np.ptp(z) < 1e-3:
        return "constant", ""
    if z.ndim == 5 and z[0, 0, 0].size > 1 and np.ptp(z, axis=(3, 4)).max() < 1e-3:
        return "images", ""
    where = _left_out(z) or _shared(z)
    if where:
        return where, ""
    if z.ndim == 1 and len(np.unique(np.round(z, 5))) < 0.9 * n:
        return "few", ""
    # Asked so that NaN, which sums of very large numbers may give, is a problem too.
    if not abs(z.mean()) <= SIGMAS / np.sqrt(n):
        return "mean", f"mean {z.mean():.4g} in units of its expected spread"
    spread = z.std()
    if not abs(spread - 1.0) <= SIGMAS / np.sqrt(2 * n):
        return "large" if spread > 1 else "small", f"{spread:.4g} times the expected spread"
    if z.ndim == 5:  # one image without noise hardly shows among others
        spread = z.std(axis=(0, 2, 3, 4)).min()
        if spread < 1.0 - SIGMAS / np.sqrt(2 * z[:, 0].size):
            return "small", f"{spread:.4g} times the expected spread in one image"
    return "", ""


def _left_out(z: np.ndarray) -> str:
    """Whether some images of a batch, or some calls, have no noise at all."""
    for axis, name in ((1, "left out"), (0, "skipped")):
        if z.ndim < 3 or z.size < 8 * z.shape[axis]:  # so many are not all small by chance
            continue
        largest = np.abs(np.moveaxis(z, axis, 0)).reshape(z.shape[axis], -1).max(axis=1)
        if largest.min() < NONE <= largest.max():
            return name
    return ""


_AXES = ((4, 5, "columns"), (3, 5, "rows"), (2, 5, "channels"), (1, 3, "batch"), (0, 3, "repeats"))


def _shared(z: np.ndarray) -> str:
    """Along which axis slices are alike: where they are equal, if they are equal anywhere.

    What is equal along one axis has fewer independent numbers, and looks alike along others.
    """
    found = [
        (_likeness(np.moveaxis(z, axis, 0)), name) for axis, least, name in _AXES if z.ndim >= least
    ]
    alike = [name for (excess, _), name in found if excess]
    equal = [name for (_, correlation), name in found if correlation > EQUAL]
    return (equal or alike or [""])[0] if alike else ""


def _likeness(slices: np.ndarray) -> tuple[bool, float]:
    """Whether slices are more alike than independent draws can be; the largest correlation."""
    flat = slices.reshape(len(slices), -1)
    if len(flat) < 2 or flat.shape[1] < 3:
        return False, 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.abs(np.nan_to_num(np.corrcoef(flat)))  # NaN of a slice of one number
    largest = float(correlation[~np.eye(len(flat), dtype=bool)].max())
    return largest > SIGMAS / np.sqrt(flat.shape[1]), largest
