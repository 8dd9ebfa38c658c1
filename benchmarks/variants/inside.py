"""Runs the judge on variants in this very process: no sandbox, hence many a second.

`InProcess` stands for `autograder.judge.sandbox.Sandbox`: what it hands back went through the same
packing and the same mistrust as a child's messages. Only code that this repository makes is run.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autograder.judge import child, untrusted, wire
from autograder.judge.sandbox import CaseInputs, CaseOutcome
from homework import probing
from homework.outcome import Outcome
from homework.quiet import quiet
from homework.student import Student

SECONDS = 10.0  # for one case


class Slow(BaseException):
    """A case took too long."""


def _slow(*_: Any) -> None:
    raise Slow


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise `Slow` in the block if it takes longer; only in the main thread."""
    before = signal.signal(signal.SIGALRM, _slow)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


class InProcess:
    """What `autograder.tasks` needs of a sandbox, for files that lie in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.imports_slowly = folder, False
        self.notes: dict[str, set[str]] = {}  # remarks are of no interest here

    def run_together(
        self, stems: Sequence[str], tasks: Sequence[Sequence[CaseInputs]], goes_on: object
    ) -> dict[str, CaseOutcome]:
        return self.run_task(stems, [case for task in tasks for case in task])

    def run_task(self, stems: Sequence[str], cases: Sequence[CaseInputs]) -> dict[str, CaseOutcome]:
        lines = {f"{stem}.py": self._lines(stem) for stem in stems}
        return {case.name: self._run(stems, case, lines) for case in cases}

    def _lines(self, stem: str) -> int:
        path = self.folder / f"{stem}.py"
        return path.read_bytes().count(b"\n") + 1 if path.is_file() else 0

    def _run(self, stems: Sequence[str], case: CaseInputs, lines: Mapping[str, int]) -> CaseOutcome:
        student = Student(self.folder, stems)
        outcome = run(student, case.probe, case.inputs)
        if outcome is None:
            return CaseOutcome(ended="timeout")
        ((head, arrays),) = wire.Reader().feed(child._message(case.name, outcome))
        return CaseOutcome(untrusted.outcome(head, arrays, lines, case.probe.rpartition(".")[2]))


def run(student: Student, probe: str, inputs: Mapping[str, Any]) -> Outcome | None:
    """Run a probe quietly; None if it takes too long."""
    with quiet(), limited(SECONDS):
        outcome = probing.run(student, probe, inputs)
    if outcome.mishap is not None and outcome.mishap.error == Slow.__name__:
        return None
    return outcome
