"""Students' code is timed by what the machine gave it, not by what others took."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest

from autograder.judge import watch
from autograder.judge.confine import RUNGS
from autograder.judge.sandbox import CaseInputs, CaseOutcome, Sandbox

WORKS = """
import time


def response(x):
    end = time.process_time() + 0.6
    while time.process_time() < end:
        pass
    return x
"""
SLEEPS = "import time\n\n\ndef response(x):\n    time.sleep(60)\n    return x\n"
CASE = CaseInputs("trial/one", "trial.response", {"x": np.zeros((2, 2), np.float32)})
RIVALS = 6


@pytest.fixture
def one_busy_core() -> Iterator[None]:
    """This process, and whatever it starts, shares one core with others that are busy."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    rivals = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(RIVALS)]
    try:
        yield
    finally:
        for rival in rivals:
            rival.kill()
            rival.wait()
        os.sched_setaffinity(0, before)


def run(source: str) -> CaseOutcome:
    with Sandbox(RUNGS[-1]) as sandbox, sandbox.stage({"trial.py": source.encode()}):
        return sandbox.run_task(["trial"], [CASE])["trial/one"]


def test_a_busy_machine_costs_no_points(
    one_busy_core: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "CASE_SECONDS", 1.2)
    began = time.monotonic()
    came = run(WORKS)
    assert came.outcome is not None and came.outcome.mishap is None, came
    assert time.monotonic() - began > 2, "the core was not busy"


def test_sleep_ends_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "CASE_SECONDS", 0.5)
    assert run(SLEEPS).ended == "timeout"
