"""The tasks `q1.euler_step` and `q1.midpoint_step`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.rubric import Case, Mistake, Task
from autograder.rubric_inputs import Random, values

from . import ingredients
from .inputs import TIME_SCALE, Inputs, predicted, weight


def _span(random: Random, start: float | None, end: float | None) -> tuple[float, float]:
    """Time and step of a sampler, none of whose times the rounding of floats could change."""
    while True:
        t = random.uniform(0.6, 0.95) if start is None else start
        dt = random.uniform(-0.5, -0.2) if end is None else end - t
        counted = np.array([t, t + dt / 2, t + dt]) * TIME_SCALE
        off = np.abs(counted - np.round(counted))
        if ((off > 0.1) | (counted == TIME_SCALE)).all() or (end == 0.0 and (off[:2] > 0.1).all()):
            return t, dt


def _step(*shape: int, start: float | None = None, end: float | None = None) -> Any:
    def inputs(random: Random) -> Inputs:
        t, dt = _span(random, start, end)
        second, _ = _span(random, None, None)
        drawn = {"weight": weight(random, shape[1]), "x_t": values(random, *shape), "t": t,
                 "dt": dt, "second_t": second}  # fmt: skip
        return drawn

    return inputs


def _with_middle(*shape: int, **span: float) -> Any:
    def inputs(random: Random) -> Inputs:
        drawn = _step(*shape, **span)(random)
        velocity = predicted(drawn, drawn["x_t"].astype(np.float32), drawn["t"])
        return drawn | {"given_euler_step": drawn["x_t"] + drawn["dt"] / 2 * velocity}

    return inputs


def _cases(make: Any) -> tuple[Case, ...]:
    return (
        Case("middle", "a step on the way", make(5, 3, 4, 7), make(4, 2, 5, 3)),
        Case("first", "the first step, from t = 1", make(4, 2, 6, 5, start=1.0),
             make(5, 3, 2, 4, start=1.0)),
        Case("last", "the last step, to t = 0", make(3, 2, 5, 4, end=0.0),
             make(4, 3, 2, 5, end=0.0)),
        Case("single", "one image", make(1, 4, 3, 5), make(1, 3, 6, 4)),
    )  # fmt: skip


_FLOAT_TIME = (
    "A Python float was handed on as the time, but `predict_velocity` wants a (batch, 1, 1, 1) "
    "tensor: make one that holds t for every image, on the device of x_t."
)

EULER_STEP = Task(
    id="q1.euler_step",
    title="A step of Euler's method",
    points=3,
    file="q1_flow.py",
    todo="ask for the velocity at (x_t, t) and follow it for dt",
    atol=1e-3,
    ingredients=ingredients.EULER,
    cases=_cases(_step),
    mistakes=(
        Mistake(
            "backwards",
            "The step goes the wrong way: dt is negative already on the way to the data, so no "
            "further minus is needed.",
            edits=(("x_t + dt", "x_t - dt"),),
        ),
        Mistake(
            "without-dt",
            "The whole velocity is added, as if a step took the time 1: multiply it by dt.",
            edits=(("dt * velocity", "velocity"),),
        ),
        Mistake(
            "t-for-dt",
            "The velocity is multiplied by the time t; multiply it by dt, the change of time.",
            edits=(("dt * velocity", "t * velocity"),),
        ),
        Mistake(
            "jump-to-data",
            "This jumps to t = 0 at once, along the velocity found here. A step goes to t + dt.",
            edits=(("+ dt * velocity", "- t * velocity"),),
        ),
        Mistake(
            "float-time",
            _FLOAT_TIME,
            edits=(("times)", "t)"),),
        ),
        Mistake(
            "time-at-the-end",
            "The network is told the time at the end of the step, but x_t is at time t, where the "
            "step begins.",
            edits=(("times)", "times + dt)"),),
        ),
        Mistake(
            "time-backwards",
            "The network is told the time 1 - t; noise is at t = 1, so tell it t itself.",
            edits=(("times)", "1.0 - times)"),),
        ),
        Mistake(
            "step-without-start",
            "This is only by how much x_t changes; the step returns the new images.",
            edits=(("x_t + dt", "dt"),),
        ),
        Mistake(
            "noise-added",
            "New noise is added in each step, as in DDPM. The flow is an ordinary differential "
            "equation: a step draws nothing.",
            edits=(("dt * velocity", "dt * velocity + (-dt) ** 0.5 * torch.randn_like(x_t)"),),
        ),
        Mistake(
            "time-of-a-thousand",
            "The step is divided by `time_scale`, but dt is in the time from 0 to 1; only "
            "`predict_velocity` counts otherwise.",
            edits=(("dt * velocity", "dt / self.time_scale * velocity"),),
        ),
        Mistake(
            "clipped",
            "The images are clipped to [-1, 1]. On the way they hold noise, which is larger: "
            "return them as they are.",
            edits=(("x_t + dt * velocity", "(x_t + dt * velocity).clamp(-1, 1)"),),
        ),
        Mistake(
            "changes-x_t",
            "x_t is overwritten. The caller may still need it: compute in a new tensor.",
            edits=(("x_t + dt * velocity", "x_t.add_(dt * velocity)"),),
        ),
    ),
)

MIDPOINT_STEP = Task(
    id="q1.midpoint_step",
    title="A step of the midpoint method",
    points=5,
    file="q1_flow.py",
    todo="go half a step, find the velocity there, and follow it from x_t for the whole dt",
    isolated=True,
    atol=1e-3,
    ingredients=ingredients.MIDPOINT,
    cases=_cases(_with_middle),
    mistakes=(
        Mistake(
            "euler",
            "This is a step of Euler's method, with one evaluation. The midpoint method evaluates "
            "the network again, in the middle of the step, and follows that velocity.",
            body="return self.euler_step(x_t, t, dt)",
        ),
        Mistake(
            "time-not-moved",
            "The second velocity is asked for at time t. The image there is at the middle of the "
            "step, so the time is t + dt / 2.",
            edits=(("times + 0.5 * dt)", "times)"),),
        ),
        Mistake(
            "image-not-moved",
            "The velocity is asked for at time t + dt / 2, but still at x_t, with one evaluation. "
            "Move x_t half a step first.",
            edits=(("(middle, ", "(x_t, "),),
        ),
        Mistake(
            "velocity-of-the-end",
            "The second velocity is that at the end of the step. Go half a step only, both in x "
            "and in time.",
            edits=(("x_t + 0.5 * dt", "x_t + dt"), ("times + 0.5 * dt", "times + dt")),
        ),
        Mistake(
            "whole-step-to-the-middle",
            "x_t is moved by the whole dt before the second evaluation, but told half of it as the "
            "time. The middle is half a step away.",
            edits=(("x_t + 0.5 * dt", "x_t + dt"),),
        ),
        Mistake(
            "time-of-the-end",
            "The second velocity is asked for at time t + dt, but the image is in the middle of "
            "the step.",
            edits=(("times + 0.5 * dt", "times + dt"),),
        ),
        Mistake(
            "time-the-other-way",
            "The second time is t - dt / 2. dt is negative already: the middle is at t + dt / 2.",
            edits=(("times + 0.5 * dt", "times - 0.5 * dt"),),
        ),
        Mistake(
            "middle-the-other-way",
            "The half step to the middle goes the wrong way: dt is negative already on the way to "
            "the data.",
            edits=(("x_t + 0.5 * dt", "x_t - 0.5 * dt"),),
        ),
        Mistake(
            "backwards",
            "The whole step goes the wrong way: dt is negative already on the way to the data, so "
            "no further minus is needed.",
            edits=(("x_t + dt * halfway", "x_t - dt * halfway"),),
        ),
        Mistake(
            "from-the-middle",
            "The whole step is taken from the middle, so that one and a half steps are made. It "
            "starts from x_t; the middle only tells the velocity.",
            edits=(("return x_t", "return middle"),),
        ),
        Mistake(
            "two-half-steps",
            "These are two steps of Euler's method, half as long, which averages two velocities. "
            "The midpoint method goes back to x_t and follows that of the middle for the whole dt.",
            edits=(("return x_t + dt * halfway", "return middle + 0.5 * dt * halfway"),),
        ),
        Mistake(
            "half-step-only",
            "The result is only half a step away: the velocity of the middle is followed for the "
            "whole dt.",
            edits=(("return x_t + dt", "return x_t + 0.5 * dt"),),
        ),
        Mistake(
            "heun",
            "This averages the velocities at both ends, which is Heun's method. The midpoint "
            "method uses the velocity in the middle alone.",
            edits=(
                ("0.5 * dt * velocity", "dt * velocity"),
                ("times + 0.5 * dt", "times + dt"),
                ("dt * halfway", "dt * 0.5 * (velocity + halfway)"),
            ),
        ),
        Mistake(
            "float-time",
            _FLOAT_TIME,
            edits=(("velocity = self.predict_velocity(x_t, times)",
                    "velocity = self.predict_velocity(x_t, t)"),),
        ),
        Mistake(
            "changes-x_t",
            "x_t is overwritten. The caller may still need it: compute in a new tensor.",
            edits=(("x_t + dt * halfway", "x_t.add_(dt * halfway)"),),
        ),
    ),
)  # fmt: skip
