"""The judge under attack: every submission of `tests/hostile/`, on every rung that holds here.

A session (`hostile_session`) grades all attacks, with honest submissions in between, and looks
afterwards for what was left behind. `python tests/hostile_table.py` prints what they find.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from autograder.judge.confine import RUNGS
from autograder.judge.rungs import name
from cases import HOSTILE, PROMISES, expectation
from homework.verdict import GRADER_FAULT
from hostile_rungs import HONEST, session
from hostile_session import Report
from judging import problems

LEAST = 100  # hostile submissions


@pytest.fixture(scope="module", params=RUNGS, ids=lambda rung: "+".join(rung))
def report(request: pytest.FixtureRequest, hidden: Path) -> Report:
    """A session on one rung; skips, saying why, where the rung does not hold."""
    found = session(request.param, hidden)
    if found.refusal:
        assert found.traces == []
        pytest.skip(found.refusal)
    return found


def test_there_are_enough_attacks_on_every_promise() -> None:
    promises = Counter(expectation(case)["promise"] for case in HOSTILE)
    assert len(HOSTILE) >= LEAST
    assert set(promises) == set(PROMISES)


def test_every_attack_is_graded_on_the_rung_that_was_asked_for(
    report: Report, request: pytest.FixtureRequest
) -> None:
    assert set(report.attacks) == {case.name for case in HOSTILE}
    assert report.isolation == name(request.node.callspec.params["report"])


def test_every_attack_gets_the_verdict_that_it_must_get(report: Report) -> None:
    found = {case.name: problems(case, report.attacks[case.name]) for case in HOSTILE}
    wrong = [f"{name}: {sentence}" for name, sentences in found.items() for sentence in sentences]
    if wrong:
        pytest.fail("\n".join(wrong))  # in full


def test_the_second_time_is_like_the_first(report: Report) -> None:
    repeated = [case.name for case in HOSTILE if expectation(case).get("again")]
    assert repeated and set(report.again) == set(repeated)
    for name_ in repeated:
        assert report.again[name_].tasks == report.attacks[name_].tasks, name_


def test_honest_submissions_are_not_harmed(report: Report) -> None:
    assert {name for name, _ in report.beside} == set(report.alone) == set(HONEST)
    for name_, grading in report.beside:
        assert grading.tasks == report.alone[name_].tasks, grading.submission.name


def test_nobody_made_the_grader_fail(report: Report) -> None:
    gradings = [*report.attacks.items(), *report.again.items(), *report.beside]
    assert [n for n, g in gradings for task in g.tasks if task.status == GRADER_FAULT] == []


def test_nothing_is_left_behind_or_touched(report: Report) -> None:
    assert report.traces == []


def test_the_parent_stays_small_and_loads_nothing_of_students(report: Report) -> None:
    assert report.loaded == []
    assert report.peak_kib < 300_000
