"""Tells wrong results that are equal on the same inputs by a digest: one behaviour, one cluster.

Formulas that are equal give numbers that differ by roundings, and no rounding of such numbers is
the same for all of them: two that are nearly equal may lie on both sides of a border. So a
behaviour has two digests, with borders half a step apart. Whoever shares one of them behaves alike.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from homework.explain import Tried
from homework.outcome import Value
from homework.verdict import FAILED, TaskResult

STEP = 1 / 256  # roundings move what is rounded by a thousandth of that
LARGEST = 1e3  # more than the arcsinh of any number
ORDINARY = 1.0  # from this weight on a case is no extreme one, where roundings are large


def digests(found: Iterable[Tried], weights: Mapping[str, float]) -> tuple[str, ...]:
    """Two names of what a task's wrong results are; none where there are no wrong values.

    Args:
        found: public cases.
        weights: what their hidden counterparts count, by the names of public cases.
    """
    wrong = [one for one in found if one.verdict.status == FAILED]
    ordinary = [one for one in wrong if weights.get(one.case.name, 0.0) >= ORDINARY] or wrong
    if not ordinary or any(one.outcome is None for one in ordinary):
        return ()
    form, numbers = [], []
    with np.errstate(all="ignore"):  # students' numbers may be as large as they like
        for one in sorted(ordinary, key=lambda one: one.case.name):
            for name, value in _outputs(one):
                form.append(f"{one.case.name}/{name} {_form(value)}")
                numbers.append(_projected(one, name, value))
    return tuple(_digest(form, numbers, offset) for offset in (0.0, 0.5))


def is_unexplained(task: TaskResult) -> bool:
    """Whether values are wrong and no sentence says why."""
    worst = task.worst
    return worst.status == FAILED and not worst.mistake and not worst.help


def _outputs(one: Tried) -> list[tuple[str, Value]]:
    """Outputs by name; draws only where there is nothing else, for their order is free."""
    assert one.outcome is not None
    values = sorted(one.outcome.values.items())
    return [item for item in values if not item[0].startswith("noise_")] or values


def _form(value: Value) -> str:
    """What roundings leave alone."""
    if value.array is None:
        return value.kind
    return f"{value.kind} {value.array.shape} {bool(np.isfinite(value.array).all())}"


def _projected(one: Tried, name: str, value: Value) -> float:
    """One number for an array: a fixed random projection, in units of what is expected."""
    if value.array is None or value.array.dtype.kind not in "fiub":
        return 0.0
    flat = np.nan_to_num(value.array.astype(np.float64).reshape(-1), posinf=0.0, neginf=0.0)
    expected = one.answers.expected.get(name, one.answers.mean.get(name, np.ones(1)))
    size = np.sqrt(np.mean(np.square(expected, dtype=np.float64))) + one.case.atol
    weights = np.random.RandomState(zlib.crc32(f"{one.case.name}/{name}".encode()))
    along = weights.standard_normal(flat.size) @ flat / np.sqrt(max(flat.size, 1))
    return float(np.nan_to_num(np.arcsinh(along / size), posinf=LARGEST, neginf=-LARGEST))


def _digest(form: Sequence[str], numbers: Sequence[float], offset: float) -> str:
    steps = np.floor(np.array(numbers) / STEP + offset).astype(np.int64)
    text = f"{offset} {' '.join(form)} {steps.tolist()}"
    return hashlib.sha256(text.encode()).hexdigest()[:10]
