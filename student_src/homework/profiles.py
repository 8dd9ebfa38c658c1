"""The settings of an assignment, in three profiles.

smoke  seconds, to see that everything runs; the results mean nothing.
cpu    an honest result on a laptop without a GPU.
full   the settings of the handout, for a GPU.

The environment variable HOMEWORK_PROFILE chooses; an argument goes before it; else it is "full"
where there is a GPU and "cpu" where there is none.
"""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import torch

from homework import datasets, devices
from homework.args import Args
from homework.fixtures import Assignment, public_folder

VARIABLE = "HOMEWORK_PROFILE"
NAMES = ("smoke", "cpu", "full")

# Beside the names that `Args` lists, an assignment's settings may have:
# compact: use the shipped 7,000 digits; stand_in: use them where another set cannot be had
# train_images, test_images: use only so many (None: all)
# minutes: end training after so many, with the learning rate already fallen to 0
# decay_rate, ema_decay, muon: see homework/loop.py
# preview_steps: steps of the samples drawn during training; sample_steps: of those drawn after it
# metric_samples: images drawn to be measured
_COMMON: dict[str, Any] = {
    "compact": False,
    "stand_in": False,
    "train_images": None,
    "test_images": None,
    "preview_steps": None,
    "sample_steps": None,
}


def name(profile: str | None = None) -> str:
    """The name of the profile in force. Raises ValueError for an unknown one."""
    asked = profile or os.environ.get(VARIABLE)
    if not asked:
        return "full" if torch.cuda.is_available() else "cpu"
    if asked not in NAMES:
        raise ValueError(f"the profile must be one of {', '.join(NAMES)}, got {asked!r}")
    return asked


def settings(assignment: str, profile: str | None = None, **changes: Any) -> Args:
    """The settings of an assignment as `Args`, from its catalogue; `changes` go last.

    device: "auto" unless changed, resolved to what is there. Raises ValueError for an unknown
    profile, FixtureError where there is no such assignment.
    """
    chosen = name(profile)
    known = Assignment(public_folder(), assignment).settings
    wish = changes.pop("device", "auto")
    values = {**_COMMON, **known.get(chosen, {}), **changes}
    device = str(devices.choose_device(wish))
    return Args(assignment=assignment, profile=chosen, device=device, **values)


def images(args: Args, device: torch.device | str | None = None, **options: Any) -> datasets.Images:
    """The images that the settings ask for; `options` are those of `datasets.load`."""
    options = {"compact": args.compact, "stand_in": args.stand_in, **options}
    loaded = datasets.load(
        args.dataset,
        device=device or args.device,
        size=args.image_size,
        scale=args.scale,
        **options,
    )
    return dataclasses.replace(
        loaded,
        train=loaded.train.first(args.train_images),
        test=loaded.test.first(args.test_images),
    )
