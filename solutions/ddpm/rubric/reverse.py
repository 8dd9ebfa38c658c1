"""Tasks of assignment 2 about one step of the reverse process.

Batch, channels, height, width and n_steps differ from each other in every case.
"""

from __future__ import annotations

from typing import Any

from autograder.rubric import Case, Mistake, Task
from autograder.rubric_inputs import Random, constant, seed, times, values

from . import ingredients
from .inputs import tables, timed_weight

Inputs = dict[str, Any]


def _images(n_steps: int, *shape: int, only: int | None = None) -> Any:
    """Images with mixed times, 0 and n_steps - 1 among them, or with one time for all."""

    def inputs(random: Random) -> Inputs:
        mixed = random.permutation(times(random, n_steps, shape[0], 0, n_steps - 1))
        t = mixed if only is None else mixed * 0 + only % n_steps
        weight = timed_weight(random, shape[1])
        return {"n_steps": n_steps, "weight": weight, "t": t, "xt": values(random, *shape)}

    return inputs


_POSTERIOR = "self.gather(self.beta * (1 - self.alpha_bar / self.alpha) / (1 - self.alpha_bar), t)"

P_XT_PREV_XT = Task(
    id="q2.p_xt_prev_xt",
    ingredients=ingredients.P_XT_PREV_XT,
    title="Mean and variance of a reverse step",
    points=3,
    file="q2_ddpm.py",
    todo="predict the noise, take its share off x_t and rescale; return the mean and beta_t",
    broadcasts=("var",),
    # At t = 0 the beta_t / (1 - alpha_bar_t) of some equally right forms is off by 2e-4 in float32.
    rtol=5e-4,
    atol=2e-5,
    cases=(
        Case(
            "mixed",
            "a different time for every image",
            _images(37, 5, 3, 4, 7),
            _images(21, 4, 2, 5, 3),
        ),
        Case("long", "many steps", _images(900, 4, 2, 6, 5), _images(500, 5, 3, 4, 2)),
        Case(
            "first",
            "t = 0 for every image",
            _images(38, 3, 2, 5, 4, only=0),
            _images(22, 4, 3, 2, 5, only=0),
            weight=0.5,
        ),
        # Late times need no such leave: it would let 1 + beta_t / 2 pass for 1 / sqrt(alpha_t).
        Case(
            "last",
            "the last time for every image",
            _images(39, 6, 4, 3, 5, only=-1),
            _images(23, 5, 2, 4, 3, only=-1),
            rtol=1e-4,
            atol=1e-5,
        ),
    ),
    mistakes=(
        Mistake(
            "posterior-variance",
            "This is the variance of the posterior q(x_{t-1} | x_t, x_0), the other choice of "
            "section 3.2. Here the variance is beta_t.",
            edits=(("self.gather(self.sigma2, t)", _POSTERIOR),),
        ),
        Mistake(
            "std-for-variance",
            "The second result is a standard deviation, but the variance is asked for: leave out "
            "its square root.",
            edits=(("self.sigma2, t)", "self.sigma2, t).sqrt()"),),
        ),
        Mistake(
            "forward-variance",
            "1 - alpha_bar_t is the variance of x_t given x_0. A reverse step has the variance "
            "beta_t.",
            edits=(("self.gather(self.sigma2, t)", "1.0 - self.gather(self.alpha_bar, t)"),),
        ),
        Mistake(
            "no-variance-at-zero",
            "The variance is set to 0 where t = 0. It is beta_t there as well; leaving the noise "
            "out at t = 0 is what `p_sample` does.",
            edits=(("self.sigma2, t)", "self.sigma2, t) * (t > 0).reshape(-1, 1, 1, 1)"),),
        ),
        Mistake(
            "root-of-noise-level-missing",
            "beta_t is divided by 1 - alpha_bar_t; it has to be divided by its square root.",
            edits=(("(self.alpha_bar, t)).sqrt()", "(self.alpha_bar, t))"),),
        ),
        Mistake(
            "alpha-in-noise-level",
            "The noise in x_t has gathered over all steps: the root holds 1 - alpha_bar_t, not "
            "1 - alpha_t.",
            edits=(("self.alpha_bar, t", "self.alpha, t"),),
        ),
        Mistake(
            "alpha-bar-in-scale",
            "One reverse step undoes the scaling of one forward step: divide by the root of "
            "alpha_t, not of alpha_bar_t.",
            edits=(("self.gather(self.alpha, t)", "self.gather(self.alpha_bar, t)"),),
        ),
        Mistake(
            "not-rescaled",
            "The division by the square root of alpha_t is missing.",
            edits=((" / self.gather(self.alpha, t).sqrt()", ""),),
        ),
        Mistake(
            "scaled-the-wrong-way",
            "The forward step shrinks the image by the root of alpha_t, so the reverse step has to "
            "divide by it, not multiply.",
            edits=(("/ self.gather(self.alpha, t)", "* self.gather(self.alpha, t)"),),
        ),
        Mistake(
            "noise-only-rescaled",
            "Only the noise is divided by the root of alpha_t. Mind the brackets: the whole "
            "difference is.",
            edits=(("(xt - noise_share * eps) /", "xt - noise_share * eps /"),),
        ),
        Mistake(
            "noise-added",
            "The predicted noise is added to x_t; a reverse step takes it off.",
            edits=(("(xt - noise_share", "(xt + noise_share"),),
        ),
        Mistake(
            "whole-noise-removed",
            "This is the estimate of x_0, with all of the noise taken off at once. A reverse step "
            "takes off the share of one step only.",
            edits=(
                (
                    "beta / (1.0 - self.gather(self.alpha_bar, t)).sqrt()",
                    "(1.0 - self.gather(self.alpha_bar, t)).sqrt()",
                ),
                ("self.gather(self.alpha, t)", "self.gather(self.alpha_bar, t)"),
            ),
        ),
        Mistake(
            "model-fed-another-time",
            "The model is told another time than the image has: times count from 0 in both.",
            edits=(("self.eps_model(xt, t)", "self.eps_model(xt, t + 1)"),),
        ),
        Mistake(
            "first-time-for-all",
            "The time of the first image is used for the whole batch, but every image has its own.",
            edits=(("eps = self", "t = t[:1].expand_as(t); eps = self"),),
        ),
        Mistake(
            "prediction-remembered",
            "The model's prediction for an earlier call is used again for images of the same "
            "shape: predict again at every call.",
            edits=(
                (
                    "self.eps_model(xt, t)",
                    "self.__dict__.setdefault(str(xt.shape), self.eps_model(xt, t))",
                ),
            ),
        ),
        Mistake(
            "changes-xt",
            "x_t is overwritten with the mean. Compute in a new tensor: the caller may still need "
            "x_t.",
            edits=(("(xt - noise_share * eps)", "xt.sub_(noise_share * eps)"),),
        ),
    ),
)


