"""Draws the inputs of the CFG cases: noise levels, and tables that stand for other tasks' results.

The tables are computed here in float64, independently of the reference solution, and belong to
levels that float32 holds exactly. `homework.probes.given.GivenCFG` looks them up.

Reference: Ho & Salimans 2022, "Classifier-Free Diffusion Guidance" (arXiv:2207.12598).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Inputs = dict[str, Any]
Random = np.random.RandomState
Make = Callable[[Random], Inputs]

# Methods that are given to tasks which build on them.
SINGLE = ("alpha_lambda", "sigma_lambda")
STEPS = (*SINGLE, "sigma_q", "sigma_q_x")
ALL = (*STEPS, "mu_p_theta", "var_p_theta")
TRAINING = ("get_lambda", *SINGLE, "q_sample")
SAMPLING = ("get_lambda", *ALL, "q_sample", "p_sample")
V = 0.3  # default weight of the geometric interpolation, eq. 4

# What rubrics share.
LEVEL = ("value", "second")  # outputs that only have to broadcast to (batch, 1, 1, 1)

# Near lambda = 20, sqrt(1 - alpha^2) in float32 is wrong by up to this much, and still accepted.
TRAP = 5e-4

GAPS = (0.4, 3.0)
ORDINARY = "ordinary noise levels"
LOW_NOISE = "hardly any noise: levels near 20, where float32 needs care"
HIGH_NOISE = "hardly any signal: levels near -20"
NEIGHBOURS = "levels of neighbouring times among many"


def exact(values: np.ndarray) -> np.ndarray:
    """float64 values that float32 holds exactly."""
    return np.asarray(values, np.float32).astype(np.float64)


def spread(random: Random, count: int, low: float, high: float) -> np.ndarray:
    """(count,) numbers between low and high in random order, one in each equal part."""
    parts = random.permutation(count) + random.random_sample(count)
    return low + (high - low) * parts / count


def schedule(n_steps: int) -> np.ndarray:
    """(n_steps,) levels of the times 0, ..., n_steps - 1: section 3.1."""
    b = np.arctan(np.exp(-10.0))
    a = np.arctan(np.exp(10.0)) - b
    return exact(-2.0 * np.log(np.tan(a * np.arange(n_steps) / n_steps + b)))


def alpha_of(levels: np.ndarray) -> np.ndarray:
    return np.sqrt(1.0 / (1.0 + np.exp(-levels)))


def sigma_of(levels: np.ndarray) -> np.ndarray:
    return np.sqrt(1.0 / (1.0 + np.exp(levels)))


def tables(levels: np.ndarray, *methods: str) -> Inputs:
    """`given_levels`, (K,), and the tables of methods: (K,) over levels or (K, K) over pairs.

    What the tables are for: `homework.probes.given.Given`.
    """
    found: Inputs = {"given_levels": levels} if methods else {}
    for method in methods:
        for term, table in (_SINGLE | _PAIRS)[method].items():
            if method in _SINGLE:
                found[f"given_{method}.{term}"] = table(levels)
                continue
            level, prim = levels[:, None], levels[None, :]
            # Pairs that are no reverse step get numbers of no meaning: what is drawn is not used.
            unused = 0.5 + 0.01 * (level - prim)
            known = table(np.minimum(level, prim), prim)
            found[f"given_{method}.{term}"] = np.where(level < prim, known, unused)
    return found


def _share(level: np.ndarray, prim: np.ndarray) -> np.ndarray:
    return -np.expm1(level - prim)


def _mu_z(level: np.ndarray, prim: np.ndarray) -> np.ndarray:
    return np.exp(level - prim) * alpha_of(prim) / alpha_of(level)


def _mu_x(level: np.ndarray, prim: np.ndarray) -> np.ndarray:
    return _share(level, prim) * alpha_of(prim)


def _sigma_q(level: np.ndarray, prim: np.ndarray) -> np.ndarray:
    return np.sqrt(_share(level, prim)) * sigma_of(level)


def _sigma_q_x(level: np.ndarray, prim: np.ndarray) -> np.ndarray:
    return np.sqrt(_share(level, prim)) * sigma_of(prim)


def _std(level: np.ndarray, prim: np.ndarray) -> np.ndarray:
    return _sigma_q_x(level, prim) ** (1.0 - V) * _sigma_q(level, prim) ** V


Table = Callable[..., np.ndarray]
_SINGLE: dict[str, dict[str, Table]] = {
    "get_lambda": {"value": np.array},
    "alpha_lambda": {"value": alpha_of},
    "sigma_lambda": {"value": sigma_of},
    "q_sample": {"x": alpha_of, "noise": sigma_of},
}
_PAIRS: dict[str, dict[str, Table]] = {
    "sigma_q": {"value": _sigma_q},
    "sigma_q_x": {"value": _sigma_q_x},
    "mu_p_theta": {"z_lambda_t": _mu_z, "x": _mu_x},
    "var_p_theta": {"value": lambda level, prim: _std(level, prim) ** 2},
    "p_sample": {"z_lambda_t": _mu_z, "x_t": _mu_x, "draw": _std},
}


def column(values: np.ndarray) -> np.ndarray:
    """(batch,) as (batch, 1, 1, 1)."""
    return np.reshape(values, (-1, 1, 1, 1))


def network(random: Random, channels: int = 1) -> np.ndarray:
    """(12, channels) weights of `LabelledEps`: scale, ten labels, no label."""
    weight = random.standard_normal((12, channels))
    weight[0] = random.uniform(0.4, 0.9, channels)
    return weight


def labels(random: Random, count: int) -> np.ndarray:
    """(count,) labels, all different."""
    return random.permutation(10)[:count]


def images(random: Random, *shape: int) -> np.ndarray:
    return random.uniform(-1.0, 1.0, shape)


def times(n_steps: int, batch: int, *among: int) -> Make:
    """Times t of a batch in random order, the times `among` included."""

    def make(random: Random) -> Inputs:
        rest = random.randint(0, n_steps, batch - len(among))
        t = random.permutation(np.concatenate([np.array(among, dtype=np.int64), rest]))
        return {"n_steps": n_steps, "weight": network(random), "t": t}

    return make


def level(batch: int, low: float, high: float, *given: str) -> Make:
    """Levels of a batch between low and high."""

    def make(random: Random) -> Inputs:
        lam = exact(spread(random, batch, low, high))
        inputs = {"n_steps": 100 + batch, "weight": network(random), "lambda_t": column(lam)}
        return inputs | tables(lam, *given)

    return make


def latent(shape: tuple[int, ...], low: float, high: float) -> Make:
    """Images, levels between low and high, and noise."""

    def make(random: Random) -> Inputs:
        inputs = level(shape[0], low, high, *SINGLE)(random)
        noise = random.standard_normal(shape)
        return inputs | {"x": images(random, *shape), "noise": noise}

    return make


def pair(batch: int, low: float, high: float, gaps: tuple[float, float], *given: str) -> Make:
    """Pairs of levels: lambda between low and high, lambda' larger by one of the gaps."""

    def make(random: Random) -> Inputs:
        lam = exact(spread(random, batch, low, high))
        prim = exact(lam + spread(random, batch, *gaps))
        inputs = {"n_steps": 100 + batch, "weight": network(random)}
        inputs |= {"lambda_t": column(lam), "lambda_t_prim": column(prim)}
        return inputs | tables(np.concatenate([lam, prim]), *given)

    return make


