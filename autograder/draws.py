"""Proves that no draw of hidden cases is unlucky: right code passes, and planted mistakes fail."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from autograder import build_fixtures, course
from autograder.selection import load_assignments
from homework import compare, probing
from homework.fixtures import Assignment, Task
from homework.student import Student
from homework.verdict import PASSED


def problems(hidden: Path, solutions: Path, name: str, task_id: str) -> list[str]:
    """A sentence for each set of a task in which the reference fails or a mistake passes.

    Args:
        hidden: folder of the hidden fixtures.
        name: the assignment that the task belongs to.
    """
    assignment, item, found = _assignment(hidden, name), course.load(solutions, name), []
    task = next(task for task in item.tasks if task.id == task_id)
    entry = next(task for task in assignment.tasks if task.id == task_id)
    with tempfile.TemporaryDirectory() as temporary:
        variants = build_fixtures.variants(item, task, Path(temporary), True)
        for mistake, student in variants:
            for drawn in range(assignment.sets):
                if passes(assignment, entry, student, drawn) == bool(mistake):
                    told = f"the mistake {mistake} passes" if mistake else "the reference fails"
                    found.append(f"{told} {task_id} in set {drawn}")
    return found


@cache
def _assignment(hidden: Path, name: str) -> Assignment:
    """Read once in each process."""
    return load_assignments(hidden, [name])[0]


def passes(assignment: Assignment, task: Task, student: Student, drawn: int) -> bool:
    """Whether all hidden cases pass; stops at the first that does not."""
    for case in task.cases:
        if case.public:
            continue
        answers = assignment.arrays(task, case, drawn)
        outcome = probing.run(student, case.probe, answers.inputs)
        if compare.judge(task, case, answers, [outcome]).status != PASSED:
            return False
    return True
