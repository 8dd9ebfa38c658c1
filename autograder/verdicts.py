"""From what a child sent to verdicts: cases in, comparison with the answers, task results."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.intake.submission import Submission
from autograder.judge.sandbox import SUBMISSION_SECONDS, CaseInputs, CaseOutcome
from autograder.judge.watch import CASE_SECONDS
from homework import compare
from homework.fixtures import Assignment, Case, CaseArrays, Task
from homework.verdict import (
    ERROR,
    FAILED,
    NOT_IMPLEMENTED,
    NOT_RUN,
    PASSED,
    TIMEOUT,
    CaseResult,
    TaskResult,
    Verdict,
)

# What a second run, on the student's own code alone, would not change.
SETTLED = (PASSED, TIMEOUT, NOT_IMPLEMENTED, NOT_RUN)

# What to do about a process that ended; the keys are parts of what the sandbox says.
_ENDS = {
    "ended the process": "do not end the process; return or raise instead",
    "segmentation fault": "Python itself crashed: is there a recursion without end?",
    "processor time": "is there a loop that never ends?",
    "memory": "check the shapes: does something grow far larger than the inputs?",
}


def scored_cases(task: Task) -> list[Case]:
    return [case for case in task.cases if case.weight > 0]


def case_inputs(
    assignment: Assignment, task: Task, cases: Sequence[Case], isolated: bool | None = None
) -> list[CaseInputs]:
    isolated = task.isolated if isolated is None else isolated
    return [
        CaseInputs(f"{task.id}/{c.name}", c.probe, assignment.arrays(task, c).inputs, isolated)
        for c in cases
    ]


def withhold(assignment: Assignment, task: Task, verdicts: dict[str, Verdict]) -> None:
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


def verdict_on(task: Task, case: Case, answers: CaseArrays, found: CaseOutcome) -> Verdict:
    if found.ended == "spent":
        return Verdict(
            TIMEOUT,
            "the time for this whole submission was used up "
            f"({SUBMISSION_SECONDS:.0f} seconds)",
            "is there a loop that never ends, or work at import that belongs into a function?",
        )
    if found.ended == "timeout" and found.detail:
        return Verdict(TIMEOUT, found.detail, "move what takes long into functions")
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


def case_result(case: Case, verdict: Verdict) -> CaseResult:
    return CaseResult(case.name, case.about, case.public, case.weight, verdict)


def task_result(task: Task, results: list[CaseResult]) -> TaskResult:
    return TaskResult(task.id, task.title, task.points, results, task.all_or_nothing)


def unrun(task: Task, verdict: Verdict) -> TaskResult:
    return task_result(task, [case_result(case, verdict) for case in task.cases])


def why_not_run(file: str, submission: Submission) -> Verdict:
    if file in submission.problems:
        return Verdict(ERROR, submission.problems[file], "hand in the file as plain Python text")
    return Verdict(NOT_RUN, f"{file} was not handed in", f"add {file} and hand in again")
