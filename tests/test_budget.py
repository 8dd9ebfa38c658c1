"""What one submission may take altogether, in real processes: its author bears what is beyond."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from pathlib import Path

import pytest

from autograder.batch.batch import Batch
from autograder.batch.manifest import Manifest
from autograder.engines.engine import LocalEngine
from autograder.grade import Grader, Grading
from autograder.intake.submission import open_submission
from autograder.judge.confine import Limits
from autograder.results import feedback
from cases import reference_file
from crash_kit import finished, hand_in, start
from homework import sentences
from homework.verdict import FAILED, NOT_RUN, PASSED, TIMEOUT

# As a submission that waits as long as it may in each case, and has no right answer.
STALLS = """
import time
time.sleep(2)
def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return bad
def bad(*a, **k):
    time.sleep(4.8)
    raise ValueError("slow")
"""
BURNS = """
import threading, torch
def log_mean_exp(y):
    big = torch.ones(1500, 1500)
    def work():
        for _ in range(1000):
            big @ big
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""
RIGHT = reference_file("q1_vae.py").read_text()


def graded(hidden: Path, folder: Path, text: str, limits: Limits) -> tuple[Grading, float]:
    """What comes out under these limits, and the seconds that it took."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "q1_vae.py").write_text(text)
    submission = open_submission(folder, ["q1_vae.py"])
    with Grader(hidden, ["q1"], limits=limits) as grader:
        begin = time.monotonic()
        grading = grader.grade(submission)
        return grading, time.monotonic() - begin


def statuses(grading: Grading) -> list[str]:
    return [task.status for task in grading.tasks if task.status != NOT_RUN]


def test_who_stalls_everywhere_gets_nothing_and_a_sentence(hidden: Path, tmp_path: Path) -> None:
    grading, seconds = graded(hidden, tmp_path, STALLS, Limits(submission_seconds=6))
    assert 5 < seconds < 9
    assert set(statuses(grading)) == {TIMEOUT} and grading.score == 0
    assert sentences.SPENT[1:] in feedback(grading) and "grader" not in feedback(grading)


def test_threads_take_processor_time_together(hidden: Path, tmp_path: Path) -> None:
    limits = Limits(submission_seconds=60, cpu_seconds=3, submission_cpu_seconds=4)
    before = os.times()
    grading, seconds = graded(hidden, tmp_path, BURNS, limits)
    assert set(statuses(grading)) & {TIMEOUT} and grading.score == 0
    assert sentences.SPENT[1:] in feedback(grading) and seconds < 20
    after = os.times()
    assert after.children_user - before.children_user < 60


def test_what_was_run_before_time_was_spent_stays(hidden: Path, tmp_path: Path) -> None:
    """What was wrong has its own sentence: copies of public cases only show it."""
    wrong = "def log_likelihood_bernoulli(mu, target):\n    return mu.sum(1)\n"
    slow = f"{RIGHT}\n{wrong}\nimport time\ntime.sleep(10)\n"
    grading, _ = graded(hidden, tmp_path, slow, Limits(submission_seconds=19))
    assert statuses(grading) == [FAILED] + 4 * [PASSED]
    assert sentences.SPENT[1:] not in feedback(grading)


def test_an_honest_slow_file_gets_its_points(hidden: Path, tmp_path: Path) -> None:
    slow = f"{RIGHT}\nimport time\ntime.sleep(20)\n"
    grading, seconds = graded(hidden, tmp_path, slow, Limits())
    assert statuses(grading) == [PASSED] * 5 and 20 < seconds < 60


def test_a_batch_is_not_delayed_beyond_the_budget(hidden: Path, tmp_path: Path) -> None:
    for name, text in {"ann": RIGHT, "mal": STALLS, "zoe": RIGHT}.items():
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "q1_vae.py").write_text(f"{text}\n# {name}\n")
    out = tmp_path / "out"
    batch = Batch([tmp_path / "in"], out, hidden, ["q1"])
    waiting = [one for one in batch.find() if batch.look(one)]
    with LocalEngine(hidden, ["q1"], limits=Limits(submission_seconds=6)) as engine:
        begin = time.monotonic()
        batch.grade(waiting, engine, Manifest(out, batch.facts), lambda: None)
        assert time.monotonic() - begin < 15
    scores = {row.name: row.score for row in batch.rows.values()}
    assert scores["ann"] == scores["zoe"] and scores["ann"] and scores["mal"] == 0


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_while_one_stalls_loses_nothing(
    hidden: Path, tmp_path: Path, sent: signal.Signals
) -> None:
    hand_in(tmp_path / "in", 4)
    (tmp_path / "in" / "student-0002" / "q1_vae.py").write_text(STALLS)
    out = tmp_path / "out"
    command = (tmp_path / "in", "--fixtures", hidden, "--task", "q1", "--out", out)
    with start(*command, tmp=tmp_path) as grader:
        deadline = time.monotonic() + 120
        while len(finished(out)) < 2:
            assert time.monotonic() < deadline and grader.is_running
            time.sleep(0.05)
        time.sleep(0.5)
        grader.process.send_signal(sent)
        begin = time.monotonic()
        status, _, errors = grader.finish(30)
    assert status == 130 and time.monotonic() - begin < 10, errors
    with (out / "grades.csv").open() as file:
        states = {row["submission"]: row["state"] for row in csv.DictReader(file)}
    assert states["student-0000"] == states["student-0001"] == "graded"
    assert set(states) == {f"student-000{n}" for n in range(4)}
    stalled = json.loads((out / "student-0002" / "results.json").read_text())
    assert stalled["extra_data"]["grader_fault"]
