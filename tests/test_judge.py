"""The judge judged: submissions with the verdict that each must get; see `tests/cases.py`.

All cases are graded in one batch, with shorter limits of time.
"""

from __future__ import annotations

import json
import os
import resource
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograder import results, rubric
from autograder.grade import Grader, Grading
from autograder.intake import Submission, find_submissions, open_submission
from autograder.judge import sandbox, watch
from autograder.selection import preloads
from cases import CASES, ROOT, expectation, listed, submit
from homework.verdict import NOT_RUN, TaskResult

REPEATED = ("right_other_draws", "wrong_noise_of_luck", "wrong_trainers")


@dataclass
class Batch:
    """All cases, graded: by name, what came out, and where the attacks were aimed."""

    gradings: dict[str, Grading]
    folder: Path
    calls: int
    before: dict[str, bytes]
    sandboxes: list[Path]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def open_all(folder: Path) -> list[Submission]:
    expected = [file for item in rubric.load_all(ROOT / "solutions") for file in item.files]
    return [open_submission(path, expected) for path in find_submissions([folder], expected)]


@pytest.fixture(scope="session")
def batch(hidden: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch]:
    """Every case, through the real intake, by one grader."""
    home = tmp_path_factory.mktemp("judge")
    folder, out = home / "handed-in", home / "out"
    folder.mkdir()
    out.mkdir()
    server = socket.create_server(("127.0.0.1", 0))
    targets = {
        "FIXTURES": str(hidden),
        "ANSWERS": str(ROOT),
        "OTHERS": str(folder),
        "OUT": str(out),
        "PARENT": str(os.getpid()),
        "PORT": str(server.getsockname()[1]),
    }
    for case in CASES:
        submit(case, folder, targets)
        results.write_fault(out / case.name, "it was ended before it was done.")
    submissions = open_all(folder)
    before = contents(home)
    gradings: dict[str, Grading] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch, "CASE_SECONDS", 2.5)
        patch.setattr(sandbox, "TASK_SECONDS", 8.0)
        patch.setenv("SECRET_OF_THE_PARENT", "swordfish")
        private = [folder, out, ROOT / "solutions"]
        with Grader(hidden, jobs=2, private=private, preload=preloads(submissions)) as grader:
            sandboxes = [sandbox.folder for sandbox in grader.sandboxes]
            grader.grade_all(submissions, lambda g: gradings.update({g.submission.name: g}))
            again = [s for s in submissions if s.name in REPEATED]
            second: dict[str, Grading] = {}
            grader.grade_all(again, lambda g: second.update({g.submission.name: g}))
    gradings |= {f"{name} again": grading for name, grading in second.items()}
    server.setblocking(False)
    calls = 0
    try:
        while True:
            server.accept()
            calls += 1
    except BlockingIOError:
        server.close()
    yield Batch(gradings, home, calls, before, sandboxes)


def test_every_case_is_found_and_graded(batch: Batch) -> None:
    assert {name for name in batch.gradings if not name.endswith(" again")} == {
        case.name for case in CASES
    }


def test_results_can_be_written_and_read(batch: Batch, tmp_path: Path) -> None:
    for name, grading in batch.gradings.items():
        results.write(tmp_path / name, results.gradescope(grading), results.feedback(grading))
        text = (tmp_path / name / "results.json").read_text(encoding="utf-8")
        assert json.loads(text)["score"] == grading.score


def test_the_parent_stays_small_and_leaves_nothing(batch: Batch) -> None:
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1.5e6  # KiB
    assert batch.sandboxes and not any(folder.exists() for folder in batch.sandboxes)


def test_nothing_outside_is_reached(batch: Batch) -> None:
    assert contents(batch.folder) == batch.before, "a file outside of the sandbox was changed"
    assert batch.calls == 0, "a child connected to a server of the parent"


@pytest.mark.parametrize("name", REPEATED)
def test_verdicts_repeat(name: str, batch: Batch) -> None:
    first, second = batch.gradings[name], batch.gradings[f"{name} again"]
    assert first.tasks == second.tasks


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path, batch: Batch) -> None:
    wanted = expectation(case)
    grading = batch.gradings[case.name]
    unknown = set(wanted.get("tasks", {})) - {task.task for task in grading.tasks}
    assert not unknown, f"expect.yml names tasks that were not graded: {unknown}"
    feedback = results.feedback(grading) + json.dumps(results.gradescope(grading))
    problems = list(_text_problems("feedback", feedback, wanted))
    given = set(grading.submission.files) | set(grading.submission.problems)
    files = {
        task.id: task.file for item in rubric.load_all(ROOT / "solutions") for task in item.tasks
    }
    for task in grading.tasks:
        default = wanted.get("default", "passed") if files[task.task] in given else NOT_RUN
        expected = wanted.get("tasks", {}).get(task.task, default)
        expected = {"status": expected} if isinstance(expected, str) else expected
        problems += _task_problems(task, grading, expected)
    assert not problems, "\n".join(problems)


def _task_problems(task: TaskResult, grading: Grading, wanted: dict[str, Any]) -> Iterator[str]:
    text = results.task_text(task, grading.submission.files)
    if task.status != wanted["status"]:
        yield f"{task.task} is {task.status}, not {wanted['status']}: {text}"
        return
    share = wanted.get("score", {"passed": 1.0}.get(wanted["status"], 0.0))
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
