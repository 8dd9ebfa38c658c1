"""What wrong results may be made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.rubric import Ingredients
from autograder.rubric_losses import losses

from .inputs import predicted

Inputs = Mapping[str, np.ndarray]
Made = dict[str, dict[str, Any]]


def noise_of(i: Inputs) -> np.ndarray:
    """The noise of a case of the loss: handed in, or all of it one number."""
    return i["noise"] if "noise" in i else np.full_like(i["x0"], float(i["constant"]))


def _point(i: Inputs) -> Made:
    return {"images": {"x0": i["x0"], "x1": i["x1"]}, "factors": {"t": i["t"], "1 - t": 1 - i["t"]}}


def _velocity(i: Inputs) -> Made:
    return {"images": {"x0": i["x0"], "x1": i["x1"]}, "factors": {"2": np.full(len(i["x0"]), 2.0)}}


def _loss(i: Inputs) -> Made:
    if not {"noise", "constant"} & i.keys():  # the case that looks at draws
        return {}
    x0, x1, t = i["x0"], noise_of(i), i["given_t"][0]
    xt = (1 - t) * x0 + t * x1
    fed = {"x_t": xt, "x0": x0, "noise": x1, "t x0 + (1 - t) noise": t * x0 + (1 - t) * x1}
    target = {"noise - x0": x1 - x0, "x0 - noise": x0 - x1, "noise": x1, "x0": x0, "x_t": xt}
    errors = {
        f"v({name}, t) - ({wanted})": predicted(i, x, t) - y
        for name, x in fed.items()
        for wanted, y in target.items()
    }
    errors["v(x_t, 1 - t) - (noise - x0)"] = predicted(i, xt, 1 - t) - (x1 - x0)
    return losses(errors, x0.shape)


def _span(i: Inputs) -> Made:
    ones = np.ones(len(i["x_t"]))
    return {"factors": {"dt": i["dt"] * ones, "t": i["t"] * ones}}


def _euler(i: Inputs) -> Made:
    images = {"x_t": i["x_t"], "v(x_t, t)": predicted(i, i["x_t"], i["t"])}
    return {"images": images} | _span(i)


def _midpoint(i: Inputs) -> Made:
    x, t, dt = i["x_t"], i["t"], i["dt"]
    velocity = predicted(i, x, t)
    middle = predicted(i, x + 0.5 * dt * velocity, t + 0.5 * dt)
    images = {"x_t": x, "the velocity at t": velocity, "the velocity of the middle": middle}
    return {"images": images} | _span(i)


SAMPLE_XT = (Ingredients("value", _point),)
VELOCITY = (Ingredients("value", _velocity),)
LOSS = (Ingredients("value", _loss),)
EULER = (Ingredients("value", _euler),)
MIDPOINT = (Ingredients("value", _midpoint),)
