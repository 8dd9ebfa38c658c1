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
KIT = ("homework", "autograder")
LISTED = f"{', '.join(PACKAGES)}, the standard library, and modules of your own beside the file"


def is_taken(module: str) -> bool:
    """Whether the first part of a module's name belongs to Python, the kit or a listed package."""
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top in PACKAGES or top in KIT
