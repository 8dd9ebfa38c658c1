"""Grades submissions: intake, sandboxed runs, comparison with the answers, scores."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any

from autograder.intake import IntakeError, Submission, open_submission
from autograder.judge import rungs
from autograder.judge.confine import RUNGS
from autograder.judge.sandbox import CaseInputs, CaseOutcome, Sandbox
from autograder.judge.watch import CASE_SECONDS
from autograder.selection import expected_files, load_assignments, preloads, release_digest
from homework import compare
from homework.fixtures import Assignment, Case, CaseArrays, Task
from homework.verdict import (
    ERROR,
    FAILED,
    GRADER_FAULT,
    NOT_RUN,
    PASSED,
    TIMEOUT,
    CaseResult,
    TaskResult,
    Verdict,
)

# What a second run, on the student's own code alone, would not change.
_SETTLED = (PASSED, TIMEOUT, NOT_RUN)


# What to do about a process that ended; the keys are parts of what the sandbox says.
_ENDS = {
    "ended the process": "do not end the process; return or raise instead",
    "segmentation fault": "Python itself crashed: is there a recursion without end?",
    "processor time": "is there a loop that never ends?",
    "memory": "check the shapes: does something grow far larger than the inputs?",
}


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
        only: assignments or tasks to grade (`vae`, `q1`, `q1.log_mean_exp`); None grades the
            assignments that a submission has files of.
        jobs: number of children that run at the same time.
        unsafe: grade even where nothing confines students' code.
        private: further folders that no child may read: other submissions, results.
        preload: modules that submissions import.
        allowed: rungs of isolation to try, strongest first.

    Raises:
        FixtureError: there are no fixtures, or they are of another version.
        NoIsolation: nothing confines students' code here.
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
    ) -> None:
        self.assignments = load_assignments(fixtures, only)
        self.always = only is not None
        self.release = release_digest(fixtures, self.assignments)
        self._stack = ExitStack()
        try:
            first = self._stack.enter_context(Sandbox((), extra=preload))
            unread = [fixtures, *_files_in(fixtures), *private]
            self.layers = rungs.choose(first, unread, [fixtures, *private], allowed, unsafe)
            self.sandboxes = [first]
            for slot in range(1, jobs):
                other = Sandbox(self.layers, slot=slot, parent=first)
                self.sandboxes.append(self._stack.enter_context(other))
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
    def peak_kib(self) -> int:
        """Largest resident size of any child so far."""
        return max(sandbox.peak_kib for sandbox in self.sandboxes)

    def grade(self, submission: Submission, sandbox: Sandbox | None = None) -> Grading:
        """Grade one submission; faults of the grader become verdicts that say so."""
        sandbox = sandbox or self.sandboxes[0]
        start = time.monotonic()
        result = Grading(submission, [], self.isolation, self.release, sandbox.slot)
        with sandbox.stage(submission.files):
            for assignment in self.assignments:
                if not self.always and not set(assignment.files) & _touched(submission):
                    continue
                result.written += assignment.written
                for task in assignment.tasks:
                    result.tasks.append(self._task(sandbox, assignment, task, submission))
        result.seconds = time.monotonic() - start
        return result

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
        """
        free: SimpleQueue[Sandbox] = SimpleQueue()
        for sandbox in self.sandboxes:
            free.put(sandbox)

        def work(submission: Submission) -> Grading:
            sandbox = free.get()
            try:
                return self.grade(submission, sandbox)
            finally:
                free.put(sandbox)

        def hand_over(running: dict[Future[Grading], Submission]) -> None:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                submission, error = running.pop(future), future.exception()
                if error is None:
                    done(future.result())
                elif failed is not None and isinstance(error, Exception):
                    failed(submission, error)
                else:
                    raise error

        room = 2 * len(self.sandboxes)  # no slot waits until the next submission is read
        with ThreadPoolExecutor(len(self.sandboxes)) as pool:
            running: dict[Future[Grading], Submission] = {}
            for submission in submissions:
                running[pool.submit(work, submission)] = submission
                if len(running) >= room:
                    hand_over(running)
            while running:
                hand_over(running)

    def _task(
        self, sandbox: Sandbox, assignment: Assignment, task: Task, submission: Submission
    ) -> TaskResult:
        if task.file not in submission.files:
            return _unrun(task, _why_not(task.file, submission))
        try:
            scored = [case for case in task.cases if case.weight > 0]
            verdicts = self._verdicts(sandbox, assignment, task, scored)
            if any(verdict.status not in _SETTLED for verdict in verdicts.values()):
                # To show values; in a child of their own, which has no other case's inputs.
                shown = [case for case in task.cases if not case.weight]
                verdicts |= self._verdicts(sandbox, assignment, task, shown)
            _withhold(assignment, task, verdicts)
            results = [
                _result(case, verdicts[case.name]) for case in task.cases if case.name in verdicts
            ]
        except Exception as error:  # whatever it is, the student did not do it
            fault = Verdict(
                GRADER_FAULT,
                f"the grader failed here ({type(error).__name__}); this is not your fault",
                "your instructor can grade it again",
                str(error),
            )
            return _unrun(task, fault)
        return _task_result(task, results)

    def _verdicts(
        self, sandbox: Sandbox, assignment: Assignment, task: Task, cases: list[Case]
    ) -> dict[str, Verdict]:
        """Verdicts on cases, by name. A task that builds on others is run in two ways."""
        verdicts = self._run(sandbox, assignment, task, task.isolated, cases)
        failed = [c for c in cases if verdicts[c.name].status not in _SETTLED]
        if task.isolated and failed:
            # Whoever calls helpers of their own is right too if it all fits together.
            own = self._run(sandbox, assignment, task, False, failed)
            verdicts |= {name: v for name, v in own.items() if v.status == PASSED}
        return verdicts

    def _run(
        self, sandbox: Sandbox, assignment: Assignment, task: Task, isolated: bool,
        cases: list[Case],
    ) -> dict[str, Verdict]:  # fmt: skip
        """Run cases in one way, with what the task builds on given or as the student wrote it."""
        answers = {case.name: assignment.arrays(task, case) for case in cases}
        inputs = [CaseInputs(c.name, c.probe, answers[c.name].inputs) for c in cases]
        found = sandbox.run_task(assignment.stems, isolated, inputs)
        return {c.name: _verdict(task, c, answers[c.name], found[c.name]) for c in cases}


