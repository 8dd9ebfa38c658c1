"""Time, processor time and memory of a command, with all its descendants (Linux only)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.memory import PR_SET_CHILD_SUBREAPER, descendants, memory_of

TIMEOUT_S = 3600.0
ENDING_S = 10.0  # for what a command leaves behind
INTERVAL_S = 0.02
ZYGOTE = b"judge.zygote"  # in the command line of a zygote and of all that it forks


class MeasureError(Exception):
    """A command did not do what was to be measured."""


@dataclass
class Used:
    """What a command took: seconds on the clock, and of processors, its descendants' included."""

    wall: float = 0.0
    cpu: float = 0.0
    output: str = ""

    def __add__(self, other: Used) -> Used:
        return Used(self.wall + other.wall, self.cpu + other.cpu, self.output + other.output)


@dataclass
class Memory:
    """Largest sizes seen, in bytes, by role: all, parent, zygote, child.

    PSS divides a page among those who share it; RSS counts it for each of them.
    """

    pss: dict[str, int] = field(default_factory=dict)
    rss: dict[str, int] = field(default_factory=dict)

    def note(self, role: str, rss: int, pss: int) -> None:
        self.pss[role] = max(self.pss.get(role, 0), pss)
        self.rss[role] = max(self.rss.get(role, 0), rss)


def run(
    command: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    watch: Memory | None = None,
    whole_tree: bool = True,
    fine: Sequence[int] = (0,),
) -> Used:
    """Run a command to its end; processes that it orphans are waited for and counted.

    Args:
        watch: takes the sizes of its processes, sampled all the while; this costs time.
        whole_tree: sample all processes, or the command's own alone.
        fine: statuses with which the command may end.

    Raises:
        MeasureError: it failed, or left processes that do not end; says what it wrote last.
    """
    title = " ".join(command[:5])
    with tempfile.TemporaryFile() as output, _adopting(title):
        before, start = _children_cpu(), time.perf_counter()
        process = subprocess.Popen(
            list(command), cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        sampler = _Sampler(process.pid, watch, whole_tree) if watch is not None else None
        try:
            code = process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise MeasureError(f"{title} took more than {TIMEOUT_S:.0f} s") from None
        finally:
            if sampler is not None:
                sampler.stop()
        wall = time.perf_counter() - start
        output.seek(0)
        text = output.read().decode(errors="replace")
    if code not in fine:
        raise MeasureError(f"{title} ended with status {code}: {text[-1500:]}")
    return Used(wall, _children_cpu() - before, text)


def tree_cpu() -> float:
    """Processor seconds so far of this process and of all below it, waited for or not."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    total, tick = own.ru_utime + own.ru_stime + _children_cpu(), os.sysconf("SC_CLK_TCK")
    for pid in descendants(os.getpid()):
        try:
            stat = Path("/proc", str(pid), "stat").read_text()
        except OSError:
            continue  # it ended meanwhile, and whoever waited for it has its time
        total += sum(map(int, stat.rpartition(")")[2].split()[11:15])) / tick
    return total


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@contextlib.contextmanager
def _adopting(title: str) -> Iterator[None]:
    """Wait at the end for all processes that the block began, also those without a parent.

    Orphans become children of this process, so that their processor time is counted when they are
    reaped. None outlives the block; `MeasureError` if one had to be killed.
    """
    others, prctl = set(descendants(os.getpid())), ctypes.CDLL(None, use_errno=True).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
        if not _ended(others, ENDING_S):
            raise MeasureError(f"{title} left processes behind")
    finally:
        while not _ended(others, 0.0):
            for pid in set(descendants(os.getpid())) - others:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _ended(others: set[int], patience: float) -> bool:
    """Reap all descendants but `others`; whether they ended within some seconds."""
    deadline = time.monotonic() + patience
    while left := set(descendants(os.getpid())) - others:
        for pid in left:
            with contextlib.suppress(ChildProcessError):  # a grandchild is not ours to reap yet
                os.waitpid(pid, os.WNOHANG)
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


class _Sampler:
    """A thread that looks at the sizes of processes until it is stopped."""

    def __init__(self, pid: int, memory: Memory, whole_tree: bool) -> None:
        self.pid, self.memory, self.whole_tree = pid, memory, whole_tree
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._done.wait(INTERVAL_S):
            self.memory.note("parent", *memory_of(self.pid))
            if not self.whole_tree:
                continue
            zygotes: set[int] = set()
            sums = list(memory_of(self.pid))
            for pid, parent in _tree(self.pid):
                sizes = memory_of(pid)
                sums = [total + size for total, size in zip(sums, sizes)]
                role = "other"
                if _runs_zygote(pid):
                    role = "child" if parent in zygotes else "zygote"
                    zygotes.add(pid)
                self.memory.note(role, *sizes)
            self.memory.note("all", *sums)


def _tree(root: int) -> list[tuple[int, int]]:
    """Processes below `root` with their parents, parents first."""
    found = []
    for pid in descendants(root):
        try:
            stat = Path("/proc", str(pid), "stat").read_text()
        except OSError:
            continue
        found.append((pid, int(stat.rpartition(")")[2].split()[1])))
    return found


def _runs_zygote(pid: int) -> bool:
    try:
        words = Path("/proc", str(pid), "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"python" in os.path.basename(words[0]) and any(ZYGOTE in word for word in words)
