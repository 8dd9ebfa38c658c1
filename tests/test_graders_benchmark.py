"""The benchmark of graders: its checks and submissions, its sums, and what it refuses."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from cases import ROOT

sys.path.append(str(ROOT))

from benchmarks.graders import _require_marks  # noqa: E402
from benchmarks.peers import body, course, judge, summary, usage  # noqa: E402
from benchmarks.peers.course import Check, Submission  # noqa: E402
from benchmarks.peers.summary import OURS, PYTEST, STARTED, TWO_JOBS, WARM, Measurements  # noqa: E402
from benchmarks.peers.usage import MeasureError, Memory, Used  # noqa: E402
from homework.fixtures import FixtureError  # noqa: E402


def test_checks_are_spread_over_the_tasks(hidden: Path, tmp_path: Path) -> None:
    made = course.make(tmp_path / "course", 10, hidden)
    assert len(made.checks) == len(set(made.checks)) == 10
    assert len({check.task for check in made.checks}) == 6
    assert any(check.case == "gradient" for check in made.checks)
    catalogue = json.loads((made.fixtures / "vae.json").read_text())
    scored = [
        (t["id"], c["name"]) for t in catalogue["tasks"] for c in t["cases"] if c["weight"] > 0
    ]
    assert sorted(scored) == [(check.task, check.case) for check in made.checks]


def test_too_many_checks_are_refused(hidden: Path, tmp_path: Path) -> None:
    with pytest.raises(FixtureError, match="there are .* checks, not 1000"):
        course.make(tmp_path / "course", 1000, hidden)


def test_no_fixtures_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FixtureError, match="run `autograder release` first"):
        course.make(tmp_path / "course", 10, tmp_path)


def test_right_and_wrong_submissions_are_told_apart_by_the_checks_and_by_the_judge(
    hidden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = course.make(tmp_path / "course", 6, hidden)
    given = made.proof()
    assert [entry.right for entry in given] == [True, False, False, False, False]
    monkeypatch.setenv(body.FIXTURES, str(made.fixtures))
    memory = Memory()
    for tool in (judge.Warm(made), judge.Command(made)):
        used, passed = tool.grade(given, memory)
        assert used.cpu > 0
        _require_marks(tool.name, given, passed, len(made.checks))
    assert memory.rss["parent"] > memory.pss["child"] > 1e6


@pytest.mark.parametrize("marks", [{}, {"one": 9}, {"one": 10, "two": 10}])
def test_a_grader_that_does_not_grade_is_refused(marks: dict[str, int]) -> None:
    given = [Submission(Path("one"), True), Submission(Path("two"), False)]
    with pytest.raises(MeasureError, match="it does not grade"):
        _require_marks("it", given, marks, 10)


def test_every_third_of_a_mix_is_wrong_and_no_two_files_are_alike(tmp_path: Path) -> None:
    given = course.Course(tmp_path, (Check("q1.log_mean_exp", "ordinary"),)).submissions(
        7, mix=True
    )
    assert [entry.right for entry in given] == [True, True, False] * 2 + [True]
    assert len({(entry.folder / "q1_vae.py").read_bytes() for entry in given}) == 7


def measurements() -> Measurements:
    """Ours: 2 s to start and 0.1 s each; nbgrader: 3 s and 2 s each; pytest: 4 s each."""
    found = Measurements(at_once={OURS, "nbgrader autograde"})
    for number in (1, 200):
        for noise in (0.9, 1.0, 5.0):
            found.add(OURS, number, Used(noise * (2 + 0.1 * number), noise * (2 + 0.1 * number)))
        found.add(STARTED, number, Used(0.1 * number, 0.1 * number))
        found.add(WARM, number, Used(0.06 * number, 0.06 * number))
    for number in (20, 200):
        found.add(TWO_JOBS, number, Used(2 + 0.13 * number, 2 + 0.1 * number))
    for number in (1, 3):
        found.add("nbgrader autograde", number, Used(3 + 2 * number, 3 + 2 * number))
        found.add(PYTEST, number, Used(4 * number, 4 * number))
    return found


def test_a_batch_is_scaled_by_what_a_further_submission_takes() -> None:
    found = measurements()
    nbgrader, pytest_each = found.each("nbgrader autograde", 200), found.each(PYTEST, 200)
    assert nbgrader is not None and pytest_each is not None
    assert nbgrader.scaled and nbgrader.wall == pytest.approx((3 + 2 * 200) / 200)
    assert pytest_each.scaled and pytest_each.wall == pytest.approx(4)
    ours = found.each(OURS, 200)
    assert ours is not None and not ours.scaled and ours.wall == pytest.approx(22 / 200)
    assert found.each("otter run", 200) is None


def test_goals_are_met_or_missed_by_the_numbers() -> None:
    found = measurements()
    found.cold = {OURS: [2.0, 3.0, 2.1], PYTEST: [2.2, 2.2, 2.2]}
    found.parent = {
        10: Memory(rss={"parent": 100}, pss={"parent": 50}),
        1000: Memory(rss={"parent": 120}, pss={"parent": 50}),
    }
    met = {goal.text: goal.met for goal in summary.goals(found, [1, 200])}
    assert met == {
        "at 200 submissions at least 40 times nbgrader autograde": False,
        "a further submission takes at most 50 ms of one core beyond checks": True,
        "on 2 cores a further submission takes at most 2 times the warm checks in all": False,
        "on 1 core a further submission takes at most 2 times the warm checks in all": True,
        "the parent grows by less than 10% from 10 to 1000 submissions": False,
        "one submission from a cold start no slower than pytest": True,
    }


def test_processor_time_of_orphans_is_counted(tmp_path: Path) -> None:
    burn = "import time; t = time.process_time()\nwhile time.process_time() - t < 0.3: pass"
    orphan = f"import os\nif os.fork() == 0:\n    exec({burn!r})"
    used = usage.run([sys.executable, "-c", orphan], tmp_path, {})
    assert used.cpu > 0.3


def test_a_command_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(MeasureError, match="ended with status 3: said"):
        usage.run([sys.executable, "-c", "print('said'); exit(3)"], tmp_path, {})


def test_a_process_that_is_left_behind_is_ended_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "ENDING_S", 0.2)
    orphan = "import os, time\nif os.fork() == 0:\n    time.sleep(60)"
    before = set(usage.descendants(os.getpid()))
    with pytest.raises(MeasureError, match="left processes behind"):
        usage.run([sys.executable, "-c", orphan], tmp_path, {})
    assert set(usage.descendants(os.getpid())) == before
