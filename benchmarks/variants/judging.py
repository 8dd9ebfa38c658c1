"""What the judge says of variants, and whether it is true; in a few warm processes."""

from __future__ import annotations

import copy
import multiprocessing
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from autograder import draws, results, static_checks
from autograder.intake.submission import Submission
from autograder.selection import load_assignments
from autograder.tasks import Tasks
from benchmarks.variants import course, truth
from benchmarks.variants.course import Variant
from benchmarks.variants.inside import InProcess
from homework.fixtures import Assignment
from homework.quiet import quiet
from homework.student import Student
from homework.verdict import ERROR, FAILED, PASSED, TIMEOUT, TaskResult

# Sentences that say that something is wrong and nothing more.
GENERIC = re.compile(
    r"(differs from what is expected|has (a )?wrong values?|right in some rows .* in others"
    r"|is wrong in .* rows of the batch|gives a wrong result)$"
)
NAMED, USEFUL, RAISED, SILENT = "named", "useful", "raised", "silent"
KINDS = (NAMED, USEFUL, RAISED, SILENT)


@dataclass(frozen=True)
class Said:
    """What was said of a variant.

    Attributes:
        share: of the task's points that it got.
        kind: one of `KINDS`, or empty where nothing was wrong.
        claim: what is claimed to be wrong, without numbers.
        text: the feedback on the task.
    """

    share: float
    kind: str
    claim: str
    text: str
    mistake: str = ""


@dataclass(frozen=True)
class Finding:
    """A wrong edit: `differs` as of `truth.difference`; `false` says why what was said is false."""

    variant: Variant
    differs: str
    said: Said | None = None
    false: str = ""

    @property
    def slipped(self) -> bool:
        return self.said is not None and self.said.share > 0.995


def say(variant: Variant, fixtures: Path) -> Said:
    """Grade a variant of one task on its assignment's fixtures, as the judge would."""
    assignment = _assignment(fixtures, variant.task)
    files = {name: text.encode() for name, text in course.files(variant).items()}
    submission = Submission("variant", _folder(), files, (), {}, (), "")
    for name, content in files.items():
        (_folder() / name).write_bytes(content)
    found = Tasks(assignment).grade(InProcess(_folder()), submission)
    static_checks.consider(found, [assignment], files)
    return _said(found[0], files)


def failing_sets(variant: Variant, fixtures: Path) -> list[int]:
    """The sets of hidden cases that a variant of one task does not pass."""
    assignment, folder = _assignment(fixtures, variant.task), _folder()
    course.write(variant, folder)
    student, (task,) = Student(folder, assignment.stems), assignment.tasks
    with quiet():
        return [n for n in range(assignment.sets) if not draws.passes(assignment, task, student, n)]


def _said(task: TaskResult, files: dict[str, bytes]) -> Said:
    worst, share = task.worst, task.score / task.points
    text = results.task_text(task, files)
    if task.status == PASSED:
        return Said(share, "", "", text)
    claim = re.sub(r"-?\d+(\.\d+)?(e-?\d+)?", "#", worst.rationale)
    claim = worst.mistake or f"{claim} {worst.help} {worst.formula}".strip()
    return Said(share, _kind(worst), claim, text, worst.mistake)


def _kind(verdict) -> str:
    if verdict.mistake or verdict.formula:
        return NAMED
    if verdict.status != FAILED:
        return RAISED if verdict.status in (ERROR, TIMEOUT) else verdict.status
    return SILENT if GENERIC.search(verdict.rationale) and not verdict.help else USEFUL


def examine(variant: Variant, fixtures: Path, others: Path) -> Finding:
    """Whether an edit is wrong, what is said of it, and whether that holds on other inputs."""
    course.write(variant, _folder())
    differs = truth.difference(variant.task, _folder())
    if differs != "wrong":
        return Finding(variant, differs)
    said = say(variant, fixtures)
    return Finding(variant, differs, said, _false(variant, said, others))


def _false(variant: Variant, said: Said, others: Path) -> str:
    if said.mistake:
        if truth.is_mistake(variant.task, _folder(), said.mistake):
            return ""
        # Draws of another layout are other numbers, though the same is wrong with them.
        if not truth.shows_in_noise_alone(variant.task, said.mistake):
            return f"it is not the mistake {said.mistake}"
    elif said.kind not in (NAMED, USEFUL):
        return ""
    again = say(variant, others)
    return "" if again.claim == said.claim else f"on other inputs: {again.claim}"


@cache
def _assignment(fixtures: Path, task_id: str) -> Assignment:
    """The assignment with this task alone; its arrays are read once for all tasks."""
    whole = next(a for a in _assignments(fixtures) if any(t.id == task_id for t in a.tasks))
    one = copy.copy(whole)
    one.tasks = tuple(task for task in whole.tasks if task.id == task_id)
    return one


@cache
def _assignments(fixtures: Path) -> list[Assignment]:
    found = load_assignments(fixtures)
    for assignment in found:
        assignment.arrays(assignment.tasks[0], assignment.tasks[0].cases[0])
    return found


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix=f"variant-{os.getpid()}-"))


def _start() -> None:
    import torch

    torch.set_num_threads(1)
    sys.dont_write_bytecode = True


def _call(work) -> object:
    function, *arguments = work
    return function(*arguments)


def each(function, variants: Iterable[Variant], *arguments, jobs: int = 2) -> Iterator:
    """The function of each variant, by some processes at a time, in order."""
    for argument in arguments:
        _assignments(argument)  # before the processes are forked, which then share it
    work = [(function, variant, *arguments) for variant in variants]
    if jobs == 1:
        _start()
        yield from map(_call, work)
        return
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, context, _start) as pool:
        yield from pool.map(_call, work, chunksize=4)
