"""Tasks of assignment 2 about the forward process and the loss.

Batch, channels, height, width and n_steps differ from each other in every case. The tables that
come with public cases are answers of other tasks, to learn by heart: so no public case of this
assignment has as many steps as a hidden one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.rubric import Case, Mistake, Task
from autograder.rubric_inputs import Random, constant, seed, seed_with_times, times, values
from homework.redirect import Streams

from . import ingredients
from .inputs import tables, timed_weight

Inputs = dict[str, Any]


def _images(n_steps: int, *shape: int, only: int | None = None) -> Any:
    """Images with mixed times, 0 and n_steps - 1 among them, or with one time for all."""

    def inputs(random: Random) -> Inputs:
        mixed = random.permutation(times(random, n_steps, shape[0], 0, n_steps - 1))
        t = mixed if only is None else mixed * 0 + only % n_steps
        weight = timed_weight(random, shape[1])
        return {"n_steps": n_steps, "weight": weight, "t": t, "x0": values(random, *shape)}

    return inputs


Q_XT_X0 = Task(
    id="q2.q_xt_x0",
    ingredients=ingredients.Q_XT_X0,
    title="Mean and variance of the forward process",
    points=3,
    file="q2_ddpm.py",
    todo="look up alpha_bar at each image's time; return the mean and the variance",
    broadcasts=("var",),
    cases=(
        Case(
            "mixed",
            "a different time for every image",
            _images(14, 5, 3, 4, 7),
            _images(21, 4, 2, 5, 3),
        ),
        Case("long", "many steps", _images(1000, 4, 2, 6, 5), _images(500, 5, 3, 4, 2)),
        Case(
            "first",
            "t = 0 for every image",
            _images(16, 3, 2, 5, 4, only=0),
            _images(22, 4, 3, 2, 5, only=0),
            weight=0.5,
        ),
        Case(
            "last",
            "the last time for every image",
            _images(17, 6, 4, 3, 5, only=-1),
            _images(23, 5, 2, 4, 3, only=-1),
        ),
    ),
    mistakes=(
        Mistake(
            "std-for-variance",
            "The second result is a standard deviation, but the variance is asked for: leave out "
            "its square root.",
            edits=((", 1.0 - alpha_bar", ", (1.0 - alpha_bar).sqrt()"),),
        ),
        Mistake(
            "mean-not-rooted",
            "The image is scaled by alpha_bar, but the mean scales it by the square root of "
            "alpha_bar.",
            edits=(("alpha_bar.sqrt() * x0", "alpha_bar * x0"),),
        ),
        Mistake(
            "alpha-for-alpha-bar",
            "These are the moments of a single step q(x_t | x_{t-1}), from alpha_t. Going from x_0 "
            "to x_t takes all steps at once: use alpha_bar, the product of the alphas.",
            edits=(("self.gather(self.alpha_bar, t)", "self.gather(self.alpha, t)"),),
        ),
        Mistake(
            "beta-for-variance",
            "beta_t is the variance that one step adds. The variance after all steps up to t is "
            "1 - alpha_bar_t.",
            edits=((", 1.0 - alpha_bar", ", self.gather(self.beta, t)"),),
        ),
        Mistake(
            "alpha-bar-for-variance",
            "Signal and noise have changed places: the signal keeps the share alpha_bar of the "
            "variance, the noise has the rest.",
            edits=((", 1.0 - alpha_bar", ", alpha_bar"),),
        ),
        Mistake(
            "time-before",
            "Times are counted from 0 here, so alpha_bar at time t is entry t of the table, not "
            "entry t - 1.",
            edits=(("self.alpha_bar, t)", "self.alpha_bar, (t - 1).clamp(min=0))"),),
        ),
        Mistake(
            "first-time-for-all",
            "The time of the first image is used for the whole batch, but every image has its own.",
            edits=(("self.alpha_bar, t)", "self.alpha_bar, t[:1])"),),
        ),
        Mistake(
            "flat-variance",
            "The variance has shape (batch,), which does not broadcast over images. Give it the "
            "shape (batch, 1, 1, 1); `gather` does that.",
            edits=((", 1.0 - alpha_bar", ", 1.0 - alpha_bar.flatten()"),),
        ),
        Mistake(
            "mean-without-image",
            "This is the factor alone: the mean is the image multiplied by it.",
            edits=(("alpha_bar.sqrt() * x0", "alpha_bar.sqrt()"),),
        ),
        Mistake(
            "remembered-by-shape",
            "Values are kept for the next call with images of the same shape, but its times may "
            "differ: look them up at every call.",
            edits=(
                (
                    "self.gather(self.alpha_bar, t)",
                    "self.__dict__.setdefault(str(x0.shape), self.gather(self.alpha_bar, t))",
                ),
            ),
        ),
        Mistake(
            "changes-x0",
            "x0 is overwritten with the mean. The caller still needs the image: compute in a new "
            "tensor.",
            edits=(("alpha_bar.sqrt() * x0", "x0.mul_(alpha_bar.sqrt())"),),
        ),
    ),
)


def _q_sample(n_steps: int, *shape: int, only: int | None = None, draws: bool = False) -> Any:
    def inputs(random: Random) -> Inputs:
        drawn = _images(n_steps, *shape, only=only)(random)
        drawn |= tables(n_steps, "q_xt_x0")
        if draws:
            return drawn | {"constant": constant(random), "seed": seed(random)}
        return drawn | {"eps": values(random, *shape)}

    return inputs


Q_SAMPLE = Task(
    id="q2.q_sample",
    ingredients=ingredients.Q_SAMPLE,
    title="Sampling from the forward process",
    points=3,
    file="q2_ddpm.py",
    todo="add noise of the right standard deviation to the mean",
    isolated=True,
    atol=3e-5,
    cases=(
        Case(
            "mixed",
            "eps handed in, a different time for every image",
            _q_sample(46, 5, 3, 4, 7),
            _q_sample(24, 4, 2, 5, 3),
        ),
        Case(
            "last",
            "eps handed in, the last time for every image",
            _q_sample(19, 4, 2, 6, 5, only=-1),
            _q_sample(25, 5, 3, 2, 4, only=-1),
        ),
        Case(
            "first",
            "eps handed in, t = 0 for every image",
            _q_sample(44, 3, 2, 5, 4, only=0),
            _q_sample(26, 4, 3, 2, 5, only=0),
            weight=0.5,
        ),
        Case(
            "drawn",
            "eps left out",
            _q_sample(48, 6, 2, 9, 12, draws=True),
            _q_sample(27, 4, 2, 8, 10, draws=True),
            "q2.q_sample_draws",
        ),
    ),
    mistakes=(
        Mistake(
            "variance-for-std",
            "The noise is multiplied by the variance. A draw is mean + standard deviation * eps: "
            "take the square root.",
            edits=(("var.sqrt()", "var"),),
        ),
        Mistake(
            "mean-only",
            "This is the mean, without any noise.",
            edits=((" + var.sqrt() * eps", ""),),
        ),
        Mistake(
            "noise-not-scaled",
            "The noise is added at full strength: multiply it by the standard deviation.",
            edits=(("var.sqrt() * eps", "eps"),),
        ),
        Mistake(
            "eps-ignored",
            "The eps that was handed in is not used: new noise is drawn in its place. The loss "
            "needs the very noise that it later compares with.",
            edits=(("* eps", "* randomizer.normal_like(x0)"),),
        ),
        Mistake(
            "one-step",
            "This adds the noise of one step (beta_t) to the image. x_t is drawn from x_0 at once, "
            "with the moments that `q_xt_x0` gives.",
            body="return self.gather(self.alpha, t).sqrt() * x0 + self.gather(self.beta, t).sqrt()"
            " * eps",
        ),
        Mistake(
            "signal-and-noise-swapped",
            "The factors of image and noise have changed places: at small t the image has to "
            "prevail.",
            body="""
            alpha_bar = self.gather(self.alpha_bar, t)
            return (1.0 - alpha_bar).sqrt() * x0 + alpha_bar.sqrt() * eps
            """,
        ),
        Mistake(
            "no-roots",
            "The factors alpha_bar and 1 - alpha_bar both need a square root.",
            body="""
            alpha_bar = self.gather(self.alpha_bar, t)
            return alpha_bar * x0 + (1.0 - alpha_bar) * eps
            """,
        ),
        Mistake(
            "first-time-for-all",
            "The time of the first image is used for the whole batch, but every image has its own.",
            edits=(("(x0, t)", "(x0, t[:1].expand_as(t))"),),
        ),
        Mistake(
            "noise-shared",
            "All images of the batch get the noise of the first one: each needs its own.",
            edits=(("* eps", "* eps[:1]"),),
        ),
        Mistake(
            "noise-remembered",
            "Noise of an earlier call is used again. Use the eps of this call.",
            edits=(("* eps", "* self.__dict__.setdefault('kept', eps)"),),
        ),
        Mistake(
            "changes-eps",
            "eps is overwritten. The loss compares with it later: compute in a new tensor.",
            edits=(("var.sqrt() * eps", "eps.mul_(var.sqrt())"),),
        ),
    ),
)


def _loss(n_steps: int, *shape: int, noise: bool = True) -> Any:
    def inputs(random: Random) -> Inputs:
        drawn = tables(n_steps, "q_xt_x0", "q_sample") | {
            "n_steps": n_steps, "weight": timed_weight(random, shape[1]),
            "seed": seed_with_times(random, n_steps, shape[0]), "x0": values(random, *shape),
        }  # fmt: skip
        if noise:
            return drawn | {"noise": values(random, *shape)}
        return drawn | {"constant": constant(random)}

    return inputs


def _loss_moments(inputs: Mapping[str, np.ndarray]) -> dict[str, tuple[Any, Any]]:
    """Mean and standard deviation of the losses of two calls, by simulation."""
    x0, scale, shift = np.asarray(inputs["x0"], float), *np.asarray(inputs["weight"], float)
    n_steps, batch = int(inputs["n_steps"]), len(x0)
    drawn = Streams(int(inputs["seed"])).integers(0, n_steps, 2 * batch).reshape(2, batch)
    place = 0.1 * np.sin(np.arange(x0[0, 0].size)).reshape(x0.shape[2:])
    noise = np.random.RandomState(0).standard_normal((400, *x0.shape))
    found = []
    for t in drawn:
        mean, std = (
            np.asarray(inputs[f"given_q_sample.{term}"], float)[t].reshape(-1, 1, 1, 1)
            for term in ("x0", "eps")
        )
        level = shift.reshape(-1, 1, 1) * np.cos(0.3 * t).reshape(-1, 1, 1, 1) + place
        xt = mean * x0 + std * noise
        error = noise - np.tanh(scale.reshape(-1, 1, 1) * xt + level)
        loss = (error**2).sum(axis=(2, 3, 4)).mean(axis=1)
        found.append((loss.mean(), loss.std()))
    means, stds = zip(*found)
    return {"noise_value": (np.array(means), np.array(stds))}


_RESULT = "squared_error.flatten(start_dim=1).sum(dim=1).mean()"
_BACKWARD = f"loss = {_RESULT}; loss.backward(retain_graph=True); return loss"

LOSS = Task(
    id="q2.loss",
    ingredients=ingredients.LOSS,
    title="Training loss",
    points=3,
    file="q2_ddpm.py",
    todo="draw x_t with the noise, predict the noise, sum the squared error, average the batch",
    isolated=True,
    atol=1e-3,
    cases=(
        Case("noise-given", "noise handed in", _loss(41, 5, 3, 4, 7), _loss(28, 4, 2, 5, 3)),
        Case(
            "more-steps",
            "noise handed in, more steps",
            _loss(40, 4, 2, 6, 5),
            _loss(60, 5, 3, 2, 4),
        ),
        Case(
            "noise-drawn",
            "noise left out, all of it equal to one number",
            _loss(42, 6, 4, 3, 5, noise=False),
            _loss(29, 5, 2, 4, 3, noise=False),
        ),
        Case(
            "independent",
            "noise left out: what eps_model is fed in two calls, and the losses",
            _loss(43, 5, 2, 9, 12, noise=False),
            _loss(30, 4, 2, 8, 10, noise=False),
            "q2.loss_draws",
            weight=0.5,
            moments=_loss_moments,
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
            "absolute-error",
            "The error is taken by its absolute value; eq. 14 squares it.",
            edits=(("(xt, t)) ** 2", "(xt, t)).abs()"),),
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
            edits=((f"return {_RESULT}", _BACKWARD),),
        ),
        Mistake(
            "norm-not-squared",
            "This is the norm of the error; eq. 14 has the squared norm, without a root.",
            edits=((".sum(dim=1)", ".sum(dim=1).sqrt()"),),
        ),
        Mistake(
            "image-as-target",
            "The model predicts the noise, not the image: compare its output with the noise.",
            edits=(("(noise - ", "(x0 - "),),
        ),
        Mistake(
            "noisy-image-as-target",
            "The model's output is compared with x_t; compare it with the noise that was added.",
            edits=(("(noise - ", "(xt - "),),
        ),
        Mistake(
            "clean-image-fed",
            "The model is fed the clean image, in which there is no noise to find: feed it x_t.",
            edits=(("self.eps_model(xt, t)", "self.eps_model(x0, t)"),),
        ),
        Mistake(
            "other-noise",
            "x_t is made with other noise than the one that the prediction is compared with: pass "
            "the noise on to `q_sample`.",
            edits=((", eps=noise", ""),),
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
            edits=(("xt = self", "t = torch.randint_like(t, self.n_steps); xt = self"),),
        ),
        Mistake(
            "time-zero-left-out",
            "t = 0 is treated as if it were 1. Times count from 0, and every one of them is "
            "trained on: use `t` as it is drawn.",
            edits=(("xt = self", "t = t.clamp(min=1); xt = self"),),
        ),
        Mistake(
            "model-fed-another-time",
            "The model is told another time than the one that x_t was drawn at: times count from 0 "
            "in both.",
            edits=(("self.eps_model(xt, t)", "self.eps_model(xt, t + 1)"),),
        ),
        Mistake(
            "model-fed-fractions",
            "The model is told t / n_steps; it wants the integer times themselves.",
            edits=(("self.eps_model(xt, t)", "self.eps_model(xt, t / self.n_steps)"),),
        ),
    ),
)
