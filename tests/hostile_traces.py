"""Looks for what a session of grading has left behind: processes, files, mounts, messages."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.judge.users import IDS

PR_SET_CHILD_SUBREAPER = 36
PLACES = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/run/lock", "/", "/home", "/root")
LEFT = "left-behind"  # part of every name that a hostile submission gives to what it leaves


def adopt_orphans() -> None:
    """Become the parent of every descendant that loses its own, so that none can hide."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


@dataclass(frozen=True)
class Traces:
    """What there is at one moment.

    Attributes:
        children: of this process, adopted ones included.
        names: of files that may belong to a submission, anywhere outside of the sandbox.
        mounts, messages: of the machine: mounts; segments, semaphores and queues of System V.
        own: of this process: threads, descriptors, folder, mask of new files.
    """

    children: frozenset[str]
    names: frozenset[str]
    mounts: frozenset[str]
    messages: frozenset[str]
    own: frozenset[str]

    @classmethod
    def now(cls, *folders: Path) -> Traces:
        """Take them; `folders` are looked into as well, all levels down."""
        own = {
            f"threads: {threading.active_count()}",
            f"folder: {os.getcwd()}",
            f"umask: {_umask():o}",
            *(f"descriptor {fd}" for fd in _descriptors()),
        }
        return cls(
            frozenset(_processes(parent=os.getpid())),
            frozenset(_names(folders)),
            frozenset(Path("/proc/self/mountinfo").read_text().splitlines()),
            frozenset(_messages()),
            frozenset(own),
        )

    @staticmethod
    def settle(patience: float = 3.0) -> None:
        """Let children end that are about to, and bury those that have: they are adopted."""
        deadline = time.monotonic() + patience
        with contextlib.suppress(ChildProcessError):
            while time.monotonic() < deadline:
                if os.waitpid(-1, os.WNOHANG) == (0, 0):
                    time.sleep(0.05)

    @staticmethod
    def of_users(users: Sequence[int]) -> list[str]:
        """The processes of some users, which must be users for children alone."""
        return list(_processes(users=users))

    def since(self, before: Traces) -> list[str]:
        """What is there now and was not before, and what is different in this process."""
        found = []
        for kind in ("children", "names", "mounts", "messages"):
            found += [f"{kind}: {new}" for new in getattr(self, kind) - getattr(before, kind)]
        return sorted(found + [f"own: {new}" for new in self.own ^ before.own])


def _umask() -> int:
    mask = os.umask(0o77)
    os.umask(mask)
    return mask


def _descriptors() -> Iterator[str]:
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            yield f"{fd} {os.readlink(f'/proc/self/fd/{fd}')}"


def _processes(parent: int = -1, users: Sequence[int] = ()) -> Iterator[str]:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            status = (folder / "status").read_text().splitlines()
            fields = dict(line.split(":\t", 1) for line in status if ":\t" in line)
            if int(fields["PPid"]) == parent or int(fields["Uid"].split()[0]) in users:
                yield f"{folder.name} {fields['Name']}"


def _names(folders: tuple[Path, ...]) -> Iterator[str]:
    for place in PLACES:
        with contextlib.suppress(OSError):
            for entry in os.scandir(place):
                if LEFT in entry.name or _is_a_childs(entry):
                    yield entry.path
    for folder in folders:
        yield from map(str, folder.rglob("*"))


def _is_a_childs(entry: os.DirEntry[str]) -> bool:
    with contextlib.suppress(OSError):
        return entry.stat(follow_symlinks=False).st_uid in IDS
    return False


def _messages() -> Iterator[str]:
    """System V objects by kind, key, number and the user who made them; times and sizes change."""
    for kind in ("shm", "sem", "msg"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:]:
                yield f"{kind} {' '.join(line.split()[:2])}"
