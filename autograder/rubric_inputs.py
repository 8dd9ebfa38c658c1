"""Input generators for rubrics: values, seeds, constants and times."""

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
