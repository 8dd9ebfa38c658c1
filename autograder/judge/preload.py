"""What a zygote loads before it forks for students' code.

A child could do all of it itself, with the same outcome; that takes seconds, and here it is done
once. What a submission has loaded is decided by its own text, never by who is graded beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from homework.fixtures import Assignment

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


@dataclass(frozen=True)
class Preload:
    """What a zygote does at its start.

    Attributes:
        modules: to be imported, if they are there.
        rehearsed: pairs of rough code by file, and of public cases to run on it; see `rehearsal`.
    """

    modules: tuple[str, ...] = ()
    rehearsed: tuple[tuple[Mapping[str, str], Sequence[Mapping[str, Any]]], ...] = ()

    @property
    def request(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


def of_assignments(assignments: Iterable[Assignment], more: Sequence[str] = ()) -> Preload:
    """What the assignments of a release ask for, and modules besides.

    Raises:
        FixtureError: public cases cannot be read.
    """
    modules: list[str] = list(more)
    rehearsed = []
    for assignment in assignments:
        modules += [f"homework.probes.{assignment.prefix}", *assignment.preload]
        if assignment.rehearsal:
            rehearsed.append((assignment.rehearsal, list(_cases(assignment))))
    return Preload(tuple(dict.fromkeys(modules)), tuple(rehearsed))


def _cases(assignment: Assignment) -> Iterator[dict[str, Any]]:
    """The inputs of public cases of the files that are rehearsed; their answers stay here."""
    for task in assignment.tasks:
        for case in task.cases if task.file in assignment.rehearsal else ():
            if case.public:
                inputs = assignment.arrays(task, case).inputs.items()
                plain = {name: (str(array.dtype), array.tolist()) for name, array in inputs}
                yield {"probe": case.probe, "inputs": plain}


def named_in(files: Mapping[str, bytes]) -> frozenset[str]:
    """Modules worth loading for these files."""
    return frozenset(
        module
        for module, pattern in _NAMED.items()
        if any(re.search(pattern, text) for text in files.values())
    )
