"""From what a child sent to verdicts: cases in, comparison with the answers, task results."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.intake.submission import Submission
from autograder.judge import untrusted
from autograder.judge.sandbox import CaseInputs, CaseOutcome
from homework import compare
from homework import sentences as say
from homework.explain import Tried
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
            verdicts[name] = Verdict(FAILED, say.WITHHELD)


def tried(task: Task, case: Case, answers: CaseArrays, found: CaseOutcome) -> Tried:
    """What a child gave for a case, and the verdict on it alone."""
    if found.outcome is not None:
        verdict = compare.judge(task, case, answers, [found.outcome])
    elif found.ended == "timeout":
        verdict = Verdict(TIMEOUT, found.detail, say.SLOW.get(found.detail, ""))
    elif found.ended == "unrun":
        verdict = Verdict(NOT_RUN, say.TIME_GONE)
    else:
        verdict = Verdict(ERROR, found.detail, say.ENDS.get(found.detail, ""))
    return Tried(case, answers, found.outcome, verdict)


class Words:
    """Sees to it that a hidden case is told in the words of `homework.sentences` alone.

    Whatever a student's code does, what is said of a hidden case is one of `possible`: there is
    no room for its inputs in it.
    """

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self._possible: dict[str, tuple[frozenset[str], frozenset[str]]] = {}

    def possible(self, task: Task) -> tuple[frozenset[str], frozenset[str]]:
        """All rationales and all helps for hidden cases of a task."""
        if task.id not in self._possible:
            names = {name for case in task.cases for name in untrusted.names(case.probe)}
            outputs: set[str] = set()
            for case in task.cases:
                answers = self.assignment.arrays(task, case)
                outputs |= {*answers.expected, *answers.mean}
            files = self.assignment.files
            self._possible[task.id] = say.possible(task, files, sorted(names), sorted(outputs))
        return self._possible[task.id]

    def result(self, task: Task, case: Case, verdict: Verdict) -> CaseResult:
        """The result of a case; of a hidden one without values, places and messages."""
        if not case.public and verdict.status != PASSED:
            rationales, helps = self.possible(task)
            verdict = Verdict(
                verdict.status,
                verdict.rationale if verdict.rationale in rationales else say.OTHER,
                verdict.help if verdict.help in helps else "",
                mistake=verdict.mistake,
                kind=verdict.kind,
            )
        return case_result(case, verdict)


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
