"""Training of a velocity network with a student's `FlowMatching`, and sampling by its steps."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from homework import checkpoints, devices
from homework.datasets import Images, ImageSet
from homework.flow_net import VelocityNet
from homework.loop import Loop


@dataclass
class FlowRun:
    """A trained flow with its history, one dict an epoch; losses there are for a pixel."""

    flow: Any
    model: nn.Module
    history: list[dict[str, float]]
    images: Images
    samples_by_epoch: dict[int, Tensor] = field(default_factory=dict)


class _Portions:
    """Batches without end: each pass over this gives the next `steps` of them.

    So an "epoch" of the loop is equally long, however many images there are.
    """

    def __init__(self, images: ImageSet, batch_size: int, steps: int) -> None:
        self.steps, self._batches = steps, self._endless(images, batch_size)

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return itertools.islice(self._batches, self.steps)

    @staticmethod
    def _endless(images: ImageSet, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            yield from images.batches(batch_size)


def train_flow(
    flow_class: Any,
    args: Any,
    images: Images,
    checkpoint: str | os.PathLike[str] | None = None,
    show: bool = True,
) -> FlowRun:
    """Train a `VelocityNet` with `FlowMatching.loss`: `args.steps` steps in `args.epochs` parts.

    flow_class: the student's `FlowMatching`. checkpoint: a file to write to and, when it exists, to
    go on from. After each part a few images are drawn with `euler_step`, if it is filled in. Raises
    TrainingError when the loss is not what it should be.
    """
    device = devices.prepare(args.device)
    model = VelocityNet(args.image_channels, args.width).to(device)
    run = FlowRun(flow_class(model, device), model, [], images)

    def loss_of(batch: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        loss = run.flow.loss(batch)
        return loss, loss / batch[0].numel() if isinstance(loss, Tensor) else loss

    def after_epoch(entry: dict[str, float]) -> None:
        start = starting_noise(args.n_samples, args)
        with contextlib.suppress(NotImplementedError):  # the loss can be trained before that
            drawn = walk(run.flow.euler_step, start, args.sample_steps)
            run.samples_by_epoch[int(entry["epoch"])] = drawn.cpu()

    loop = Loop(model, loss_of, args, device)
    loop.samples = run.samples_by_epoch
    run.history = loop.history
    path = Path(checkpoint) if checkpoint else None
    if path and path.is_file():
        checkpoints.load(path, loop)
    portions = _Portions(images.train, args.batch_size, max(1, args.steps // args.epochs))
    loop.run(portions, args.epochs, after_epoch, path, 1, show)
    return run


def starting_noise(count: int, args: Any, seed: int = 0) -> Tensor:
    """(count, channels, size, size) noise at t = 1: the same for one seed, on every device."""
    shape = (count, args.image_channels, args.image_size, args.image_size)
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator).to(args.device)


@torch.no_grad()
def walk(step: Any, start: Tensor, count: int, keep: list[Tensor] | None = None) -> Tensor:
    """Images at t = 0, from noise at t = 1, by `count` equal steps `step(x_t, t, dt)`.

    keep: takes the images before each step, and the last ones.
    """
    x, dt = start, -1.0 / count
    for index in range(count):
        if keep is not None:
            keep.append(x.cpu())
        x = step(x, 1.0 + index * dt, dt)
    if keep is not None:
        keep.append(x.cpu())
    return x
