"""Engines grade a batch: this machine (`LocalEngine`), or many by Ray (`ray_engine`).

An engine takes submissions one by one as it has room, so that a batch of any size needs the memory
of a few, and gives back plain data, which can cross a network. It never reads or writes results:
that is the batch's work, and alike for all engines.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from autograder import results
from autograder.grade import Grader, Grading
from autograder.intake.submission import Submission
from autograder.judge.confine import Limits
from homework.verdict import GRADER_FAULT


@dataclass(frozen=True)
class Graded:
    """What came out for one submission, as plain data.

    Attributes:
        name: of the submission.
        results: in Gradescope's form, without times: grading again gives the same bytes.
        feedback: in Markdown, for the student.
        seconds: of wall time that grading took.
        where: host and slot that graded it.
        fault: why there are no results; a fault of the grader, never of a student.
    """

    name: str
    results: dict[str, Any]
    feedback: str = ""
    seconds: float = 0.0
    where: str = ""
    fault: str = ""

    @property
    def faults(self) -> int:
        """How many tasks the grader failed at."""
        tests = self.results.get("tests", [])
        return sum(test["extra_data"]["status"] == GRADER_FAULT for test in tests)


class Engine(Protocol):
    """Grades submissions; a context manager.

    Attributes:
        isolation: what confines students' code, in words.
        device: where probes run.
    """

    isolation: str
    device: str

    def __enter__(self) -> Engine: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def grade_all(self, submissions: Iterable[Submission], done: Callable[[Graded], None]) -> None:
        """Grade all, in any order. `done` is called in the calling thread, once for each.

        Whatever goes wrong with one submission becomes its `Graded.fault`; an exception of `done`
        or of the iterator ends the batch.
        """


class LocalEngine:
    """Grades on this machine, `jobs` submissions at a time; arguments as of `Grader`."""

    def __init__(
        self,
        fixtures: Path,
        only: Sequence[str] | None = None,
        jobs: int = 1,
        unsafe: bool = False,
        private: Sequence[Path] = (),
        limits: Limits | None = None,
    ) -> None:
        self._grader = Grader(fixtures, only, jobs, unsafe, private, limits=limits)
        self.isolation = self._grader.isolation
        self.device = "cpu"

    def __enter__(self) -> LocalEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._grader.__exit__(kind, error, trace)

    def grade_all(self, submissions: Iterable[Submission], done: Callable[[Graded], None]) -> None:
        def failed(submission: Submission, error: Exception) -> None:
            done(Graded(submission.name, {}, fault=f"{type(error).__name__}: {error}"))

        self._grader.grade_all(submissions, lambda grading: done(graded(grading)), failed)


def graded(grading: Grading) -> Graded:
    """The plain form of a grading, with what instructors alone may see."""
    found = results.gradescope(grading)
    for test, task in zip(found["tests"], grading.tasks, strict=True):
        test["extra_data"]["behaviour"] = list(task.behaviour)
    return Graded(
        grading.submission.name,
        found,
        results.feedback(grading),
        round(grading.seconds, 3),
        f"{platform.node()}/{grading.slot}",
    )
