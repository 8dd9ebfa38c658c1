"""Proves that graded cases hold no surprise, and that public ones give no answer away.

Every hidden case has a public counterpart of the same kind: the same probe, the same inputs by name
and number of axes. The two differ in sizes. No hidden case has as many steps as a public one, or
one of another task, since schedules are functions of the number of steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from homework.fixtures import PUBLIC, Assignment, Case

Inputs = Mapping[str, np.ndarray]


def problems(assignment: Assignment, drawn: int = 0) -> Iterator[str]:
    """What is amiss with one set of an assignment's hidden cases, a sentence each."""
    steps: dict[int, set[str]] = {}
    for task in assignment.tasks:
        inputs = {case.name: assignment.arrays(task, case, drawn).inputs for case in task.cases}
        for case in task.cases:
            if _has_schedule(inputs[case.name]):
                number = int(inputs[case.name]["n_steps"])
                steps.setdefault(number, set()).add("public" if case.public else task.id)
        public = {case.name: case for case in task.cases if case.public}
        for case in task.cases:
            if case.public:
                continue
            what = f"{task.id}, case {case.name},"
            other = public.get(f"{PUBLIC}{case.name}")
            if other is None or _kind(case, inputs) != _kind(other, inputs):
                yield f"{what} has no public counterpart of its kind"
            elif _sizes(inputs[case.name]) == _sizes(inputs[other.name]):
                yield f"{what} has the sizes of its public counterpart"
    for number, who in sorted(steps.items()):
        if len(who) > 1:
            yield f"{number} steps: cases of all of {', '.join(sorted(who))}"


def _kind(case: Case, inputs: Mapping[str, Inputs]) -> tuple[object, ...]:
    axes = {name: array.ndim for name, array in inputs[case.name].items()}
    return case.probe, case.about, axes


def _sizes(inputs: Inputs) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in inputs.items()}


def _has_schedule(inputs: Inputs) -> bool:
    """Whether a case tells something of the schedule: at some times, or in a table of all."""
    if "n_steps" not in inputs:
        return False
    tables = (array for name, array in inputs.items() if name.startswith("given_"))
    return "t" in inputs or any(len(table) == int(inputs["n_steps"]) for table in tables)
