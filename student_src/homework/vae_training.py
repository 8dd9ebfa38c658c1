# Copied by `autograder release`; change the original:
# solutions/vae/provided/homework/vae_training.py
"""Training of the VAE with a student's `loss_function(recon_x, x, mu, logvar)`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from homework import devices
from homework.datasets import Images, ImageSet

LossFunction = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


@dataclass
class VAERun:
    """A trained model with its history (one dict an epoch, with the validation loss per image)."""

    model: Any
    history: list[dict[str, float]]
    images: Images
    samples_by_epoch: dict[int, Tensor] = field(default_factory=dict)

    @property
    def validation_loss(self) -> float:
        """Negative ELBO per image of the test set after the last epoch, in nats."""
        return self.history[-1]["validation_loss"]


def train_vae(
    loss_function: LossFunction,
    args: Any = None,
    images: Images | None = None,
    model: Any = None,
    checkpoint: str | os.PathLike[str] | None = None,
    show: bool = True,
) -> VAERun:
    """Train a VAE: Adam on the loss of a batch, divided by the batch's size.

    args: None takes the settings of the chosen profile. images: None loads what the settings
    name. model: None makes a `VAE`. checkpoint: a file to write to and, when it exists, to go on
    from. Raises TrainingError when the loss is not what it should be.
    """
    from homework import profiles
    from homework.loop import Loop
    from homework.vae_model import VAE

    args = profiles.settings("vae") if args is None else args
    device = devices.prepare(args["device"])
    images = profiles.images(args, device=device) if images is None else images
    model = VAE(args["latent"], args["hidden"]).to(device) if model is None else model.to(device)
    run = VAERun(model, [], images)

    def loss_of(batch: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        recon_x, mu, logvar = model(batch)
        loss = loss_function(recon_x, batch, mu, logvar)
        # Scaled for Adam's epsilon and for the eye; Adam's steps do not depend on the scale.
        mean = loss / len(batch) if isinstance(loss, Tensor) else loss
        return mean, mean

    def after_epoch(entry: dict[str, float]) -> None:
        entry["validation_loss"] = validate(loss_function, model, images.test)
        if show:
            watched = f"{entry['loss']:8.2f} {entry['validation_loss']:12.2f}"
            lines.append(f"{int(entry['epoch']):5d} {watched} {entry['seconds']:8.0f} s")
        every = args["show_every_n_epochs"]
        if every and entry["epoch"] % every == 0:
            run.samples_by_epoch[int(entry["epoch"])] = model.sample(args["n_samples"]).cpu()

    lines = ["epoch training   validation     time"]
    loop = Loop(model, loss_of, args, device)
    loop.samples = run.samples_by_epoch
    path = Path(checkpoint) if checkpoint else None
    if path and path.is_file():
        from homework import checkpoints

        checkpoints.load(path, loop)
    run.history = loop.history
    loop.run(images.train, args["epochs"], after_epoch, path, args["save_every_n_epochs"], show)
    if show and len(lines) > 1:
        print("\n".join(lines))
    return run


@torch.no_grad()
def validate(loss_function: LossFunction, model: Any, images: ImageSet) -> float:
    """Negative ELBO per image, in nats, with one draw of z for each image."""
    model.eval()
    total = torch.zeros((), device=images.labels.device)
    for batch, _ in images.batches(1000, shuffle=False):
        recon_x, mu, logvar = model(batch)
        total += loss_function(recon_x, batch, mu, logvar)
    return float(total) / len(images)
