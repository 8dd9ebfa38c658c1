"""One check: run its probe on the files in the current folder, and compare what comes out.

Every grader but the judge calls `check` from tests in its own form. It trusts the student's code as
such tests do: answers, student and comparison share one process.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from homework import compare, probing
from homework.fixtures import Assignment, Case, Task
from homework.student import Student
from homework.verdict import PASSED, Verdict

FIXTURES = "BENCHMARK_FIXTURES"  # the environment variable that names their folder


def check(task: str, case: str) -> None:
    """Raise `AssertionError` with a sentence for the student unless the case is passed."""
    found = verdict(Path.cwd(), task, case)
    assert found.status == PASSED, found.rationale


def verdict(folder: Path, task_id: str, case_name: str) -> Verdict:
    """What one case says about the files in `folder`; errors of the student's code included."""
    assignment, cases = _course()
    task, case = cases[task_id, case_name]
    answers = assignment.arrays(task, case)
    student = Student(folder, assignment.stems)
    outcome = probing.run(student, case.probe, answers.inputs)
    return compare.judge(task, case, answers, [outcome])


@cache
def _course() -> tuple[Assignment, dict[tuple[str, str], tuple[Task, Case]]]:
    assignment = Assignment(Path(os.environ[FIXTURES]), "vae")
    cases = {(task.id, case.name): (task, case) for task in assignment.tasks for case in task.cases}
    return assignment, cases
