"""What the zygote takes out of its children's sight, where it may: marks that others leave.

Numbers of processes and of files are handed out in turn, so they tell how many others have been
made; `/proc` tells how many there are, and how busy the machine is; a file that is read keeps the
time of it. Whoever has the capability CAP_SYS_ADMIN, as root outside of containers and in
namespaces of its own, can do without: each child counts processes from 1, finds a `/proc` that is
empty and a scratch folder that is a file system of its own, and leaves no times. That costs a child
half a millisecond. docs/isolation.md tells what is left where it is not to be had.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
from functools import cache
from pathlib import Path
from typing import IO

CLONE_NEWNS, CLONE_NEWPID = 0x0002_0000, 0x2000_0000
MOUNT_SETATTR = 442  # its number, on all architectures
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
NO_ATIME, ANY_ATIME, PRIVATE = 0x10, 0x70, 1 << 18
READ_ONLY, NOSUID_NODEV, DETACH = 1, 2 | 4, 2
ROOM = 4  # times what a child may write, so that it is told so, not that a disk is full
MOST_INODES = 40_000


@cache
def proc() -> int:
    """A descriptor of `/proc`, for use as `dir_fd`, also once `hide` has covered it."""
    return os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def own_file(name: str, mode: str = "r") -> IO[str]:
    """A file about this process in `/proc`."""
    return open(f"self/{name}", mode, opener=lambda path, f: os.open(path, f, dir_fd=proc()))


@cache
def hide() -> None:
    """Show this process and those it will fork an empty `/proc`, and mounts without times.

    Nothing changes for the rest of the machine.

    Raises:
        OSError: this process may not.
    """
    proc()
    _call("unshare", CLONE_NEWNS)
    still = struct.pack("QQQQ", NO_ATIME, ANY_ATIME, PRIVATE, 0)
    with contextlib.suppress(OSError):  # in user namespaces, where what is shown is read only
        _call("syscall", MOUNT_SETATTR, AT_FDCWD, b"/", AT_RECURSIVE, still, len(still))
    _call("mount", b"none", b"/proc", b"tmpfs", READ_ONLY | NOSUID_NODEV, b"mode=555")


class Nest:
    """A place for one child after the other, each with numbers and a scratch folder of its own.

    To be closed.

    Args:
        scratch: an empty folder to be covered.
        uid: whose it is.
        mebibytes: how much a child may write.

    Raises:
        OSError: this process may not.
    """

    def __init__(self, scratch: Path, uid: int, mebibytes: int) -> None:
        hide()
        self._numbers = os.open("self/ns/pid", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc())
        self._scratch = os.fsencode(scratch)
        self._options = f"mode=700,uid={uid},gid={uid},size={ROOM * mebibytes}m,"
        self._options += f"nr_inodes={MOST_INODES}"
        try:
            os.close(self._mount())
            self.clear()
            _call("unshare", CLONE_NEWPID)
            _call("setns", self._numbers, CLONE_NEWPID)
        except OSError:
            self.close()
            raise

    def fork(self) -> tuple[int, int]:
        """Like `os.fork`, for a child that is number 1; with a descriptor of its scratch folder."""
        folder = self._mount()
        _call("unshare", CLONE_NEWPID)
        pid = os.fork()
        if pid:
            _call("setns", self._numbers, CLONE_NEWPID)
        return pid, folder

    def _mount(self) -> int:
        options = self._options.encode()
        _call("mount", b"none", self._scratch, b"tmpfs", NOSUID_NODEV, options)
        return os.open(self._scratch, os.O_PATH | os.O_CLOEXEC)

    def clear(self) -> None:
        """Take the scratch folder away, once the child has ended."""
        _call("umount2", self._scratch, DETACH)

    def close(self) -> None:
        os.close(self._numbers)


def _call(name: str, *arguments: int | bytes) -> None:
    values = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*values) == -1:
        raise OSError(ctypes.get_errno(), f"{name} failed")
