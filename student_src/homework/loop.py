"""The training loop that all assignments share.

A `Loop` owns the optimizer, the averaged weights and the history of one model. It asks a function
for the loss of a batch, and that function calls the student's code. Between runs the model holds
the averaged weights, so that whatever samples from it uses them; during a run it holds the
weights that are being trained.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from homework import checkpoints, devices
from homework.datasets import ImageSet
from homework.ema import EMA
from homework.muon import Muon, matrices
from homework.progress import Watch

Batch = tuple[Tensor, Tensor]
WARM_UP = 50  # steps in which the learning rate rises to its value
# What torch says when tensors of different devices meet; the last two are of Apple's GPUs.
MIXED_DEVICES = ("same device", "expected device", "on MPS device", "to MPS op")
CHECK_EVERY = {"cpu": 1}  # steps between looks at the loss; a look makes a GPU wait
OPTIONS = {
    "fp16_precision": False,
    "ema_decay": 0.0,
    "decay_rate": False,
    "minutes": None,
    "muon": False,
}


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why and what to do."""


class Loop:
    """Trains `model` on `loss_of(images, labels) -> (scalar to minimise, number to report)`.

    Settings read from `args`: batch_size, learning_rate, and, if they are there, fp16_precision,
    ema_decay (0 for no averaging), decay_rate (let the learning rate fall to 0 along a cosine),
    minutes (stop after so many, with the learning rate already at 0), muon (Muon instead of Adam
    for the weights that it is for, see `homework/muon.py`).
    """

    def __init__(
        self,
        model: nn.Module,
        loss_of: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
        args: Any,
        device: torch.device,
    ) -> None:
        self.model, self.loss_of, self.args, self.device = model, loss_of, args, device
        self.options = {name: option(args, name, value) for name, value in OPTIONS.items()}
        self.optimizers = make_optimizers(model, args["learning_rate"], self.options["muon"])
        decay = self.options["ema_decay"]
        self.ema = EMA(model, decay) if decay else None
        self.epoch, self.step, self.seconds = 0, 0, 0.0
        self.history: list[dict[str, float]] = []
        self.samples: dict[int, Tensor] = {}  # by epoch, put there by `after_epoch`

    def run(
        self,
        images: ImageSet | Iterable[Batch],
        epochs: int,
        after_epoch: Callable[[dict[str, float]], None] | None = None,
        checkpoint: Path | None = None,
        save_every: int = 1,
        show: bool = True,
    ) -> list[dict[str, float]]:
        """Train until `epochs` epochs are done in all; returns the history, one dict an epoch.

        Ctrl-C (or Jupyter's stop button) ends the run; what was reached is kept, and saved when
        there is a `checkpoint`. Raises TrainingError.
        """
        steps = _count_batches(images, self.args["batch_size"])
        self._exchange_weights()
        watch = Watch(epochs * steps, self.step, self.history, show)
        self._report = after_epoch
        try:
            while self.epoch < epochs and not self._out_of_time():
                self._epoch(images, epochs * steps, watch)
                ended = self.epoch == epochs or self._out_of_time()
                if checkpoint and (self.epoch % save_every == 0 or ended):
                    checkpoints.save(checkpoint, self)
        except KeyboardInterrupt:
            watch.say(
                f"Stopped by you at step {self.step}, in epoch {self.epoch + 1}. What was learned "
                "is kept; call train again to go on."
            )
            if checkpoint:
                checkpoints.save(checkpoint, self)
        finally:
            watch.close()
            self._exchange_weights()
        return self.history

    def _epoch(self, images: ImageSet | Iterable[Batch], total: int, watch: Watch) -> None:
        self.model.train()
        started, before = time.perf_counter(), self.seconds
        first, count, losses = self.step, 0, []
        for batch in _batches(images, self.args["batch_size"], self.device):
            self._set_rate(total)
            losses.append(self._train_on(*batch))
            count += len(batch[0])
            self.seconds = before + time.perf_counter() - started
            if self.step % CHECK_EVERY.get(self.device.type, 20) == 0:
                self._check_finite(losses[-1])
                watch.step(self.step, self.epoch + 1, float(losses[-1]))
            if self._out_of_time():
                break
        self._check_finite(torch.stack(losses).mean())
        self.seconds = before + time.perf_counter() - started
        self.epoch += 1
        entry = {
            "epoch": self.epoch,
            "step": self.step,
            "loss": float(torch.stack(losses).mean()),
            "seconds": self.seconds,
            "images_per_second": count / (self.seconds - before),
        }
        assert self.step > first
        self.history.append(entry)
        if self._report:
            self._exchange_weights()
            try:
                self._report(entry)
            finally:
                self._exchange_weights()
        watch.epoch(self.step)

    def _train_on(self, images: Tensor, labels: Tensor) -> Tensor:
        with devices.autocast(self.device, self.options["fp16_precision"]):
            loss, report = self._checked_loss(images, labels)
        if self.device.type == "cpu":
            self._check_finite(loss)  # before it reaches the weights
        self.model.zero_grad(set_to_none=True)
        loss.backward()
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        if self.ema:
            self.ema.update(self.model)
        return report.detach().float()

    def _checked_loss(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        try:
            loss, report = self.loss_of(images, labels)
        except RuntimeError as error:
            if not any(words in str(error) for words in MIXED_DEVICES):
                raise
            raise TrainingError(
                f"Your loss mixes tensors of different devices; the images are on {images.device}. "
                "Make new tensors with device=x0.device (or with randomizer.normal_like(x0))."
            ) from error
        if not isinstance(loss, Tensor):
            raise TrainingError(
                f"The loss must be a tensor, but yours is of type {type(loss).__name__}: "
                "return the tensor itself, without .item() or float()."
            )
        if loss.numel() != 1:
            raise TrainingError(
                f"The loss must be one number, but yours has shape {tuple(loss.shape)}: "
                "reduce it as the docstring says."
            )
        if loss.is_complex():
            raise TrainingError("The loss must be a real number, but yours is complex: look why.")
        if not loss.requires_grad:
            raise TrainingError(
                "The loss does not depend on the network's weights any more: look for .detach(), "
                ".item(), torch.no_grad() or a tensor made from its numbers on the way."
            )
        return loss.reshape(()), report.reshape(())

    def _check_finite(self, loss: Tensor) -> None:
        if not bool(torch.isfinite(loss)):
            value = float(loss.detach())
            raise TrainingError(
                f"The loss is {value} at step {self.step + 1}. Run check() on your functions "
                "first; if all pass, start again with half the learning rate."
            )

    def _out_of_time(self) -> bool:
        minutes = self.options["minutes"]
        return minutes is not None and self.seconds >= 60 * minutes

    def _set_rate(self, total: int) -> None:
        rate = self.args["learning_rate"]
        if self.options["decay_rate"]:
            done = self.step / total
            if self.options["minutes"]:
                done = max(done, self.seconds / (60 * self.options["minutes"]))
            rate *= min(1.0, (self.step + 1) / WARM_UP) * (0.5 + 0.5 * math.cos(math.pi * done))
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate

    def _exchange_weights(self) -> None:
        self.model.eval()
        if self.ema and self.ema.steps:
            self.ema.exchange(self.model)


def make_optimizers(model: nn.Module, rate: float, muon: bool) -> list[torch.optim.Optimizer]:
    """Adam for all weights, or with `muon` for those only that Muon is not for."""
    for_muon = matrices(model) if muon else []
    taken = {id(weight) for weight in for_muon}
    others = [weight for weight in model.parameters() if id(weight) not in taken]
    # One pass over the memory instead of ten, a tenth of a small model's step. But it takes for
    # granted that weights and averages lie alike in memory, which a checkpoint forgets.
    fused = all(weight.device.type == "cpu" and weight.is_contiguous() for weight in others)
    adam = torch.optim.Adam(others, lr=rate, fused=fused)
    return [adam, Muon(for_muon, lr=rate)] if for_muon else [adam]


def option(args: Any, name: str, default: Any) -> Any:
    """`args[name]`, or the default where `args` has no such setting."""
    try:
        return args[name]
    except (KeyError, AttributeError, TypeError):
        return getattr(args, name, default)


def _count_batches(images: ImageSet | Iterable[Batch], batch_size: int) -> int:
    if isinstance(images, ImageSet):
        return -(-len(images) // batch_size)
    try:
        return len(images)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(
            "train on an ImageSet (datasets.load(...).train) or on a DataLoader, "
            f"got {type(images).__name__}"
        ) from None


def _batches(
    images: ImageSet | Iterable[Batch], batch_size: int, device: torch.device
) -> Iterator[Batch]:
    source = images.batches(batch_size) if isinstance(images, ImageSet) else images
    for pictures, labels in source:
        yield pictures.to(device, non_blocking=True), labels.to(device, non_blocking=True)
