"""Proves that what lies about in a child earns nothing.

A child sees the inputs of a case and of those before it, given values among them, what methods that
are made of given values return, and the public fixtures. No answer may be among all that: as it
is, reshaped, or number by number, as from a table.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from homework.fixtures import Assignment, Case, CaseArrays, Task

Known = dict[str, np.ndarray]
# What the stubs themselves compute gives nothing away.
_IN_STUBS = ("given_beta", "given_alpha", "given_alpha_bar")


def problems(assignment: Assignment, drawn: int) -> Iterator[str]:
    """What earns something in one set of hidden cases, a sentence each."""
    public = _Reach(
        {
            f"public {task.id}/{case.name}/{name}": array
            for task in assignment.tasks
            for case, arrays in _cases(assignment, task, True, drawn)
            for name, array in (arrays.inputs | arrays.expected).items()
        }
    )
    earlier: Known = {}
    for task in assignment.tasks:
        hidden = _cases(assignment, task, False, drawn)
        own = {
            f"{name}, an input of {task.id}, case {case.name},": array
            for case, arrays in hidden
            for name, array in arrays.inputs.items()
            if name not in _IN_STUBS
        }
        before, here = _Reach(earlier), _Reach(own)
        for case, arrays in hidden:
            # One of several results is no answer, but what comes before must not hold even that.
            for name, answer in _answers(arrays, case).items():
                for where in before.holding(answer, case):
                    yield f"{where} gives away {name} of {task.id}, case {case.name}"
            around = (public, before, here, _Reach(_looked_up(task, arrays)))
            if case.weight >= 1.0 and _all_within(arrays, case, around):  # others never count alone
                yield f"{task.id}, case {case.name}, is answered by what is given"
        earlier |= own


class _Reach:
    """Arrays, and which of them hold an answer."""

    def __init__(self, known: Mapping[str, np.ndarray]) -> None:
        known = {where: array for where, array in known.items() if array.dtype.kind == "f"}
        numbers = {
            where: np.sort(array.reshape(-1).astype(float)) for where, array in known.items()
        }
        self._numbers = [(where, array) for where, array in numbers.items() if array.size]
        self._plain = [(where, array.reshape(-1)) for where, array in known.items()]
        everything = [array for _, array in self._numbers]
        owners = np.repeat(np.arange(len(everything)), [array.size for array in everything])
        values = np.concatenate([*everything, np.empty(0)])
        order = np.argsort(values)
        self._values, self._owners = values[order], owners[order]

    def holding(self, answer: np.ndarray, case: Case) -> Iterator[str]:
        """Names of arrays that are the answer, or in which all its numbers are."""
        flat = answer.reshape(-1).astype(float)
        for where, array in self._plain:
            if array.size == flat.size and np.allclose(array, flat, case.rtol, case.atol):
                yield where
        low, high = np.searchsorted(self._values, flat[0] + np.array([-1, 1]) * 2e-5 * abs(flat[0]))
        for owner in set(self._owners[low:high].tolist()):
            where, array = self._numbers[owner]
            near = array[np.searchsorted(array, flat).clip(0, array.size - 1)]
            below = array[(np.searchsorted(array, flat) - 1).clip(0)]
            gap = np.minimum(abs(near - flat), abs(below - flat))
            if (gap <= 1e-5 * abs(flat)).all():
                yield where


def _answers(arrays: CaseArrays, case: Case) -> Known:
    """Results that say more than a constant does; not inputs that are looked at once more."""
    return {
        name: answer
        for name, answer in arrays.expected.items()
        if not name.startswith("after_")
        and answer.dtype.kind == "f"
        and len(np.unique(answer)) > 2
        and not np.allclose(answer, answer.mean(), case.rtol, case.atol)
    }


def _all_within(arrays: CaseArrays, case: Case, around: Sequence[_Reach]) -> bool:
    answers = _answers(arrays, case)
    return bool(answers) and all(
        any(any(reach.holding(answer, case)) for reach in around) for answer in answers.values()
    )


def _cases(
    assignment: Assignment, task: Task, public: bool, drawn: int
) -> list[tuple[Case, CaseArrays]]:
    cases = [case for case in task.cases if case.public == public]
    return [(case, assignment.arrays(task, case, drawn)) for case in cases]


def _looked_up(task: Task, arrays: CaseArrays) -> Known:
    """What an object that comes with a case answers to the case's own inputs.

    The module of the assignment's probes tells it by `looked_up`, if it has such objects.
    """
    probes = importlib.import_module(f"homework.probes.{task.id.partition('.')[0]}")
    if not hasattr(probes, "looked_up"):
        return {}
    return {
        f"{where} of {task.id}": array for where, array in probes.looked_up(arrays.inputs).items()
    }
