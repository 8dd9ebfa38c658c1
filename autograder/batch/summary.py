"""Sums up a batch: how each task went, and which mistakes are frequent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autograder.batch.ledger import Row
from homework import verdict
from homework.fixtures import Assignment

# What instructors call the statuses of a task; the first ones are told even where there are none.
COLUMNS = {
    verdict.PASSED: "passed",
    verdict.FAILED: "wrong",
    verdict.ERROR: "crashed",
    verdict.TIMEOUT: "timed out",
    verdict.NOT_IMPLEMENTED: "not implemented",
    verdict.NOT_RUN: "not handed in",
    verdict.GRADER_FAULT: "grader fault",
}
_ALWAYS = 5


@dataclass(frozen=True)
class Mistake:
    """A planted mistake that submissions equal: its task and id, the hint in short, how many."""

    task: str
    id: str
    hint: str
    count: int


def by_task(rows: Iterable[Row], assignments: Sequence[Assignment]) -> list[tuple[str, ...]]:
    """Heading and one line for each task that any submission has results for."""
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        counts.update((task.task, task.status) for task in row.tasks)
    seen = {status for _, status in counts}
    columns = [s for i, s in enumerate(COLUMNS) if i < _ALWAYS or s in seen]
    graded = {task for task, _ in counts}
    ids = [task.id for assignment in assignments for task in assignment.tasks]
    lines = [("task", *(COLUMNS[status] for status in columns))]
    for task in ids:
        if task in graded:
            lines.append((task, *(str(counts[task, status]) for status in columns)))
    return lines


def frequent_mistakes(
    rows: Iterable[Row], assignments: Sequence[Assignment], most: int = 3
) -> list[Mistake]:
    """The mistakes that most submissions make, most frequent first."""
    hints = {
        (task.id, mistake): first_sentence(hint)
        for assignment in assignments
        for task in assignment.tasks
        for mistake, hint in task.mistakes.items()
    }
    counts = Counter((task.task, task.mistake) for row in rows for task in row.tasks)
    named = [(place, count) for place, count in counts.items() if place[1]]
    named.sort(key=lambda item: (-item[1], item[0]))
    return [Mistake(*place, hints.get(place, ""), count) for place, count in named[:most]]


def first_sentence(text: str) -> str:
    """Up to the first full stop, question or exclamation mark that ends a sentence."""
    found = re.match(r".*?[.?!](?=\s+[A-Z]|\s*$)", text, re.DOTALL)
    return found[0] if found else text
