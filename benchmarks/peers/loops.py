"""Grades submissions in one process and writes down what that took, its start left out.

    python -m benchmarks.peers.loops MODE FIXTURES ANSWER CHECKS FIRST SUBMISSION...

`checks` runs the bodies alone, with neither fork nor isolation; `grader` runs this judge's `Grader`
and writes results; `profile` does so with clocks in it. The first submission is graded before
anything is measured, so that all is loaded that ever will be, and the judge has settled.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.peers.usage import tree_cpu
from homework.verdict import PASSED

Grade = Callable[[Path], int]


def main(mode: str, fixtures: str, answer: str, checks: str, *folders: str) -> None:
    submissions = [Path(folder) for folder in folders]
    runs = {"checks": _checks, "grader": _grader, "profile": _profile}
    found = runs[mode](Path(fixtures), [tuple(check) for check in json.loads(checks)], submissions)
    Path(answer).write_text(json.dumps(found), encoding="utf-8")


def _measured(grade: Grade, submissions: list[Path]) -> dict[str, Any]:
    first, *submissions = submissions
    grade(first)
    cpu, start = tree_cpu(), time.perf_counter()
    passed = {folder.name: grade(folder) for folder in submissions}
    return {"wall": time.perf_counter() - start, "cpu": tree_cpu() - cpu, "passed": passed}


def _checks(
    fixtures: Path, checks: list[tuple[str, ...]], submissions: list[Path]
) -> dict[str, Any]:
    from benchmarks.peers.body import verdict

    def grade(folder: Path) -> int:
        return sum(verdict(folder, task, case).status == PASSED for task, case in checks)

    return _measured(grade, submissions)


def _grader(
    fixtures: Path,
    checks: list[tuple[str, ...]],
    submissions: list[Path],
    preload: tuple[str, ...] = (),
    began: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """`preload`: a module for the zygote; `began` is called when the start is over."""
    from autograder import results
    from autograder.grade import Grader
    from autograder.intake.submission import open_submission
    from autograder.selection import expected_files, load_assignments
    from autograder.workers import SETTLE_AFTER

    expected = expected_files(load_assignments(fixtures))
    out = Path.cwd() / "out"
    with Grader(fixtures, preload=preload) as grader:

        def grade(folder: Path) -> int:
            grading = grader.grade(open_submission(folder, expected))
            found = results.gradescope(grading)
            results.write(out / folder.name, found, results.feedback(grading))
            cases = [case for task in grading.tasks for case in task.cases if case.weight > 0]
            return sum(case.verdict.status == PASSED for case in cases)

        for _ in range(SETTLE_AFTER + 1):  # builds the judge's own caches, clocks included
            grade(submissions[0])
        began()
        return _measured(grade, submissions)


def _profile(
    fixtures: Path, checks: list[tuple[str, ...]], submissions: list[Path]
) -> dict[str, Any]:
    from benchmarks.peers import inside

    clocks = inside.in_parent()
    found = _grader(fixtures, checks, submissions, ("benchmarks.peers.in_zygote",), clocks.clear)
    found["phases"] = clocks.shares(len(submissions))
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
