"""From what a child sent to verdicts: cases in, comparison with the answers, task results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from autograder.intake.submission import Submission
from autograder.judge.sandbox import CaseOutcome
from homework import compare
from homework import sentences as say
from homework.explain import Tried
from homework.fixtures import PUBLIC, Case, CaseArrays, Task
from homework.verdict import (
    ERROR,
    FAILED,
    GRADER_FAULT,
    NOT_IMPLEMENTED,
    NOT_RUN,
    PASSED,
    TIMEOUT,
    WITHHELD,
    CaseResult,
    TaskResult,
    Verdict,
    remarks_on,
)


def scored_cases(task: Task) -> list[Case]:
    return [case for case in task.cases if case.weight > 0]


def withhold(
    task: Task, verdicts: dict[str, Verdict], expects_values: Callable[[Case], bool]
) -> None:
    """Give nothing for draws and edge cases alone.

    Where all that a case expects is noise, whoever sends noise has it right; and in the extreme a
    constant may be. Such cases count once an ordinary case of the same task is right.
    """
    ordinary = [case for case in scored_cases(task) if case.weight >= 1.0 and expects_values(case)]
    if not ordinary or any(verdicts[case.name].status == PASSED for case in ordinary):
        return
    for case in scored_cases(task):
        if case.name in verdicts and verdicts[case.name].status == PASSED:
            verdicts[case.name] = Verdict(FAILED, say.WITHHELD, kind=WITHHELD)


def tried(task: Task, case: Case, answers: CaseArrays, found: CaseOutcome) -> Tried:
    """What a child gave for a case, and the verdict on it alone."""
    if found.outcome is not None:
        verdict = compare.judge(task, case, answers, [found.outcome])
    elif found.ended == "spent":
        verdict = Verdict(TIMEOUT, say.SPENT, say.SPENT_HELP)
    elif found.ended == "timeout":
        verdict = Verdict(TIMEOUT, found.detail, say.SLOW.get(found.detail, say.SLOW_FILE_HELP))
    elif found.ended == "unrun":
        verdict = Verdict(NOT_RUN, say.TIME_GONE)
    else:
        verdict = Verdict(ERROR, found.detail, say.ENDS.get(found.detail, ""))
    return Tried(case, answers, found.outcome, verdict)


def counterpart(name: str) -> str:
    """The name of the public copy of a hidden case."""
    return f"{PUBLIC}{name}"


def of_hidden(verdict: Verdict, copy: Verdict | None) -> Verdict:
    """What is said of a hidden case: whether it passes; if not, what is wrong with its public copy.

    Where the copy is right, `sentences.HIDDEN` is all that can be said. So there is no room for its
    inputs in it, whatever the student's code does.

    Args:
        copy: the verdict on the public copy; None if that was not run.
    """
    settled = verdict.status in (PASSED, GRADER_FAULT) or verdict.kind == WITHHELD
    if settled or verdict.rationale == say.SPENT:
        return verdict
    if copy is not None and copy.status not in (PASSED, GRADER_FAULT):
        return replace(copy, detail="", file="", line=0, output="", remark="")
    if copy is None and verdict.status == NOT_IMPLEMENTED:
        return replace(verdict, detail="", file="", line=0)
    status = {NOT_RUN: TIMEOUT, NOT_IMPLEMENTED: ERROR}.get(verdict.status, verdict.status)
    return Verdict(status, *say.HIDDEN[status])


def case_result(case: Case, verdict: Verdict) -> CaseResult:
    return CaseResult(case.name, case.about, case.public, case.weight, verdict)


def task_result(task: Task, results: list[CaseResult]) -> TaskResult:
    remarks = remarks_on(results)
    return TaskResult(task.id, task.title, task.points, results, task.all_or_nothing, remarks)


def unrun(task: Task, verdict: Verdict) -> TaskResult:
    return task_result(task, [case_result(case, verdict) for case in task.cases])


def why_not_run(file: str, submission: Submission) -> Verdict:
    if file in submission.problems:
        return Verdict(ERROR, submission.problems[file], "hand in the file as plain Python text")
    return Verdict(NOT_RUN, f"{file} was not handed in", f"add {file} and hand in again")
