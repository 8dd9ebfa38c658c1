"""Grades a batch by Ray: on this machine, or on all machines of a cluster.

The driver, which is this process, reads submissions and writes results. Each worker is an actor
with a grader of its own (`ray_worker`) and grades one submission at a time. The driver hands out a
submission when a worker is free for it, so it holds only those that are being graded.

Ray repeats nothing by itself here, because it cannot tell whose fault an end is. A student's crash
or endless loop ends inside a worker, as a verdict, and is never repeated. When the worker itself is
lost (it ended, its node died, it was stuck and had to be killed, its grader failed), the submission
goes to another worker; after `TRIES` attempts it is a fault of the grader.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from autograder.engines import ray_worker
from autograder.engines.engine import Graded
from autograder.engines.ray_session import session
from autograder.intake.submission import Submission
from autograder.judge import leftovers
from autograder.judge.confine import Limits
from autograder.judge.rungs import NoIsolation
from autograder.judge.sandbox import SandboxError
from autograder.selection import load_assignments

TRIES = 3  # for a submission
START_TRIES = 3  # for the workers of one seat, in a row
MOST_LOSSES = 10  # of one seat, in a row
END_SECONDS = 10.0  # for idle workers to tidy up
START_SECONDS = 300.0  # for a worker to get a place in the cluster and to load torch
# More than a submission takes, together with what the grader does before and after.
UNIT_SECONDS = 2 * Limits().submission_seconds + 60


@dataclass
class _Unit:
    """A submission to be graded, and why the attempts so far came to nothing."""

    submission: Submission
    failures: list[str] = field(default_factory=list)


class _Lost(SandboxError):
    """A worker was lost, which says nothing about the next one."""


class _Line:
    """The submissions that wait: first those to be tried again, then the others, as asked for."""

    def __init__(self, submissions: Iterable[Submission]) -> None:
        self._again = deque[_Unit]()
        self._rest = iter(submissions)
        self.is_empty = False

    def next(self) -> _Unit | None:
        if self._again:
            return self._again.popleft()
        for submission in self._rest:
            return _Unit(submission)
        self.is_empty = True
        return None

    def put_back(self, unit: _Unit) -> None:
        self._again.append(unit)
        self.is_empty = False


@dataclass
class _Seat:
    """A place for a worker: when one is lost, another takes it.

    Attributes:
        actor: the worker.
        answer: what it will answer next; None when it has nothing to do.
        deadline: when it has to answer, by `time.monotonic`.
        unit: what it is grading; None while it starts.
        bad_starts, losses: how many workers in a row did not start, or were lost later.
    """

    actor: Any = None
    answer: Any = None
    deadline: float = 0.0
    unit: _Unit | None = None
    bad_starts: int = 0
    losses: int = 0


class RayEngine:
    """Grades with workers of Ray; arguments as of `LocalEngine`, and these:

    Args:
        jobs: number of workers; None for as many as there are processors.
        most: how many submissions there are at most; no more workers are started.
        address: of a cluster that this machine belongs to; None grades on this machine alone.
        gpus: how much of a GPU each worker gets; above 0, probes run on it.
        unit_seconds: after which a worker that has not answered is killed.

    Raises:
        FixtureError: there are no fixtures, or they are of another version.
        SandboxError: Ray is missing or does not start, or no worker does.
        NoIsolation: nothing confines students' code on the nodes.
    """

    def __init__(
        self,
        fixtures: Path,
        only: Sequence[str] | None = None,
        jobs: int | None = None,
        unsafe: bool = False,
        private: Sequence[Path] = (),
        most: int = sys.maxsize,
        address: str | None = None,
        gpus: float = 0.0,
        unit_seconds: float = UNIT_SECONDS,
    ) -> None:
        chosen = load_assignments(fixtures, only)
        names = [assignment.name for assignment in chosen]
        self.isolation, self.device = "", "cuda" if gpus else "cpu"
        plan = ray_worker.plan(fixtures, names, only, unsafe, private, self.device)
        self._unit_seconds = unit_seconds
        self._last_error: Exception = SandboxError("no worker was started")
        self._stack = ExitStack()
        self._stack.callback(leftovers.sweep)  # of workers that had to be killed
        try:
            self._ray = self._stack.enter_context(session(address, jobs, gpus))
            if address is None and gpus > self._ray.cluster_resources().get("GPU", 0):
                raise SandboxError("this machine has no such GPU: grade without --gpus-per-unit")
            self._plan = self._ray.put(plan)
            self._class = self._ray.remote(
                num_cpus=1, num_gpus=gpus, max_restarts=0, max_task_retries=0,
                scheduling_strategy="SPREAD",
            )(ray_worker.Worker)  # fmt: skip
            self._seats: list[_Seat] = []
            self._stack.callback(self._end_all)
            for _ in range(min(jobs or self._processors(), most)):
                self._seats.append(self._start(_Seat()))
            self._wait_for_one()
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> RayEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def grade_all(self, submissions: Iterable[Submission], done: Callable[[Graded], None]) -> None:
        """As of `Engine`.

        Raises:
            SandboxError: Ray itself ended. What was handed to `done` stands.
        """
        line = _Line(submissions)
        while True:
            for seat in self._seats:
                unit = line.next() if seat.answer is None else None
                if unit is not None:
                    self._send(seat, unit)
            if not self._seats:
                self._give_up(line.next(), done)
            if line.is_empty and not any(seat.unit for seat in self._seats):
                return
            for seat, found, error in self._answers():
                if seat.unit is None:
                    self._note_start(seat, found, error)
                else:
                    self._note_result(seat, seat.unit, found, error, line, done)

    def _send(self, seat: _Seat, unit: _Unit) -> None:
        seat.unit = unit
        seat.answer = seat.actor.grade.remote(unit.submission)
        seat.deadline = time.monotonic() + self._unit_seconds

    def _answers(self) -> Iterator[tuple[_Seat, Any, Exception | None]]:
        """Wait for an answer or a deadline; each seat's answer, or why there is none."""
        asked = {seat.answer: seat for seat in self._seats if seat.answer is not None}
        if not asked:
            return
        refs, until = list(asked), min(seat.deadline for seat in asked.values())
        try:
            self._ray.wait(refs, timeout=max(0.0, until - time.monotonic()))
            come = set(self._ray.wait(refs, num_returns=len(refs), timeout=0)[0])
        except self._ray.exceptions.RayError as error:
            raise SandboxError(f"Ray has ended ({type(error).__name__}); grade again") from None
        for ref, seat in asked.items():
            if ref in come:
                yield seat, *self._get(ref)
            elif time.monotonic() >= seat.deadline:
                yield seat, None, _overdue(seat)

    def _get(self, ref: Any) -> tuple[Any, Exception | None]:
        errors = self._ray.exceptions
        try:
            return self._ray.get(ref), None
        except errors.RayTaskError as error:
            return None, error.cause
        except errors.OutOfMemoryError:
            return None, _Lost("its worker was ended because the node was short of memory")
        except errors.RayError:
            return None, _Lost("its worker or the node ended")

    def _note_result(
        self, seat: _Seat, unit: _Unit, found: Graded | None, error: Exception | None,
        line: _Line, done: Callable[[Graded], None],
    ) -> None:  # fmt: skip
        """Hand over what came out, or see to it that the submission is tried again."""
        if found is not None and found.faults:
            error = SandboxError(f"the grader failed at {found.faults} tasks")
        if found is not None and error is None:
            seat.unit = seat.answer = None
            seat.losses = 0
            done(found)
            return
        unit.failures.append(_told(error))
        seat.losses += 1
        self._replace(seat, error, seat.losses >= MOST_LOSSES)
        if len(unit.failures) < TRIES:
            line.put_back(unit)
        else:
            done(found or _fault(unit))

    def _give_up(self, unit: _Unit | None, done: Callable[[Graded], None]) -> None:
        if unit is not None:
            why = f"no worker is left: {_told(self._last_error)}"
            done(Graded(unit.submission.name, {}, fault=why))

    # Workers

    def _processors(self) -> int:
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def _start(self, seat: _Seat) -> _Seat:
        seat.actor = self._class.remote()
        seat.unit, seat.answer = None, seat.actor.start.remote(self._plan)
        seat.deadline = time.monotonic() + START_SECONDS
        return seat

    def _wait_for_one(self) -> None:
        while not self.isolation:
            if not self._seats:
                raise self._last_error
            for seat, isolation, error in self._answers():
                self._note_start(seat, isolation, error)

    def _note_start(self, seat: _Seat, isolation: str | None, error: Exception | None) -> None:
        if error is None and isolation is not None:
            self.isolation = self.isolation or isolation
            seat.bad_starts, seat.answer = 0, None
            return
        seat.bad_starts += 1
        # Before anything has worked, what a worker says of itself holds for the next one too.
        settled = not self.isolation and not isinstance(error, _Lost)
        self._replace(seat, error, settled or seat.bad_starts >= START_TRIES)

    def _replace(self, seat: _Seat, error: Exception | None, for_good: bool) -> None:
        """End a worker and start another one, unless this seat is given up for good."""
        self._last_error = error or self._last_error
        self._ray.kill(seat.actor)
        if for_good:
            self._seats.remove(seat)
        else:
            self._start(seat)

    def _end_all(self) -> None:
        """Let idle workers tidy up, then end all of them, whatever they are doing."""
        idle = [seat for seat in self._seats if seat.answer is None]
        ends = [seat.actor.close.remote() for seat in idle]
        if ends:
            self._ray.wait(ends, num_returns=len(ends), timeout=END_SECONDS)
        for seat in self._seats:
            self._ray.kill(seat.actor)


def _overdue(seat: _Seat) -> Exception:
    if seat.unit is not None:
        return _Lost("its worker did not answer in time and was ended")
    return SandboxError(
        f"no worker started within {START_SECONDS:.0f} seconds: has the cluster a free processor,"
        " and the GPU that was asked for?"
    )


def _told(error: Exception | None) -> str:
    known = error is None or isinstance(error, (SandboxError, NoIsolation))
    return str(error) if known else f"{type(error).__name__}: {error}"


def _fault(unit: _Unit) -> Graded:
    reasons = "; ".join(dict.fromkeys(unit.failures))
    fault = f"it was tried {len(unit.failures)} times with different workers: {reasons}"
    return Graded(unit.submission.name, {}, fault=fault)
