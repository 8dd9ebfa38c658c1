"""Grades the tasks of one submission: in as few children as is fair.

A child for each task costs several times as much as one for all. So tasks share one as long as they
are right; after one that is not, the next child begins, unless importing takes long. The first
answer to a case stands, right or wrong. A case is run again only if it gave none: its child ended,
or it raised in a child in which others had run before. Nothing that is run again has seen the
inputs of a later task.

Hidden cases tell whether they pass. All that is said of what is wrong comes from the public copies
of the cases that fail, which are run last.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from autograder import behaviour, pool
from autograder.intake.submission import Submission
from autograder.judge.sandbox import CaseInputs, CaseOutcome, Sandbox
from autograder.judge.slot import SandboxError, ZygoteGone
from autograder.verdicts import (
    case_result,
    counterpart,
    of_hidden,
    scored_cases,
    task_result,
    tried,
    unrun,
    why_not_run,
    withhold,
)
from homework import remarks
from homework.explain import Tried, explain
from homework.fixtures import PUBLIC, Assignment, Case, CaseArrays, Task, on_its_own
from homework.outcome import Outcome
from homework.sentences import SPENT
from homework.verdict import ERROR, FAILED, GRADER_FAULT, PASSED, TaskResult, Verdict

Found = dict[str, Tried]  # by name of the case


class Tasks:
    """Grades the tasks of one assignment for one submission after the other.

    What is asked of many submissions is made once.
    """

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self._asked: dict[tuple[str, int], list[CaseInputs]] = {}

    def grade(self, sandbox: Sandbox, submission: Submission) -> list[TaskResult]:
        """Results of all tasks, for a submission whose files are staged in the sandbox.

        Raises:
            ZygoteGone: the zygote has ended. Any other fault of the grader becomes a verdict.
        """
        results: dict[str, TaskResult] = {}
        for task in self.assignment.tasks:
            if task.file not in submission.files:
                results[task.id] = unrun(task, why_not_run(task.file, submission))
        drawn = pool.chosen(self.assignment, submission.files)
        hidden = _Pass(self, sandbox, results, drawn)
        hidden.run()
        # A line number that comes from where hidden inputs are might stand for one of them.
        notes = sandbox.notes
        sandbox.notes = {task: set(map(remarks.unplaced, codes)) for task, codes in notes.items()}
        # In children of their own, which have no inputs of hidden cases.
        public = _Pass(self, sandbox, results, None, hidden)
        public.run()
        for task in self.assignment.tasks:
            if task.id not in results:
                found, shown = hidden.found[task.id], public.found.get(task.id, {})
                results[task.id] = self._result(task, found, shown, drawn)
                results[task.id].own_parts = hidden.own_parts.get(task.id, {})
        notes = {task.id: sandbox.notes.get(task.id, set()) for task in self.assignment.tasks}
        for name, said in remarks.by_task(notes, self.assignment.files).items():
            results[name].remarks += said
        return [results[task.id] for task in self.assignment.tasks]

    def asked(self, task: Task, drawn: int | None) -> list[CaseInputs]:
        """The cases of a task in the form in which children get them."""
        key = task.id, -1 if drawn is None else drawn
        if key not in self._asked:
            self._asked[key] = [
                CaseInputs(
                    _name(task, case),
                    case.probe,
                    self._arrays(task, case, drawn).inputs,
                    self.assignment.classes,
                )
                for case in _cases(task, drawn)
            ]
        return self._asked[key]

    def judged(self, task: Task, drawn: int | None, outcomes: Mapping[str, CaseOutcome]) -> Found:
        """What came of cases, and the verdicts on them."""
        return {
            case.name: tried(task, case, self._arrays(task, case, drawn), outcomes[name])
            for case in _cases(task, drawn)
            if (name := _name(task, case)) in outcomes
        }

    def _arrays(self, task: Task, case: Case, drawn: int | None) -> CaseArrays:
        return self.assignment.arrays(task, case, drawn or 0)

    def _result(self, task: Task, found: Found, shown: Found, drawn: int) -> TaskResult:
        # A copy that there was no time for explains nothing.
        shown = {name: one for name, one in shown.items() if one.verdict.rationale != SPENT}
        public = explain(task, list(shown.values()))
        hidden = {name: one.verdict for name, one in found.items()}
        withhold(task, hidden, lambda case: bool(self._arrays(task, case, drawn).expected))
        said = public | {
            name: of_hidden(verdict, public.get(counterpart(name)))
            for name, verdict in hidden.items()
        }
        cases = [case_result(c, said[c.name]) for c in task.cases if c.name in said]
        result = task_result(task, cases)
        if behaviour.is_unexplained(result):
            weights = {counterpart(case.name): case.weight for case in scored_cases(task)}
            result.behaviour = behaviour.digests(shown.values(), weights)
        return result


@dataclass
class _Pass:
    """Runs hidden cases of all tasks, or then the public ones of those that are wrong.

    Attributes:
        results: of tasks that cannot be run; gets those at which the grader fails.
        drawn: the number of a set of hidden cases; None for public cases.
        before: what hidden cases gave.
        own_parts: by task, and then by case: how it ended with given values, and without.
    """

    tasks: Tasks
    sandbox: Sandbox
    results: dict[str, TaskResult]
    drawn: int | None
    before: _Pass | None = None
    found: dict[str, Found] = field(default_factory=dict)
    own_parts: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)

    def run(self) -> None:
        everything = self.tasks.assignment.tasks
        left = [task for task in everything if task.id not in self.results]
        if self.before is not None:
            left = [task for task in left if not _is_settled(task, self.before.found[task.id])]
        while left:
            whole, came = self._together(left)
            for place, task in enumerate(tuple(left)):
                left.remove(task)
                with _own_faults(task, self.results):
                    found = whole.get(task.id) or self._complete(task, came, place)
                    self.found[task.id] = found | self._with_own_parts(task, found)
                if left and self.tasks.asked(left[0], self.drawn)[0].name not in came:
                    break  # the child did not come to the next one

    def _together(
        self, tasks: Sequence[Task]
    ) -> tuple[dict[str, Found], Mapping[str, CaseOutcome]]:
        """Run tasks in one child, as far as it may go: what is settled, and all that came."""
        asked = [self.tasks.asked(task, self.drawn) for task in tasks]
        waiting, whole = zip(tasks, asked), {}

        def goes_on(outcomes: list[CaseOutcome]) -> bool:
            task, cases = next(waiting)
            came = {case.name: one for case, one in zip(cases, outcomes)}
            found = self.tasks.judged(task, self.drawn, came)
            if self._goes_on(task, found):
                whole[task.id] = found
            return task.id in whole or self.sandbox.imports_slowly

        try:
            came = self.sandbox.run_together(self.tasks.assignment.stems, asked, goes_on)
        except ZygoteGone:
            raise
        except SandboxError:
            return {}, {}  # whether that lasts is seen task by task
        void = {name.partition("/")[0] for name, one in came.items() if one.outcome is None}
        return {name: found for name, found in whole.items() if name not in void}, came

    def _goes_on(self, task: Task, found: Found) -> bool:
        """Whether the next task may run in the same child: one that is not right may spoil it."""
        if self.before is not None:
            return all(one.outcome is not None for one in found.values())
        return _is_settled(task, found)

    def _complete(self, task: Task, came: Mapping[str, CaseOutcome], place: int) -> Found:
        """What cases give, those included that have to be run again alone.

        Args:
            place: how many tasks ran before it in the child.
        """
        may_be_spoiled = place > 0 and self.before is None  # public cases decide nothing
        asked = self.tasks.asked(task, self.drawn)
        known = {case.name: came.get(case.name, CaseOutcome()) for case in asked}
        again = [case for case in asked if _is_to_be_run(task, known[case.name], may_be_spoiled)]
        if again:
            known |= self.sandbox.run_task(self.tasks.assignment.stems, again)
        return self.tasks.judged(task, self.drawn, known)

    def _with_own_parts(self, task: Task, found: Found) -> Found:
        """What passes without given values, of a task that builds on others.

        Whoever builds on parts that are wrong may be right in themselves, and whoever calls parts
        that are not given may be right with their own. Nobody else has a second answer.
        """
        everything = self.tasks.assignment.tasks
        earlier = everything[: everything.index(task)]
        spread = not all(_all_pass(self.found.get(one.id, {})) for one in earlier)
        failing = [name for name, one in found.items() if _may_use_own(one, spread)]
        if not task.isolated or not failing:
            return {}
        names = {_name(task, one.case): name for name, one in found.items()}
        inputs = [
            replace(case, inputs=on_its_own(case.inputs))
            for case in self.tasks.asked(task, self.drawn)
            if names[case.name] in failing
        ]
        came = self.sandbox.run_task(self.tasks.assignment.stems, inputs)
        own = self.tasks.judged(task, self.drawn, came)
        self.own_parts[task.id] = {
            name: (found[name].verdict.status, one.verdict.status) for name, one in own.items()
        }
        return {name: one for name, one in own.items() if one.verdict.status == PASSED}


def _cases(task: Task, drawn: int | None) -> list[Case]:
    return [case for case in task.cases if case.public == (drawn is None)]


def _name(task: Task, case: Case) -> str:
    """What a child is told; a hidden case and its public copy are called alike."""
    return f"{task.id}/{case.name.removeprefix(PUBLIC)}"


def _all_pass(found: Found) -> bool:
    return bool(found) and all(one.verdict.status == PASSED for one in found.values())


def _is_settled(task: Task, found: Found) -> bool:
    """Whether all is right, or is the stub: that spoils nothing, and nobody need explain it."""
    return _all_pass(found) or all(_is_stub(task, one.outcome) for one in found.values())


def _is_to_be_run(task: Task, came: CaseOutcome, may_be_spoiled: bool) -> bool:
    """Whether a case has given no answer, for which something else may be to blame."""
    if came.outcome is None:
        return True
    return may_be_spoiled and came.outcome.mishap is not None and not _is_stub(task, came.outcome)


def _is_stub(task: Task, outcome: Outcome | None) -> bool:
    """Whether all that came is the stub's own exception, which no other code raises."""
    mishap = outcome.mishap if outcome else None
    return mishap is not None and (mishap.kind, mishap.message) == ("not implemented", task.id)


def _may_use_own(one: Tried, spread: bool) -> bool:
    """Whether a case may be run on the student's own parts.

    Args:
        spread: whether a task before is wrong, so that its error may show here.
    """
    return one.verdict.status == ERROR or (spread and one.verdict.status == FAILED)


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
