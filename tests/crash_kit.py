"""Starts `autograder grade` as a process, and ends it and what belongs to it without warning."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from cases import ROOT

TASK = "q1.log_mean_exp"
TREE_SECONDS = 5.0
KINDS = {1: "first zygote", 2: "zygote", 3: "child"}  # by distance from the grader

# One file is right, others wrong in ways of their own: results that are mixed up would be noticed.
RIGHT = "return torch.logsumexp(y, dim=1) - math.log(y.shape[1])"
BODIES = (
    RIGHT,
    RIGHT,
    "return torch.logsumexp(y, dim=1)",
    "return y.mean(dim=1)",
    f"print('thinking'); {RIGHT}",
    "raise ValueError('I give up')",
    "os._exit(3)",
    "raise NotImplementedError('q1.log_mean_exp')",
)


def hand_in(folder: Path, count: int) -> None:
    """Small submissions, no two with the same content."""
    for number in range(count):
        place = folder / f"student-{number:04}"
        place.mkdir(parents=True)
        (place / "q1_vae.py").write_text(program(BODIES[number % len(BODIES)], number))


def program(body: str, student: int) -> str:
    """What a student writes; it takes long enough for somebody to come in between."""
    start = "import math\nimport os\nimport time\nimport torch\n\ntime.sleep(0.01)\n"
    return f"{start}\ndef log_mean_exp(y):\n    {body}\n\n# by student {student}\n"


def start(*arguments: object, tmp: Path | None = None, user: int | None = None) -> GradeProcess:
    """`autograder grade` with some arguments."""
    return GradeProcess(list(map(str, arguments)), tmp, user)


def reads_python(user: int) -> bool:
    """Whether this process may turn into another user, and that one may run this Python."""
    try:
        command = [sys.executable, "-c", "import click"]
        return subprocess.run(command, user=user, group=user, extra_groups=[]).returncode == 0
    except PermissionError:
        return False


class GradeProcess:
    """A running `autograder grade`, whose output goes to memory; a context manager that ends it."""

    def __init__(self, arguments: list[str], tmp: Path | None, user: int | None) -> None:
        paths = os.pathsep.join([str(ROOT), str(ROOT / "student_src")])
        environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
        environment |= {"TMPDIR": str(tmp)} if tmp else {}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "autograder.cli", "grade", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd="/",
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )

    def __enter__(self) -> GradeProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def finish(self, seconds: float = 300.0) -> tuple[int, str, str]:
        """Wait for the end; status, output, what was said on standard error."""
        out, errors = self.process.communicate(timeout=seconds)
        return self.process.returncode, out, errors

    def kill(self) -> None:
        """End it as a power cut would; all that belongs to it has to follow at once."""
        below = list(descendants(self.process.pid))
        self.process.kill()
        self.process.communicate()
        deadline = time.monotonic() + TREE_SECONDS
        while left := [pid for pid, _ in below if is_alive(pid)]:
            assert time.monotonic() < deadline, f"still running: {left}"
            time.sleep(0.01)

    def kill_one(self, kind: str, draw: random.Random) -> bool:
        """Kill the grader or a process of some kind below it; false if there is none for long."""
        if kind == "grader":
            self.kill()
            return True
        deadline = time.monotonic() + 1
        while self.is_running and time.monotonic() < deadline:
            below = descendants(self.process.pid)
            found = [pid for pid, depth in below if _kind(pid, depth) == kind]
            if found and _kill(draw.choice(found)):
                return True
            time.sleep(0.003)
        return False


def descendants(pid: int, depth: int = 1) -> Iterator[tuple[int, int]]:
    """The processes below one, with their distances; bubblewrap, which only waits, has 0."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            children = [int(word) for word in file.read().split()]
        for thread in os.listdir(f"/proc/{pid}/task"):
            if thread != str(pid):
                with open(f"/proc/{pid}/task/{thread}/children") as file:
                    children += [int(word) for word in file.read().split()]
    except OSError:
        return
    for child in children:
        below = 0 if _is_bwrap(child) else 1
        yield child, depth if below else 0
        yield from descendants(child, depth + below)


def _is_bwrap(pid: int) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/exe").endswith("/bwrap")
    except OSError:
        return False


def _kind(pid: int, depth: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            return "check" if "read_text.py" in file.read() else KINDS.get(depth, "")
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not yet asked for does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def finished(out: Path) -> dict[str, tuple[int, int]]:
    """Submissions with results in which the grader did not fail: which file, and when written.

    Fails if a file is half written.
    """
    found = {}
    for path in out.glob("*/results.json"):
        results = json.loads(path.read_text(encoding="utf-8"))
        statuses = [test["extra_data"]["status"] for test in results["tests"]]
        if "grader_fault" not in results["extra_data"] and "grader fault" not in statuses:
            info = path.stat()
            found[path.parent.name] = (info.st_ino, info.st_mtime_ns)
    return found


def contents(out: Path) -> dict[str, bytes]:
    """All results, byte for byte; without times, which no two runs have in common."""
    paths = [*out.glob("*/*"), out / "grades.csv"]
    return {str(path.relative_to(out)): path.read_bytes() for path in paths}
