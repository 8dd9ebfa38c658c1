"""Input generators that rubrics share: values, seeds, times, and the tables of given numbers."""

from __future__ import annotations

import numpy as np

from homework.redirect import Streams

Random = np.random.RandomState


def values(random: Random, *shape: int, scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
    """Normal numbers."""
    return shift + scale * random.standard_normal(shape)


def probabilities(random: Random, *shape: int, scale: float = 1.5) -> np.ndarray:
    """Numbers inside (0.004, 0.996); the larger the scale, the nearer to the ends."""
    return 1.0 / (1.0 + np.exp(-np.clip(scale * random.standard_normal(shape), -5.5, 5.5)))


def seed(random: Random) -> int:
    """A seed for `homework.randomizer.replay`."""
    return int(random.randint(1, 2**31 - 1))


def seed_with_times(random: Random, n_steps: int, batch: int) -> int:
    """A seed under which a first draw of `batch` times has both 0 and n_steps - 1 among them."""
    while True:
        found = seed(random)
        drawn = Streams(found).integers(0, n_steps, batch)
        if drawn.min() == 0 and drawn.max() == n_steps - 1:
            return found


def constant(random: Random) -> float:
    """What all noise of a case equals: far from 0 and 1, where wrong formulas may look right."""
    return float(random.choice((-1, 1)) * random.uniform(0.5, 0.8))


def times(random: Random, n_steps: int, batch: int, *fixed: int) -> np.ndarray:
    """(batch,) different times in [1, n_steps - 1), after those that are fixed."""
    others = np.setdiff1d(np.arange(1, n_steps - 1), fixed)
    drawn = random.choice(others, batch - len(fixed), replace=False)
    return np.concatenate([np.array(fixed, dtype=np.int64), drawn])


def timed_weight(random: Random, channels: int) -> np.ndarray:
    """(2, channels) parameters of the small `eps_model(xt, t)` of the probes."""
    return np.stack([random.uniform(0.5, 1.2, channels), random.uniform(0.5, 1.2, channels)])


def ddpm_schedule(n_steps: int) -> dict[str, np.ndarray]:
    """beta, alpha and alpha_bar in float64, (n_steps,) each."""
    beta = np.linspace(1e-4, 0.02, n_steps)
    return {"beta": beta, "alpha": 1.0 - beta, "alpha_bar": np.cumprod(1.0 - beta)}


def ddpm_tables(n_steps: int, *methods: str) -> dict[str, np.ndarray]:
    """Tables for the named methods, as `GivenDDPM` reads them; of all, with the schedule, if none.

    Method and term of each: `homework.probes.given.Given`.
    """
    schedule = ddpm_schedule(n_steps)
    beta, alpha, alpha_bar = schedule["beta"], schedule["alpha"], schedule["alpha_bar"]
    tables = {
        "q_xt_x0.x0": np.sqrt(alpha_bar),
        "q_xt_x0.second": 1.0 - alpha_bar,
        "q_sample.x0": np.sqrt(alpha_bar),
        "q_sample.eps": np.sqrt(1.0 - alpha_bar),
        "p_xt_prev_xt.xt": 1.0 / np.sqrt(alpha),
        "p_xt_prev_xt.eps_model": -beta / np.sqrt(1.0 - alpha_bar) / np.sqrt(alpha),
        "p_xt_prev_xt.second": beta,
    }
    for term in ("xt", "eps_model"):
        tables[f"p_sample.{term}"] = tables[f"p_xt_prev_xt.{term}"]
    tables["p_sample.draw"] = np.sqrt(beta) * (np.arange(n_steps) > 0)
    chosen = {key: table for key, table in tables.items() if key.partition(".")[0] in methods}
    return {f"given_{name}": table for name, table in (chosen or schedule | tables).items()}
