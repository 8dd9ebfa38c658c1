"""Says in a sentence how a wrong array differs from the right one, and tests noise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

# Bounds for noise are in standard errors. A right solution exceeds 6 about once in 10^9 draws, and
# draws are frozen: a solution that passes once passes always.
SIGMAS = 6.0


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


def pattern(
    actual: np.ndarray,
    expected: np.ndarray,
    inputs: Mapping[str, np.ndarray],
    rtol: float,
    atol: float,
) -> str:
    """The predicate of a sentence about two finite arrays of one shape that differ."""

    def close(a: np.ndarray, b: np.ndarray) -> bool:
        return np.allclose(a, b, rtol=rtol, atol=atol)

    if close(actual, -expected):
        return "has the wrong sign"
    if actual.ndim and np.ptp(actual - expected) <= atol + rtol * np.abs(expected).max():
        return "is off by the same amount everywhere"
    factor = _factor(actual, expected)
    if (
        factor
        and abs(factor - 1.0) > 1e-2
        and abs(factor) > 1e-6
        and close(actual / factor, expected)
    ):
        return f"is {factor:.4g} times what is expected, everywhere"
    positive = (actual > 0).all() and (expected > 0).all()
    if positive and close(actual, expected**2):
        return "is the square of what is expected"
    if positive and close(actual**2, expected):
        return "is the square root of what is expected"
    if actual.ndim >= 2 and actual.shape[-1] == actual.shape[-2]:
        if close(np.swapaxes(actual, -1, -2), expected):
            return "is transposed: rows and columns are swapped"
    return _rows(actual, expected, inputs, rtol, atol)


def _rows(
    actual: np.ndarray,
    expected: np.ndarray,
    inputs: Mapping[str, np.ndarray],
    rtol: float,
    atol: float,
) -> str:
    if actual.ndim == 0 or len(actual) < 2:
        return "has a wrong value"
    close = np.asarray(np.isclose(actual, expected, rtol=rtol, atol=atol))
    right = np.asarray(close.reshape(len(actual), -1).all(axis=1))
    t = inputs.get("t")
    if t is not None and t.shape == right.shape and right.any():
        if np.array_equal(right, t > 0):
            return "is wrong where t = 0, and right everywhere else"
        if np.array_equal(right, t == 0):
            return "is right only where t = 0"
    if right.sum() == 1 and right[0]:
        return "is right for the first row of the batch only"
    if right.any():
        return f"is wrong in {int((~right).sum())} of the {len(right)} rows of the batch"
    return "has wrong values"


def _factor(actual: np.ndarray, expected: np.ndarray) -> float | None:
    usable = np.abs(expected) > 1e-6
    if usable.sum() < 2:
        return None
    return float(np.median(actual[usable] / expected[usable]))


def noise_problem(
    what: str, actual: np.ndarray, mean: np.ndarray, std: np.ndarray
) -> tuple[str, str] | None:
    """Whether (actual - mean) / std looks like independent N(0, 1) draws; None if it does.

    Arrays are looked at slice by slice along calls or steps (axis 0) and images of a batch (axis
    1) if they have three axes or more, along channels, rows and columns if they have five.
    """
    z = (actual - mean) / std
    n = z.size
    if n > 1 and np.ptp(z) < 1e-3:
        return f"{what} is the same number everywhere; each draw has to be independent", ""
    for axis, at_least, sentence in (
        (0, 3, "repeats from one call to the next: is a generator re-seeded, or the noise kept?"),
        (1, 3, "is shared by the images of a batch; each image needs its own"),
        (2, 5, "is shared by the channels of an image; each channel needs its own"),
        (3, 5, "is shared by the rows of an image; each pixel needs its own"),
        (4, 5, "is shared by the columns of an image; each pixel needs its own"),
    ):
        if z.ndim >= at_least and _correlated(np.moveaxis(z, axis, 0)):
            return f"{what} {sentence}", ""
    if z.ndim == 1 and len(np.unique(np.round(z, 5))) < 0.9 * n:
        return f"{what} is shared by rows of the batch; each row needs its own", ""
    # Asked so that NaN, which sums of very large numbers may give, is a problem too.
    if not abs(z.mean()) <= SIGMAS / np.sqrt(n):
        return f"{what} does not average to zero around the right mean", f"mean {z.mean():.4g}"
    spread = z.std()
    if not abs(spread - 1.0) <= SIGMAS / np.sqrt(2 * n):
        more = "too large" if spread > 1 else "too small"
        return f"the spread of {what} is {more}", f"{spread:.4g} times the expected one"
    return None


def _correlated(slices: np.ndarray) -> bool:
    flat = slices.reshape(len(slices), -1)
    if len(flat) < 2 or flat.shape[1] < 3:
        return False
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.nan_to_num(np.corrcoef(flat), nan=1.0)
    off_diagonal = correlation[~np.eye(len(flat), dtype=bool)]
    return bool((np.abs(off_diagonal) > SIGMAS / np.sqrt(flat.shape[1])).any())
