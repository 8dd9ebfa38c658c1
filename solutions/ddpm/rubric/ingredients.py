"""What wrong results of assignment 2 may be made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.rubric import Ingredients
from autograder.rubric_losses import losses

from .inputs import schedule_of

Inputs = Mapping[str, np.ndarray]
Made = dict[str, dict[str, Any]]


def _schedule(i: Inputs, t: np.ndarray) -> dict[str, np.ndarray]:
    """Entries of the schedule at the times t, and at the times before them, (batch, 1, 1, 1)."""
    known = schedule_of(int(i["n_steps"]))
    alpha_bar = known["alpha_bar"]
    before = np.where(t > 0, alpha_bar[np.maximum(t - 1, 0)], 1.0)
    found = {
        "beta_t": known["beta"][t],
        "alpha_t": known["alpha"][t],
        "alpha_bar_t": alpha_bar[t],
        "1 - alpha_bar_t": 1.0 - alpha_bar[t],
        "alpha_bar_{t-1}": before,
        "1 - alpha_bar_{t-1}": 1.0 - before,
    }
    return {name: array.reshape(-1, 1, 1, 1) for name, array in found.items()}


def _forward(i: Inputs) -> Made:
    after = np.minimum(i["t"] + 1, int(i["n_steps"]) - 1)
    later = {"alpha_bar_{t+1}": schedule_of(int(i["n_steps"]))["alpha_bar"][after]}
    later["1 - alpha_bar_{t+1}"] = 1.0 - later["alpha_bar_{t+1}"]
    factors = _schedule(i, i["t"])
    return {"factors": factors | {n: a.reshape(-1, 1, 1, 1) for n, a in later.items()}}


def _forward_mean(i: Inputs) -> Made:
    return {"images": {"x_0": i["x0"]}} | _forward(i)


def _noisy(i: Inputs) -> Made:
    eps = i["eps"] if "eps" in i else np.full_like(i["x0"], float(i["constant"]))
    return {"images": {"x_0": i["x0"], "the noise": eps}} | _forward(i)


def predicted(i: Inputs, x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """What the network of the probes answers, in float64."""
    import torch  # takes seconds

    from homework.probes.given import TimedEps

    with torch.no_grad():
        return TimedEps(torch.tensor(i["weight"]))(torch.tensor(x), torch.tensor(t)).numpy()


def _reverse_variance(i: Inputs) -> Made:
    return {"factors": _schedule(i, i["t"])}


def _reverse_mean(i: Inputs) -> Made:
    images = {"x_t": i["xt"], "the predicted noise": predicted(i, i["xt"], i["t"])}
    return {"images": images, "factors": _schedule(i, i["t"])}


def _reverse_draw(i: Inputs) -> Made:
    known, t = schedule_of(int(i["n_steps"])), i["t"]
    at = {name: table[t].reshape(-1, 1, 1, 1) for name, table in known.items()}
    eps = predicted(i, i["xt"], t)
    mean = (i["xt"] - at["beta"] / np.sqrt(1 - at["alpha_bar"]) * eps) / np.sqrt(at["alpha"])
    noise = np.full_like(mean, float(i["constant"]))
    images = {"the mean of the step": mean, "x_t": i["xt"], "the noise": noise}
    return {"images": images, "factors": _schedule(i, t)}


def _times(i: Inputs) -> np.ndarray:
    """The times that the loss draws."""
    from homework.redirect import Streams  # imports torch, which takes seconds

    return Streams(int(i["seed"])).integers(0, int(i["n_steps"]), len(i["x0"]))


def _loss(i: Inputs) -> Made:
    x0, t = i["x0"], _times(i)
    noise = i["noise"] if "noise" in i else np.full_like(x0, float(i.get("constant", 0.0)))
    alpha_bar = schedule_of(int(i["n_steps"]))["alpha_bar"]
    last = int(i["n_steps"]) - 1

    def noised(times: np.ndarray, signal: float = 0.5, spread: float = 0.5) -> np.ndarray:
        level = alpha_bar[times].reshape(-1, 1, 1, 1)
        return level**signal * x0 + (1 - level) ** spread * noise

    xt = noised(t)
    fed = {
        "x_t": xt,
        "x_0": x0,
        "noise": noise,
        "x_0 + noise": x0 + noise,
        "x_t with 1 - alpha_bar_t for its root": noised(t, 0.5, 1.0),
        "x_t without square roots": noised(t, 1.0, 1.0),
        "x_t at t - 1": noised(np.maximum(t - 1, 0)),
        "x_t at t + 1": noised(np.minimum(t + 1, last)),
    }
    errors = {
        f"noise - eps_model({name}, t)": noise - predicted(i, image, t)
        for name, image in fed.items()
    }
    guess = predicted(i, xt, t)
    errors |= {
        f"noise - eps_model(x_t, {name})": noise - predicted(i, xt, time)
        for name, time in (("t - 1", np.maximum(t - 1, 0)), ("t + 1", t + 1), ("0", 0 * t))
    }
    errors |= {
        "x_0 - eps_model(x_t, t)": x0 - guess,
        "x_t - eps_model(x_t, t)": xt - guess,
        "noise + eps_model(x_t, t)": noise + guess,
    }
    return losses(errors, x0.shape)


Q_XT_X0 = (Ingredients("mean", _forward_mean), Ingredients("var", _forward))
Q_SAMPLE = (Ingredients("value", _noisy),)
P_XT_PREV_XT = (Ingredients("mean", _reverse_mean), Ingredients("var", _reverse_variance))
P_SAMPLE = (Ingredients("value", _reverse_draw),)
LOSS = (Ingredients("value", _loss),)
