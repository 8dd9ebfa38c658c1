"""The settings of each assignment in three profiles, in one place.

smoke  seconds, to see that everything runs; the results mean nothing.
cpu    an honest result on a laptop without a GPU.
full   the settings of the handout, for a GPU (the VAE's are fine on a CPU too).

The environment variable HOMEWORK_PROFILE chooses; an argument goes before it; else it is "full"
where there is a GPU and "cpu" where there is none.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import nn

from homework import datasets, devices
from homework.args import Args

VARIABLE = "HOMEWORK_PROFILE"
NAMES = ("smoke", "cpu", "full")

# Beside the names that `Args` lists:
# compact: use the shipped 7,000 digits; train_images, test_images: use only so many (None: all)
# minutes: end training after so many, with the learning rate already fallen to 0
# decay_rate, ema_decay, muon: see homework/loop.py
# preview_steps: steps of the samples drawn during training; sample_steps: of those drawn after it
# metric_samples: images drawn to be measured; width, blocks: size of the U-Net
# latent, hidden: size of the VAE
_VAE: dict[str, Any] = {
    "dataset": "mnist",
    "image_size": 28,
    "scale": "unit",
    "batch_size": 128,
    "learning_rate": 1e-3,
    "epochs": 20,
    "n_samples": 25,
    "latent": 20,
    "hidden": 320,
    "metric_samples": 1000,
}
_DIFFUSION: dict[str, Any] = {
    "dataset": "mnist",
    "image_size": 32,
    "scale": "signed",
    "batch_size": 128,
    "learning_rate": 1e-3,
    "n_steps": 1000,
    "n_samples": 20,
    "epochs": 20,
    "decay_rate": True,
    "ema_decay": 0.999,
    "fp16_precision": True,
    "width": 48,
    "blocks": 2,
    "preview_steps": 100,
    "sample_steps": None,
    "metric_samples": 1000,
    "show_every_n_epochs": 5,
    "save_every_n_epochs": 1,
}
_SMOKE: dict[str, Any] = {
    "compact": True,
    "train_images": 256,
    "test_images": 128,
    "epochs": 2,
    "show_every_n_epochs": 1,
    "metric_samples": 20,
}
_SMOKE_DIFFUSION: dict[str, Any] = {
    **_SMOKE,
    "batch_size": 64,
    "width": 16,
    "n_samples": 10,
    "n_steps": 50,
    "preview_steps": 5,
    "sample_steps": 10,
}
# Small batches and a narrow network: on one core, many steps tell more than large ones.
_CPU_DIFFUSION: dict[str, Any] = {
    "batch_size": 32,
    "learning_rate": 4e-3,
    "muon": True,
    "width": 32,
    "epochs": 5,
    "minutes": 9.0,
    "ema_decay": 0.995,
    "show_every_n_epochs": 1,
    "preview_steps": 50,
    "sample_steps": 100,
    "metric_samples": 200,
}
PROFILES: dict[str, dict[str, dict[str, Any]]] = {
    "smoke": {
        "vae": {**_VAE, **_SMOKE, "hidden": 64},
        "ddpm": {**_DIFFUSION, **_SMOKE_DIFFUSION},
        "cfg": {**_DIFFUSION, **_SMOKE_DIFFUSION},
    },
    "cpu": {
        "vae": _VAE,
        "ddpm": {**_DIFFUSION, **_CPU_DIFFUSION, "minutes": 11.0},
        "cfg": {**_DIFFUSION, **_CPU_DIFFUSION, "cfg_scale": 1.0},
    },
    "full": {"vae": _VAE, "ddpm": _DIFFUSION, "cfg": _DIFFUSION},
}
ASSIGNMENTS = tuple(PROFILES["cpu"])


def name(profile: str | None = None) -> str:
    """The name of the profile in force. Raises ValueError for an unknown one."""
    asked = profile or os.environ.get(VARIABLE)
    if not asked:
        return "full" if torch.cuda.is_available() else "cpu"
    if asked not in NAMES:
        raise ValueError(f"the profile must be one of {', '.join(NAMES)}, got {asked!r}")
    return asked


def settings(assignment: str, profile: str | None = None, **changes: Any) -> Args:
    """The settings of "vae", "ddpm" or "cfg" as `Args`; `changes` go last.

    device: "auto" unless changed, resolved to what is there. Raises ValueError.
    """
    if assignment not in ASSIGNMENTS:
        raise ValueError(f"assignment must be one of {', '.join(ASSIGNMENTS)}, got {assignment!r}")
    chosen = name(profile)
    wish = changes.pop("device", "auto")
    common = {"compact": False, "train_images": None, "test_images": None, "preview_steps": None}
    values = {**common, **PROFILES[chosen][assignment], **changes}
    device = str(devices.choose_device(wish))
    return Args(assignment=assignment, profile=chosen, device=device, **values)


def images(args: Args, device: torch.device | str | None = None, **options: Any) -> datasets.Images:
    """The images that the settings ask for; `options` are those of `datasets.load`."""
    options = {"compact": args.compact, **options}
    loaded = datasets.load(
        args.dataset,
        device=device or args.device,
        size=args.image_size,
        scale=args.scale,
        **options,
    )
    return datasets.Images(
        loaded.train.first(args.train_images),
        loaded.test.first(args.test_images),
        loaded.name,
        loaded.source,
    )


def eps_model(args: Args) -> nn.Module:
    """The U-Net of assignment "ddpm" or "cfg", of the size that the settings ask for."""
    from homework.unet import CFGUNet, DDPMUNet

    size = {"width": args.width, "blocks": args.blocks}
    if args.assignment == "ddpm":
        return DDPMUNet(args.image_channels, n_steps=args.n_steps, **size)
    return CFGUNet(args.image_channels, **size)
