# Copied by `autograder release`; change the original:
# solutions/shared/diffusion/provided/homework/training.py
"""Training of the diffusion models: `TrainerBase`.

It calls your code through the public contract only: `diffusion.loss` and `Trainer.sample`. The loop
itself is in `homework/loop.py`.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from homework import checkpoints, devices
from homework.datasets import Images, ImageSet

__all__ = ["TrainerBase"]

NUM_CLASSES = 10
UNCONDITIONAL_SHARE = 0.1  # of the batches, trained without labels (Ho & Salimans 2022, alg. 1)


class TrainerBase:
    """Base class of the students' `Trainer`: everything but the sampling.

    Attributes:
        args: the settings. eps_model: the network, on `args.device`. diffusion: the diffusion.
        history: one dict an epoch: epoch, step, loss (per pixel), seconds, images_per_second.
        samples_by_epoch: {epoch: (n, channels, height, width) images in [-1, 1], on the CPU}.
    """

    def __init__(self, args: Any, eps_model: nn.Module, diffusion_model: Any) -> None:
        self.args = args
        self.device = devices.choose_device(args.device)
        self.eps_model = eps_model.to(self.device)
        self.diffusion = diffusion_model
        self.samples_by_epoch: dict[int, Tensor] = {}
        self._loop: Any = None

    def sample(self, *args: Any, **kwargs: Any) -> Tensor:
        raise NotImplementedError("Trainer.sample is yours to write")

    @property
    def history(self) -> list[dict[str, float]]:
        return self.loop.history

    @property
    def current_epoch(self) -> int:
        return self._loop.epoch if self._loop else 0

    @property
    def loop(self) -> Any:
        """The training loop, made when first needed: making an optimizer takes seconds."""
        if self._loop is None:
            from homework.loop import Loop

            devices.prepare(self.device)
            self._loop = Loop(self.eps_model, self._loss_of(), self.args, self.device)
            self._loop.samples = self.samples_by_epoch
        return self._loop

    def train(
        self,
        images: Images | ImageSet | Iterable[tuple[Tensor, Tensor]],
        epochs: int | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        show: bool = True,
    ) -> list[dict[str, float]]:
        """Train `eps_model` with `diffusion.loss` until `epochs` epochs are done in all.

        images: from `homework.datasets.load(..., scale="signed")`, or a DataLoader of
            (images, labels). epochs: None means `args.epochs`. checkpoint: a file to write every
            `args.save_every_n_epochs` epochs; when it exists already, training goes on from it.
        show: progress bar and, in a notebook, the loss curve.

        Every `args.show_every_n_epochs` epochs a few images are drawn with your `sample` and kept
        in `samples_by_epoch`. Returns `history`. Afterwards `eps_model` holds the averaged
        weights, so that every way of sampling uses them. Raises TrainingError when the loss is
        not what it should be, with what to do.
        """
        path = Path(checkpoint) if checkpoint else None
        if path and path.is_file() and self.current_epoch == 0:
            self.load(path)
        return self.loop.run(
            images.train if isinstance(images, Images) else images,
            self.args.epochs if epochs is None else epochs,
            after_epoch=self._after_epoch,
            checkpoint=path,
            save_every=max(1, self.args.save_every_n_epochs),
            show=show,
        )

    def load(self, checkpoint: str | os.PathLike[str]) -> None:
        """Take weights, history and state of training from a checkpoint that `train` wrote."""
        checkpoints.load(checkpoint, self.loop)

    def _loss_of(self) -> Any:
        """The function from (images, labels) to (loss to minimise, mean loss per pixel)."""
        takes_labels = "labels" in inspect.signature(self.diffusion.loss).parameters

        def loss_of(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
            if not takes_labels:
                loss = self.diffusion.loss(images)
            elif torch.rand(()).item() < UNCONDITIONAL_SHARE:
                loss = self.diffusion.loss(images, None)
            else:
                loss = self.diffusion.loss(images, labels)
            pixels = images[0].numel()
            return loss, loss / pixels if isinstance(loss, Tensor) else loss

        return loss_of

    def _after_epoch(self, entry: dict[str, float]) -> None:
        epoch, every = int(entry["epoch"]), self.args.show_every_n_epochs
        if not every or epoch % every:
            return
        from homework.sampling import draw

        try:
            images = draw(self, self.args.n_samples, n_steps=self.args.get("preview_steps"))
        except NotImplementedError:
            return  # the loss can be trained before `sample` is written
        self.samples_by_epoch[epoch] = images.float().cpu()
