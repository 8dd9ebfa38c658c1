"""Searches numbers for the expression that they are: a product of ingredients, or a sum of terms.

An expression fits if it gives every number within the tolerance of its case, and at least a quarter
of them to within the rounding of float32.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from homework import formula as grammar
from homework.formula import COEFFICIENTS, CONSTANTS, MOST_CHANGES, Formula

TIGHT = 2e-5  # relative error that float32 leaves of a short computation
LEAST = 1e-4  # numbers below this are compared, but none is recognised by them
SAME = 1e-7  # relative difference of two expressions that are one
CHANCE = 1e-4  # of a coincidence, if numbers were random


@dataclass(frozen=True)
class Numbers:
    """The numbers of one output in all cases: (n,), with ingredients of (count, n) by kind."""

    found: np.ndarray
    expected: np.ndarray
    tolerance: np.ndarray
    ingredients: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Fit:
    """An expression that gives the numbers; of several, the one of least `cost` is told."""

    cost: float
    text: str
    values: np.ndarray


def only(fits: Iterator[Fit]) -> str:
    """The text of the simplest fit, unless another one differs from it."""
    known = sorted(fits, key=lambda fit: fit.cost)
    for other in known[1:]:
        small = SAME * float(np.abs(known[0].values).max(initial=0.0))
        if not np.allclose(other.values, known[0].values, rtol=SAME, atol=small):
            return ""
    return known[0].text if known else ""


# Products


def products(formula: Formula, numbers: Numbers, found: np.ndarray) -> Iterator[Fit]:
    """All products of ingredients that are these numbers."""
    telling = np.abs(found) > LEAST
    factors = numbers.ingredients.get("factors", np.ones((0, found.size)))
    bases = numbers.ingredients.get("bases", np.ones((1, found.size)))
    powers = grammar.exponents(len(factors))
    tried = len(powers) * len(bases) * len(CONSTANTS)
    if tried * TIGHT ** _different(found[telling]) > CHANCE:
        return
    telling = np.flatnonzero(telling)[positions(int(telling.sum()), 32)]
    logs = powers @ np.maximum(np.log(np.abs(factors)), -700.0)
    for name, base in zip(formula.bases or ("",), bases):
        shape = logs + np.log(np.abs(base))
        gap = (np.log(np.abs(found)) - shape)[:, telling]
        middle = np.median(gap, axis=1)
        for row in np.flatnonzero(np.median(np.abs(gap - middle[:, None]), axis=1) < 10 * TIGHT):
            constant = nearest(float(np.exp(middle[row])), CONSTANTS)
            if constant is None or not (name or powers[row].any()):
                continue
            if not grammar.allowed(powers[row], constant):
                continue
            size = np.exp(logs[row]) * base
            sign = -1 if np.median(found[telling] * size[telling]) < 0 else 1
            signed = sign * constant
            values = float(signed) * size
            if _fits(found, values, numbers.tolerance, np.abs(values)):
                text = grammar.product(formula.factors, powers[row], signed, name)
                yield Fit(_cost(powers[row], signed), text, values)


def _different(numbers: np.ndarray) -> int:
    """How many numbers there are that differ: equal ones tell nothing new."""
    return len(np.unique(np.round(np.log(np.abs(numbers[numbers != 0])), 3)))


def nearest(number: float, among: Sequence[Fraction], within: float = 1e-3) -> Fraction | None:
    best = min(among, key=lambda c: abs(float(c) - number))
    return best if abs(float(best) - number) < within * max(1.0, abs(number)) else None


def _cost(powers: np.ndarray, constant: Fraction) -> float:
    """How far a product is from what somebody would write: few factors, whole exponents."""
    used = powers[powers != 0]
    odd = np.abs(np.abs(used) - 1.0).sum() + 0.01 * (used < 0).sum()
    return len(used) + 0.4 * float(odd) + 0.5 * (abs(constant) != 1) + 0.2 * (constant < 0)


def _fits(found: np.ndarray, values: np.ndarray, tolerance: np.ndarray, size: np.ndarray) -> bool:
    gap = np.abs(found - values)
    tight = np.quantile(gap / (size + 1e-30), 0.25) <= TIGHT
    return bool(tight and (gap <= tolerance + 1e-4 * size).all())


# Sums


def sums(formula: Formula, numbers: Numbers) -> Iterator[Fit]:
    """The sums that differ from the expected one in the fewest terms."""
    terms = numbers.ingredients["terms"]
    scales = [np.ones(terms.shape[1]), *(1.0 / numbers.ingredients.get("scales", np.ones((0, 1))))]
    starts = [
        (grammar.apart(factor, name), float(factor) * scale)
        for factor in grammar.MULTIPLES
        for name, scale in zip(("", *formula.scales), scales)
    ]
    for cost in range(MOST_CHANGES + 1):
        # A sum that was also multiplied or divided is worth two more changes.
        fits = [
            fit
            for start, scale in starts
            if (size := cost - (2 if start and cost > 1 else bool(start))) >= 0
            and size + 2 <= terms.shape[1]
            for fit in _with_changes(formula, numbers, scale, size, start)
        ]
        if fits:
            yield from fits
            return


def _with_changes(
    formula: Formula, numbers: Numbers, scale: np.ndarray, size: int, start: str
) -> Iterator[Fit]:
    terms = numbers.ingredients["terms"]
    wanted = numbers.found / scale - numbers.expected
    expected = [Fraction(c) for c in formula.coefficients]
    tolerance = numbers.tolerance / np.abs(scale)
    for places, steps in _steps(terms, wanted, tolerance, size):
        found = [nearest(float(expected[p]) + s, COEFFICIENTS, 0.02)
                 for p, s in zip(places, steps)]  # fmt: skip
        if any(f is None or f == expected[p] for f, p in zip(found, places)):
            continue
        exact = np.array([float(f - expected[p]) for f, p in zip(found, places) if f is not None])
        values = exact @ terms[list(places)] if size else np.zeros(wanted.size)
        widest = np.abs(numbers.expected) + np.abs(terms[list(places)]).sum(axis=0)
        if _fits(wanted, values, tolerance, widest):
            known = {p: f for p, f in zip(places, found) if f is not None}
            total = (values + numbers.expected) * scale
            added = sum(not expected[p] for p in known)
            yield Fit(
                size + bool(start) + 0.1 * added, _told(formula, expected, known, start), total
            )


def _steps(
    terms: np.ndarray, wanted: np.ndarray, tolerance: np.ndarray, size: int
) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """Least squares for every choice of `size` terms, all at once."""
    if size == 0:
        yield (), np.zeros(0)
        return
    weighted = terms / tolerance
    length = np.maximum(np.linalg.norm(weighted, axis=1), 1e-300)
    weighted = weighted / length[:, None]
    places = _choices(len(terms), size)
    gram, right = weighted @ weighted.T, weighted @ (wanted / tolerance)
    matrix = gram[places[:, :, None], places[:, None, :]] + 1e-11 * np.eye(size)
    steps = np.linalg.solve(matrix, right[places][:, :, None])[:, :, 0] / length[places]
    # What is left of the squares tells at once which choices can fit at all.
    left = (wanted / tolerance) @ (wanted / tolerance) - (
        steps * length[places] * right[places]
    ).sum(axis=1)
    total = float((wanted / tolerance) @ (wanted / tolerance))
    near = np.flatnonzero(left <= 4.0 * wanted.size + 1e-9 * total)
    for row in near[np.argsort(left[near], kind="stable")][:200]:
        yield tuple(int(p) for p in places[row]), steps[row]


@cache
def _choices(count: int, size: int) -> np.ndarray:
    return np.array(list(itertools.combinations(range(count), size))).reshape(-1, size)


def _told(
    formula: Formula, expected: list[Fraction], found: dict[int, Fraction], start: str
) -> str:
    """At most two of the changes, in words; exchanged terms first."""
    missing = {p for p, f in found.items() if not f}
    added = {p for p in found if not expected[p]}
    said = []
    for place in sorted(missing):
        partner = next((a for a in sorted(added) if found[a] == expected[place]), None)
        if partner is not None:
            said.append(grammar.exchange(formula.terms[partner], formula.terms[place]))
            missing, added = missing - {place}, added - {partner}
            found = {p: f for p, f in found.items() if p not in (place, partner)}
    first = sorted(found.items(), key=lambda item: (item[0] not in added, item[0]))
    said += [grammar.change(formula.terms[p], f, expected[p]) for p, f in first]
    if not said:
        return f"{formula.called} is what is expected, {start}"
    return f"in {formula.called}, {' and '.join(said[:2])}{start and ', ' + start}"


def positions(size: int, most: int) -> np.ndarray:
    return np.linspace(0, size - 1, min(size, most)).round().astype(int)
