"""Recognises the formula that a student's wrong numbers are.

All cases of a task are looked at together, in float64. An expression is told only if it gives every
number and no other expression does so that differs from it. Pure functions, numpy only:
`homework.formula` lists the expressions, `homework.fitting` tries them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from homework import formula as grammar
from homework.fitting import TIGHT, Numbers, nearest, only, positions, products, sums
from homework.fixtures import Case, CaseArrays, Task
from homework.formula import CONSTANTS, Formula
from homework.outcome import Value

Seen = tuple[Case, CaseArrays, Mapping[str, Value]]


def recognise(task: Task, seen: Sequence[Seen]) -> str:
    """One clause that says what a wrong result is; empty if nothing is certain.

    Args:
        seen: all cases in which values came back, the right ones too.
    """
    with np.errstate(all="ignore"):
        for index, formula in enumerate(task.formulas):
            found = _blend(index, formula, seen) if formula.images else _plain(index, formula, seen)
            if found:
                return found
    return ""


def _plain(index: int, formula: Formula, seen: Sequence[Seen]) -> str:
    numbers = _gather(index, formula, seen)
    if numbers is None or (np.abs(numbers.found - numbers.expected) <= numbers.tolerance).all():
        return ""
    if formula.terms:
        return only(sums(formula, numbers))
    return _compared(formula, numbers, formula.called)


def _compared(formula: Formula, numbers: Numbers, called: str) -> str:
    found = only(products(formula, numbers, numbers.found))
    expected = only(products(formula, numbers, numbers.expected)) if found else ""
    if not found or found == expected:  # right but for a little, of which nothing is known
        return ""
    return f"{called} is {found}; expected is {expected}" if expected else f"{called} is {found}"


def _gather(index: int, formula: Formula, seen: Sequence[Seen]) -> Numbers | None:
    """The numbers of an output that is no combination of images; None if they are no match."""
    parts = []
    for case, answers, values in seen:
        if formula.output not in answers.expected or not any(
            k.startswith(f"{index}-") for k in answers.formulas
        ):
            continue
        found, expected = _pair(formula.output, answers, values)
        if found is None or expected is None:
            return None
        parts.append((case, sampled(found), sampled(expected), answers.formulas))
    return _joined(index, parts)


def _pair(
    output: str, answers: CaseArrays, values: Mapping[str, Value]
) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
    """What was found and expected, in the shape of what is expected."""
    value, expected = values.get(output), answers.expected[output].astype(np.float64)
    if value is None or value.array is None or value.array.dtype.kind not in "fiub":
        return None, None
    found = value.array.astype(np.float64)
    if expected.ndim == 0 and found.size == 1:
        found = found.reshape(())
    if found.ndim != expected.ndim:
        return None, None
    if found.shape != expected.shape:
        cut = found[tuple(slice(0, 1) if n == 1 else slice(None) for n in expected.shape)]
        if found.size > expected.size and not _equal(np.broadcast_to(cut, found.shape), found):
            return None, None
        try:
            found = np.broadcast_to(cut, expected.shape)
        except ValueError:
            return None, None
    return (found, expected) if np.isfinite(found).all() else (None, None)


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    return np.allclose(a, b, rtol=1e-6, atol=0.0)


def sampled(array: np.ndarray, most: int = 48) -> np.ndarray:
    """At most `most` of the numbers, evenly spread."""
    flat = array.reshape(-1)
    return flat[positions(flat.size, most)]


def _joined(index: int, parts: list) -> Numbers | None:
    if not parts:
        return None
    kinds = [k for k in grammar.KINDS if k != "images" and f"{index}-{k}" in parts[0][3]]
    return Numbers(
        np.concatenate([found for _, found, _, _ in parts]),
        np.concatenate([expected for _, _, expected, _ in parts]),
        np.concatenate([case.atol + case.rtol * np.abs(e) for case, _, e, _ in parts]),
        {k: np.concatenate([arrays[f"{index}-{k}"] for *_, arrays in parts], axis=1)
         for k in kinds},
    )  # fmt: skip


def _blend(index: int, formula: Formula, seen: Sequence[Seen]) -> str:
    """Say of the first image whose weight is wrong what its weight is."""
    parts = []
    for case, answers, values in seen:
        if formula.output not in answers.expected or f"{index}-images" not in answers.formulas:
            continue
        found, expected = _pair(formula.output, answers, values)
        if found is None or expected is None:
            return ""
        images = answers.formulas[f"{index}-images"]  # (images, batch, pixels)
        weights = [_weights(images, pixels(a)) for a in (found, expected)]
        if weights[0] is None or weights[1] is None:
            return ""
        parts.append((case, weights[0], weights[1], answers.formulas))
    for place, image in enumerate(formula.images):
        numbers = _joined(index, [(c, f[place], e[place], a) for c, f, e, a in parts])
        said = "" if numbers is None else _weight(formula, numbers, image)
        if said:
            return said
    return ""


def pixels(array: np.ndarray) -> np.ndarray:
    """(batch, pixels) some pixels of every image, evenly spread."""
    flat = array.reshape(len(array), -1)
    return flat[:, positions(flat.shape[1], 24)]


def _weights(images: np.ndarray, found: np.ndarray) -> np.ndarray | None:
    """(images, batch) weights, if every sample is such a combination."""
    weights = []
    for sample, target in zip(images.transpose(1, 2, 0), found):
        weight, _, rank, _ = np.linalg.lstsq(sample, target, rcond=1e-9)
        left = np.abs(sample @ weight - target)
        if rank < len(weight) or (left > 1e-5 * (1.0 + np.abs(target).max())).any():
            return None
        weights.append(weight)
    return np.array(weights).T


def _weight(formula: Formula, numbers: Numbers, image: str) -> str:
    """What is said of the weight of one image; empty if it is right or no product."""
    gap = np.abs(numbers.found - numbers.expected)
    if (gap <= 3 * numbers.tolerance).all():
        return ""
    unused = numbers.tolerance + 1e-6
    if (np.abs(numbers.found) <= unused).all():
        return f"in {formula.called}, {image} has no part"
    both = (np.abs(numbers.found) > unused) | (np.abs(numbers.expected) > unused)
    kept = Numbers(numbers.found[both], numbers.expected[both], numbers.tolerance[both],
                    {k: a[:, both] for k, a in numbers.ingredients.items()})  # fmt: skip
    called = f"in {formula.called}, the factor of {image}"
    constant = nearest(float(kept.found.mean()), CONSTANTS, TIGHT)
    if constant is None or np.ptp(kept.found) > TIGHT:
        said = _compared(formula, kept, called)
    else:
        expected = only(products(formula, kept, kept.expected))
        said = f"{called} is {constant}" + (f"; expected is {expected}" if expected else "")
    nowhere = bool((np.abs(kept.expected) <= 1e-6).any())
    return said + grammar.NOWHERE if said and nowhere else said
