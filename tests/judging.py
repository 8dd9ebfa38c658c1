"""Compares what the judge says of a case with the case's `expect.yml`; see `cases`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from autograder import course, results
from autograder.grade import Grading
from autograder.intake.submission import Submission, find, open_found
from autograder.rubric import Rubric
from autograder.selection import expected_files, load_assignments
from cases import ROOT, expectation, listed
from homework.verdict import NOT_RUN, TaskResult


@cache
def rubrics() -> list[Rubric]:
    return course.load_all(ROOT / "solutions")


def hidden_fixtures(build: Path) -> Path:
    """Make hidden fixtures below a folder, with a secret that no release has; where they are."""
    from autograder.release import Places, write_hidden

    class Elsewhere(Places):
        @property
        def build(self) -> Path:
            return build

    places = Elsewhere(ROOT)
    write_hidden(places, rubrics(), secret=0x5EC2E7, sets=2)  # enough to tell them apart
    return places.hidden


def open_all(folder: Path, fixtures: Path) -> list[Submission]:
    """All submissions in a folder, through the real intake."""
    expected = expected_files(load_assignments(fixtures))
    return [open_found(found, expected) for found in find([folder], expected)]


def contents(*folders: Path) -> dict[str, bytes]:
    """All files below folders; of those that are not regular, that they are there."""
    return {
        str(path): path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        for folder in folders
        for path in sorted(folder.rglob("*"))
    }


def problems(case: Path, grading: Grading) -> list[str]:
    """Sentences on what is not as expected."""
    wanted = expectation(case)
    unknown = set(wanted.get("tasks", {})) - {task.task for task in grading.tasks}
    if unknown:
        return [f"expect.yml names tasks that were not graded: {unknown}"]
    feedback = results.feedback(grading) + json.dumps(results.gradescope(grading))
    found = list(_text_problems("feedback", feedback, wanted))
    given = set(grading.submission.files) | set(grading.submission.problems)
    files = {task.id: task.file for item in rubrics() for task in item.tasks}
    for task in grading.tasks:
        default = wanted.get("default", "passed") if files[task.task] in given else NOT_RUN
        expected = wanted.get("tasks", {}).get(task.task, default)
        expected = {"status": expected} if isinstance(expected, str) else expected
        found += _task_problems(task, grading, expected)
    return found


def _task_problems(task: TaskResult, grading: Grading, wanted: dict[str, Any]) -> Iterator[str]:
    text = results.task_text(task, grading.submission.files)
    if task.status not in listed(wanted["status"]):
        yield f"{task.task} is {task.status}, not {wanted['status']}: {text}"
        return
    share = wanted.get("score", 1.0 if task.status == "passed" else 0.0)
    low, high = share if isinstance(share, list) else (share, share)
    if not low - 0.01 <= task.score / task.points <= high + 0.01:
        yield f"{task.task} gets {task.score} of {task.points}, not {share} of them: {text}"
    if "mistake" in wanted and task.worst.mistake != wanted["mistake"]:
        yield f"{task.task}: the mistake {wanted['mistake']} is told as {text}"
    yield from _text_problems(task.task, text, wanted)


def _text_problems(where: str, text: str, wanted: dict[str, Any]) -> Iterator[str]:
    for part in listed(wanted.get("says", ())):
        if part not in text:
            yield f"{where} does not say {part!r}: {text}"
    for part in listed(wanted.get("never", ())):
        if part in text:
            yield f"{where} says {part!r}: {text}"
