"""The clock that a child is timed by: a machine that is busy with others is not its fault."""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path


class Clock:
    """Counts the time that a child ran or slept, not that in which it waited for a processor.

    Where the kernel does not tell how long it waited, all of the time counts. To be closed.

    Args:
        pidfd: of the child.
    """

    def __init__(self, pidfd: int) -> None:
        self._began, self._waited = time.monotonic(), 0.0
        self._file = _schedstat(pidfd)

    def seconds(self) -> float:
        """Since the start. It may step back a little when a long wait has ended."""
        if self._file is not None:
            with contextlib.suppress(OSError, IndexError, ValueError):  # it has ended: no change
                self._waited = int(os.pread(self._file, 128, 0).split()[1]) / 1e9
        return time.monotonic() - self._began - self._waited

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)


def _schedstat(pidfd: int) -> int | None:
    """The file that says how long a process has run and waited, in nanoseconds."""
    with contextlib.suppress(OSError):
        found = re.search(r"^Pid:\s*(\d+)$", Path(f"/proc/self/fdinfo/{pidfd}").read_text(), re.M)
        if found:
            return os.open(f"/proc/{found[1]}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
    return None
