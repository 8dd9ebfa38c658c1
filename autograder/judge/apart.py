"""What the zygote takes away from its children's sight, where it may: marks that others leave.

Numbers of processes are handed out in turn, so they tell how many threads others have started;
`/proc` tells how many run, and how busy the machine is; a file that is read keeps the time of it.
Whoever has the capability CAP_SYS_ADMIN, as root outside of containers and in namespaces of its
own, can do without all three: each child counts processes from 1, sees no others, and leaves no
times. It costs a child 0.05 ms. docs/isolation.md tells what is left where this is not to be had.
"""

from __future__ import annotations

import ctypes
import os
import struct

CLONE_NEWNS, CLONE_NEWPID = 0x0002_0000, 0x2000_0000
MOUNT_SETATTR = 442  # its number, on all architectures
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
NO_ATIME, ANY_ATIME, PRIVATE = 0x10, 0x70, 1 << 18
NOSUID_NODEV_NOEXEC = 2 | 4 | 8
PROC = b"hidepid=invisible,subset=pid"


class Numbers:
    """Counts of processes for the children of this process, each its own; to be closed.

    Raises:
        OSError: this process may not.
    """

    def __init__(self) -> None:
        self._own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        _call("unshare", CLONE_NEWPID)
        _call("setns", self._own, CLONE_NEWPID)

    def fork(self) -> int:
        """Like `os.fork`, but the child is number 1 of its own."""
        _call("unshare", CLONE_NEWPID)
        pid = os.fork()
        if pid:
            _call("setns", self._own, CLONE_NEWPID)
        return pid

    def close(self) -> None:
        os.close(self._own)


def hide() -> bool:
    """Show this process and its future children a `/proc` of their own, and mounts without times.

    False where it may not. For nothing else on the machine anything changes.
    """
    try:
        _call("unshare", CLONE_NEWNS)
        still = struct.pack("QQQQ", NO_ATIME, ANY_ATIME, PRIVATE, 0)
        _call("syscall", MOUNT_SETATTR, AT_FDCWD, b"/", AT_RECURSIVE, still, len(still))
        _call("mount", b"proc", b"/proc", b"proc", NOSUID_NODEV_NOEXEC, PROC)
    except OSError:
        return False
    return True


def _call(name: str, *arguments: int | bytes) -> None:
    values = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*values) == -1:
        raise OSError(ctypes.get_errno(), f"{name} failed")
