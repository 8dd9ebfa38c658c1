"""Computes the ingredients of formulas that a rubric declares, for `homework.recognise`."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from autograder.rubric import Ingredients, RubricError
from homework.formula import KINDS, Formula
from homework.recognise import pixels, sampled

Arrays = dict[str, np.ndarray]


def formula(declared: Ingredients, inputs: Mapping[str, Any]) -> Formula:
    """The names of all ingredients, which are the same for all cases."""
    made = declared.make(doubles(inputs))
    terms = made.pop("terms", {})
    names = {kind: tuple(made.get(kind, ())) for kind in KINDS if kind != "terms"}
    coefficients = tuple(str(coefficient) for coefficient, _ in terms.values())
    return Formula(declared.output, terms=tuple(terms), coefficients=coefficients, **names)


def arrays(declared: Ingredients, inputs: Arrays, expected: np.ndarray) -> Arrays:
    """The ingredients of one case by kind, where `homework.recognise` looks at them, if any.

    Raises:
        RubricError: the declared sum is not what the reference gives.
    """
    made = declared.make(doubles(inputs))
    if "images" in made:
        found = {"images": np.stack([pixels(image) for image in made["images"].values()])}
        factors = [np.reshape(factor, -1) for factor in made["factors"].values()]
        return found | {"factors": np.stack(np.broadcast_arrays(*factors))}
    terms = made.get("terms", {})
    if terms:
        total = sum(float(Fraction(coefficient)) * array for coefficient, array in terms.values())
        if not np.allclose(total, expected, rtol=1e-3, atol=1e-4):
            raise RubricError(f"the terms declared for {declared.output} do not add up to it")
        made["terms"] = {name: array for name, (_, array) in terms.items()}
    return {
        kind: np.stack([sampled(np.broadcast_to(array, expected.shape)) for array in one.values()])
        for kind, one in made.items()
    }


def doubles(inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {
        name: np.asarray(value, np.float64 if np.asarray(value).dtype.kind == "f" else None)
        for name, value in inputs.items()
    }
