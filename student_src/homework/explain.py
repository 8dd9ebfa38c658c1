"""Explains what is wrong with a task, from all of its cases together.

A planted mistake, a note on what the code did, or a pattern in the values is told only if it holds
in every case that fails and contradicts none that passes: inputs where different formulas happen to
agree must not decide. Where two planted mistakes explain the same, neither is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from homework import sentences as say
from homework import verdict as kinds
from homework.compare import REAL, aligned, first_values
from homework.diagnose import Pair, noise_problem, pattern
from homework.fixtures import RAISES, Case, CaseArrays, Task
from homework.outcome import Outcome, Value
from homework.probes.notes import NOTES
from homework.verdict import ERROR, FAILED, GRADER_FAULT, NOT_RUN, PASSED, Verdict


@dataclass(frozen=True)
class Tried:
    """One case that was run: what is expected, what came out (None if the process ended)."""

    case: Case
    answers: CaseArrays
    outcome: Outcome | None
    verdict: Verdict


def explain(task: Task, tried: Sequence[Tried]) -> dict[str, Verdict]:
    """The verdicts on all cases of a task, by name, with what explains them.

    Args:
        tried: the cases, as `compare.judge` sees them; public and hidden ones together.
    """
    verdicts = {one.case.name: one.verdict for one in tried}
    ran = [one for one in tried if one.verdict.status not in (GRADER_FAULT, NOT_RUN)]
    failing = [one for one in ran if one.verdict.status != PASSED]
    if not any(one.verdict.status in (FAILED, ERROR) for one in failing):
        return verdicts
    with np.errstate(all="ignore"):
        mistake = _planted(task, ran)
        text = task.mistakes.get(mistake) or _note(ran, failing)
        rationale = _pattern(task, ran, failing)
    spoilt = any(_of_values(one.verdict) for one in failing)
    for one in failing:
        verdict = one.verdict
        if rationale and verdict.kind == kinds.VALUE:
            verdict = replace(verdict, rationale=rationale)
        elif spoilt and verdict.kind == kinds.NOISE:
            unclear = say.NOISE.format(what=say.called(verdict.output), noise=say.NOISES["unclear"])
            verdict = replace(verdict, rationale=unclear)
        if verdict.status in (FAILED, ERROR):
            verdict = replace(verdict, help=text or verdict.help, mistake=mistake)
            verdicts[one.case.name] = _with_values(one, verdict)
    return verdicts


def _of_values(verdict: Verdict) -> bool:
    """Whether a verdict says that values which nobody drew are wrong."""
    return verdict.status == FAILED and verdict.kind != kinds.NOISE


def _with_values(one: Tried, verdict: Verdict) -> Verdict:
    """With the first values of what was returned and of what is expected, if it is public."""
    shown = (kinds.TYPE, kinds.SHAPE, kinds.NOT_FINITE, kinds.VALUE)
    if not one.case.public or one.outcome is None or verdict.kind not in shown:
        return verdict
    lines = first_values(one.outcome.values, one.answers, verdict.output)
    return replace(verdict, detail="\n".join(filter(None, (verdict.detail, *lines))))


# ----------------------------------------------------------------------------- planted mistakes


def _planted(task: Task, ran: Sequence[Tried]) -> str:
    """Id of the one planted mistake that gives what the student's code gives in all cases."""
    exact = any(_of_values(one.verdict) for one in ran)
    found = [m for m in task.mistakes if all(_agrees(task, one, m, exact) for one in ran)]
    if len(found) > 1:  # several that draw wrongly in the same way; the very numbers may tell
        found = [m for m in found if all(_same_draws(one, m) for one in ran)]
    return found[0] if len(found) == 1 else ""


def _agrees(task: Task, one: Tried, mistake: str, exact: bool) -> bool:
    """Whether a planted mistake gives in one case what the student's code gave.

    Args:
        exact: other values show the mistake already. Noise has then only to be wrong as well:
            which numbers come out depends on the order of the draws.
    """
    if one.outcome is None:
        return False
    shown = one.answers.mistakes.get(mistake, {})
    lacks = one.answers.lacks.get(mistake, {})
    if one.outcome.mishap is not None or RAISES in lacks:
        return RAISES in lacks and one.verdict.status == ERROR
    if one.verdict.status == PASSED and not shown and not lacks:
        return True
    values = one.outcome.values
    for name, right in one.answers.expected.items():
        if name in lacks:
            if name in values and values[name].array is not None:
                return False
        elif not _equals(task, one, name, values.get(name), shown.get(name, right)):
            return False
    return all(_same_noise(one, name, mistake, exact) for name in one.answers.mean)


