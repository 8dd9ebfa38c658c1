"""Starts sessions of grading under attack (`hostile_session`), one for each rung of isolation.

Sessions are processes of their own, because they change their surroundings and measure themselves.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from cases import HOSTILE, ROOT
from hostile_session import Report, Settings

HONEST = ["broken_exception", "right_numpy_noise", "right_reference", "wrong_cfg_moments"]
SESSION_SECONDS = 900  # a session takes a minute, more where others use the machine too
NOBODY = 65534


@cache
def ordinary_user() -> int | None:
    """A user other than root for rungs that are not for root, if that user can run this Python."""
    command = [sys.executable, "-c", "import autograder.grade, yaml"]
    try:
        subprocess.run(command, env=_environment(), cwd="/", check=True, **_as(NOBODY))
    except (OSError, subprocess.CalledProcessError):
        return None
    return NOBODY


def _as(user: int | None) -> dict[str, Any]:
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def _environment() -> dict[str, str]:
    paths = [str(ROOT), str(ROOT / "student_src"), str(ROOT / "tests")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def run_session(settings: Settings, user: int | None = None) -> Report:
    """Have a session run, in a process of its own, perhaps by another user; its report."""
    work = settings.home.parent
    (work / "settings").write_bytes(pickle.dumps(settings))
    script = ROOT / "tests" / "hostile_session.py"
    command = [sys.executable, str(script), str(work / "settings"), str(work / "report")]
    if user is not None:
        subprocess.run(["chown", "-R", str(user), str(work)], check=True)
    done = subprocess.run(
        command,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SESSION_SECONDS,
        check=False,
        **_as(user),
    )
    if done.returncode:
        raise RuntimeError(f"the session ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return pickle.loads((work / "report").read_bytes())


def session(rung: tuple[str, ...], hidden: Path) -> Report:
    """A session on one rung with all attacks, and nothing left of it but its report."""
    work = Path(tempfile.mkdtemp(prefix="hostile-"))
    try:
        os.chmod(work, 0o711)  # children pass through it
        home, fixtures = work / "home", work / "fixtures"
        home.mkdir(mode=0o711)
        shutil.copytree(hidden, fixtures)
        attacks = [case.name for case in HOSTILE]
        user = ordinary_user() if os.geteuid() == 0 and "uid" not in rung else None
        return run_session(Settings(rung, fixtures, home, attacks, HONEST), user)
    finally:
        shutil.rmtree(work)
