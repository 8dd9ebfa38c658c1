# Copied by `autograder release`; change the original:
# solutions/shared/diffusion/provided/homework/sampling.py
"""Drawing more images, or drawing them in fewer steps, with a student's `Trainer.sample`.

A diffusion trained with 1000 steps can be sampled with fewer: `respace` makes a copy of it that
visits only some of the times (Nichol & Dhariwal 2021, arXiv:2102.09672, section 4).
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

BATCH = 100  # images drawn at once


def draw(
    trainer: Any,
    count: int,
    n_steps: int | None = None,
    labels: Tensor | None = None,
    cfg_scale: float | None = None,
) -> Tensor:
    """Draw `count` images with `trainer.sample`, in batches.

    n_steps: how many of the diffusion's times are visited, evenly spaced over all of them; None
    visits all. (`trainer.sample(n_steps=...)` itself starts at that time instead.) labels:
    (count,), for a guided model; None gives 0, 1, ..., 9, 0, ... cfg_scale: guidance weight; None
    takes `args.cfg_scale`. Returns (count, channels, height, width) on the trainer's device.
    """
    guided = "labels" in inspect.signature(trainer.sample).parameters
    batches = []
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        with _changed(trainer, size, n_steps):
            if guided:
                every = torch.arange(count) % 10 if labels is None else labels
                some = every[start : start + size].to(trainer.device)
                scale = trainer.args.cfg_scale if cfg_scale is None else cfg_scale
                batches.append(trainer.sample(labels=some, cfg_scale=scale))
            else:
                batches.append(trainer.sample())
    return torch.cat(batches)


def respace(diffusion: Any, n_steps: int) -> Any:
    """A copy of a diffusion that goes from noise to image in `n_steps` of its own steps.

    With a schedule of its own in `beta`, `alpha`, `alpha_bar`, `sigma2` (DDPM), n_steps of its
    times are kept, first and last included, and a new beta is worked out between them, so that
    alpha_bar stays what it was at each. With a schedule that is a function of t / n_steps (CFG),
    only `n_steps` changes. Raises ValueError when n_steps is not from 2 to the diffusion's.
    """
    total = diffusion.n_steps
    if not 2 <= n_steps <= total:
        raise ValueError(f"n_steps must lie in 2..{total}, got {n_steps}")
    fewer = copy.copy(diffusion)
    fewer.n_steps = n_steps
    if not hasattr(diffusion, "alpha_bar"):
        return fewer
    times = torch.linspace(0, total - 1, n_steps, device=diffusion.alpha_bar.device).round().long()
    fewer.alpha_bar = diffusion.alpha_bar[times]
    before = torch.cat([torch.ones_like(fewer.alpha_bar[:1]), fewer.alpha_bar[:-1]])
    fewer.alpha = fewer.alpha_bar / before
    fewer.beta = 1 - fewer.alpha
    # The smaller of the two variances of Ho et al. 2020, section 3.2. For the original small steps
    # they agree; beta of a long step would leave its noise in the picture.
    fewer.sigma2 = fewer.beta * (1 - before) / (1 - fewer.alpha_bar)
    fewer.eps_model = _AtTimes(diffusion.eps_model, times)
    return fewer


class _AtTimes(nn.Module):
    """An eps_model that is asked for step i and answers for time times[i]."""

    def __init__(self, eps_model: nn.Module, times: Tensor) -> None:
        super().__init__()
        self.eps_model = eps_model
        self.times = times

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return self.eps_model(x, self.times[t])


@contextmanager
def _changed(trainer: Any, n_samples: int, n_steps: int | None) -> Iterator[None]:
    """For a while, let the trainer draw `n_samples` images in `n_steps` steps."""
    from homework.args import with_settings

    args, diffusion = trainer.args, trainer.diffusion
    if n_steps is not None and n_steps != diffusion.n_steps:
        trainer.diffusion = respace(diffusion, n_steps)
    trainer.args = with_settings(args, n_samples=n_samples, n_steps=trainer.diffusion.n_steps)
    trainer.eps_model.eval()
    try:
        yield
    finally:
        trainer.args, trainer.diffusion = args, diffusion
