"""Rubric of assignment 1: variational autoencoder, 68 points."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.rubric import Case, Mistake, Rubric, Task, Written

Inputs = dict[str, Any]
Random = np.random.RandomState


def _values(random: Random, *shape: int, scale: float = 1.0) -> np.ndarray:
    return scale * random.standard_normal(shape)


def _log_mean_exp(batch: int, samples: int, scale: float, shift: float = 0.0) -> Any:
    def inputs(random: Random) -> Inputs:
        return {"y": shift + _values(random, batch, samples, scale=scale)}

    return inputs


LOG_MEAN_EXP = Task(
    id="q1.log_mean_exp",
    title="Stable log-mean-exp",
    points=8,
    file="q1_vae.py",
    todo="subtract each row's maximum before the exponential, and add it back after the logarithm",
    cases=(
        Case("ordinary", "ordinary values", _log_mean_exp(5, 7, 1.0), public=True),
        Case("spread", "values that differ a lot within a row", _log_mean_exp(4, 9, 30.0)),
        Case("huge", "large positive values, whose exponential overflows",
             _log_mean_exp(3, 6, 2.0, 1000.0)),
        Case("tiny", "large negative values, whose exponential underflows",
             _log_mean_exp(6, 4, 2.0, -1000.0)),
        Case("one-sample", "a single sample in each row", _log_mean_exp(5, 1, 1.0), weight=0.5),
    ),
    mistakes=(
        Mistake(
            "sum-for-mean",
            "This is log-sum-exp: divide by the number of samples inside the logarithm.",
            edits=((" / samples", ""),),
        ),
        Mistake(
            "overflow",
            "Without subtracting the largest entry of the row first, exp overflows or underflows "
            "for large values.",
            body="return torch.log(torch.exp(y).mean(dim=1))",
        ),
        Mistake(
            "broadcast-to-square",
            "A (batch, 1) maximum and a (batch,) sum were added, which broadcasts to "
            "(batch, batch): give both the same shape first.",
            edits=(("largest.squeeze(1)", "largest"),),
        ),
        Mistake(
            "maximum-forgotten",
            "The maximum that was subtracted has to be added back after the logarithm.",
            edits=(("largest.squeeze(1) + ", ""),),
        ),
        Mistake(
            "wrong-axis",
            "The mean runs over the samples of a row (the second axis), not over the batch.",
            body="""
            largest = y.max(dim=0).values
            return largest + torch.log(torch.exp(y - largest).mean(dim=0))
            """,
        ),
    ),
)

RUBRIC = Rubric(
    assignment="vae",
    title="Variational autoencoder",
    files=("q1_vae.py", "q1_train_vae.py"),
    notebook="01_vae.ipynb",
    tasks=(LOG_MEAN_EXP,),
    written=(),
)
