"""Tasks of assignment 2 about the loops that draw samples.

The diffusion model is given: it looks its numbers up in the tables that come with a case.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.rubric import Case, Mistake, Task
from autograder.rubric_inputs import Random, constant, seed

from .inputs import tables, timed_weight

Inputs = dict[str, Any]


def _process(n_steps: int, samples: int, channels: int, size: int, asked: int | None = None) -> Any:
    def inputs(random: Random) -> Inputs:
        drawn = tables(n_steps) | {
            "n_steps": n_steps, "n_samples": samples, "image_channels": channels,
            "image_size": size, "weight": timed_weight(random, channels), "seed": seed(random),
            # Twice as large as elsewhere: images have to leave [-1, 1].
            "constant": 2 * constant(random),
        }  # fmt: skip
        return drawn if asked is None else drawn | {"asked_steps": asked}

    return inputs


def _drawing(process: Any) -> Any:
    """With the numbers of a step without noise, from which the probe tells what noise there was."""

    def inputs(random: Random) -> Inputs:
        drawn = process(random)
        step = {
            "step_scale": drawn["given_p_xt_prev_xt.xt"],
            "step_eps": drawn["given_p_xt_prev_xt.eps_model"],
            "step_std": np.sqrt(drawn["given_p_xt_prev_xt.second"]),
        }
        return drawn | step

    return inputs


_TIME = "n_steps - 1 - t_"
_STEP = "self.diffusion.p_sample(x, t)"

# The two tasks share these ways of going wrong.
_HINTS = {
    "ascending": "Times run upwards from 0. The reverse process starts from noise, at the largest "
    "time, and counts down.",
    "starts-too-late": "Times run from n_steps down to 1. They are counted from 0 here: from "
    "n_steps - 1 down to 0.",
    "never-reaches-zero": "The last step is taken at t = 1; the step from t = 0 is missing.",
    "one-time-only": "Every step is taken at the same time; it has to fall by 1 at each step.",
    "n-steps-ignored": "Times are counted from args.n_steps, though another number of steps was "
    "asked for by `n_steps`.",
    "result-dropped": "The result of p_sample is not kept, so x stays the initial noise.",
    "starts-afresh": "Every step starts from fresh noise instead of from the images of the step "
    "before.",
    "mean-only": "The mean of each step is used without its noise. `p_sample` draws the next "
    "images: leave the noise to it.",
    "forward-process": "`q_sample` adds noise: it belongs to training. The reverse process takes "
    "noise off, with `p_sample`.",
    "noise-twice": "Noise is added after every step, but `p_sample` has added it already.",
    "re-seeded": "A generator is seeded at every step, so that all steps add the same noise: leave "
    "seeding to whoever runs the experiment.",
    "starts-flat": "All pixels of an image start from the same number: draw the initial noise for "
    "every pixel.",
    "starts-alike": "All images start from the same noise: draw it for every image.",
    "clamped": "x_t is cut off to [-1, 1] after every step. Noisy images reach further: leave them "
    "as they are.",
}


def _shared(time: str, first: str) -> tuple[Mistake, ...]:
    """The mistakes of both tasks.

    Args:
        time: how the reference writes the time of a step.
        first: whether a step is the first.
    """
    extra = "self.diffusion.gather(self.diffusion.beta, t).sqrt() * randomizer.normal_like(x)"
    reversed_time = f"n_steps - 1 - ({time})"
    edits = {
        "ascending": (time, reversed_time),
        "starts-too-late": (time, f"{time} + 1"),
        "never-reaches-zero": (time, f"max({time}, 1)"),
        "one-time-only": (time, "n_steps - 1"),
        "n-steps-ignored": (time, f"self.args.{time}"),
        "result-dropped": (f"x = {_STEP}", _STEP),
        "starts-afresh": ("p_sample(x, t)", "p_sample(randomizer.normal_like(x), t)"),
        "mean-only": ("p_sample(x, t)", "p_xt_prev_xt(x, t)[0]"),
        "forward-process": ("p_sample(x, t)", "q_sample(x, t)"),
        "noise-twice": (_STEP, f"{_STEP} + {extra}"),
        "re-seeded": (f"x = {_STEP}", f"torch.manual_seed(0); x = {_STEP}"),
        "starts-flat": ("t = ", f"x = x[:, :1, :1, :1].expand_as(x) if {first} else x; t = "),
        "starts-alike": ("t = ", f"x = x[:1].expand_as(x) if {first} else x; t = "),
        "clamped": (_STEP, f"{_STEP}.clamp(-1, 1)"),
    }
    return tuple(Mistake(name, _HINTS[name], edits=(edit,)) for name, edit in edits.items())


SAMPLE = Task(
    id="q2.sample",
    title="Sampling loop of the trainer",
    points=5,
    file="q2_trainer_ddpm.py",
    isolated=True,
    todo="make the tensor of this step's time, and take one step with the diffusion model",
    cases=(
        Case(
            "ordinary",
            "n_steps left out",
            _process(9, 5, 3, 4),
            _process(6, 4, 2, 5),
            weight=1.5,
        ),
        Case(
            "fewer-steps",
            "n_steps handed in",
            _process(12, 4, 2, 5, asked=7),
            _process(21, 3, 2, 4, asked=5),
        ),
        Case(
            "one-image",
            "a single image",
            _process(15, 1, 2, 6),
            _process(5, 1, 3, 4),
            weight=0.5,
        ),
        Case(
            "one-step",
            "a single step",
            _process(7, 6, 3, 5, asked=1),
            _process(22, 5, 2, 4, asked=1),
            weight=0.5,
        ),
        Case(
            "independent",
            "real noise, at first and at every step",
            _drawing(_process(9, 4, 2, 8)),
            _drawing(_process(6, 3, 2, 7)),
            "q2.sample_draws",
        ),
    ),
    mistakes=(
        *_shared(_TIME, "t_ == 0"),
        Mistake(
            "random-times",
            "Times are drawn at random, as in training. Sampling takes every time once, from the "
            "largest down to 0.",
            edits=(
                (
                    f"torch.full((x.shape[0],), {_TIME}, device=x.device, dtype=torch.long)",
                    "randomizer.integers(0, n_steps, (x.shape[0],), device=x.device)",
                ),
            ),
        ),
        Mistake(
            "whole-noise-removed",
            "The model's noise is subtracted from x as a whole. One step takes off a share of it "
            "and rescales: that is what `p_sample` does.",
            edits=((_STEP, "x - self.eps_model(x, t)"),),
        ),
    ),
)


def _shown(
    process: tuple[int, int, int, int],
    samples: int,
    size: int,
    steps: Sequence[int],
    asked: int | None = None,
) -> Any:
    def inputs(random: Random) -> Inputs:
        shown = {"shown_samples": samples, "shown_size": size, "steps_to_show": list(steps)}
        return _process(*process, asked=asked)(random) | shown

    return inputs


_KEEP = "images.append(x.cpu().numpy().copy())"

INTERMEDIATE = Task(
    id="q2.generate_intermediate_samples",
    title="Images at chosen steps of the reverse process",
    points=5,
    file="q2_trainer_ddpm.py",
    isolated=True,
    todo="take one step as in `sample`, and keep a copy of the images if this step is to be shown",
    cases=(
        Case(
            "first-and-last",
            "steps 0, one in between, and the last",
            _shown((11, 7, 3, 8), 4, 5, (0, 4, 11)),
            _shown((6, 5, 2, 7), 3, 4, (0, 2, 6)),
            weight=1.5,
        ),
        Case(
            "fewer-steps",
            "n_steps handed in",
            _shown((13, 3, 2, 9), 5, 6, (1, 6, 8), asked=8),
            _shown((21, 4, 3, 5), 2, 6, (1, 3, 4), asked=4),
        ),
        Case(
            "any-order",
            "steps in any order, one beyond the last",
            _shown((10, 2, 3, 7), 6, 4, (9, 2, 40, 5)),
            _shown((5, 3, 2, 6), 4, 3, (4, 1, 30, 2)),
        ),
        Case(
            "nothing",
            "no step to show",
            _shown((8, 6, 2, 4), 3, 7, ()),
            _shown((5, 4, 3, 6), 2, 4, ()),
            weight=0.5,
        ),
        Case(
            "one-image",
            "a single image",
            _shown((18, 4, 3, 6), 1, 5, (3, 8)),
            _shown((6, 3, 2, 5), 1, 4, (2, 5)),
            weight=0.5,
        ),
        Case(
            "independent",
            "real noise, at first and at every step",
            _drawing(_shown((20, 3, 2, 4), 5, 8, ())),
            _drawing(_shown((6, 4, 2, 5), 3, 7, ())),
            "q2.generate_intermediate_samples_draws",
            weight=0.5,
        ),
    ),
    mistakes=(
        *_shared("n_steps - step", "step == 1"),
        Mistake(
            "counted-by-time",
            "The time t is looked for in steps_to_show. Steps count from 1 at the noisy end: after "
            "step s the process has called p_sample s times.",
            edits=(("if step in", "if n_steps - step in"),),
        ),
        Mistake(
            "counted-from-zero",
            "Steps are counted from 0 here, but the first call of p_sample is step 1.",
            edits=(("if step in", "if step - 1 in"),),
        ),
        Mistake(
            "kept-before-the-step",
            "The images are kept before the step is taken. Step s shows them after p_sample has "
            "been called s times.",
            body=f"""
            if step in steps_to_show:
                {_KEEP}
            t = torch.full((n_samples,), n_steps - step, device=x.device, dtype=torch.long)
            x = {_STEP}
            """,
        ),
        Mistake(
            "every-step-kept",
            "The images of every step are kept; keep those of the steps in steps_to_show.",
            edits=(("if step in steps_to_show", "if step"),),
        ),
        Mistake(
            "last-step-only",
            "Only the last images are kept; keep those of all steps in steps_to_show.",
            edits=(("if step in steps_to_show", "if step == n_steps"),),
        ),
        Mistake(
            "overwritten",
            "The kept arrays share memory with x, which later steps overwrite, so that all show "
            "the last images: keep copies.",
            edits=((f"x = {_STEP}", f"x.copy_({_STEP})"), (_KEEP, "images.append(x.numpy())")),
        ),
        Mistake(
            "first-image-only",
            "Only the first image is kept; keep the whole batch.",
            edits=((_KEEP, "images.append(x[:1].cpu().numpy().copy())"),),
        ),
        Mistake(
            "channels-last",
            "The axes are moved as for a plot. Return (n_samples, channels, height, width), as "
            "the docstring says.",
            edits=((_KEEP, "images.append(x.permute(0, 2, 3, 1).cpu().numpy().copy())"),),
        ),
        Mistake(
            "rescaled-for-plotting",
            "The images are moved from [-1, 1] to [0, 1] before they are kept: return them as they "
            "are.",
            edits=((_KEEP, "images.append((x / 2 + 0.5).cpu().numpy())"),),
        ),
    ),
)
