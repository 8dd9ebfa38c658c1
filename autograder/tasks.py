"""Grades the tasks of one submission: in as few children as is fair.

A child for each task costs several times as much as one for all. But in one for all, a task may
spoil what comes after it, so of such a run only that stands which nothing can have spoiled: what is
right, what came first, and stubs. Every other task is run again in a child of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from autograder import behaviour
from autograder.intake.submission import Submission
from autograder.judge.sandbox import CaseInputs, CaseOutcome, Sandbox
from autograder.judge.slot import SandboxError, ZygoteGone
from autograder.verdicts import (
    SETTLED,
    Words,
    case_inputs,
    scored_cases,
    task_result,
    tried,
    unrun,
    why_not_run,
    withhold,
)
from homework import remarks
from homework.explain import Tried, explain
from homework.fixtures import Assignment, Case, Task
from homework.sentences import SPENT
from homework.verdict import GRADER_FAULT, PASSED, TaskResult, Verdict

Found = dict[str, Tried]  # by name of the case
Asked = dict[tuple[str, bool], list[CaseInputs]]  # by task, and whether of scored cases


class Tasks:
    """Grades the tasks of one assignment for one submission after the other.

    What is asked of all submissions alike is made once.
    """

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self._asked: Asked = {}
        self._words = Words(assignment)

    def grade(self, sandbox: Sandbox, submission: Submission) -> list[TaskResult]:
        """Results of all tasks, for a submission whose files are staged in the sandbox.

        Raises:
            ZygoteGone: the zygote has ended. Any other fault of the grader becomes a verdict.
        """
        results: dict[str, TaskResult] = {}
        found: dict[str, Found] = {}
        for task in self.assignment.tasks:
            if task.file not in submission.files:
                results[task.id] = unrun(task, why_not_run(task.file, submission))
        tasks = [task for task in self.assignment.tasks if task.id not in results]
        standing = self._together(sandbox, tasks, scored=True)
        for task in tasks:
            with _own_faults(task, results):
                found[task.id] = self._found(sandbox, task, standing.get(task.id), scored=True)
        # To show values; in children of their own, which have no inputs of hidden cases.
        wrong = [task for task in tasks if _is_wrong(found.get(task.id, {}))]
        shown = self._together(sandbox, wrong, scored=False)
        for task in wrong:
            with _own_faults(task, results):
                known = shown.get(task.id)
                if known is not None and not _explains(known, found[task.id]):
                    known = None  # something before it may have spoiled it
                copies = self._found(sandbox, task, known, scored=False)
                # A copy that there was no time for explains nothing.
                found[task.id] |= {
                    name: one for name, one in copies.items() if one.verdict.rationale != SPENT
                }
        for task in tasks:
            if task.id not in results:
                results[task.id] = self._result(task, found[task.id])
        for task in tasks:
            codes = sandbox.notes.get(task.id, ())
            results[task.id].remarks += remarks.sentences(codes, self.assignment.files)
        return [results[task.id] for task in self.assignment.tasks]

    def _together(self, sandbox: Sandbox, tasks: Sequence[Task], scored: bool) -> dict[str, Found]:
        """Run tasks in one child; what stands of it, by task.

        Copies of public cases are there to explain: of them everything is given, and whether they
        explain anything is for the caller to see.
        """
        tasks = [task for task in tasks if _cases(task, scored)]
        if len(tasks) < 2:
            return {}
        asked = {task.id: self._inputs(task, scored) for task in tasks}
        try:
            found = sandbox.run_together(self.assignment.stems, list(asked.values()))
        except ZygoteGone:
            raise
        except SandboxError:
            return {}  # whether that lasts is seen task by task
        standing = {}
        for task in tasks:
            outcomes = [found.get(inputs.name, CaseOutcome()) for inputs in asked[task.id]]
            if any(outcome.outcome is None for outcome in outcomes):
                continue
            judged = self._judged(task, _cases(task, scored), outcomes)
            right = all(one.verdict.status == PASSED for one in judged.values())
            if right or not scored or task is tasks[0] or _is_stub(task, outcomes):
                standing[task.id] = judged
        return standing

    def _found(self, sandbox: Sandbox, task: Task, standing: Found | None, scored: bool) -> Found:
        """What cases give. A task that builds on others is run in two ways."""
        cases = _cases(task, scored)
        found = standing or self._run(sandbox, task, cases, self._inputs(task, scored))
        failed = [case for case in cases if found[case.name].verdict.status not in SETTLED]
        if task.isolated and failed:
            # Whoever calls helpers of their own is right too if it all fits together.
            inputs = case_inputs(self.assignment, task, failed, isolated=False)
            own = self._run(sandbox, task, failed, inputs)
            found |= {name: one for name, one in own.items() if one.verdict.status == PASSED}
        return found

    def _run(
        self, sandbox: Sandbox, task: Task, cases: list[Case], inputs: list[CaseInputs]
    ) -> Found:
        """Run cases of one task, in children of their own."""
        found = sandbox.run_task(self.assignment.stems, inputs)
        return self._judged(task, cases, [found[one.name] for one in inputs])

    def _judged(self, task: Task, cases: Sequence[Case], outcomes: Sequence[CaseOutcome]) -> Found:
        return {
            case.name: tried(task, case, self.assignment.arrays(task, case), outcome)
            for case, outcome in zip(cases, outcomes)
        }

    def _inputs(self, task: Task, scored: bool) -> list[CaseInputs]:
        key = task.id, scored
        if key not in self._asked:
            self._asked[key] = case_inputs(self.assignment, task, _cases(task, scored))
        return self._asked[key]

    def _result(self, task: Task, found: Found) -> TaskResult:
        verdicts = explain(task, list(found.values()))
        withhold(self.assignment, task, verdicts)
        ran = [case for case in task.cases if case.name in verdicts]
        results = [self._words.result(task, case, verdicts[case.name]) for case in ran]
        result = task_result(task, results)
        if behaviour.is_unexplained(result):
            result.behaviour = behaviour.digests(found.values())
        return result


def _cases(task: Task, scored: bool) -> list[Case]:
    return scored_cases(task) if scored else [case for case in task.cases if not case.weight]


def _is_wrong(found: Mapping[str, Tried]) -> bool:
    return any(one.verdict.status not in SETTLED for one in found.values())


def _explains(shown: Found, scored: Found) -> bool:
    """Whether every copy of a public case is right, or wrong as some scored case is."""
    said = {(one.verdict.status, one.verdict.rationale) for one in scored.values()}
    verdicts = [one.verdict for one in shown.values()]
    return all(v.status == PASSED or (v.status, v.rationale) in said for v in verdicts)


def _is_stub(task: Task, outcomes: Sequence[CaseOutcome]) -> bool:
    """Whether all that came is the stub's own exception, which no other code raises."""
    mishaps = [outcome.outcome.mishap for outcome in outcomes if outcome.outcome is not None]
    return all(m and m.kind == "not implemented" and m.message == task.id for m in mishaps)


@contextlib.contextmanager
def _own_faults(task: Task, results: dict[str, TaskResult]) -> Iterator[None]:
    """Make a fault of the grader's the result of a task: whatever it is, the student did not do it.

    Raises:
        ZygoteGone: the zygote has ended, and all is to be done again.
    """
    try:
        yield
    except ZygoteGone:
        raise
    except Exception as error:
        fault = Verdict(
            GRADER_FAULT,
            f"the grader failed here ({type(error).__name__}); this is not your fault",
            "your instructor can grade it again",
            str(error),
        )
        results[task.id] = unrun(task, fault)
