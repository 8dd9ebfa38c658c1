"""Verdicts: what is said of a case, and of a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

PASSED = "passed"
FAILED = "failed"
ERROR = "error"
TIMEOUT = "timeout"
NOT_IMPLEMENTED = "not implemented"
NOT_RUN = "not run"
GRADER_FAULT = "grader fault"

# What is wrong with an output of a case that failed.
NOTHING, NO_GRADIENT, TYPE, SHAPE, NOT_FINITE, VALUE, NOISE, INPUTS, MEMORY, WITHHELD = KINDS = (
    "nothing returned", "no gradient", "wrong type", "wrong shape", "NaN or infinity",
    "wrong values", "wrong noise", "an input changed", "wrong on a second call",
    "counts once an ordinary case is right",
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What is said of one case.

    Attributes:
        status: one of the constants of this module.
        rationale: one sentence that states what was seen, of those in `homework.sentences`.
        help: what to do about it; the hint of the planted mistake that it equals, if any.
        detail: values, shapes, or the text of an exception: for public cases only.
        mistake: id of the planted mistake that it equals, if any.
        file, line: the place in the student's file that raised: for public cases only.
        kind: what is wrong with an output, in two or three words (see `KINDS`), and `output` which
            one it is.
        formula: what the result is instead, one of the sentences of `homework.recognise`.
        remark: a sentence beside the verdict that costs nothing.
    """

    status: str
    rationale: str = ""
    help: str = ""
    detail: str = ""
    mistake: str = ""
    file: str = ""
    line: int = 0
    kind: str = ""
    output: str = ""
    formula: str = ""
    remark: str = ""


@dataclass(frozen=True)
class CaseResult:
    """A case's name, weight and verdict; `about` describes its inputs in a few words."""

    case: str
    about: str
    public: bool
    weight: float
    verdict: Verdict


@dataclass
class TaskResult:
    """All cases of a task, and the score they give.

    `remarks` are sentences about the code itself, for its author and for instructors. `behaviour`
    names wrong results that no sentence explains, for instructors alone: see
    `autograder.behaviour`. `own_parts` is for them too: by case, how it ended with given values for
    what the task builds on, and how with the student's own.
    """

    task: str
    title: str
    points: float
    cases: list[CaseResult] = field(default_factory=list)
    all_or_nothing: bool = False
    remarks: list[str] = field(default_factory=list)
    behaviour: tuple[str, ...] = ()
    own_parts: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """Points times the weighted share of cases that pass (or all or nothing)."""
        total = sum(case.weight for case in self.cases)
        if total <= 0:
            return 0.0
        share = sum(c.weight for c in self.cases if c.verdict.status == PASSED) / total
        if self.all_or_nothing:
            share = float(share == 1.0)
        return round(self.points * share, 2)

    @property
    def status(self) -> str:
        """Passed if all cases are; else the status of the case that explains the task best."""
        return self.worst.status if self.cases else NOT_RUN

    @property
    def worst(self) -> Verdict:
        """The verdict to show for the whole task."""
        return _most_telling([case.verdict for case in self.cases])

    @property
    def failing(self) -> list[CaseResult]:
        return [case for case in self.cases if case.verdict.status != PASSED]


def remarks_on(cases: Sequence[CaseResult]) -> list[str]:
    """The remarks of all verdicts, each once."""
    return list(dict.fromkeys(c.verdict.remark for c in cases if c.verdict.remark))


def _most_telling(verdicts: Sequence[Verdict]) -> Verdict:
    """The failing verdict that says most: of the mistake that most cases show, else the first."""
    failing = [v for v in verdicts if v.status != PASSED]
    if not failing:
        return verdicts[0] if verdicts else Verdict(NOT_RUN, "nothing was run")
    faults = [v for v in failing if v.status == GRADER_FAULT]
    named = [v for v in failing if v.mistake]
    if faults or not named:
        return (faults or [v for v in failing if v.kind != WITHHELD] or failing)[0]
    counts: dict[str, int] = {}
    for verdict in named:
        counts[verdict.mistake] = counts.get(verdict.mistake, 0) + 1
    best = max(counts, key=lambda mistake: counts[mistake])
    return next(v for v in named if v.mistake == best)
