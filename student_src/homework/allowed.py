"""What graded code may import, and the oldest Python that it must run under.

This is the one list: the grader installs and tests it, messages quote it, and
`homework.preflight` compares students' files with it before the deadline.
"""

from __future__ import annotations

import sys

PYTHON = (3, 11)
PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "scipy",
    "matplotlib",
    "tqdm",
    "easydict",
    "einops",
    "jaxtyping",
    "PIL",
    "typing_extensions",
)
# Modules of these packages that need others, and what each of them needs. A test tries to import
# them where code is graded.
BEYOND = {
    "torch.utils.tensorboard": "tensorboard",
    "tqdm.contrib.discord": "requests",
    "tqdm.contrib.slack": "slack_sdk",
    "tqdm.contrib.telegram": "requests",
    "tqdm.dask": "dask",
    "tqdm.keras": "keras",
    "tqdm.rich": "rich",
    "einops.layers.flax": "flax",
    "einops.layers.keras": "tensorflow",
    "einops.layers.oneflow": "oneflow",
    "einops.layers.paddle": "paddle",
    "einops.layers.tensorflow": "tensorflow",
    "PIL.FpxImagePlugin": "olefile",
    "PIL.MicImagePlugin": "olefile",
    **dict.fromkeys(
        (f"matplotlib.backends.backend_{name}" for name in ("cairo", "qtcairo", "tkcairo")), "cairo"
    ),
    **dict.fromkeys(
        (f"matplotlib.backends.backend_gtk{name}" for name in ("3", "3agg", "4", "4agg")), "gi"
    ),
    **dict.fromkeys(
        (f"matplotlib.backends.backend_qt{name}" for name in ("", "agg", "5", "5agg")), "PyQt5"
    ),
    **dict.fromkeys((f"matplotlib.backends.backend_wx{name}" for name in ("", "agg")), "wx"),
}
KIT = ("homework", "autograder")
LISTED = f"{', '.join(PACKAGES)}, the standard library, and modules of your own beside the file"


def is_taken(module: str) -> bool:
    """Whether the first part of a module's name belongs to Python, the kit or a listed package."""
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top in PACKAGES or top in KIT


def beyond(module: str) -> str:
    """The first of a module's names, `a.b` of `a.b.c`, that is in `BEYOND`; or an empty string."""
    parts = module.split(".")
    names = (".".join(parts[:end]) for end in range(2, len(parts) + 1))
    return next((name for name in names if name in BEYOND), "")
