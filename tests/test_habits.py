"""Habits of honest students: small changes of the reference, which must cost no points.

`tests/habits/<file>.txt` holds them. After a line `=== what it is` come lines that are put behind
the imports of the file; with `$` in that line, at its end; with `@ name`, before the function
`name`; with `| text`, in the place of `text`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

import pytest

from autograder.grade import Grader, Grading
from autograder.intake.submission import Submission
from cases import ROOT, reference_file
from homework.check import examine
from homework.verdict import PASSED, TaskResult
from judging import rubrics

HABITS = ROOT / "tests" / "habits"
_HEADING = re.compile(r"^=== (?P<title>.*?)(?: (?P<where>[@|$]) ?(?P<name>.*))?$", re.MULTILINE)
BESIDE = {"q1_train_vae.py": ("q1_vae.py",)}  # files that a file cannot do without


@dataclass(frozen=True)
class Habit:
    """A file that was changed, and how."""

    file: str
    title: str
    text: str

    @property
    def files(self) -> dict[str, bytes]:
        beside = {name: reference_file(name).read_bytes() for name in self.beside}
        return beside | {self.file: self.text.encode()}

    @property
    def beside(self) -> tuple[str, ...]:
        return BESIDE.get(self.file, ())

    @property
    def tasks(self) -> list[str]:
        return [task.id for item in rubrics() for task in item.tasks if task.file == self.file]


def habits() -> Iterator[Habit]:
    for path in sorted(HABITS.glob("*.txt")):
        reference = reference_file(f"{path.stem}.py").read_text()
        _, *parts = _HEADING.split(path.read_text())
        for title, where, name, code in zip(*(parts[i::4] for i in range(4)), strict=True):
            text = changed(reference, where, name, code.strip("\n"))
            assert text != reference, (path.stem, title)
            yield Habit(f"{path.stem}.py", title, text)


def changed(text: str, where: str | None, name: str | None, code: str) -> str:
    if where == "$":
        return f"{text}\n\n{code}\n"
    if where == "|":
        return text.replace(str(name), code)
    if where == "@":
        before = re.compile(rf"^( *)def {name}\(", re.MULTILINE)
        return before.sub(lambda m: f"{indent(code, m[1])}\n{m[0]}", text)
    *_, last = re.finditer(r"^(?:from|import) .*\n", text, re.MULTILINE)
    return f"{text[: last.end()]}\n{code}\n{text[last.end() :]}"


ALL = list(habits())
NAMES = [f"{habit.file}: {habit.title}" for habit in ALL]


@pytest.fixture(scope="module")
def graded(hidden: Path) -> dict[str, Grading]:
    """Every habit as a submission, by one grader, which takes the strongest rung there is."""
    found: dict[str, Grading] = {}
    submissions = [
        Submission(name, Path(name), habit.files, (), {}, (), name)
        for name, habit in zip(NAMES, ALL)
    ]
    with Grader(hidden, jobs=2) as grader:
        grader.grade_all(
            submissions, lambda grading: found.update({grading.submission.name: grading})
        )
    return found


def test_there_are_many() -> None:
    assert len(ALL) >= 80
    assert len({habit.file for habit in ALL}) == len(BESIDE.keys() | {h.file for h in ALL}) == 6


@pytest.mark.parametrize("habit", ALL, ids=NAMES)
def test_gets_full_marks(habit: Habit, graded: dict[str, Grading]) -> None:
    assert not lost(habit, graded[f"{habit.file}: {habit.title}"].tasks)


@pytest.mark.parametrize("habit", ALL, ids=NAMES)
def test_passes_the_check(habit: Habit, tmp_path: Path) -> None:
    for name, content in habit.files.items():
        (tmp_path / name).write_bytes(content)
    group = habit.tasks[0].partition(".")[0]
    assert not lost(habit, examine(group, tmp_path).results)


def lost(habit: Habit, results: list[TaskResult]) -> list[str]:
    return [
        f"{task.task}: {task.worst.rationale} {task.worst.detail}"
        for task in results
        if task.task in habit.tasks and task.status != PASSED
    ]
