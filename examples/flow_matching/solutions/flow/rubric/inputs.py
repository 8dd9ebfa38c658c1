"""Inputs and arithmetic that the cases share; numbers of axes and sizes differ in every case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.rubric_inputs import Random

Inputs = dict[str, Any]
TIME_SCALE = 1000


def weight(random: Random, channels: int) -> np.ndarray:
    """(2, channels) parameters of the probes' network."""
    return random.uniform(0.5, 1.2, (2, channels))


def times(random: Random, batch: int, only: float | None = None) -> np.ndarray:
    """(batch, 1, 1, 1) times, spread over (0, 1), or one time for all."""
    spread = (random.permutation(batch) + random.uniform(0.2, 0.8, batch)) / batch
    return np.reshape(spread if only is None else np.full(batch, only), (batch, 1, 1, 1))


def predicted(i: Mapping[str, np.ndarray], x: np.ndarray, t: Any) -> np.ndarray:
    """What the network of the probes says, in float64, at times from 0 to 1."""
    scale, shift = np.asarray(i["weight"], float).reshape(2, 1, -1, 1, 1)
    ripple = 0.1 * np.sin(np.arange(x[0, 0].size)).reshape(x.shape[2:])
    count = np.floor(np.asarray(t, np.float32) * np.float32(TIME_SCALE))
    level = np.cos(0.5 + 0.002 * count.astype(float)).reshape(-1, 1, 1, 1)
    return np.tanh(scale * x + shift * level + ripple)
