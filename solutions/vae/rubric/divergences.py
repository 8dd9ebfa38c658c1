"""Tasks of assignment 1 about the divergence of two Gaussians."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.rubric import Case, Mistake, Task
from autograder.rubric_inputs import Random, constant, seed, values

from . import ingredients

Inputs = dict[str, Any]


def _gaussians(*shape: int, scale: float = 0.8) -> Any:
    def inputs(random: Random) -> Inputs:
        mu_q, mu_p = values(random, *shape), values(random, *shape)
        logvar_q, logvar_p = (values(random, *shape, scale=scale) for _ in range(2))
        weight = random.uniform(0.5, 2.0, shape[0])
        return {"mu_q": mu_q, "logvar_q": logvar_q - 0.5, "mu_p": mu_p, "logvar_p": logvar_p + 0.3,
                "weight": weight}  # fmt: skip

    return inputs


def _standard_prior(*shape: int) -> Any:
    def inputs(random: Random) -> Inputs:
        zeros = {"mu_p": np.zeros(shape), "logvar_p": np.zeros(shape)}
        return _gaussians(*shape)(random) | zeros

    return inputs


_TURNED_ROUND = (
    "mu_q, logvar_q, mu_p, logvar_p = mu_p, logvar_p, mu_q, logvar_q; ratio = torch.exp(logvar_q"
)

KL_ANALYTIC = Task(
    id="q1.kl_gaussian_gaussian_analytic",
    ingredients=ingredients.KL_ANALYTIC,
    title="KL divergence of two Gaussians, closed form",
    points=6,
    file="q1_vae.py",
    todo="add up each feature's divergence over all features of a row",
    finished=("torch.distributions.kl_divergence",),
    cases=(
        Case("ordinary", "two different Gaussians", _gaussians(5, 7), _gaussians(4, 6)),
        Case(
            "standard-prior",
            "p is the standard normal N(0, I)",
            _standard_prior(4, 9),
            _standard_prior(5, 8),
        ),
        Case(
            "images",
            "inputs with four axes",
            _gaussians(6, 2, 3, 5),
            _gaussians(5, 3, 2, 4),
            weight=0.75,
        ),
        Case(
            "spread",
            "variances from very small to very large",
            _gaussians(3, 8, scale=2.0),
            _gaussians(4, 7, scale=2.0),
        ),
        Case(
            "gradient",
            "the gradients with respect to all four inputs",
            _gaussians(7, 4),
            _gaussians(6, 3),
            "q1.kl_gaussian_gaussian_analytic_gradient",
            weight=0.5,
        ),
    ),
    mistakes=(
        Mistake(
            "reversed",
            "This is KL(p || q). The divergence is not symmetric: KL(q || p) takes its expectation "
            "under q.",
            edits=(("ratio = torch.exp(logvar_q", _TURNED_ROUND),),
        ),
        Mistake(
            "no-half",
            "The factor 1/2 in front of the sum is missing.",
            edits=(("0.5 * (", "("),),
        ),
        Mistake(
            "std-is-exp-logvar",
            "exp(logvar) is used as a standard deviation and squared again, but it is the variance "
            "already.",
            edits=(
                ("torch.exp(logvar_q - logvar_p)", "torch.exp(2 * (logvar_q - logvar_p))"),
                ("torch.exp(-logvar_p)", "torch.exp(-2 * logvar_p)"),
            ),
        ),
        Mistake(
            "std-everywhere",
            "exp(logvar) is taken for the standard deviation; it is the variance, so the standard "
            "deviation is exp(logvar / 2).",
            edits=(
                ("logvar_p - logvar_q", "2 * (logvar_p - logvar_q)"),
                ("torch.exp(logvar_q - logvar_p)", "torch.exp(2 * (logvar_q - logvar_p))"),
                ("torch.exp(-logvar_p)", "torch.exp(-2 * logvar_p)"),
            ),
        ),
        Mistake(
            "no-minus-one",
            "The -1 of every feature is missing: the divergence of q from itself has to be 0.",
            edits=((" - 1 + ", " + "),),
        ),
        Mistake(
            "logvar-sign",
            "The two log-variances have changed places in their difference: the divergence grows "
            "when q is narrower than p.",
            edits=(("(logvar_p - logvar_q - 1", "(logvar_q - logvar_p - 1"),),
        ),
        Mistake(
            "standard-prior-only",
            "This holds for p = N(0, I) only; here p has a mean and a variance of its own, which "
            "are ignored.",
            edits=(
                (
                    "0.5 * (logvar_p - logvar_q - 1 + ratio)",
                    "0.5 * (torch.exp(logvar_q) + mu_q**2 - 1 - logvar_q)",
                ),
            ),
        ),
        Mistake(
            "distance-not-scaled",
            "The squared distance of the means has to be measured in units of p's variance.",
            edits=(("(mu_q - mu_p) ** 2 * torch.exp(-logvar_p)", "(mu_q - mu_p) ** 2"),),
        ),
        Mistake(
            "mean-over-features",
            "The divergence of a row is the sum over its features, not their mean.",
            edits=((".sum(dim=1)", ".mean(dim=1)"),),
        ),
        Mistake(
            "averaged-over-batch",
            "The result is averaged over the batch. Each row has a divergence of its own: return "
            "(batch,) numbers and leave the average to the training loop.",
            edits=((".sum(dim=1)", ".sum(dim=1).mean()"),),
        ),
    ),
)


def _monte_carlo(num_samples: int | None, *shape: int) -> Any:
    def inputs(random: Random) -> Inputs:
        drawn = _gaussians(*shape)(random) | {"constant": constant(random)}
        return drawn if num_samples is None else drawn | {"num_samples": num_samples}

    return inputs


def _equal_rows(rows: int, features: int, num_samples: int) -> Any:
    """Equal rows; q is wider than p in every feature, and its mean lies on one side."""

    def inputs(random: Random) -> Inputs:
        row = {
            "mu_q": random.uniform(0.4, 0.8, features),
            "logvar_q": random.uniform(0.4, 0.9, features),
            "mu_p": random.uniform(-0.2, 0.0, features),
            "logvar_p": random.uniform(-0.2, 0.2, features),
        }
        many = {name: np.tile(value, (rows, 1)) for name, value in row.items()}
        return many | {"num_samples": num_samples, "seed": seed(random)}

    return inputs


def _moments(inputs: Mapping[str, np.ndarray]) -> dict[str, tuple[Any, Any]]:
    """Mean and standard deviation of an estimate.

    With z = mu_q + s eps, log q(z) - log p(z) is c + a eps + b eps^2 in each feature, where
    a = s (mu_q - mu_p) / var_p and b = (var_q / var_p - 1) / 2; its variance is a^2 + 2 b^2.
    """
    mu_q, logvar_q, mu_p, logvar_p = (
        np.asarray(inputs[name], dtype=np.float64)
        for name in ("mu_q", "logvar_q", "mu_p", "logvar_p")
    )
    var_q, var_p = np.exp(logvar_q), np.exp(logvar_p)
    ratio = (var_q + (mu_q - mu_p) ** 2) / var_p
    mean = 0.5 * (logvar_p - logvar_q - 1 + ratio).sum(axis=1)
    a = np.sqrt(var_q) * (mu_q - mu_p) / var_p
    b = 0.5 * (var_q / var_p - 1)
    std = np.sqrt((a**2 + 2 * b**2).sum(axis=1) / int(inputs["num_samples"]))
    both_calls = [np.stack([value, value])[:, :, None] for value in (mean, std)]
    return {"noise_estimates": (mean, std), "noise_of_two_calls": tuple(both_calls)}


_DRAW = "eps = randomizer.normal_like(mu_q)"
_REMEMBERED = (
    "kept = kl_gaussian_gaussian_mc.__dict__.setdefault('kept', {}); "
    "eps = kept.setdefault(mu_q.shape, randomizer.normal_like(mu_q))"
)

KL_MC = Task(
    id="q1.kl_gaussian_gaussian_mc",
    ingredients=ingredients.KL_MC,
    title="KL divergence of two Gaussians, Monte Carlo",
    points=6,
    file="q1_vae.py",
    todo="draw num_samples points of q for every row and average log q - log p over them",
    atol=1e-4,
    cases=(
        Case(
            "ordinary",
            "several samples, all noise equal to one number",
            _monte_carlo(4, 5, 7),
            _monte_carlo(3, 4, 6),
        ),
        Case(
            "one-sample",
            "one sample, all noise equal to one number",
            _monte_carlo(1, 6, 3),
            _monte_carlo(1, 5, 4),
        ),
        Case(
            "images",
            "inputs with four axes, all noise equal to one number",
            _monte_carlo(8, 4, 2, 3, 5),
            _monte_carlo(6, 3, 2, 4, 2),
            weight=0.5,
        ),
        Case(
            "default",
            "num_samples left out",
            _monte_carlo(None, 3, 9),
            _monte_carlo(None, 4, 8),
            "q1.kl_gaussian_gaussian_mc_default",
            weight=0.5,
        ),
        Case(
            "spread",
            "many equal rows with real noise",
            _equal_rows(200, 6, 8),
            _equal_rows(150, 5, 6),
            "q1.kl_gaussian_gaussian_mc_spread",
            weight=1.5,
            moments=_moments,
        ),
    ),
    mistakes=(
        Mistake(
            "drawn-from-p",
            "The samples are drawn from p, but KL(q || p) is an expectation under q: draw them "
            "from q.",
            edits=(
                ("z = mu_q + torch.exp(0.5 * logvar_q)", "z = mu_p + torch.exp(0.5 * logvar_p)"),
            ),
        ),
        Mistake(
            "sign",
            "The difference is turned round: KL(q || p) averages log q(z) - log p(z).",
            edits=(("(log_q - log_p)", "(log_p - log_q)"),),
        ),
        Mistake(
            "std-is-exp-logvar",
            "The noise is scaled by exp(logvar), which is the variance; the standard deviation is "
            "exp(logvar / 2).",
            edits=(("torch.exp(0.5 * logvar_q) * eps", "torch.exp(logvar_q) * eps"),),
        ),
        Mistake(
            "divided-by-features",
            "The result is divided by the number of features too: log-densities are summed over "
            "features, and only the samples are averaged.",
            edits=((".sum(dim=2)", ".mean(dim=2)"),),
        ),
        Mistake(
            "reduced-to-a-number",
            "The estimates are averaged over the batch. Each row has one of its own: return "
            "(batch,) numbers.",
            edits=((".mean(dim=1)", ".mean()"),),
        ),
        Mistake(
            "summed-over-samples",
            "The samples are summed; an estimate of an expectation is their mean.",
            edits=((".mean(dim=1)", ".sum(dim=1)"),),
        ),
        Mistake(
            "closed-form",
            "This is the closed form, the same whatever noise is drawn. Draw samples of q and "
            "average log q(z) - log p(z) over them.",
            body="""
            first = [value[:, 0] for value in (mu_q, logvar_q, mu_p, logvar_p)]
            return kl_gaussian_gaussian_analytic(*first)
            """,
        ),
        Mistake(
            "closed-form-of-repeats",
            "This is the closed form, the same whatever noise is drawn, and it adds up the equal "
            "rows of all samples. Draw samples of q and average log q(z) - log p(z) over them.",
            body="return kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p)",
        ),
        Mistake(
            "uniform-noise",
            "The noise is uniform on [0, 1), but it has to be standard normal.",
            edits=(("normal_like", "uniform_like"),),
        ),
        Mistake(
            "log-variances-forgotten",
            "The log-variances are left out of the log-densities. They do not cancel, because q "
            "and p have different variances.",
            edits=(("(logvar_q + (z", "((z"), ("(logvar_p + (z", "((z")),
        ),
        Mistake(
            "one-draw-for-all-samples",
            "All samples of a row are the same point, so averaging them gains nothing: draw new "
            "noise for each of the num_samples samples.",
            edits=((_DRAW, _DRAW.replace("mu_q", "mu_q[:, :1]")),),
        ),
        Mistake(
            "noise-shared-by-rows",
            "All rows of the batch get the same noise: draw it for every row.",
            edits=((_DRAW, _DRAW.replace("mu_q", "mu_q[:1]")),),
        ),
        Mistake(
            "noise-shared-by-features",
            "All features of a sample get the same noise: draw it for every feature, with the "
            "shape of mu_q.",
            edits=((_DRAW, _DRAW.replace("mu_q", "mu_q[:, :, :1]")),),
        ),
        Mistake(
            "mean-of-points",
            "The points are averaged before log q - log p is taken at their mean. Average the "
            "differences instead, one for each point.",
            edits=(("* eps", "* eps.mean(dim=1, keepdim=True)"),),
        ),
        Mistake(
            "re-seeded",
            "A generator is seeded inside the function, so that every call draws the same noise: "
            "leave seeding to whoever runs the experiment.",
            edits=((_DRAW, "torch.manual_seed(0); " + _DRAW),),
        ),
        Mistake(
            "noise-remembered",
            "The noise of an earlier call is kept and used again: draw new noise at every call.",
            edits=((_DRAW, _REMEMBERED),),
        ),
    ),
)
