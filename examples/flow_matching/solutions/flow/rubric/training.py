"""The task `q1.loss`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.rubric import Case, Mistake, Task
from autograder.rubric_inputs import Random, constant, seed, values
from homework.redirect import Streams

from . import ingredients
from .inputs import Inputs, weight


def _path(x0: np.ndarray, seed: int, calls: int = 1) -> Inputs:
    """The times that the stub draws, and what x0 and x1 count for in x_t: (calls, batch, ...)."""
    batch = len(x0)
    # One number an image is drawn alike, whatever all other noise is held at.
    t = Streams(seed).uniform((calls * batch,)).reshape(calls, batch, 1, 1, 1)
    return {"given_t": t, "given_from_x0": (1 - t) * x0, "given_from_x1": t}


def _loss(*shape: int, noise: bool = True) -> Any:
    """With noise, or with one number that all noise equals, and with the path already known."""

    def inputs(random: Random) -> Inputs:
        drawn = _draws(*shape, calls=1)(random)
        drawn |= {"noise": values(random, *shape)} if noise else {"constant": constant(random)}
        return drawn | {
            "given_compute_conditional_velocity": ingredients.noise_of(drawn) - drawn["x0"]
        }

    return inputs


def _draws(*shape: int, calls: int = 2) -> Any:
    def inputs(random: Random) -> Inputs:
        x0, chosen = values(random, *shape), seed(random)
        drawn = {"weight": weight(random, shape[1]), "seed": chosen, "x0": x0}
        return drawn | _path(x0, chosen, calls)

    return inputs


_RESULT = "(error**2).flatten(start_dim=1).sum(dim=1).mean()"
_PREDICTED = "self.predict_velocity(xt, t)"
_TARGET = "self.compute_conditional_velocity(x0, noise)"

LOSS = Task(
    id="q1.loss",
    title="Training loss",
    points=5,
    file="q1_flow.py",
    todo="predict the velocity at x_t, sum the squared error, average the batch",
    isolated=True,
    rtol=1e-3,
    atol=1e-3,
    ingredients=ingredients.LOSS,
    cases=(
        Case("noise-given", "noise handed in", _loss(5, 3, 4, 7), _loss(4, 2, 5, 3)),
        Case("larger", "noise handed in, larger images", _loss(4, 2, 8, 9), _loss(3, 2, 7, 6)),
        Case(
            "noise-drawn",
            "noise left out, all of it equal to one number",
            _loss(6, 4, 3, 5, noise=False),
            _loss(5, 2, 4, 3, noise=False),
        ),
        Case(
            "independent",
            "noise left out: what the network is fed in two calls",
            _draws(5, 2, 9, 12),
            _draws(4, 2, 8, 10),
            "q1.loss_draws",
            weight=0.5,
        ),
    ),
    mistakes=(
        Mistake(
            "mean-over-pixels",
            "The squared error is averaged over channels and pixels too. It is a squared norm: sum "
            "over them, and average over the batch only.",
            edits=((".sum(dim=1)", ".mean(dim=1)"),),
        ),
        Mistake(
            "sum-over-batch",
            "The squared errors of the images are summed; average them over the batch.",
            edits=((".sum(dim=1).mean()", ".sum()"),),
        ),
        Mistake(
            "one-loss-an-image",
            "One number for each image is returned. The loss of a batch is one number: average "
            "over the batch.",
            edits=((".sum(dim=1).mean()", ".sum(dim=1)"),),
        ),
        Mistake(
            "norm-not-squared",
            "This is the norm of the error; the loss has the squared norm, without a root.",
            edits=((".sum(dim=1)", ".sum(dim=1).sqrt()"),),
        ),
        Mistake(
            "absolute-error",
            "The error is taken by its absolute value; the loss squares it.",
            edits=(("(error**2)", "error.abs()"),),
        ),
        Mistake(
            "target-backwards",
            "The target is the velocity from noise to data. `compute_conditional_velocity` wants "
            "the data first and then the noise.",
            edits=((_TARGET, "self.compute_conditional_velocity(noise, x0)"),),
        ),
        Mistake(
            "path-backwards",
            "x_t lies on the path from noise to data, so that the noise is at t = 0. `sample_xt` "
            "wants the data first and then the noise.",
            edits=(("(x0, noise, t)", "(noise, x0, t)"),),
        ),
        Mistake(
            "noise-as-target",
            "The prediction is compared with the noise, as in a diffusion model. This network "
            "predicts a velocity: compare with that of the path.",
            edits=((_TARGET, "noise"),),
        ),
        Mistake(
            "image-as-target",
            "The prediction is compared with the image. This network predicts a velocity: compare "
            "with that of the path.",
            edits=((_TARGET, "x0"),),
        ),
        Mistake(
            "velocity-from-xt",
            "The target is measured from x_t to the noise. The velocity is that of the whole path, "
            "from x_0, and the same at all times.",
            edits=((_TARGET, "self.compute_conditional_velocity(xt, noise)"),),
        ),
        Mistake(
            "clean-image-fed",
            "The network is fed the clean image: feed it x_t, the point at time t.",
            edits=((_PREDICTED, "self.predict_velocity(x0, t)"),),
        ),
        Mistake(
            "noise-fed",
            "The network is fed the noise: feed it x_t, the point at time t.",
            edits=((_PREDICTED, "self.predict_velocity(noise, t)"),),
        ),
        Mistake(
            "time-backwards",
            "The network is told the time 1 - t; tell it the time of x_t itself.",
            edits=((_PREDICTED, "self.predict_velocity(xt, 1.0 - t)"),),
        ),
        Mistake(
            "network-called-directly",
            "The network is told a time from 0 to 1, but it counts to `time_scale`: ask it by "
            "`predict_velocity`, which converts the time.",
            edits=((_PREDICTED, "self.velocity_model(xt, t.reshape(-1))"),),
        ),
        Mistake(
            "time-scaled-twice",
            "The time is multiplied by `time_scale` here and once more in `predict_velocity`, "
            "which wants times from 0 to 1.",
            edits=((_PREDICTED, "self.predict_velocity(xt, t * self.time_scale)"),),
        ),
        Mistake(
            "noise-ignored",
            "The noise that was handed in is not used: new noise is drawn in its place.",
            edits=(("xt = self", "noise = randomizer.normal_like(x0); xt = self"),),
        ),
        Mistake(
            "noise-shared",
            "All images of the batch get the same noise: each needs its own.",
            edits=(("xt = self", "noise = noise[:1].expand_as(x0); xt = self"),),
        ),
        Mistake(
            "one-time-for-all",
            "One time is used for the whole batch. Every image has a time of its own: use `t` as "
            "it is drawn.",
            edits=(("xt = self", "t = t[:1].expand_as(t); xt = self"),),
        ),
        Mistake(
            "times-drawn-again",
            "New times are drawn in place of those that the lines above have drawn: use that `t`.",
            edits=(("xt = self", "t = randomizer.uniform_like(t); xt = self"),),
        ),
        Mistake(
            "prediction-detached",
            "No gradient reaches the network: its prediction is cut off from the graph. Leave out "
            "detach() and torch.no_grad().",
            edits=((_PREDICTED, f"{_PREDICTED}.detach() + 0 * self.velocity_model.weight.sum()"),),
        ),
        Mistake(
            "images-scaled-again",
            "The images are scaled from [0, 1] to [-1, 1] here, but they come scaled already: use "
            "x0 as it is.",
            edits=(("xt = self", "x0 = 2 * x0 - 1; xt = self"),),
        ),
        Mistake(
            "backward-inside",
            "The loss runs backward() itself. The training loop does that: return the loss, and "
            "nothing else.",
            edits=(
                (
                    f"return {_RESULT}",
                    f"loss = {_RESULT}; loss.backward(retain_graph=True); return loss",
                ),
            ),
        ),
    ),
)