def _p_sample(n_steps: int, *shape: int, only: int | None = None, mixed: bool = False) -> Any:
    """Mixed times above 0, of which one is 1; `mixed` has some that are 0, the last among them."""

    def inputs(random: Random) -> Inputs:
        drawn = _images(n_steps, *shape, only=only)(random)
        if only is None:
            drawn["t"] = random.permutation(times(random, n_steps, shape[0], 1))
        if mixed:
            drawn["t"][[2, -1]] = 0
        drawn |= tables(n_steps, "p_xt_prev_xt")
        return drawn | {"constant": constant(random), "seed": seed(random)}

    return inputs


_NOISE = "randomizer.normal_like(xt)"
_KEEPS = "(t > 0).to(xt.dtype).reshape(-1, 1, 1, 1)"

P_SAMPLE = Task(
    id="q2.p_sample",
    ingredients=ingredients.P_SAMPLE,
    title="One step of the reverse process",
    points=3,
    file="q2_ddpm.py",
    todo="add noise of the right standard deviation to the mean, but none where t = 0",
    isolated=True,
    rtol=5e-4,
    atol=2e-5,
    cases=(
        Case(
            "mixed",
            "a different time above 0 for every image, all noise equal to one number",
            _p_sample(32, 5, 3, 4, 7),
            _p_sample(24, 4, 2, 5, 3),
        ),
        Case(
            "last",
            "the last time for every image, all noise equal to one number",
            _p_sample(33, 4, 2, 6, 5, only=-1),
            _p_sample(25, 5, 3, 2, 4, only=-1),
        ),
        Case(
            "drawn",
            "real noise, in two calls",
            _p_sample(34, 5, 2, 9, 12),
            _p_sample(27, 4, 2, 8, 10),
            "q2.p_sample_draws",
        ),
        Case(
            "zero",
            "t = 0 for every image",
            _p_sample(35, 3, 2, 5, 4, only=0),
            _p_sample(26, 4, 3, 2, 5, only=0),
            weight=0.25,
        ),
        Case(
            "zero-among-others",
            "t = 0 for some images only",
            _p_sample(36, 6, 3, 4, 5, mixed=True),
            _p_sample(31, 5, 2, 3, 4, mixed=True),
            weight=0.25,
        ),
    ),
    # In the case `zero-among-others` some mistakes look alike. There the verdict names the first
    # that fits, in the order of their ids: the one that shows in no other case has to come first.
    mistakes=(
        Mistake(
            "all-decide-zero",
            "Noise is left out only if all images are at t = 0. Decide image by image.",
            edits=((_KEEPS, "float((t > 0).any())"),),
        ),
        Mistake(
            "noise-at-zero",
            "Noise is added where t = 0 too. The step from t = 0 is the last one: it returns the "
            "mean alone.",
            edits=(("keeps_noise * ", ""),),
        ),
        Mistake(
            "any-decides-zero",
            "One image at t = 0 makes all others lose their noise too. Decide image by image.",
            edits=((_KEEPS, "float((t > 0).all())"),),
        ),
        Mistake(
            "first-decides-zero",
            "The first image's time decides for the whole batch whether noise is added. Decide "
            "image by image.",
            edits=((_KEEPS, "float(t[0] > 0)"),),
        ),
        Mistake(
            "no-noise-at-one",
            "Noise is left out where t = 1. The paper counts times from 1, we count from 0: only "
            "t = 0 goes without noise.",
            edits=(("t > 0", "t > 1"),),
        ),
        Mistake(
            "variance-for-std",
            "The noise is multiplied by the variance. A draw is mean + standard deviation * noise: "
            "take the square root.",
            edits=(("var.sqrt()", "var"),),
        ),
        Mistake(
            "mean-only",
            "No noise is added at all: only the step from t = 0 goes without.",
            edits=(("return mean + keeps_noise * var.sqrt() * noise", "return mean"),),
        ),
        Mistake(
            "noise-not-scaled",
            "The noise is added at full strength: multiply it by the standard deviation.",
            edits=(("* var.sqrt() ", ""),),
        ),
        Mistake(
            "forward-std",
            "The noise has the standard deviation of the forward process, the root of "
            "1 - alpha_bar_t. Use the variance that `p_xt_prev_xt` returns.",
            edits=(("var.sqrt()", "(1.0 - self.gather(self.alpha_bar, t)).sqrt()"),),
        ),
        Mistake(
            "noise-on-old-image",
            "The noise is added to x_t instead of to the mean of the reverse step.",
            edits=(("return mean +", "return xt +"),),
        ),
        Mistake(
            "uniform-noise",
            "The noise is uniform on [0, 1), but it has to be standard normal.",
            edits=((_NOISE, "randomizer.uniform_like(xt)"),),
        ),
        Mistake(
            "noise-shared-by-images",
            "All images of the batch get the same noise: each needs its own.",
            edits=((_NOISE, "randomizer.normal_like(xt[:1])"),),
        ),
        Mistake(
            "noise-shared-by-channels",
            "All channels of an image get the same noise: draw it with the shape of x_t.",
            edits=((_NOISE, "randomizer.normal_like(xt[:, :1])"),),
        ),
        Mistake(
            "noise-shared-by-pixels",
            "All pixels of an image get the same noise: draw it with the shape of x_t.",
            edits=((_NOISE, "randomizer.normal_like(xt[:, :, :1, :1])"),),
        ),
        Mistake(
            "re-seeded",
            "A generator is seeded inside the method, so that every step adds the same noise: "
            "leave seeding to whoever runs the experiment.",
            edits=((_NOISE, "[torch.manual_seed(0), randomizer.normal_like(xt)][1]"),),
        ),
        Mistake(
            "noise-remembered",
            "The noise of an earlier call is kept and used again: draw new noise at every call.",
            edits=(
                (_NOISE, "self.__dict__.setdefault(str(xt.shape), randomizer.normal_like(xt))"),
            ),
        ),
    ),
)
