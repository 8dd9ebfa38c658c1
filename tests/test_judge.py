"""The judge judged: submissions with the verdict that each must get.

`tests/submissions/<case>/` holds a student's files and `expect.yml`:

* `shows`: a sentence on what the case shows.
* `base`, `files`: files to take from the `reference` or the `stub` where the case has none of its
  own. `<stem>.append.py` is put at the end of the base's file: what it defines comes last and wins.
* `hand_in`: {file: path inside the submission}, for files that are nested or renamed; `zip: true`
  packs them, and may hold paths that lead out of the zip.
* `default`, `tasks`: status of the tasks of the files handed in, or a mapping with `status`,
  `score` (a number, or [low, high], as a share of the task's points), `mistake`, and texts that the
  feedback must have (`says`) or must not have (`never`).
* `says`, `never`: the same for the whole feedback; `says` of the notes too.

Files may hold `@FIXTURES@`, `@ANSWERS@`, `@OTHERS@`, `@PARENT@` and `@PORT@`, so that attacks know
where to aim. An attack's file is right wherever the attack succeeds: a cheat that works would pass.

All cases are graded in one batch, with shorter limits of time. Nothing of a case is ever run here.
"""

from __future__ import annotations

import json
import os
import socket
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from autograder import results, rubric
from autograder.grade import Grader, Grading, preloads
from autograder.intake import Submission, find_submissions, open_submission
from autograder.judge import sandbox
from homework.verdict import NOT_RUN, TaskResult

ROOT = Path(__file__).resolve().parents[1]
CASES = sorted(path.parent for path in (ROOT / "tests" / "submissions").glob("*/expect.yml"))
BASES = {"reference": ROOT / "solutions", "stub": ROOT / "student_src"}
REPEATED = ("right_other_draws", "wrong_noise_of_luck", "wrong_trainers", "cheat_messages")


@dataclass
class Batch:
    """All cases, graded: by name, what came out, and where the attacks were aimed."""

    gradings: dict[str, Grading]
    folder: Path
    calls: int
    seconds: float


def expectation(case: Path) -> dict[str, Any]:
    return yaml.safe_load((case / "expect.yml").read_text(encoding="utf-8"))


def handed_in(case: Path, targets: dict[str, str]) -> dict[str, bytes]:
    """The files of a case: those of its base, with its own in their place or at their end."""
    wanted = expectation(case)
    base = BASES[wanted.get("base", "reference")]
    own = sorted(case.glob("*.py"))
    files = {name: (base / name).read_bytes() for name in wanted.get("files", ())}
    for path in own:
        text = path.read_text(encoding="utf-8")
        for name, value in targets.items():
            text = text.replace(f"@{name}@", value)
        name = path.name.replace(".append.py", ".py")
        before = files[name] + b"\n\n" if ".append." in path.name else b""
        files[name] = before + text.encode()
    return files


def submit(case: Path, folder: Path, targets: dict[str, str]) -> None:
    """Write a case as its student hands it in."""
    wanted = expectation(case)
    files = handed_in(case, targets)
    places = [
        (place, content)
        for name, content in files.items()
        for place in _listed(wanted.get("hand_in", {}).get(name, name))
    ]
    if wanted.get("zip"):
        with zipfile.ZipFile(folder / f"{case.name}.zip", "w") as archive:
            for place, content in places:
                archive.writestr(place, content)
        return
    for place, content in places:
        path = folder / case.name / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def open_all(folder: Path, fixtures: Path) -> list[Submission]:
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
    submissions = open_all(folder, hidden)
    gradings: dict[str, Grading] = {}
    start = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "CASE_SECONDS", 2.5)
        patch.setattr(sandbox, "TASK_SECONDS", 5.0)
        patch.setenv("SECRET_OF_THE_PARENT", "swordfish")
        private = [folder, out, ROOT / "solutions"]
        with Grader(hidden, jobs=2, private=private, preload=preloads(submissions)) as grader:
            grader.grade_all(submissions, lambda g: gradings.update({g.submission.name: g}))
            seconds = time.monotonic() - start
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
    yield Batch(gradings, home, calls, seconds)


def test_every_case_is_found_and_graded(batch: Batch) -> None:
    assert {name for name in batch.gradings if not name.endswith(" again")} == {
        case.name for case in CASES
    }


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
    for part in _listed(wanted.get("says", ())):
        if part not in text:
            yield f"{where} does not say {part!r}: {text}"
    for part in _listed(wanted.get("never", ())):
        if part in text:
            yield f"{where} says {part!r}: {text}"
