"""Under `replay`, all ways of drawing the same thing give the same numbers."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from homework import randomizer
from homework.randomizer import replay

STEPS, BATCH, SHAPE = 1000, 6, (6, 2, 3, 5)
TIMES: dict[str, Callable[[], Any]] = {
    "torch.randint from 1": lambda: torch.randint(1, STEPS + 1, (BATCH,)) - 1,
    "torch.rand": lambda: (torch.rand(BATCH) * STEPS).long(),
    "torch.rand in double precision": lambda: (torch.rand(BATCH).double() * STEPS).floor(),
    "torch.rand, a column": lambda: (torch.rand(BATCH, 1) * STEPS).long()[:, 0],
    "uniform_": lambda: torch.empty(BATCH).uniform_(0, STEPS).long(),
    "random_": lambda: torch.empty(BATCH, dtype=torch.long).random_(0, STEPS),
    "multinomial": lambda: torch.multinomial(torch.ones(STEPS), BATCH, replacement=True),
    "Categorical": lambda: torch.distributions.Categorical(torch.ones(STEPS)).sample((BATCH,)),
    "np.random.randint": lambda: np.random.randint(0, STEPS, BATCH),
    "np.random.rand": lambda: (np.random.rand(BATCH) * STEPS).astype(int),
    "a numpy generator": lambda: np.random.default_rng().integers(STEPS, size=BATCH),
    "np.random.choice": lambda: np.random.choice(STEPS, BATCH),
    "random.randrange": lambda: [random.randrange(STEPS) for _ in range(BATCH)],
    "random.random": lambda: [int(random.random() * STEPS) for _ in range(BATCH)],
}
NOISE: dict[str, Callable[[], Any]] = {
    "torch.randn": lambda: torch.randn(SHAPE),
    "row by row": lambda: torch.stack([torch.randn(SHAPE[1:]) for _ in range(BATCH)]),
    "normal_": lambda: torch.empty(SHAPE).normal_(),
    "torch.normal": lambda: torch.normal(torch.zeros(SHAPE), torch.ones(SHAPE)),
    "Normal": lambda: torch.distributions.Normal(torch.zeros(SHAPE), 1.0).sample(),
    "np.random.randn": lambda: np.random.randn(*SHAPE),
    "a numpy generator": lambda: np.random.default_rng().standard_normal(SHAPE),
    "random.gauss": lambda: np.reshape([random.gauss(0, 1) for _ in range(180)], SHAPE),
}


STRAY: dict[str, Callable[[], Any]] = {
    "a coin": lambda: torch.rand(1) < 0.1,
    "a coin for each image": lambda: torch.rand(BATCH) < 0.1,
    "bernoulli": lambda: torch.bernoulli(torch.full((BATCH,), 0.1)),
    "randperm": lambda: torch.randperm(BATCH),
    "labels": lambda: torch.randint(0, 10, (BATCH,)),
    "multinomial": lambda: torch.multinomial(torch.ones(10), BATCH, replacement=True),
    "dropout": lambda: torch.nn.functional.dropout(torch.ones(SHAPE)),
    "noise": lambda: torch.randn(SHAPE),
    "uniform noise": lambda: torch.rand(SHAPE),
    "numpy's permutation": lambda: np.random.permutation(BATCH),
    "Python's random": lambda: random.random(),
}


def drawn(draw: Callable[[], Any], seed: int = 7) -> np.ndarray:
    with replay(seed):
        return np.asarray(draw(), dtype=np.float64)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("way", TIMES)
def test_times(way: str, seed: int) -> None:
    expected = drawn(lambda: randomizer.integers(0, STEPS, (BATCH,)), seed)
    assert np.array_equal(drawn(TIMES[way], seed), expected)
    assert len(set(expected)) > 1 and expected.min() >= 0 and expected.max() < STEPS


@pytest.mark.parametrize("way", NOISE)
def test_noise(way: str) -> None:
    expected = drawn(lambda: randomizer.normal(SHAPE))
    np.testing.assert_allclose(drawn(NOISE[way]), expected, rtol=1e-6)
    assert not np.array_equal(expected, drawn(NOISE[way], seed=8))


@pytest.mark.parametrize("stray", STRAY)
def test_a_further_draw_shifts_no_times(stray: str) -> None:
    def twice() -> Any:
        first = randomizer.integers(0, STEPS, (BATCH,))
        STRAY[stray]()
        return torch.stack([first, randomizer.integers(0, STEPS, (BATCH,))])

    expected = drawn(lambda: randomizer.integers(0, STEPS, (2, BATCH)))
    assert np.array_equal(drawn(twice), expected)