def neighbours(batch: int, *given: str, n_steps: int = 1000) -> Make:
    """Pairs of levels of times t and t - 1 among many."""

    def make(random: Random) -> Inputs:
        lam = schedule(n_steps)
        t = spread(random, batch, 0.1 * n_steps, 0.9 * n_steps).astype(int)
        inputs = {"n_steps": n_steps, "weight": network(random)}
        inputs |= {"lambda_t": column(lam[t]), "lambda_t_prim": column(lam[t - 1])}
        return inputs | tables(np.concatenate([lam[t], lam[t - 1]]), *given)

    return make


def interpolated(pairs: Make, v: float | None = None) -> Make:
    """Pairs of levels with a weight v, drawn between 0.5 and 0.9 where none is named."""

    def make(random: Random) -> Inputs:
        return pairs(random) | {"v": random.uniform(0.5, 0.9) if v is None else v}

    return make


def step(shape: tuple[int, ...], pairs: Make, constant: float | None = None) -> Make:
    """Latents, images and levels of a reverse step; `seed` for draws where no constant is named."""

    def make(random: Random) -> Inputs:
        inputs = pairs(random) | {"x": 0.8 * random.standard_normal(shape)}
        inputs["z"] = random.standard_normal(shape)
        if constant is None:
            return inputs | {"seed": random.randint(1, 2**31 - 1)}
        return inputs | {"constant": constant}

    return make


def training(
    shape: tuple[int, ...], n_steps: int, labelled: bool = True, constant: float | None = None
) -> Make:
    """A batch for the loss, with noise unless a constant stands for all draws."""

    def make(random: Random) -> Inputs:
        inputs = {"n_steps": n_steps, "weight": network(random, shape[1])}
        inputs |= {"x0": images(random, *shape), "seed": seed_of_times(random, n_steps, shape[0])}
        inputs |= {"labels": labels(random, shape[0])} if labelled else {}
        noise = random.standard_normal(shape)
        inputs |= {"noise": noise} if constant is None else {"constant": constant}
        return inputs | tables(schedule(n_steps), *TRAINING)

    return make


