"""What wrong results of assignment 3 may be made of."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.rubric import Ingredients
from autograder.rubric_losses import losses

from . import levels as lv

Inputs = Mapping[str, np.ndarray]
Made = dict[str, dict[str, Any]]
Image = Callable[[np.ndarray], np.ndarray]
Run = tuple[Callable[..., np.ndarray], Callable[..., np.ndarray], tuple[str, str, str]]


def _schedule(i: Inputs) -> Made:
    """Schedules that go another way, count otherwise, or have another form."""
    t, n = i["t"].astype(np.float64), float(i["n_steps"])
    times = {
        "t / n_steps": t / n,
        "t / (n_steps - 1)": t / max(n - 1, 1),
        "(t + 1) / n_steps": (t + 1) / n,
        "(t + 1) / (n_steps + 1)": (t + 1) / (n + 1),
        "1 - t / n_steps": 1 - t / n,
        "1 - t / (n_steps - 1)": 1 - t / max(n - 1, 1),
        "t": t,
    }
    low, high = np.arctan(np.exp(-10.0)), np.arctan(np.exp(10.0))
    wide, narrow = np.arctan(np.exp(-20.0)), np.arctan(np.exp(20.0))
    angles = {
        "-2 log tan(a u + b)": lambda u: -2 * np.log(np.tan((high - low) * u + low)),
        "the straight line from 20 to -20": lambda u: 20 - 40 * u,
        "the straight line from -20 to 20": lambda u: 40 * u - 20,
        "log tan(a u + b)": lambda u: np.log(np.tan((high - low) * u + low)),
        "-2 log(a u + b)": lambda u: -2 * np.log((high - low) * u + low),
        "-2 log10 tan(a u + b)": lambda u: -2 * np.log10(np.tan((high - low) * u + low)),
        "-2 log tan(a u)": lambda u: -2 * np.log(np.tan((high - low) * u)),
        "-2 log tan(a u + b), where a is not reduced by b": lambda u: (
            -2 * np.log(np.tan(high * u + low))
        ),
        "-2 log tan(a u + b), where lambda is not halved in a and b": lambda u: (
            -2 * np.log(np.tan((narrow - wide) * u + wide))
        ),
        "-2 log tan(a u + b), where a and b have changed places": lambda u: (
            -2 * np.log(np.tan(low * u + high - low))
        ),
        "-2 log tan(a u + b), where tan is given degrees": lambda u: (
            -2 * np.log(np.tan(np.degrees((high - low) * u + low)))
        ),
        "-2 log tan(pi u / 2)": lambda u: -2 * np.log(np.tan(np.pi * u / 2)),
        "2 log cos(a u + b)": lambda u: 2 * np.log(np.cos((high - low) * u + low)),
        "tan(a u + b)": lambda u: np.tan((high - low) * u + low),
        "a u + b": lambda u: (high - low) * u + low,
        "lambda_max (1 - u)": lambda u: 20 * (1 - u),
    }
    with np.errstate(all="ignore"):
        bases = {
            f"{form}, with u = {name}": curve(u).reshape(-1, 1, 1, 1)
            for (name, u), (form, curve) in itertools.product(times.items(), angles.items())
        }
    return {"bases": bases}


def _levels(i: Inputs) -> Made:
    level = i["lambda_t"]
    return {
        "factors": {
            "sigmoid(lambda)": 1 / (1 + np.exp(-level)),
            "sigmoid(-lambda)": 1 / (1 + np.exp(level)),
        }
    }


def _odd_levels(i: Inputs) -> Made:
    level = i["lambda_t"]
    alpha, sigma = lv.alpha_of(level), lv.sigma_of(level)
    bases = {
        "lambda": level,
        "exp(lambda)": np.exp(level),
        "exp(lambda / 2)": np.exp(level / 2),
        "exp(-lambda)": np.exp(-level),
        "sigmoid(lambda / 2)": 1 / (1 + np.exp(-level / 2)),
        "sigmoid(-lambda / 2)": 1 / (1 + np.exp(level / 2)),
        "sigmoid(2 lambda)": 1 / (1 + np.exp(-2 * level)),
        "sigmoid(-2 lambda)": 1 / (1 + np.exp(2 * level)),
        "sqrt(sigmoid(2 lambda))": np.sqrt(1 / (1 + np.exp(-2 * level))),
        "sqrt(sigmoid(-2 lambda))": np.sqrt(1 / (1 + np.exp(2 * level))),
        "sqrt(sigmoid(lambda / 2))": np.sqrt(1 / (1 + np.exp(-level / 2))),
        "1 - alpha": 1 - alpha,
        "1 - sigma": 1 - sigma,
        "sqrt(1 - alpha)": np.sqrt(1 - alpha),
        "sqrt(1 - alpha^4)": np.sqrt(1 - alpha**4),
        "1 - alpha^4": 1 - alpha**4,
        "1 + exp(-lambda)": 1 + np.exp(-level),
        "tanh(lambda)": np.tanh(level),
        "log(1 + exp(lambda))": np.log1p(np.exp(level)),
        "sqrt(sigmoid(lambda))": alpha,
        "sqrt(sigmoid(-lambda))": sigma,
    }
    return {"bases": bases}


def _pair(i: Inputs) -> dict[str, np.ndarray]:
    level, prim = i["lambda_t"], i["lambda_t_prim"]
    return {
        "alpha": lv.alpha_of(level),
        "alpha'": lv.alpha_of(prim),
        "sigma": lv.sigma_of(level),
        "sigma'": lv.sigma_of(prim),
        "exp(lambda - lambda')": np.exp(level - prim),
        "1 - exp(lambda - lambda')": -np.expm1(level - prim),
    }


def _step_deviation(i: Inputs) -> Made:
    return {"factors": _pair(i)}


def _odd_deviation(i: Inputs) -> Made:
    """Shares other than 1 - exp(lambda - lambda'), times sigma or sigma', with a root or none."""
    at = _pair(i)
    ratio = at["exp(lambda - lambda')"]
    shares = {
        "1 - exp(lambda - lambda')^2": 1 - ratio**2,
        "1 - sqrt(exp(lambda - lambda'))": 1 - np.sqrt(ratio),
        "1 + exp(lambda - lambda')": 1 + ratio,
        "1 - exp(lambda' - lambda)": 1 - 1 / ratio,
        "1 - alpha / alpha'": 1 - at["alpha"] / at["alpha'"],
        "1 - alpha^2 / alpha'^2": 1 - (at["alpha"] / at["alpha'"]) ** 2,
        "1 - sigma' / sigma": 1 - at["sigma'"] / at["sigma"],
        "1 - sigma'^2 / sigma^2": 1 - (at["sigma'"] / at["sigma"]) ** 2,
        "sigma^2 - sigma'^2": at["sigma"] ** 2 - at["sigma'"] ** 2,
        "sigma - sigma'": at["sigma"] - at["sigma'"],
        "alpha'^2 - alpha^2": at["alpha'"] ** 2 - at["alpha"] ** 2,
        "lambda' - lambda": i["lambda_t_prim"] - i["lambda_t"],
    }
    bases = shares | {f"sqrt({name})": np.sqrt(np.abs(share)) for name, share in shares.items()}
    return {"bases": bases, "factors": {name: at[name] for name in ("sigma", "sigma'")}}


def _step_mean(i: Inputs) -> Made:
    return {"images": {"z": i["z"], "x": i["x"]}, "factors": _pair(i)}


def _variances(i: Inputs) -> tuple[np.ndarray, np.ndarray]:
    at = _pair(i)
    share = at["1 - exp(lambda - lambda')"]
    return share * at["sigma"] ** 2, share * at["sigma'"] ** 2


def _interpolated(i: Inputs) -> Made:
    var_q, var_q_x = _variances(i)
    v = float(i.get("v", lv.V))
    means = {}
    for ends, a, b in (("(sigma_q_x^2)", var_q_x, var_q), ("sigma_q_x", var_q_x**0.5, var_q**0.5)):
        other = ends.replace("_x", "")
        means |= {
            f"(1 - v) {ends} + v {other}": (1 - v) * a + v * b,
            f"v {ends} + (1 - v) {other}": v * a + (1 - v) * b,
            f"{ends} + {other}": a + b,
            f"{ends} + v ({other} + {ends})": a + v * (b + a),
            f"(1 - v) {ends} v {other}": (1 - v) * a * v * b,
            f"{ends}^(1 - v) {other}^v": a ** (1 - v) * b**v,
            f"{ends}^v {other}^(1 - v)": a**v * b ** (1 - v),
            f"{ends}^(1 - v) + {other}^v": a ** (1 - v) + b**v,
            f"(1 - v) log({ends}) + v log({other})": (1 - v) * np.log(a) + v * np.log(b),
        }
    bases = means | {f"({name})^2": value**2 for name, value in means.items()}
    return {"bases": bases | {f"sqrt({n})": np.sqrt(np.abs(value)) for n, value in means.items()}}


def _ends(i: Inputs) -> Made:
    var_q, var_q_x = _variances(i)
    return {"factors": {"sigma_q": var_q**0.5, "sigma_q_x": var_q_x**0.5}}


def _draw(i: Inputs) -> Made:
    if "constant" not in i:
        return {}
    var_q, var_q_x = _variances(i)
    noise = np.full_like(i["z"], float(i["constant"]))
    var = var_q_x ** (1 - lv.V) * var_q**lv.V
    factors = {"var_p_theta": var, "sigma_q": var_q**0.5, "sigma_q_x": var_q_x**0.5}
    images = {"z": i["z"], "x_t": i["x"], "the noise": noise}
    return {"images": images, "factors": factors | _pair(i)}


def _noisy(i: Inputs) -> Made:
    images = {"x": i["x"], "the noise": i["noise"]}
    level = i["lambda_t"]
    return {"images": images,
            "factors": {"alpha": lv.alpha_of(level), "sigma": lv.sigma_of(level)}}  # fmt: skip


def _network(i: Inputs) -> Callable[[np.ndarray, np.ndarray | None], np.ndarray]:
    """What the network of the probes answers, in float64."""
    import torch  # takes seconds

    from homework.probes.given import LabelledEps

    eps_model = LabelledEps(torch.tensor(i["weight"]))

    def predict(z: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        with torch.no_grad():
            given = None if labels is None else torch.tensor(labels)
            return eps_model(torch.tensor(z), given).numpy()

    return predict


def _loss(i: Inputs) -> Made:
    from homework.redirect import Streams  # imports torch, which takes seconds

    if "x0" not in i or "calls" in i:  # many calls give many losses, each with times of its own
        return {}
    x0, n = i["x0"], int(i["n_steps"])
    labels = i.get("labels")
    noise = i["noise"] if "noise" in i else np.full_like(x0, float(i.get("constant", 0.0)))
    t = Streams(int(i["seed"])).integers(0, n, len(x0))
    schedule, predict = lv.schedule(n), _network(i)

    def noised(level: np.ndarray, power: float = 1.0) -> np.ndarray:
        level = lv.column(np.minimum(level, 700.0))  # beyond, exp overflows
        return lv.alpha_of(level) ** power * x0 + lv.sigma_of(level) ** power * noise

    z = noised(schedule[t])
    fed = {
        "z": z,
        "x0": x0,
        "noise": noise,
        "x0 + noise": x0 + noise,
        "z at t - 1": noised(schedule[np.maximum(t - 1, 0)]),
        "z at t + 1": noised(schedule[np.minimum(t + 1, n - 1)]),
        "z with alpha^2 and sigma^2": noised(schedule[t], 2.0),
        "z with t for lambda": noised(t.astype(np.float64)),
    }
    errors = {
        f"noise - eps_model({name}, labels)": noise - predict(image, labels)
        for name, image in fed.items()
    }
    guess = predict(z, labels)
    errors |= {
        "noise - eps_model(z, None)": noise - predict(z, None),
        "x0 - eps_model(z, labels)": x0 - guess,
        "z - eps_model(z, labels)": z - guess,
        "noise + eps_model(z, labels)": noise + guess,
    }
    return losses(errors, x0.shape)


_GUIDED: dict[str, Callable[[np.ndarray, np.ndarray, float], np.ndarray]] = {
    "(1 + w) cond - w uncond": lambda c, u, w: (1 + w) * c - w * u,
    "uncond + w (cond - uncond)": lambda c, u, w: u + w * (c - u),
    "w cond + (1 + w) uncond": lambda c, u, w: w * c + (1 + w) * u,
    "(1 + w) cond + w uncond": lambda c, u, w: (1 + w) * c + w * u,
    "w cond - w uncond": lambda c, u, w: w * (c - u),
    "(1 + w) uncond - w cond": lambda c, u, w: (1 + w) * u - w * c,
    "(1 - w) cond + w uncond": lambda c, u, w: (1 - w) * c + w * u,
    "cond": lambda c, u, w: c,
    "uncond": lambda c, u, w: u,
}
_ESTIMATES: dict[str, Callable[..., np.ndarray]] = {
    "(z - sigma eps) / alpha": lambda z, eps, alpha, sigma: (z - sigma * eps) / alpha,
    "z - eps": lambda z, eps, alpha, sigma: z - eps,
    "z - sigma eps": lambda z, eps, alpha, sigma: z - sigma * eps,
    "(z - eps) / alpha": lambda z, eps, alpha, sigma: (z - eps) / alpha,
    "(z - sigma^2 eps) / alpha": lambda z, eps, alpha, sigma: (z - sigma**2 * eps) / alpha,
    "(z + sigma eps) / alpha": lambda z, eps, alpha, sigma: (z + sigma * eps) / alpha,
    "(z - alpha eps) / sigma": lambda z, eps, alpha, sigma: (z - alpha * eps) / sigma,
    "alpha (z - sigma eps)": lambda z, eps, alpha, sigma: alpha * (z - sigma * eps),
    "(z - sigma eps) / alpha^2": lambda z, eps, alpha, sigma: (z - sigma * eps) / alpha**2,
    "z / alpha - sigma eps": lambda z, eps, alpha, sigma: z / alpha - sigma * eps,
    "eps": lambda z, eps, alpha, sigma: eps,
}
_MEAN = ("p_sample.z_lambda_t", "p_sample.x_t")
_STEPS = {
    "p_sample(z, lambda, lambda', x_t)": (*_MEAN, "p_sample.draw"),
    "mu_p_theta without noise": (*_MEAN, ""),
    "mu_p_theta + var_p_theta noise": (*_MEAN, "var_p_theta.value"),
    "mu_p_theta + sigma_q noise": (*_MEAN, "sigma_q.value"),
    "mu_p_theta + sigma_q_x noise": (*_MEAN, "sigma_q_x.value"),
    "x_t": ("", "", ""),
}


def _sampling(i: Inputs) -> Made:
    """Whole runs of the sampler with another guidance, another estimate or another step."""
    if "constant" not in i:
        return {}
    usual = next(iter(_STEPS.values()))
    runs = {
        f"what x_t = {name} with eps = {guided} gives": (mix, estimate, usual)
        for (guided, mix), (name, estimate) in itertools.product(
            _GUIDED.items(), _ESTIMATES.items()
        )
    }
    right = _GUIDED["(1 + w) cond - w uncond"], _ESTIMATES["(z - sigma eps) / alpha"]
    for name, step in list(_STEPS.items())[1:]:
        runs[f"what z' = {name} gives"] = (*right, step)
    with np.errstate(all="ignore"):
        return {"bases": dict(zip(runs, _run(i, list(runs.values()))))}


def _run(i: Inputs, runs: Sequence[Run]) -> np.ndarray:
    """(runs, batch, ...) what the runs end with; the network sees all of them at once."""
    tables = {name.removeprefix("given_"): value for name, value in i.items()}
    at = np.stack([tables["alpha_lambda.value"], tables["sigma_lambda.value"]], axis=1)
    n, predict = int(i.get("asked_steps", i["n_steps"])), _network(i)
    shape = [int(i[name]) for name in ("n_samples", "image_channels", "image_size", "image_size")]
    z = np.full((len(runs), *shape), float(i["constant"]))
    x_t = np.empty_like(z)
    w = float(i.get("cfg_scale", 3.0))
    labels = np.tile(i.get("labels", np.zeros(shape[0], np.int64)), len(runs))
    for t in range(n - 1, -1, -1):
        images = z.reshape(-1, *shape[1:])
        cond, uncond = (predict(images, known).reshape(z.shape) for known in (labels, None))
        for k, (mix, estimate, step) in enumerate(runs):
            eps = mix(cond[k], uncond[k], w)
            x_t[k] = estimate(z[k], eps, *at[t])
            if t:
                mu_z, mu_x, std = (tables[s][t, t - 1] if s else 0.0 for s in step)
                drawn = std * float(i["constant"])
                z[k] = mu_z * z[k] + mu_x * x_t[k] + drawn if step[0] else x_t[k]
    return x_t


GET_LAMBDA = (Ingredients("value", _schedule),)
LEVEL = (Ingredients("value", _levels), Ingredients("value", _odd_levels))
Q_SAMPLE = (Ingredients("value", _noisy),)
DEVIATION = (Ingredients("value", _step_deviation), Ingredients("value", _odd_deviation))
MU_P_THETA = (Ingredients("value", _step_mean),)
VAR_P_THETA = (Ingredients("value", _interpolated), Ingredients("value", _ends))
P_SAMPLE = (Ingredients("value", _draw),)
LOSS = (Ingredients("value", _loss),)
SAMPLE = (Ingredients("value", _sampling),)
