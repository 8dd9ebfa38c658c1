"""Tasks of assignment 1 about log-densities and log-mean-exp.

Sizes differ from case to case and from axis to axis, so that a sum over the wrong axis shows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.rubric import Case, Mistake, Task
from autograder.rubric_inputs import Random, probabilities, values

from . import ingredients

Inputs = dict[str, Any]


def _bernoulli(*shape: int, scale: float = 1.5, binary: bool = False) -> Any:
    def inputs(random: Random) -> Inputs:
        mu = probabilities(random, *shape, scale=scale)
        target = random.uniform(size=shape)
        weight = random.uniform(0.5, 2.0, shape[0])
        return {"mu": mu, "target": target.round() if binary else target, "weight": weight}

    return inputs


BERNOULLI = Task(
    id="q1.log_likelihood_bernoulli",
    ingredients=ingredients.BERNOULLI,
    title="Log-likelihood of Bernoulli pixels",
    points=6,
    file="q1_vae.py",
    todo="add up each pixel's log-probability over all pixels of an image",
    finished=(
        "torch.nn.functional.binary_cross_entropy",
        "torch.nn.BCELoss",
        "torch.binary_cross_entropy_with_logits",
        "torch.nn.BCEWithLogitsLoss",
        "torch.distributions.Bernoulli",
    ),
    cases=(
        Case("ordinary", "targets between 0 and 1", _bernoulli(5, 7), _bernoulli(4, 6)),
        Case(
            "binary",
            "targets that are 0 or 1",
            _bernoulli(6, 11, binary=True),
            _bernoulli(5, 9, binary=True),
        ),
        Case(
            "images",
            "images of shape (batch, channels, height, width)",
            _bernoulli(4, 2, 3, 5),
            _bernoulli(3, 2, 4, 2),
            weight=0.75,
        ),
        Case(
            "sure",
            "means near 0 and near 1",
            _bernoulli(3, 8, scale=4.0),
            _bernoulli(4, 7, scale=4.0),
        ),
        Case(
            "gradient",
            "the gradient with respect to mu",
            _bernoulli(7, 4),
            _bernoulli(5, 3),
            "q1.log_likelihood_bernoulli_gradient",
            weight=0.5,
        ),
    ),
    mistakes=(
        Mistake(
            "mean-over-pixels",
            "The log-likelihood of an image is the sum over its pixels, because they are "
            "independent; a mean over pixels weighs the image too little against the KL term.",
            edits=((".sum(dim=1)", ".mean(dim=1)"),),
        ),
        Mistake(
            "cross-entropy-sign",
            "This is the binary cross-entropy, which is minus the log-likelihood: turn the sign.",
            edits=(("return ", "return -"),),
        ),
        Mistake(
            "zeros-ignored",
            "A pixel that is 0 says something about mu too: the term (1 - target) log(1 - mu) is "
            "missing.",
            edits=((" + (1 - target) * torch.log1p(-mu)", ""),),
        ),
        Mistake(
            "swapped-arguments",
            "mu and target have changed places: logarithms are taken of mu, the probabilities, and "
            "target weighs them.",
            edits=(
                ("target * torch.log(mu)", "mu * torch.log(target)"),
                ("(1 - target) * torch.log1p(-mu)", "(1 - mu) * torch.log1p(-target)"),
            ),
        ),
        Mistake(
            "summed-over-batch",
            "The sum runs over the batch too. Each image has a log-likelihood of its own: return "
            "(batch,) numbers.",
            edits=((".sum(dim=1)", ".sum()"),),
        ),
        Mistake(
            "wrong-axis",
            "The sum runs over the images (the first axis), but it should run over the pixels of "
            "each image.",
            edits=((".sum(dim=1)", ".sum(dim=0)"),),
        ),
        Mistake(
            "mu-as-logits",
            "mu is already a probability between 0 and 1; a sigmoid is applied to it once more.",
            edits=(("log_density = ", "mu = mu.sigmoid()\n    log_density = "),),
        ),
        Mistake(
            "rounded-targets",
            "Targets are grey values in [0, 1] and are used as they are; they are rounded to 0 or "
            "1 here.",
            edits=(("log_density = ", "target = target.round()\n    log_density = "),),
        ),
        Mistake(
            "changes-target",
            "The target is overwritten. The caller still needs it: compute in new tensors, or on a "
            "copy.",
            body="""
            black = (1 - target) * torch.log1p(-mu)
            return (target.mul_(torch.log(mu)) + black).sum(dim=1)
            """,
        ),
    ),
)


def _normal(batch: int, features: int, scale: float = 1.0) -> Any:
    def inputs(random: Random) -> Inputs:
        shape = (batch, features)
        return {
            "mu": values(random, *shape),
            "logvar": values(random, *shape, scale=scale, shift=-0.4),
            "z": values(random, *shape, scale=1.5),
            "weight": random.uniform(0.5, 2.0, batch),
        }

    return inputs


NORMAL = Task(
    id="q1.log_likelihood_normal",
    ingredients=ingredients.NORMAL,
    title="Log-density of a diagonal Gaussian",
    points=6,
    file="q1_vae.py",
    todo="add up the log-density of each feature, its constant included",
    finished=(
        "torch.distributions.Normal",
        "torch.distributions.MultivariateNormal",
        "torch.nn.functional.gaussian_nll_loss",
        "torch.nn.GaussianNLLLoss",
    ),
    cases=(
        Case("ordinary", "ordinary values", _normal(5, 7), _normal(4, 6)),
        Case(
            "spread",
            "variances from very small to very large",
            _normal(4, 9, 2.5),
            _normal(3, 7, 2.5),
        ),
        Case("one-feature", "a single feature", _normal(6, 1), _normal(5, 1)),
        Case("many-features", "many features", _normal(3, 40), _normal(4, 32)),
        Case(
            "gradient",
            "the gradients with respect to mu, logvar and z",
            _normal(7, 4),
            _normal(6, 3),
            "q1.log_likelihood_normal_gradient",
            weight=0.5,
        ),
    ),
    mistakes=(
        Mistake(
            "no-constant",
            "The constant -log(2 pi) / 2 of every feature is missing, so this is no density yet.",
            edits=(("math.log(2 * math.pi) + ", ""),),
        ),
        Mistake(
            "constant-once",
            "The constant log(2 pi) belongs to every feature, not once to every row.",
            edits=(
                (
                    "(math.log(2 * math.pi) + logvar + squared_distance).sum(dim=1)",
                    "(math.log(2 * math.pi) + (logvar + squared_distance).sum(dim=1))",
                ),
            ),
        ),
        Mistake(
            "std-is-exp-logvar",
            "exp(logvar) is used as the standard deviation, but it is the variance; the standard "
            "deviation is exp(logvar / 2).",
            body="""
            std = torch.exp(logvar)
            return torch.distributions.Normal(mu, std).log_prob(z).sum(dim=1)
            """,
        ),
        Mistake(
            "logvar-as-variance",
            "logvar is used as if it were the variance itself; take its exponential first.",
            edits=(("torch.exp(-logvar)", "logvar.reciprocal()"),),
        ),
        Mistake(
            "no-halves",
            "The factor 1/2 in front of the logarithm of the variance and of the squared distance "
            "is missing.",
            edits=(("-0.5 *", "-1.0 *"),),
        ),
        Mistake(
            "not-squared",
            "The distance between z and mu enters squared.",
            edits=(("(z - mu) ** 2", "(z - mu).abs()"),),
        ),
        Mistake(
            "logvar-sign",
            "A wide Gaussian has a low density: logvar is to be subtracted, not added.",
            edits=(("+ logvar + squared", "- logvar + squared"),),
        ),
        Mistake(
            "mean-over-features",
            "The log-density of a row is the sum over its features, not their mean.",
            edits=((".sum(dim=1)", ".mean(dim=1)"),),
        ),
        Mistake(
            "summed-over-batch",
            "The sum runs over the batch too. Each row has a log-density of its own: return "
            "(batch,) numbers.",
            edits=((".sum(dim=1)", ".sum()"),),
        ),
        Mistake(
            "density-not-log",
            "This is the density itself. Return its logarithm: a product over many features "
            "underflows to 0.",
            edits=(
                ("return -0.5", "return torch.exp(-0.5"),
                ("squared_distance).sum(dim=1)", "squared_distance).sum(dim=1))"),
            ),
        ),
    ),
)


def _log_mean_exp(
    batch: int,
    samples: int,
    scale: float,
    shift: float = 0.0,
    apart: float = 0.0,
    outlier: float = 0.0,
) -> Any:
    def inputs(random: Random) -> Inputs:
        y = values(random, batch, samples, scale=scale, shift=shift)
        y += apart * (np.arange(batch) - batch // 2).reshape(-1, 1)
        y[np.arange(batch), random.randint(samples, size=batch)] += outlier
        return {"y": y, "weight": random.uniform(0.5, 2.0, batch)}

    return inputs


LOG_MEAN_EXP = Task(
    id="q1.log_mean_exp",
    ingredients=ingredients.LOG_MEAN_EXP,
    title="Stable log-mean-exp",
    points=8,
    file="q1_vae.py",
    todo="subtract each row's maximum before the exponential, and add it back after the logarithm",
    finished=("torch.logsumexp", "torch.Tensor.logsumexp", "scipy.special.logsumexp"),
    cases=(
        Case("ordinary", "ordinary values", _log_mean_exp(5, 7, 1.0), _log_mean_exp(4, 6, 1.0)),
        Case(
            "spread",
            "values that differ a lot within a row",
            _log_mean_exp(4, 9, 30.0),
            _log_mean_exp(5, 8, 30.0),
        ),
        Case(
            "outlier",
            "one value of each row far above the others",
            _log_mean_exp(3, 8, 1.0, outlier=200.0),
            _log_mean_exp(4, 7, 1.0, outlier=200.0),
        ),
        # Near 1000 neighbouring float32 numbers are 6e-5 apart.
        Case(
            "huge",
            "large positive values, whose exponential overflows",
            _log_mean_exp(3, 6, 2.0, 1000.0),
            _log_mean_exp(4, 5, 2.0, 1000.0),
            rtol=1e-6,
            atol=1e-3,
        ),
        Case(
            "tiny",
            "large negative values, whose exponential underflows",
            _log_mean_exp(6, 4, 2.0, -1000.0),
            _log_mean_exp(5, 3, 2.0, -1000.0),
            rtol=1e-6,
            atol=1e-3,
        ),
        Case(
            "rows-apart",
            "rows that differ a lot from each other",
            _log_mean_exp(5, 8, 1.0, 0.0, 300.0),
            _log_mean_exp(4, 7, 1.0, 0.0, 300.0),
            rtol=1e-6,
            atol=1e-3,
        ),
        Case(
            "one-sample",
            "a single sample in each row",
            _log_mean_exp(5, 1, 1.0),
            _log_mean_exp(4, 1, 1.0),
            weight=0.5,
        ),
        Case(
            "gradient",
            "the gradient with respect to y",
            _log_mean_exp(7, 3, 1.0),
            _log_mean_exp(6, 4, 1.0),
            "q1.log_mean_exp_gradient",
            weight=0.5,
        ),
    ),
    mistakes=(
        Mistake(
            "sum-for-mean",
            "This is log-sum-exp: divide by the number of samples inside the logarithm.",
            edits=((" / sample_size", ""),),
        ),
        Mistake(
            "divided-outside",
            "The division by the number of samples belongs inside the logarithm: the mean is taken "
            "of the exponentials, not of their logarithm.",
            edits=(
                (
                    "torch.log(torch.exp(y - largest).sum(dim=1) / sample_size)",
                    "torch.log(torch.exp(y - largest).sum(dim=1)) / sample_size",
                ),
            ),
        ),
        Mistake(
            "mean-of-y",
            "The logarithm and the exponential do not cancel around a mean: this is the mean of y, "
            "which is smaller than the logarithm of the mean of exponentials.",
            body="return torch.log(torch.exp(y - y.amax(1, True))).mean(dim=1) + y.amax(1)",
        ),
        Mistake(
            "overflow",
            "Without subtracting the largest entry of the row first, exp overflows or underflows "
            "for large values.",
            body="return torch.log(torch.exp(y).mean(dim=1))",
        ),
        Mistake(
            "mean-subtracted",
            "The mean of the row is subtracted, so exp still overflows where one entry stands out: "
            "subtract the largest entry.",
            edits=(("y.max(dim=1, keepdim=True).values", "y.mean(dim=1, keepdim=True)"),),
        ),
        Mistake(
            "one-maximum-for-all",
            "One maximum of the whole batch is subtracted. A row that lies far below it underflows "
            "to log(0): every row needs its own maximum.",
            body="""
            largest = y.max()
            return largest + torch.log(torch.exp(y - largest).mean(dim=1))
            """,
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
        Mistake(
            "changes-y",
            "The input y is overwritten when its maximum is subtracted: compute in a new tensor.",
            body="""
            largest = y.max(dim=1, keepdim=True).values.detach()
            y -= largest
            return largest.squeeze(1) + torch.log(torch.exp(y).sum(dim=1) / sample_size)
            """,
        ),
    ),
)
