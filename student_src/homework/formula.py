"""What a wrong result may be made of, and the finite list of expressions that are looked for.

A rubric declares the ingredients of an output; their arrays, in float64, come with each case.
`homework.recognise` searches them for the expression that a student's numbers are. What is said
then is one of the texts made here: they hold names of ingredients and small rational numbers, and
never a number of a case.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

HALF = Fraction(1, 2)
NOWHERE = ", also where it should be 0"
MULTIPLES = (Fraction(1), Fraction(-1), Fraction(2), HALF)  # of a whole sum
CONSTANTS = tuple(sign * c for c in (Fraction(1), Fraction(2), HALF) for sign in (1, -1))
COEFFICIENTS = tuple(Fraction(n, 4) for n in (0, 1, -1, 2, -2, 4, -4, 8, -8))
_FEW = (HALF, -HALF, Fraction(1), Fraction(-1))
_MORE = (*_FEW, Fraction(2), Fraction(-2), Fraction(3, 2), Fraction(-3, 2))
MOST_FACTORS, MOST_CHANGES = 3, 4
_COMPOUND = re.compile(r" [-+] (?![^(]*\))")  # a sum that no brackets hold together


@dataclass(frozen=True)
class Formula:
    """The ingredients of one output, by name.

    Attributes:
        output: name of the output, such as `value`.
        factors: what products are made of, with exponents.
        bases: whole results, right or wrong, of which a product may hold one.
        terms: what sums are made of, summed over the features of a row.
        coefficients: of the terms in the expected result.
        scales: what the whole sum may have been divided by.
        images: what images are combined of; their weights are products of the factors.
    """

    output: str
    factors: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    coefficients: tuple[str, ...] = ()
    scales: tuple[str, ...] = ()
    images: tuple[str, ...] = ()

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Formula:
        """A formula as the catalogue holds it."""
        names = {key: tuple(value) for key, value in entry.items() if key != "output"}
        return cls(entry["output"], **names)

    @property
    def called(self) -> str:
        return "your result" if self.output == "value" else f"your `{self.output}`"


KINDS = ("factors", "bases", "terms", "scales", "images")  # of arrays


@cache
def exponents(count: int) -> np.ndarray:
    """(expressions, count) exponents of all products of at most three factors, in halves."""
    rows = [
        _row(count, places, chosen)
        for size in range(min(count, MOST_FACTORS) + 1)
        for places in itertools.combinations(range(count), size)
        for chosen in itertools.product(_MORE if size < MOST_FACTORS else _FEW, repeat=size)
    ]
    return np.array(rows, dtype=np.float64).reshape(len(rows), count)


def _row(count: int, places: tuple[int, ...], chosen: tuple[Fraction, ...]) -> list[float]:
    row = [0.0] * count
    for place, exponent in zip(places, chosen):
        row[place] = float(exponent)
    return row


def allowed(powers: np.ndarray, constant: Fraction) -> bool:
    """Whether a constant may stand before a product: long ones have none but a sign."""
    return abs(constant) == 1 or bool(np.count_nonzero(powers) < MOST_FACTORS)


def product(names: tuple[str, ...], powers: np.ndarray, constant: Fraction, base: str = "") -> str:
    """The text of a product, such as `2 * sigma' * sqrt(1 - exp(lambda - lambda')) / alpha`."""
    above: list[str] = []
    below: list[str] = []
    if (
        constant == 1
        and bool(base) + np.abs(powers).sum() == 1.0
        and powers.max(initial=float(bool(base))) == 1
    ):
        return base or names[int(np.argmax(powers))]  # alone: it needs no brackets
    for name, power in zip((base, *names), (1.0 if base else 0.0, *powers)):
        if power:
            (above if power > 0 else below).append(_power(name, Fraction(abs(power))))
    if constant.denominator > 1:
        below.insert(0, str(constant.denominator))
    if abs(constant.numerator) > 1 or not above:
        above.insert(0, str(abs(constant.numerator)))
    sign = "-" if constant < 0 else ""
    under = f"({' * '.join(below)})" if len(below) > 1 else "".join(below)
    return sign + " * ".join(above) + (f" / {under}" if below else "")


def apart(multiple: Fraction, scale: str) -> str:
    """What is said of a whole sum that was multiplied, or divided by `scale`."""
    said = {Fraction(-1): "with its sign turned", Fraction(2): "doubled", HALF: "halved"}
    parts = [said[multiple]] if multiple != 1 else []
    return " and ".join([*parts, *([f"divided by {scale}"] if scale else [])])


def _power(name: str, power: Fraction) -> str:
    if power == HALF:
        return f"sqrt({name})"
    whole = f"({name})" if _COMPOUND.search(name) else name
    return whole if power == 1 else f"{whole}^{power if power.denominator == 1 else f'({power})'}"


def change(name: str, found: Fraction, expected: Fraction) -> str:
    """What is said of a term whose coefficient is not the expected one."""
    if not found:
        return f"the term `{name}` is missing"
    if not expected:
        return f"there is a further term `{name}` with the factor {found}"
    return f"the term `{name}` has the factor {found} where {expected} is expected"


def exchange(found: str, expected: str) -> str:
    """What is said of a term that has taken the place of another one."""
    return f"`{found}` stands where `{expected}` is expected"
