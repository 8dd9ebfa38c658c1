"""A rehearsal in the zygote: what every child would else do for the first time, slowly.

torch finds its kernels, Python specialises the byte code of the probes, memory is taken. The code
that is rehearsed is rough on purpose: it has the shapes of a submission and none of its answers.
Its inputs are those of public cases.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROUNDS = 4  # Python 3.11 and later specialise a function after some calls


def run(files: Mapping[str, str], cases: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Run some probes on rough code, a few times; what failed, which is worth a test only.

    Args:
        files: rough code, by file name.
        cases: each a `probe` and its `inputs`, which are pairs of a dtype and nested lists.
    """
    from homework import probing
    from homework.student import Student

    work = [
        (case["probe"], {n: np.array(v, dtype) for n, (dtype, v) in case["inputs"].items()})
        for case in cases
    ]
    with tempfile.TemporaryDirectory(dir=os.getcwd()) as folder:  # which the parent removes
        for name, text in files.items():
            (Path(folder) / name).write_text(text)
        for _ in range(ROUNDS):
            for probe, inputs in work:
                student = Student(Path(folder), [name.removesuffix(".py") for name in files])
                outcome = probing.run(student, probe, inputs)
                if outcome.mishap is not None:
                    yield f"{probe}: {outcome.mishap}"
