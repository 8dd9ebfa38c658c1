"""Modules that a zygote loads before it forks for a submission that names them.

A child could import each of them itself, with the same outcome; that takes seconds, and here it is
once. What a submission has loaded is decided by its own text, never by who is graded beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAMED = {
    "torchvision": rb"\btorchvision\b",
    "matplotlib.pyplot": rb"\b(matplotlib|pyplot|pylab)\b",
    "torch._dynamo": rb"\b(optim|compiler)\b",
    "torch._inductor.config": rb"\buse_deterministic_algorithms\b",
    "scipy.special": rb"\bscipy\b",
    "pandas": rb"\bpandas\b",
    "IPython.display": rb"\bIPython\b",
    "einops": rb"\beinops\b",
    "jaxtyping": rb"\bjaxtyping\b",
}


def named_in(files: Mapping[str, bytes]) -> frozenset[str]:
    """Modules worth loading for these files."""
    return frozenset(
        module
        for module, pattern in _NAMED.items()
        if any(re.search(pattern, text) for text in files.values())
    )
