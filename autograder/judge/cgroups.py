"""Limits for all that runs in a slot together, by cgroup v2, where a part of the tree is ours.

They hold what resource limits cannot: memory that is counted as it is used, files in memory
included, and processor time of all threads. The slot's zygote moves into the slot's cgroup and its
children are born there, so a child costs nothing more; what the zygote has loaded before stays
charged where it was. Without such a part of the tree the judge goes without.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path

from autograder.judge.confine import MIB, Limits

ROOT = Path("/sys/fs/cgroup")
LISTING = Path("/proc/self/cgroup")
NEEDED = ("memory", "pids")
PARENT = "grader"  # the part of this process itself
PERIOD = 100_000  # microseconds; as much time in each is one core
CLOSE_SECONDS = 1.0


class NoCgroups(Exception):
    """No part of a cgroup v2 tree is ours to divide; the message says why."""


def own(root: Path = ROOT, listing: Path = LISTING) -> Path:
    """The cgroup that may be divided among slots, or is.

    Raises:
        NoCgroups: there is none.
    """
    lines = listing.read_text().splitlines() if listing.exists() else []
    places = [line[len("0::/") :] for line in lines if line.startswith("0::/")]
    if not places or not (root / "cgroup.controllers").exists():
        raise NoCgroups("cgroup v2 is not what this system limits with")
    group = root / places[0]
    group = group.parent if group.name == PARENT else group
    control = group / "cgroup.subtree_control"
    if not os.access(control, os.W_OK) or not os.access(group / "cgroup.procs", os.W_OK):
        raise NoCgroups(f"{group} may not be changed by this user")
    missing = set(NEEDED) - set(_words(group / "cgroup.controllers"))
    if missing:
        raise NoCgroups(f"{group} has no control of {' and '.join(sorted(missing))}")
    others = set(_words(group / "cgroup.procs")) - {str(os.getpid())}
    if others and not set(NEEDED) <= set(_words(control)):
        raise NoCgroups(f"other processes share {group}")
    return group


def divided(root: Path = ROOT, listing: Path = LISTING) -> Path | None:
    """The cgroup that is divided among slots, made ready for that; None if there is none.

    This process moves into a part of its own. No other may have been started before: the kernel
    limits the parts of a cgroup only if there is no process beside them.
    """
    try:
        group = own(root, listing)
        control = group / "cgroup.subtree_control"
        if not set(NEEDED) <= set(_words(control)):
            (group / PARENT).mkdir(exist_ok=True)
            (group / PARENT / "cgroup.procs").write_text(str(os.getpid()))
            here = _words(group / "cgroup.controllers")
            control.write_text(" ".join(f"+{name}" for name in (*NEEDED, "cpu") if name in here))
    except (NoCgroups, OSError):
        return None
    return group


class SlotGroup:
    """The cgroup of one slot.

    Args:
        group: the one that is divided, from `divided`.
        limits: of a child.
        loaded_kib: size of the zygote, which a child may copy page by page.
        owner: a part of its name, for `remove_left`.

    Raises:
        OSError: the kernel refused.
    """

    def __init__(self, group: Path, limits: Limits, loaded_kib: int, owner: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"slot-{owner}-", dir=group))
        try:
            self._write("memory.max", limits.memory_mib * MIB + loaded_kib * 1024)
            self._write("pids.max", limits.threads + 2)  # its zygote and the child themselves
            for name, value in (("memory.swap.max", 0), ("cpu.max", f"{PERIOD} {PERIOD}")):
                if (self.folder / name).exists():
                    self._write(name, value)
            self.entrance = os.open(self.folder / "cgroup.procs", os.O_WRONLY)
        except OSError:
            self.folder.rmdir()
            raise
        self._kills = self._count()

    def _write(self, name: str, value: object) -> None:
        (self.folder / name).write_text(str(value))

    def _count(self) -> int:
        for line in (self.folder / "memory.events").read_text().splitlines():
            name, _, number = line.partition(" ")
            if name == "oom_kill":
                return int(number)
        return 0

    def took_too_much_memory(self) -> bool:
        """Whether the kernel has ended a process here for that, since this was last asked."""
        before, self._kills = self._kills, self._count()
        return self._kills > before

    def close(self) -> None:
        """Remove the cgroup, once those in it have ended."""
        os.close(self.entrance)
        deadline = time.monotonic() + CLOSE_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                self.folder.rmdir()
                return
            time.sleep(0.01)


def remove_left(owner: str) -> None:
    """Remove the cgroups of slots whose owner was killed."""
    with contextlib.suppress(NoCgroups, OSError):
        for folder in own().glob(f"slot-{owner}-*"):
            folder.rmdir()


def enter(entrance: int) -> None:
    """Move the calling process into the cgroup whose entrance this is, and close it."""
    os.write(entrance, b"0")
    os.close(entrance)


def _words(path: Path) -> list[str]:
    return path.read_text().split()