def _equals(task: Task, one: Tried, name: str, value: Value | None, array: np.ndarray) -> bool:
    if value is None or value.array is None or value.array.dtype.kind not in REAL:
        return False
    actual, wanted = aligned(name, task, one.answers, value.array, array)
    if actual is None or wanted is None:
        return False
    rtol, atol = one.case.rtol, one.case.atol
    return np.allclose(actual, wanted, rtol=rtol, atol=atol, equal_nan=True)


def _same_noise(one: Tried, name: str, mistake: str, exact: bool) -> bool:
    """Whether draws are wrong in the same way, or right in both."""
    mine = one.outcome.values.get(name) if one.outcome else None
    mine_said = _noise(one, name, None if mine is None else mine.array)
    if name in one.answers.lacks.get(mistake, {}):
        return mine is None or mine.array is None
    its = one.answers.mistakes.get(mistake, {}).get(name)
    its_said = "" if its is None else _noise(one, name, its)
    if exact and mine_said and its_said:
        return True
    # A spread is wrong for many reasons; what is shared or repeated says more.
    loose = mine_said in ("mean", "large", "small") and not _same_draws(one, mistake)
    return mine_said == its_said and not loose


def _same_draws(one: Tried, mistake: str) -> bool:
    """Whether a planted mistake gave the very numbers that the student's code gave."""
    values = _values(one)
    drawn = one.answers.mistakes.get(mistake, {})
    return all(
        name not in drawn
        or (mine := values.get(name)) is not None
        and mine.array is not None
        and mine.array.shape == drawn[name].shape
        and np.allclose(mine.array, drawn[name], one.case.rtol, one.case.atol)
        for name in one.answers.mean
    )


def _noise(one: Tried, name: str, array: np.ndarray | None) -> str:
    mean = one.answers.mean[name]
    if array is None or array.shape != mean.shape or array.dtype.kind not in REAL:
        return "none" if array is None else f"shape {array.shape}"
    if not np.isfinite(array).all():
        return "not finite"
    return noise_problem(array, mean, one.answers.std[name])[0]


# --------------------------------------------------------------------------- notes and patterns


def _note(ran: Sequence[Tried], failing: Sequence[Tried]) -> str:
    """What the code did in all cases that fail and in none that passes, in words."""
    passing = [one for one in ran if one.verdict.status == PASSED]
    for key, text in NOTES.items():
        if all(_noted(one, key) for one in failing) and not any(_noted(o, key) for o in passing):
            return text
    return ""


def _noted(one: Tried, key: str) -> bool:
    return one.outcome is not None and key in one.outcome.notes


def _pattern(task: Task, ran: Sequence[Tried], failing: Sequence[Tried]) -> str:
    """A sentence on how the wrong values differ, if one output is wrong and alike in all cases."""
    exact = [one for one in failing if one.verdict.kind != kinds.NOISE]
    outputs = {one.verdict.output for one in exact if one.verdict.kind == kinds.VALUE}
    if len(outputs) != 1 or any(one.verdict.kind != kinds.VALUE for one in exact):
        return ""
    (output,) = outputs
    wrong = list(_pairs(task, output, exact))
    right = list(_pairs(task, output, [one for one in ran if one.verdict.status == PASSED]))
    said = say.PATTERNS[pattern(wrong, right)]
    return say.VALUE.format(what=say.called(output), pattern=said)


def _pairs(task: Task, output: str, tried: Sequence[Tried]) -> Iterator[Pair]:
    for one in tried:
        value = _values(one).get(output)
        target = one.answers.expected.get(output)
        if value is None or value.array is None or target is None:
            continue
        actual, expected = aligned(output, task, one.answers, value.array, target)
        if actual is not None and expected is not None:
            yield Pair(actual, expected, one.case.rtol, one.case.atol, one.answers.inputs)


def _values(one: Tried) -> Mapping[str, Value]:
    return one.outcome.values if one.outcome is not None else {}
