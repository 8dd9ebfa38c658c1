"""What is known of each submission of a batch, in few bytes: for tables, sums and `grades.csv`.

Results themselves are on the disk. A batch of any size fits into memory because of each one only
scores and statuses are kept.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import Any, NamedTuple
from unicodedata import category

from autograder.intake.names import safe
from homework.fixtures import Assignment
from homework.verdict import GRADER_FAULT, PASSED

WAITING = "not graded yet"
UNCHANGED = "unchanged"  # graded by an earlier run, on the very same files
GRADED = "graded"
FAULT = "grader fault"
UNREADABLE = "unreadable"
LEFT_OVER = "belongs to no submission"


class TaskScore(NamedTuple):
    """What a submission got for one task.

    `mistake` is the id of a planted one, or empty; `behaviour` names wrong results that no sentence
    explains.
    """

    task: str
    score: float
    points: float
    status: str
    mistake: str
    behaviour: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row comes from.

    Attributes:
        source: the paths that are graded.
        students: names and numbers, where an export lists them.
        attempt: which one was graded, of how many.
        remarks: what is doubtful about them, and somebody should look at.
        late: True if the course site says that it came late, which is no doubt about it.
        expected: True if nothing has to be done about it: a course site's own file.
    """

    source: str = ""
    students: str = ""
    attempt: str = ""
    remarks: tuple[str, ...] = ()
    expected: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One submission.

    Attributes:
        name: of the submission, and of its folder of results.
        state: one of the constants of this module.
        remark: what a grader wants to know at a glance.
        origin: where it was found.
        score, points: of all tasks; None without results.
        tasks: what came out for each task.
    """

    name: str
    state: str
    remark: str = ""
    origin: Origin = Origin()
    score: float | None = None
    points: float | None = None
    tasks: tuple[TaskScore, ...] = ()

    @property
    def needs_a_look(self) -> bool:
        """True if something about it is for the grader, not the student, to put right."""
        if self.origin.expected:
            return False
        return self.is_doubtful or (self.state != WAITING and not self.tasks) or self.state == FAULT

    @property
    def is_doubtful(self) -> bool:
        """True if it was graded, and it is not sure that these are the right files."""
        return bool(self.origin.remarks)

    @property
    def remarks(self) -> str:
        """The remark, and what is doubtful."""
        late = "late, says the course site" if self.origin.late else ""
        return "; ".join(part for part in (late, *self.origin.remarks, self.remark) if part)


def row(name: str, state: str, found: Mapping[str, Any], origin: Origin = Origin()) -> Row:
    """The row of a submission with results in Gradescope's form.

    Raises:
        KeyError, TypeError: these are no results.
    """
    tasks = tuple(_task(test) for test in found["tests"])
    failed = sum(task.status == GRADER_FAULT for task in tasks)
    state = FAULT if failed else state
    score, points = _number(found["score"]), _number(found["extra_data"]["points"])
    remark = "; ".join((_remark(tasks, failed), *_own_parts(found["tests"])))
    return Row(name, state, remark, origin, score, points, tasks)


def _own_parts(tests: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A remark on tasks that had a second answer, and pass by it."""
    tasks = [
        test["number"]
        for test in tests
        if any(own == PASSED for _, own in test["extra_data"].get("own_parts", {}).values())
    ]
    if tasks:
        yield f"right only with the student's own parts: {', '.join(tasks)}"


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return value


def _task(test: Mapping[str, Any]) -> TaskScore:
    # Thousands of rows share a few names: `intern` keeps one copy of each.
    task, extra = intern(test["number"]), test["extra_data"]
    status, mistake = intern(extra["status"]), intern(extra["mistake"])
    unexplained = () if extra.get("sentence") else tuple(map(intern, extra.get("behaviour", ())))
    score, points = _number(test["score"]), _number(test["max_score"])
    return TaskScore(task, score, points, status, mistake, unexplained)


def _remark(tasks: Sequence[TaskScore], failed: int) -> str:
    if failed:
        return f"the grader failed at {failed} tasks: grade again"
    if not tasks:
        return "no file of these assignments"
    counts = Counter(task.status for task in tasks if task.status != PASSED)
    return ", ".join(f"{count} {status}" for status, count in counts.items()) or "all passed"


def grades_csv(rows: Iterable[Row], tasks: Sequence[str]) -> str:
    """One line for each row: name, state, sums, the score of each task, remarks, where from."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    heading = ["submission", "students", "state", "score", "points", *tasks]
    writer.writerow([*heading, "remark", "attempt", "source"])
    for row in rows:
        scores = {task.task: task.score for task in row.tasks}
        sums = ["" if number is None else number for number in (row.score, row.points)]
        cells = [scores.get(task, "") for task in tasks]
        origin = row.origin
        # A further run, which finds all as it was, writes the same.
        state = GRADED if row.state == UNCHANGED else row.state
        first = [cell(row.name), cell(origin.students), state]
        last = [cell(row.remarks), cell(origin.attempt), cell(origin.source)]
        writer.writerow([*first, *sums, *cells, *last])
    return text.getvalue()


def names_by_source(path: Path) -> dict[str, str]:
    """The names of an earlier run's `grades.csv`, by the first path of each row."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        names = {row["source"].split("; ")[0]: row["submission"] for row in rows}
        return {source: name for source, name in names.items() if safe(name) == name}
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return {}


def cell(text: str) -> str:
    """Text in one line that a spreadsheet will not take for a formula."""
    text = "".join("?" if category(c)[0] in "CZ" and c != " " else c for c in text)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def table(rows: Iterable[Row], assignments: Sequence[Assignment]) -> list[tuple[str, ...]]:
    """Heading and one row for each submission: points by assignment, sum, remark."""
    groups = [{task.id for task in assignment.tasks} for assignment in assignments]
    rows = list(rows)
    who = any(row.origin.students for row in rows)
    students = ("students",) if who else ()
    lines = [("submission", *students, *(a.name for a in assignments), "points", "remark")]
    for row in rows:
        cells = [_points([task for task in row.tasks if task.task in ids]) for ids in groups]
        total = "-" if row.score is None else f"{row.score:g}"
        students = (row.origin.students,) if who else ()
        lines.append((row.name, *students, *cells, total, row.remarks))
    return lines


def _points(tasks: Sequence[TaskScore]) -> str:
    if not tasks:
        return "-"
    return f"{sum(task.score for task in tasks):g}/{sum(task.points for task in tasks):g}"