def training_draws(shape: tuple[int, ...], n_steps: int) -> Make:
    """A batch for the loss; the times of three calls are not near 0, where noise is too small."""

    def make(random: Random) -> Inputs:
        inputs = training(shape, n_steps)(random)
        del inputs["noise"]
        return inputs | {"seed": seed_of_times(random, n_steps, 3 * shape[0], n_steps // 3)}

    return make


def training_often(shape: tuple[int, ...], n_steps: int, calls: int = 24) -> Make:
    """A batch for the loss, and a seed under which coins of any kind fall on both sides."""

    def make(random: Random) -> Inputs:
        inputs = training(shape, n_steps)(random)
        return inputs | {"seed": seed_of_coins(random, calls), "calls": calls}

    return make


def seed_of_coins(random: Random, count: int) -> int:
    """A seed under which some of the first uniform numbers are near 0 and some near 1."""
    from homework.redirect import Streams

    while True:
        seed = int(random.randint(1, 2**31 - 1))
        drawn = Streams(seed).uniform((count,))
        if drawn.min() < 0.05 and drawn.max() > 0.95:
            return seed


def loss_moments(inputs: Mapping[str, np.ndarray]) -> dict[str, tuple[Any, Any]]:
    """Mean and standard deviation of the losses of three calls, by simulation."""
    from homework.redirect import Streams

    x0, weight = (np.asarray(inputs[name], float) for name in ("x0", "weight"))
    n_steps, batch = int(inputs["n_steps"]), len(x0)
    drawn = Streams(int(inputs["seed"])).integers(0, n_steps, 3 * batch).reshape(3, batch)
    place = 0.1 * np.sin(np.arange(x0[0, 0].size)).reshape(x0.shape[2:])
    shift = weight[1 + np.asarray(inputs["labels"])][:, :, None, None] + place
    noise = np.random.RandomState(0).standard_normal((400, *x0.shape))
    found = []
    for t in drawn:
        lam = column(np.asarray(inputs["given_levels"], float)[t])
        z = alpha_of(lam) * x0 + sigma_of(lam) * noise
        error = noise - np.tanh(weight[0].reshape(-1, 1, 1) * z + shift)
        loss = (error**2).sum(axis=(2, 3, 4)).mean(axis=1)
        found.append((loss.mean(), loss.std()))
    means, stds = zip(*found)
    return {"noise_value": (np.array(means), np.array(stds))}


def seed_of_times(random: Random, n_steps: int, count: int, least: int = 0) -> int:
    """A seed under which the first `count` times are at least `least`, and not all the same."""
    from homework.redirect import Streams  # here, because it imports torch, which takes seconds

    while True:
        seed = int(random.randint(1, 2**31 - 1))
        t = Streams(seed).integers(0, n_steps, count)
        if t.min() >= least and np.ptp(t) > 1:
            return seed


def sampling(
    shape: tuple[int, int, int, int],
    n_steps: int,
    constant: float,
    labelled: bool = True,
    **more: Any,
) -> Make:
    """Settings of the sampler; without labels the network knows only whether there is one.

    Args:
        more: `cfg_scale` and `asked_steps`; left at their defaults where not named.
    """

    def make(random: Random) -> Inputs:
        weight = network(random, shape[1])
        inputs = {"n_steps": n_steps, "constant": constant, "weight": weight, **_sizes(shape)}
        if labelled:
            inputs |= {"labels": labels(random, shape[0])}
        else:
            weight[1:11] = weight[1]
            weight[11] = weight[1] + random.uniform(0.5, 1.0, shape[1])
        return inputs | more | tables(schedule(n_steps), *SAMPLING)

    return make


def sampling_draws(shape: tuple[int, int, int, int], n_steps: int) -> Make:
    """A sampler with real noise, around a network that answers the same for all z and labels.

    A reverse step without noise is then z' = step_scale z + step_shift, whatever the weight of the
    guidance. The step to t = 0 is left out: its noise is too small to be seen in float32.
    """

    def make(random: Random) -> Inputs:
        weight = np.zeros((12, shape[1]))
        weight[1:] = random.uniform(-1.0, 1.0, shape[1])
        lam = schedule(n_steps)
        known = tables(lam, *SAMPLING)
        place = np.arange(shape[2] * shape[3]).reshape(shape[2:])
        eps = np.tanh(weight[1].reshape(-1, 1, 1) + 0.1 * np.sin(place))
        t = np.arange(n_steps - 1, 1, -1)
        mu_z, mu_x, std = (f(lam[t], lam[t - 1]) for f in (_mu_z, _mu_x, _std))
        slope = -mu_x * sigma_of(lam[t]) / alpha_of(lam[t])
        inputs = {"n_steps": n_steps, "weight": weight, "labels": labels(random, shape[0])}
        inputs |= {"seed": random.randint(1, 2**31 - 1), "step_std": std, **_sizes(shape)}
        inputs |= {"step_scale": mu_z + mu_x / alpha_of(lam[t])}
        return inputs | known | {"step_shift": slope.reshape(-1, 1, 1, 1) * eps}

    return make


def _sizes(shape: tuple[int, int, int, int]) -> Inputs:
    return {"n_samples": shape[0], "image_channels": shape[1], "image_size": shape[2]}
