"""Inputs that the DDPM cases share: weights of the small network, schedules, given tables."""

from __future__ import annotations

import numpy as np

from autograder.rubric_inputs import Random


def timed_weight(random: Random, channels: int) -> np.ndarray:
    """(2, channels) parameters of the small `eps_model(xt, t)` of the probes."""
    return np.stack([random.uniform(0.5, 1.2, channels), random.uniform(0.5, 1.2, channels)])


def schedule_of(n_steps: int) -> dict[str, np.ndarray]:
    """beta, alpha and alpha_bar in float64, (n_steps,) each."""
    beta = np.linspace(1e-4, 0.02, n_steps)
    return {"beta": beta, "alpha": 1.0 - beta, "alpha_bar": np.cumprod(1.0 - beta)}


def tables(n_steps: int, *methods: str) -> dict[str, np.ndarray]:
    """Tables for the named methods, as `GivenDDPM` reads them; of all, with the schedule, if none.

    Method and term of each: `homework.probes.given.Given`.
    """
    schedule = schedule_of(n_steps)
    beta, alpha, alpha_bar = schedule["beta"], schedule["alpha"], schedule["alpha_bar"]
    found = {
        "q_xt_x0.x0": np.sqrt(alpha_bar),
        "q_xt_x0.second": 1.0 - alpha_bar,
        "q_sample.x0": np.sqrt(alpha_bar),
        "q_sample.eps": np.sqrt(1.0 - alpha_bar),
        "p_xt_prev_xt.xt": 1.0 / np.sqrt(alpha),
        "p_xt_prev_xt.eps_model": -beta / np.sqrt(1.0 - alpha_bar) / np.sqrt(alpha),
        "p_xt_prev_xt.second": beta,
    }
    for term in ("xt", "eps_model"):
        found[f"p_sample.{term}"] = found[f"p_xt_prev_xt.{term}"]
    found["p_sample.draw"] = np.sqrt(beta) * (np.arange(n_steps) > 0)
    chosen = {key: table for key, table in found.items() if key.partition(".")[0] in methods}
    return {f"given_{name}": table for name, table in (chosen or schedule | found).items()}
