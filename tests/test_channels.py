"""What a child can see of the machine is the same for one child as for the next."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.judge.confine import RUNGS
from autograder.judge.sandbox import CaseInputs, Sandbox
from autograder.judge.slot import SandboxError

# What the system tells without being asked for the time: of the process, of what it has open, of
# its folders, of the machine. Not the number of the scratch folder's device: docs/isolation.md.
LOOKS = """
import os, resource, sys, threading
import torch


def numbers():
    found, apart = {"parent": os.getppid()}, os.getpid() == 1  # else processes are seen
    if apart:
        found |= {"session": os.getsid(0), "thread": threading.get_native_id()}
    places = [".", "/", "/dev/null", os.path.dirname(__file__), __file__] + ["/proc"] * apart
    for name in (*range(64), *places):
        try:
            told = os.stat(name)
        except OSError:
            continue
        for part in ("st_ino", "st_nlink", "st_size", "st_blocks", "st_mode", "st_rdev"):
            found[f"{name} {part}"] = getattr(told, part)
    for name in range(16):
        found[f"limit {name}"] = resource.getrlimit(name)[0]
    found["processors"], found["nice"] = len(os.sched_getaffinity(0)), os.getpriority(0, 0)
    found["uname"] = hash(os.uname()) % 2**50
    found["module"] = id(sys) % 2**50
    return found


def response(x):
    return torch.tensor(list(numbers().values()), dtype=torch.float64)
"""
CASE = CaseInputs("trial/one", "trial.response", {"x": np.zeros((2, 2), np.float32)})


@pytest.mark.parametrize("rung", RUNGS, ids="+".join)
def test_numbers_tell_nothing_of_other_children(rung: tuple[str, ...]) -> None:
    try:
        first = Sandbox(rung)
    except SandboxError as error:
        pytest.skip(str(error))
    with first, Sandbox(rung, slot=1, parent=first) as other:
        seen = []
        with first.stage({"trial.py": LOOKS.encode()}), other.stage({"trial.py": LOOKS.encode()}):
            for between in (0, 1, 3):
                for _ in range(between):
                    assert other.run_task(["trial"], [CASE])["trial/one"].outcome
                outcome = first.run_task(["trial"], [CASE])["trial/one"].outcome
                assert outcome is not None and outcome.mishap is None, outcome
                seen.append(outcome.values["value"].array)
        for one in seen[1:]:
            np.testing.assert_array_equal(one, seen[0])