def _withhold(assignment: Assignment, task: Task, verdicts: dict[str, Verdict]) -> None:
    """Give nothing for draws and edge cases alone.

    Where all that a case expects is noise, whoever sends noise has it right; and in the extreme a
    constant may be. Such cases count once an ordinary case of the same task is right.
    """
    ordinary = [
        case for case in task.cases if case.weight >= 1.0 and assignment.arrays(task, case).expected
    ]
    if not ordinary or any(verdicts[case.name].status == PASSED for case in ordinary):
        return
    for name, verdict in verdicts.items():
        if verdict.status == PASSED:
            verdicts[name] = Verdict(FAILED, "this counts once an ordinary case is right")


def _verdict(task: Task, case: Case, answers: CaseArrays, found: CaseOutcome) -> Verdict:
    if found.ended == "timeout":
        return Verdict(
            TIMEOUT,
            f"your code ran for more than {CASE_SECONDS:.0f} seconds",
            "is there a loop that never ends, or work at import that belongs into a function?",
        )
    if found.ended == "unrun":
        return Verdict(NOT_RUN, "the time of this task was used up by other cases")
    if found.outcome is None:
        return Verdict(ERROR, found.detail, _help_with_end(found.detail))
    return compare.judge(task, case, answers, [found.outcome])


def _help_with_end(detail: str) -> str:
    for said, help_text in _ENDS.items():
        if said in detail:
            return help_text
    return ""


def _result(case: Case, verdict: Verdict) -> CaseResult:
    return CaseResult(case.name, case.about, case.public, case.weight, verdict)


def _task_result(task: Task, results: list[CaseResult]) -> TaskResult:
    return TaskResult(task.id, task.title, task.points, results, task.all_or_nothing)


def _unrun(task: Task, verdict: Verdict) -> TaskResult:
    return _task_result(task, [_result(case, verdict) for case in task.cases])


def _why_not(file: str, submission: Submission) -> Verdict:
    if file in submission.problems:
        return Verdict(ERROR, submission.problems[file], "hand in the file as plain Python text")
    return Verdict(NOT_RUN, f"{file} was not handed in", f"add {file} and hand in again")


def _touched(submission: Submission) -> set[str]:
    return {*submission.files, *submission.problems}


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
        opened = open_submission(submission, expected)
    except IntakeError as error:
        missing = tuple(expected)
        problems = dict.fromkeys(expected, str(error))
        opened = Submission("submission", submission, {}, missing, problems, (str(error),), "")
    with Grader(fixtures_dir, [assignment], preload=preloads([opened])) as grader:
        return results.gradescope(grader.grade(opened))
