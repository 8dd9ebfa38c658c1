"""Proves that no draw of hidden cases is unlucky: right code passes, and planted mistakes fail."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from autograder import build_fixtures
from autograder.rubric import Rubric
from homework import compare, probing
from homework.fixtures import Assignment, Task
from homework.student import Student
from homework.verdict import PASSED


def problems(assignment: Assignment, rubric: Rubric, solutions: Path) -> Iterator[str]:
    """A sentence for each set in which the reference fails or a mistake passes."""
    entries = {task.id: task for task in assignment.tasks}
    with tempfile.TemporaryDirectory() as temporary:
        for task in rubric.tasks:
            variants = build_fixtures.variants(rubric, task, solutions, Path(temporary), True)
            for mistake, student in variants:
                for drawn in range(assignment.sets):
                    if _passes(assignment, entries[task.id], student, drawn) == bool(mistake):
                        told = f"the mistake {mistake} passes" if mistake else "the reference fails"
                        yield f"{told} {task.id} in set {drawn}"


def _passes(assignment: Assignment, task: Task, student: Student, drawn: int) -> bool:
    """Whether all hidden cases pass; stops at the first that does not."""
    for case in task.cases:
        if case.public:
            continue
        answers = assignment.arrays(task, case, drawn)
        outcome = probing.run(student, case.probe, answers.inputs)
        if compare.judge(task, case, answers, [outcome]).status != PASSED:
            return False
    return True
