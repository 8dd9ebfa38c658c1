"""A trial of the judge: code that is known to be right, confined, with a result known here.

It tells a fault of the machine, which would make every student seem wrong, from faults of theirs.
"""

from __future__ import annotations

import numpy as np

from autograder.judge.sandbox import CaseInputs, CaseOutcome, Sandbox
from autograder.judge.slot import SandboxError, ZygoteGone

_FILE = b"import torch\n\n\ndef response(x):\n    return torch.tanh(x @ x.T).cumsum(dim=0)\n"
_X = np.linspace(-1.0, 1.0, 12, dtype=np.float32).reshape(4, 3)
_CASE = CaseInputs("trial/one", "trial.response", {"x": _X})
TRIES = 2


class GraderBroken(SandboxError):
    """Nothing that this machine says of students' code may be believed: the batch has to stop."""


def check(sandbox: Sandbox) -> None:
    """Try the judge.

    Raises:
        GraderBroken: right code does not give the right result, twice.
        ZygoteGone: the zygote has ended.
    """
    problem = ""
    for _ in range(TRIES):
        problem = _problem(sandbox)
        if not problem:
            return
    raise GraderBroken(
        f"code that is known to be right fails on this machine ({problem}): nothing is graded until"
        f" that is mended; is there a device {sandbox.device}, and is the kit complete?"
    )


def _problem(sandbox: Sandbox) -> str:
    try:
        with sandbox.stage({"trial.py": _FILE}):
            found = sandbox.run_task(["trial"], [_CASE])[_CASE.name]
    except ZygoteGone:
        raise
    except SandboxError as error:
        return str(error)
    return _told(found, sandbox.device)


def _told(found: CaseOutcome, device: str) -> str:
    if found.outcome is None:
        return found.detail or found.ended
    if found.outcome.mishap is not None:
        return f"{found.outcome.mishap.error}: {found.outcome.mishap.message}"
    value = found.outcome.values.get("value")
    if value is None or value.array is None or value.device != device.partition(":")[0]:
        return f"no result on {device}"
    expected = np.tanh(_X @ _X.T).cumsum(axis=0)
    if value.array.shape != expected.shape or not np.allclose(value.array, expected, atol=1e-3):
        return "its result is wrong"
    return ""
