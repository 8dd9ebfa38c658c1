"""What is known of each submission of a batch, in few bytes: for tables, sums and `grades.csv`.

Results themselves are on the disk. A batch of any size fits into memory because of each one only
scores and statuses are kept.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from sys import intern
from typing import Any, NamedTuple

from homework.fixtures import Assignment
from homework.verdict import GRADER_FAULT, PASSED

WAITING = "not graded yet"
UNCHANGED = "unchanged"  # graded by an earlier run, on the very same files
GRADED = "graded"
FAULT = "grader fault"
UNREADABLE = "unreadable"


class TaskScore(NamedTuple):
    """What a submission got for one task; `mistake` is the id of a planted one, or empty."""

    task: str
    score: float
    points: float
    status: str
    mistake: str


@dataclass(frozen=True, slots=True)
class Row:
    """One submission.

    Attributes:
        name: of the submission, and of its folder of results.
        state: one of the constants of this module.
        remark: what a grader wants to know at a glance.
        score, points: of all tasks; None without results.
        tasks: what came out for each task.
    """

    name: str
    state: str
    remark: str = ""
    score: float | None = None
    points: float | None = None
    tasks: tuple[TaskScore, ...] = ()

    @property
    def needs_a_look(self) -> bool:
        """True if something about it is for the grader, not the student, to put right."""
        return self.state in (FAULT, UNREADABLE) or (self.state != WAITING and not self.tasks)


def row(name: str, state: str, found: Mapping[str, Any]) -> Row:
    """The row of a submission with results in Gradescope's form.

    Raises:
        KeyError, TypeError: these are no results.
    """
    tasks = tuple(_task(test) for test in found["tests"])
    failed = sum(task.status == GRADER_FAULT for task in tasks)
    state = FAULT if failed else state
    score, points = _number(found["score"]), _number(found["extra_data"]["points"])
    return Row(name, state, _remark(tasks, failed), score, points, tasks)


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return value


def _task(test: Mapping[str, Any]) -> TaskScore:
    # Thousands of rows share a few names: `intern` keeps one copy of each.
    task, extra = intern(test["number"]), test["extra_data"]
    status, mistake = intern(extra["status"]), intern(extra["mistake"])
    return TaskScore(task, _number(test["score"]), _number(test["max_score"]), status, mistake)


def _remark(tasks: Sequence[TaskScore], failed: int) -> str:
    if failed:
        return f"the grader failed at {failed} tasks: grade again"
    if not tasks:
        return "no file of these assignments"
    counts = Counter(task.status for task in tasks if task.status != PASSED)
    return ", ".join(f"{count} {status}" for status, count in counts.items()) or "all passed"


def grades_csv(rows: Iterable[Row], tasks: Sequence[str]) -> str:
    """One line for each submission: name, sums, the score of each task, a remark."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["submission", "score", "points", *tasks, "remark"])
    for row in rows:
        scores = {task.task: task.score for task in row.tasks}
        sums = ["" if number is None else number for number in (row.score, row.points)]
        cells = [scores.get(task, "") for task in tasks]
        writer.writerow([cell(row.name), *sums, *cells, cell(row.remark)])
    return text.getvalue()


def cell(text: str) -> str:
    """Text that a spreadsheet will not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def table(rows: Iterable[Row], assignments: Sequence[Assignment]) -> list[tuple[str, ...]]:
    """Heading and one row for each submission: points by assignment, sum, remark."""
    groups = [{task.id for task in assignment.tasks} for assignment in assignments]
    lines = [("submission", *(a.name for a in assignments), "points", "remark")]
    for row in rows:
        cells = [_points([task for task in row.tasks if task.task in ids]) for ids in groups]
        total = "-" if row.score is None else f"{row.score:g}"
        lines.append((row.name, *cells, total, row.remark))
    return lines


def _points(tasks: Sequence[TaskScore]) -> str:
    if not tasks:
        return "-"
    return f"{sum(task.score for task in tasks):g}/{sum(task.points for task in tasks):g}"
