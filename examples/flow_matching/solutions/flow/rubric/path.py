"""The tasks `q1.sample_xt` and `q1.compute_conditional_velocity`."""

from __future__ import annotations

from typing import Any

from autograder.rubric import Case, Mistake, Task
from autograder.rubric_inputs import Random, values

from . import ingredients
from .inputs import Inputs, times


def _points(*shape: int, only: float | None = None, scale: float = 1.0) -> Any:
    def inputs(random: Random) -> Inputs:
        return _ends(*shape, scale=scale)(random) | {"t": times(random, shape[0], only)}

    return inputs


def _ends(*shape: int, scale: float = 1.0) -> Any:
    def inputs(random: Random) -> Inputs:
        return {"x0": values(random, *shape, scale=scale), "x1": values(random, *shape)}

    return inputs


SAMPLE_XT = Task(
    id="q1.sample_xt",
    title="A point on the path",
    points=2,
    file="q1_flow.py",
    todo="walk from x0 at t = 0 to x1 at t = 1 in a straight line",
    ingredients=ingredients.SAMPLE_XT,
    cases=(
        Case("mixed", "a different time for every image", _points(5, 3, 4, 7), _points(4, 2, 5, 3)),
        Case(
            "bright",
            "images with large values",
            _points(4, 2, 6, 5, scale=8.0),
            _points(5, 3, 2, 4, scale=8.0),
        ),
        Case(
            "data",
            "t = 0 for every image",
            _points(3, 2, 5, 4, only=0.0),
            _points(4, 3, 2, 5, only=0.0),
            weight=0.5,
        ),
        Case(
            "noise",
            "t = 1 for every image",
            _points(6, 4, 3, 5, only=1.0),
            _points(5, 2, 4, 3, only=1.0),
            weight=0.5,
        ),
    ),
    mistakes=(
        Mistake(
            "other-direction",
            "The path runs the other way: at t = 0 this gives x1. Here data x0 are at t = 0 and "
            "noise x1 at t = 1; many texts count from noise to data.",
            edits=(("(1.0 - t) * x0 + t * x1", "t * x0 + (1.0 - t) * x1"),),
        ),
        Mistake(
            "roots",
            "The weights of data and noise have square roots, as in diffusion. On a straight path "
            "they are 1 - t and t themselves.",
            edits=(("(1.0 - t) * x0 + t * x1", "(1.0 - t).sqrt() * x0 + t.sqrt() * x1"),),
        ),
        Mistake(
            "variance-kept",
            "The weight of the data is sqrt(1 - t^2), which keeps the variance but bends the path. "
            "On a straight path the two weights add up to 1.",
            edits=(("(1.0 - t) * x0", "(1.0 - t**2).sqrt() * x0"),),
        ),
        Mistake(
            "data-not-faded",
            "The data stay at full strength while noise is added: at t = 1 there should be noise "
            "alone, so the data need a weight too.",
            edits=(("(1.0 - t) * x0", "x0"),),
        ),
        Mistake(
            "noise-not-grown",
            "The noise is there at full strength at all times: at t = 0 there should be data "
            "alone, so the noise needs a weight too.",
            edits=(("t * x1", "x1"),),
        ),
        Mistake(
            "velocity-for-point",
            "This is the velocity of the path, not the point on it at time t.",
            body="return x1 - x0",
        ),
        Mistake(
            "first-time-for-all",
            "The time of the first image is used for the whole batch, but every image has its own.",
            edits=(("(1.0 - t) * x0 + t * x1", "(1.0 - t[:1]) * x0 + t[:1] * x1"),),
        ),
        Mistake(
            "time-of-a-thousand",
            "The time is divided by `time_scale`, but t runs from 0 to 1 already; only "
            "`predict_velocity` counts otherwise.",
            edits=(
                (
                    "(1.0 - t) * x0 + t * x1",
                    "(1.0 - t / self.time_scale) * x0 + t / self.time_scale * x1",
                ),
            ),
        ),
        Mistake(
            "time-flattened",
            "t was flattened to (batch,), which does not broadcast over images. It comes in the "
            "shape (batch, 1, 1, 1): use it as it is.",
            edits=(("t * x1", "t.reshape(-1) * x1"),),
        ),
        Mistake(
            "new-noise",
            "New noise is drawn in place of x1. The velocity is that of the path to this very x1.",
            edits=(("t * x1", "t * randomizer.normal_like(x1)"),),
        ),
        Mistake(
            "changes-x0",
            "x0 is overwritten. The velocity needs it later: compute in a new tensor.",
            edits=(("(1.0 - t) * x0", "x0.mul_(1.0 - t)"),),
        ),
    ),
)

VELOCITY = Task(
    id="q1.compute_conditional_velocity",
    title="The velocity of the path",
    points=2,
    file="q1_flow.py",
    todo="how fast, and where to, does x_t move as t grows?",
    ingredients=ingredients.VELOCITY,
    cases=(
        Case("ordinary", "several images", _ends(5, 3, 4, 7), _ends(4, 2, 5, 3)),
        Case(
            "bright",
            "images with large values",
            _ends(4, 2, 6, 5, scale=8.0),
            _ends(5, 3, 2, 4, scale=8.0),
        ),
        Case("single", "a batch of one image", _ends(1, 3, 5, 8), _ends(1, 2, 4, 6)),
    ),
    mistakes=(
        Mistake(
            "other-direction",
            "This is the velocity from noise to data. It is the derivative of x_t with respect to "
            "t, and t grows from data to noise.",
            edits=(("x1 - x0", "x0 - x1"),),
        ),
        Mistake(
            "sum",
            "Data and noise are added. The velocity is the derivative of the path with respect to "
            "t: look at the sign of each part.",
            edits=(("x1 - x0", "x1 + x0"),),
        ),
        Mistake(
            "noise-alone",
            "This is the noise, the target of a diffusion model. As t grows the data fade too, so "
            "they take part in the velocity.",
            edits=(("x1 - x0", "x1.clone()"),),
        ),
        Mistake(
            "direction-alone",
            "The velocity is scaled to length 1. Its length counts: in the time from 0 to 1 it has "
            "to lead from x0 to x1.",
            edits=(("x1 - x0", "nn.functional.normalize((x1 - x0).flatten(1)).view_as(x0)"),),
        ),
        Mistake(
            "size-alone",
            "The signs are lost: pixels that get darker and pixels that get brighter move in "
            "opposite directions.",
            edits=(("x1 - x0", "(x1 - x0).abs()"),),
        ),
        Mistake(
            "changes-x1",
            "x1 is overwritten with the velocity. The caller still needs the noise: compute in a "
            "new tensor.",
            edits=(("x1 - x0", "x1.sub_(x0)"),),
        ),
        Mistake(
            "remembered",
            "The velocity of an earlier call is used again. Each x0 and x1 have their own.",
            edits=(("x1 - x0", "self.__dict__.setdefault('kept', x1 - x0)"),),
        ),
    ),
)
