"""What wrong results of assignment 1 may be made of.

Terms are summed over the features of a row. Their names are what students read.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.rubric import Ingredients

Inputs = Mapping[str, np.ndarray]
Made = dict[str, dict[str, Any]]
_LOG_2_PI = math.log(2 * math.pi)
_GAUSSIANS = ("mu_q", "logvar_q", "mu_p", "logvar_p")


def _rows(array: np.ndarray) -> np.ndarray:
    return array.reshape(len(array), -1)


def _terms(expected: dict[str, tuple[str, Any]], others: dict[str, Any]) -> dict[str, Any]:
    """Sums over features; `expected` has the coefficients of the right result too."""
    summed = {name: (coefficient, _rows(a).sum(axis=1)) for name, (coefficient, a) in
              expected.items()}  # fmt: skip
    return summed | {name: ("0", _rows(array).sum(axis=1)) for name, array in others.items()}


def _counts(array: np.ndarray, coefficient: str = "0") -> dict[str, Any]:
    """Terms that are the same for all rows."""
    ones = np.ones(len(array))
    return {
        "1 for every feature": (coefficient, ones * _rows(array).shape[1]),
        "1 for every entry of the second axis": ("0", ones * array.shape[1]),
    }


def _scales(array: np.ndarray) -> dict[str, np.ndarray]:
    return {"the number of features": np.full(len(array), float(_rows(array).shape[1]))}


def _bernoulli(i: Inputs) -> Made:
    mu, target = i["mu"], i["target"]
    white, black = np.log(mu), np.log1p(-mu)
    expected = {
        "target log(mu)": ("1", target * white),
        "(1 - target) log(1 - mu)": ("1", (1 - target) * black),
    }
    others = {
        "log(mu)": white,
        "log(1 - mu)": black,
        "target log(1 - mu)": target * black,
        "(1 - target) log(mu)": (1 - target) * white,
        "target mu": target * mu,
        "mu": mu,
        "target": target,
        "mu log(mu)": mu * white,
        "(1 - mu) log(1 - mu)": (1 - mu) * black,
        "(target - mu)^2": (target - mu) ** 2,
        "|target - mu|": np.abs(target - mu),
        "log(target mu + (1 - target) (1 - mu))": np.log(target * mu + (1 - target) * (1 - mu)),
    }
    scales = _scales(mu) | {"log(2), as log2 does": np.full(len(mu), math.log(2))}
    return {"terms": _terms(expected, others) | _counts(mu), "scales": scales}


def _normal(i: Inputs) -> Made:
    mu, logvar, z = i["mu"], i["logvar"], i["z"]
    gap, std, var = z - mu, np.exp(logvar / 2), np.exp(logvar)
    expected = {
        "logvar": ("-1/2", logvar),
        "(z - mu)^2 / var": ("-1/2", gap**2 / var),
        "log(2 pi) for every feature": ("-1/2", np.full_like(z, _LOG_2_PI)),
    }
    others = {
        "(z - mu)^2": gap**2,
        "(z - mu)^2 / std": gap**2 / std,
        "(z - mu)^2 / var^2": gap**2 / var**2,
        "(z - mu)^2 var": gap**2 * var,
        "(z - mu)^2 std": gap**2 * std,
        "|z - mu| / std": np.abs(gap) / std,
        "|z - mu| / var": np.abs(gap) / var,
        "(z - mu) / std": gap / std,
        "(z - mu) / var": gap / var,
        "(z + mu)^2 / var": (z + mu) ** 2 / var,
        "z^2 / var": z**2 / var,
        "mu^2 / var": mu**2 / var,
        "var": var,
        "std": std,
        "|logvar|": np.abs(logvar),
        "log(2) for every feature": np.full_like(z, math.log(2)),
    }
    ones = np.full(len(mu), _LOG_2_PI)
    counts = {
        "log(2 pi), once a row": ("0", ones),
        "log(2 pi) for every entry of the second axis": ("0", ones * mu.shape[1]),
    } | _counts(mu)
    return {"terms": _terms(expected, others) | counts, "scales": _scales(mu)}


def _log_mean_exp(i: Inputs) -> Made:
    y = i["y"]
    largest, ones = y.max(axis=1), np.ones(len(y))
    log_sum = np.log(np.exp(y - largest[:, None]).sum(axis=1))
    terms = {
        "the largest entry of the row": ("1", largest),
        "log(sum of exp(y - largest))": ("1", log_sum),
        "log(number of samples)": ("-1", ones * math.log(y.shape[1])),
        "log(number of rows)": ("0", ones * math.log(len(y))),
        "the number of samples": ("0", ones * y.shape[1]),
        "1": ("0", ones),
        "the mean of y": ("0", y.mean(axis=1)),
        "the sum of y": ("0", y.sum(axis=1)),
        "the smallest entry of the row": ("0", y.min(axis=1)),
        "the largest entry of the batch": ("0", ones * y.max()),
    }
    return {"terms": terms, "scales": {"the number of samples": ones * y.shape[1]}}


def _kl(i: Inputs) -> Made:
    mu_q, logvar_q, mu_p, logvar_p = (i[name] for name in _GAUSSIANS)
    var_q, var_p, square = np.exp(logvar_q), np.exp(logvar_p), (mu_q - mu_p) ** 2
    std_q, std_p = np.sqrt(var_q), np.sqrt(var_p)
    expected = {
        "logvar_p": ("1/2", logvar_p),
        "logvar_q": ("-1/2", logvar_q),
        "var_q / var_p": ("1/2", var_q / var_p),
        "(mu_q - mu_p)^2 / var_p": ("1/2", square / var_p),
    }
    others = {
        "var_p / var_q": var_p / var_q,
        "std_q / std_p": std_q / std_p,
        "var_q^2 / var_p^2": (var_q / var_p) ** 2,
        "var_q": var_q,
        "var_q / std_p": var_q / std_p,
        "var_q var_p": var_q * var_p,
        "std_q": std_q,
        "(mu_q - mu_p)^2": square,
        "(mu_q - mu_p)^2 / var_q": square / var_q,
        "(mu_q - mu_p)^2 / std_p": square / std_p,
        "(mu_q - mu_p)^2 / var_p^2": square / var_p**2,
        "(mu_q - mu_p)^2 var_p": square * var_p,
        "|mu_q - mu_p| / var_p": np.abs(mu_q - mu_p) / var_p,
        "|mu_q - mu_p| / std_p": np.abs(mu_q - mu_p) / std_p,
        "(mu_q - mu_p) / var_p": (mu_q - mu_p) / var_p,
        "(mu_q + mu_p)^2 / var_p": (mu_q + mu_p) ** 2 / var_p,
        "mu_q^2": mu_q**2,
        "mu_q^2 / var_p": mu_q**2 / var_p,
        "mu_p^2 / var_p": mu_p**2 / var_p,
    }
    counts = _counts(mu_q, "-1/2")
    return {"terms": _terms(expected, others) | counts, "scales": _scales(mu_q)}


def _other_divergences(i: Inputs) -> Made:
    mu_q, logvar_q, mu_p, logvar_p = (i[name] for name in _GAUSSIANS)
    zeros = np.zeros_like(mu_q)
    bases = {
        "KL(q || p)": _divergence(mu_q, logvar_q, mu_p, logvar_p),
        "KL(p || q)": _divergence(mu_p, logvar_p, mu_q, logvar_q),
        "KL(q || N(0, I))": _divergence(mu_q, logvar_q, zeros, zeros),
        "KL(p || N(0, I))": _divergence(mu_p, logvar_p, zeros, zeros),
        "KL(q || p) with exp(logvar) for the standard deviations":
            _divergence(mu_q, 2 * logvar_q, mu_p, 2 * logvar_p),
        "KL(q || p) without the means": _divergence(zeros, logvar_q, zeros, logvar_p),
        "KL(q || p) with the variance of q for both": _divergence(mu_q, logvar_q, mu_p, logvar_q),
    }  # fmt: skip
    both = bases["KL(q || p)"] + bases["KL(p || q)"]
    return {"bases": bases | {"KL(q || p) + KL(p || q)": both}, "factors": _scales(mu_q)}


def _divergence(
    mu_q: np.ndarray, logvar_q: np.ndarray, mu_p: np.ndarray, logvar_p: np.ndarray
) -> np.ndarray:
    ratio = (np.exp(logvar_q) + (mu_q - mu_p) ** 2) * np.exp(-logvar_p)
    return 0.5 * _rows(logvar_p - logvar_q - 1 + ratio).sum(axis=1)


def _kl_mc_points(i: Inputs) -> Made:
    """All noise equals one constant c; estimates at other points than mu_q + std_q c."""
    if "constant" not in i:
        return {}
    mu_q, logvar_q, mu_p, logvar_p = (i[name] for name in _GAUSSIANS)
    std_q, c = np.exp(logvar_q / 2), float(i["constant"])
    points = {
        "mu_q + std_q eps": mu_q + std_q * c,
        "mu_q, where nothing is drawn": mu_q,
        "mu_q + var_q eps": mu_q + std_q**2 * c,
        "mu_q + eps": mu_q + c,
        "mu_q + logvar_q eps": mu_q + logvar_q * c,
        "mu_q - std_q eps": mu_q - std_q * c,
        "eps": np.full_like(mu_q, c),
        "std_q eps": std_q * c,
        "mu_p": mu_p,
        "mu_p + std_p eps": mu_p + np.exp(logvar_p / 2) * c,
    }
    bases = {
        f"the estimate at z = {name}": _log_ratio(point, mu_q, logvar_q, mu_p, logvar_p)
        for name, point in points.items()
    }
    return {"bases": bases, "factors": _scales(mu_q)}


def _log_ratio(
    z: np.ndarray, mu_q: np.ndarray, logvar_q: np.ndarray, mu_p: np.ndarray, logvar_p: np.ndarray
) -> np.ndarray:
    """log q(z) - log p(z), (batch,)."""
    quadratic = (z - mu_p) ** 2 * np.exp(-logvar_p) - (z - mu_q) ** 2 * np.exp(-logvar_q)
    return 0.5 * _rows(logvar_p - logvar_q + quadratic).sum(axis=1)


def _kl_mc_terms(i: Inputs) -> Made:
    """What log q(z) - log p(z) consists of at the right points."""
    if "constant" not in i:
        return {}
    mu_q, logvar_q, mu_p, logvar_p = (i[name] for name in _GAUSSIANS)
    var_q, var_p, c = np.exp(logvar_q), np.exp(logvar_p), float(i["constant"])
    std_q, std_p = np.sqrt(var_q), np.sqrt(var_p)
    z = mu_q + std_q * c
    expected = {
        "logvar_p": ("1/2", logvar_p),
        "logvar_q": ("-1/2", logvar_q),
        "(z - mu_q)^2 / var_q": ("-1/2", np.full_like(z, c**2)),
        "(z - mu_p)^2 / var_p": ("1/2", (z - mu_p) ** 2 / var_p),
    }
    others = {
        "(z - mu_q)^2": (z - mu_q) ** 2,
        "(z - mu_p)^2": (z - mu_p) ** 2,
        "(z - mu_q)^2 / std_q": (z - mu_q) ** 2 / std_q,
        "(z - mu_p)^2 / std_p": (z - mu_p) ** 2 / std_p,
        "(z - mu_q)^2 / var_q^2": (z - mu_q) ** 2 / var_q**2,
        "(z - mu_p)^2 / var_p^2": (z - mu_p) ** 2 / var_p**2,
        "(z - mu_p)^2 / var_q": (z - mu_p) ** 2 / var_q,
        "(z - mu_q)^2 / var_p": (z - mu_q) ** 2 / var_p,
        "|z - mu_p| / std_p": np.abs(z - mu_p) / std_p,
        "z^2 / var_p": z**2 / var_p,
        "z^2": z**2,
        "log(2 pi) for every feature": np.full_like(z, _LOG_2_PI),
    }
    return {"terms": _terms(expected, others), "scales": _scales(mu_q)}


def _loss(i: Inputs) -> Made:
    """Sums and means of both parts, each over the batch, over pixels or features, or over all."""
    batch = len(i["mu"])
    recon, x, mu, logvar = (_rows(i[name].reshape(batch, -1)) for name in
                            ("recon_x", "x", "mu", "logvar"))  # fmt: skip
    error = -(x * np.log(recon) + (1 - x) * np.log1p(-recon)).sum()
    errors = _reduced("the reconstruction error", error, batch, "pixels", recon.shape[1])
    errors |= {"the squared error": ((recon - x) ** 2).sum(),
               "the mean squared error": ((recon - x) ** 2).mean()}  # fmt: skip
    kl = 0.5 * (np.exp(logvar) + mu**2 - 1 - logvar).sum()
    divergences = _reduced("the divergence", kl, batch, "features", mu.shape[1])
    divergences |= {"twice the divergence": 2 * kl, "half the divergence": kl / 2}
    found = {}
    for (a, one), (b, two) in itertools.product(errors.items(), divergences.items()):
        found |= {f"{a} plus {b}": one + two, f"{a} minus {b}": one - two}
    return {"bases": {name: np.float64(value) for name, value in (errors | found).items()}}


def _reduced(name: str, total: float, batch: int, parts: str, size: int) -> dict[str, float]:
    return {
        name: total,
        f"{name} averaged over the batch": total / batch,
        f"{name} averaged over {parts}": total / size,
        f"{name} averaged over the batch and over {parts}": total / size / batch,
    }


BERNOULLI = (Ingredients("value", _bernoulli),)
NORMAL = (Ingredients("value", _normal),)
LOG_MEAN_EXP = (Ingredients("value", _log_mean_exp),)
KL_ANALYTIC = (Ingredients("value", _other_divergences), Ingredients("value", _kl))
KL_MC = (Ingredients("value", _kl_mc_points), Ingredients("value", _kl_mc_terms))
LOSS = (Ingredients("value", _loss),)
