"""Grades submissions: intake, sandboxed runs, comparison with the answers, scores."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any

from autograder import static_checks
from autograder.intake.reader import Reader
from autograder.intake.submission import IntakeError, Submission
from autograder.judge import preload as preloading
from autograder.judge import rungs, trial
from autograder.judge.confine import RUNGS, Limits
from autograder.judge.sandbox import Sandbox
from autograder.selection import expected_files, load_assignments, release_digest
from autograder.tasks import Tasks
from autograder.workers import Workers
from homework import helpers
from homework.verdict import ERROR, NOT_RUN, TIMEOUT, TaskResult


@dataclass
class Grading:
    """What came out for one submission."""

    submission: Submission
    tasks: list[TaskResult]
    isolation: str
    release: str
    slot: int = 0
    seconds: float = 0.0
    written: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)  # on the submission as a whole

    @property
    def score(self) -> float:
        return round(sum(task.score for task in self.tasks), 2)

    @property
    def points(self) -> float:
        return sum(task.points for task in self.tasks)


class Grader:
    """Grades any number of submissions with one zygote; a context manager.

    Args:
        fixtures: folder of the hidden fixtures that a release made.
        only: assignments or tasks to grade (`toy`, `q0`, `q0.mean`); None grades the
            assignments that a submission has files of.
        jobs: number of children that run at the same time.
        unsafe: grade even where nothing confines students' code.
        private: further folders that no child may read: other submissions, results.
        preload: modules to load besides what submissions name.
        allowed: rungs of isolation to try, strongest first.
        device: on which probes run.
        limits: of what is run of each submission.

    Raises:
        FixtureError: there are no fixtures, or they are of another version.
        NoIsolation: nothing confines students' code here.
        GraderBroken: right code fails here, as where there is no such device.
    """

    def __init__(
        self,
        fixtures: Path,
        only: Sequence[str] | None = None,
        jobs: int = 1,
        unsafe: bool = False,
        private: Sequence[Path] = (),
        preload: Sequence[str] = (),
        allowed: Sequence[tuple[str, ...]] = RUNGS,
        device: str = "cpu",
        limits: Limits | None = None,
    ) -> None:
        self.assignments = load_assignments(fixtures, only)
        self.always = only is not None
        self.release = release_digest(fixtures, self.assignments)
        self._tasks = {assignment.name: Tasks(assignment) for assignment in self.assignments}
        self._stack = ExitStack()
        try:
            unread, unwritten = [fixtures, *_files_in(fixtures), *private], [fixtures, *private]
            loaded = preloading.of_assignments(self.assignments, preload)
            first = rungs.open_sandbox(unread, unwritten, allowed, unsafe, loaded, device, limits)
            self.layers, self.jobs = first.layers, jobs
            start = partial(Sandbox, self.layers, loaded, 0, first.device, first.limits)
            self._workers = Workers(first, jobs, start)
            self._stack.callback(self._workers.close)
            self._workers.run(0, trial.check)
            # Kept open: a zygote is ended when the thread that started it ends.
            self._threads = self._stack.enter_context(ThreadPoolExecutor(jobs))
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> Grader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def isolation(self) -> str:
        return rungs.name(self.layers)

    @property
    def sandboxes(self) -> list[Sandbox]:
        """Where submissions are graded."""
        return self._workers.sandboxes

    @property
    def peak_kib(self) -> int:
        """Largest resident size of any child so far."""
        return self._workers.peak_kib

    def grade(self, submission: Submission, worker: int = 0) -> Grading:
        """Grade one submission; faults of the grader become verdicts that say so.

        Raises:
            SandboxError: no grading process lasts until it is done.
            GraderBroken: nothing of it could be run, and nor could right code.
        """
        start = time.monotonic()
        modules = preloading.named_in(submission.files)
        result = self._workers.run(worker, partial(self._grade, submission), modules)
        if _all_failed(result.tasks):
            self._workers.run(worker, trial.check)
        result.remarks = static_checks.consider(result.tasks, self.assignments, submission.files)
        result.slot, result.seconds = worker, time.monotonic() - start
        return result

    def _grade(self, submission: Submission, sandbox: Sandbox) -> Grading:
        result = Grading(submission, [], self.isolation, self.release)
        with sandbox.stage(self._provided(submission) | submission.files):
            for assignment in self.assignments:
                if not self.always and not set(assignment.files) & _touched(submission):
                    continue
                result.written += assignment.written
                result.tasks += self._tasks[assignment.name].grade(sandbox, submission)
        return result

    def _provided(self, submission: Submission) -> dict[str, bytes]:
        """Modules of the assignments' own that the submission's files name."""
        text = b"\n".join(submission.files.values())
        given = {p: t for a in self.assignments for p, t in a.provided.items()}
        wanted = {top for top in helpers.modules(given) if top.encode() in text}
        return {p: t.encode() for p, t in given.items() if p.split("/")[0] in wanted}

    def grade_all(
        self,
        submissions: Iterable[Submission],
        done: Callable[[Grading], None],
        failed: Callable[[Submission, Exception], None] | None = None,
    ) -> None:
        """Grade many, as many at a time as there are jobs, taking them as there is room.

        Args:
            done: called in the calling thread with each result, as it comes.
            failed: called so when the grader itself failed at one; without it, that is raised.

        Raises:
            GraderBroken: no result can be believed any more; the last one has not been handed over.
        """
        free: SimpleQueue[int] = SimpleQueue()
        for worker in range(self.jobs):
            free.put(worker)

        def work(submission: Submission) -> Grading:
            worker = free.get()
            try:
                return self.grade(submission, worker)
            finally:
                free.put(worker)

        def hand_over(running: dict[Future[Grading], Submission]) -> None:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                submission, error = running.pop(future), future.exception()
                if error is None:
                    done(future.result())
                elif isinstance(error, trial.GraderBroken) or failed is None:
                    raise error
                elif isinstance(error, Exception):
                    failed(submission, error)
                else:
                    raise error

        room = 2 * self.jobs  # no worker waits until the next submission is read
        running: dict[Future[Grading], Submission] = {}
        try:
            for submission in submissions:
                running[self._threads.submit(work, submission)] = submission
                if len(running) >= room:
                    hand_over(running)
            while running:
                hand_over(running)
        except BaseException:
            for future in running:
                future.cancel()
            self._workers.stop()  # what is being graded is not waited for
            raise


def _touched(submission: Submission) -> set[str]:
    return {*submission.files, *submission.problems}


def _all_failed(tasks: Sequence[TaskResult]) -> bool:
    """Whether all that ran went wrong as on a broken machine: outside of the student's lines."""
    ran = [task.worst for task in tasks if task.status != NOT_RUN]
    return bool(ran) and all(one.status in (ERROR, TIMEOUT) and not one.line for one in ran)


def _files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def grade_to_results(submission: Path, assignment: str, fixtures_dir: Path) -> dict[str, Any]:
    """Grade one submission of one assignment, as Gradescope's `results.json`.

    Never raises for a bad submission: that becomes results with no points and a message.
    """
    from autograder import results

    chosen = load_assignments(fixtures_dir, [assignment])
    expected = expected_files(chosen)
    try:
        opened = Reader([submission], expected).open_path(submission, alone=True)
    except IntakeError as error:
        missing = tuple(expected)
        problems = dict.fromkeys(expected, str(error))
        opened = Submission("submission", submission, {}, missing, problems, (str(error),), "")
    with Grader(fixtures_dir, [assignment]) as grader:
        return results.gradescope(grader.grade(opened))
