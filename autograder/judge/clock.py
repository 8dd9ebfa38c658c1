"""The clock that a child is timed by: a machine that is busy with others is not its fault."""

from __future__ import annotations

import re
import time
from pathlib import Path

PATIENCE = 3.0  # seconds on the wall that count as one, for a child that waits or sleeps


class Clock:
    """Counts a child's processor time, or a third of the time on the wall if that is more.

    Args:
        pidfd: of the child. Where the kernel does not tell its processor time, all of the time on
            the wall counts.
    """

    def __init__(self, pidfd: int) -> None:
        self._processor = _processor_clock(pidfd)
        self._used, self._wall, self._seconds = 0.0, time.monotonic(), 0.0

    def seconds(self) -> float:
        """Since the start."""
        wall = time.monotonic()
        passed, self._wall = wall - self._wall, wall
        if self._processor is not None:
            used = self._processor_seconds(self._processor)
            passed, self._used = max(used - self._used, passed / PATIENCE), used
        self._seconds += passed
        return self._seconds

    def _processor_seconds(self, clock: int) -> float:
        try:
            return time.clock_gettime(clock)
        except OSError:  # the child has ended
            return self._used


def _processor_clock(pidfd: int) -> int | None:
    """The number of the clock of a process's processor time, as `clock_getcpuclockid` gives it."""
    try:
        found = re.search(r"^Pid:\s*(\d+)$", Path(f"/proc/self/fdinfo/{pidfd}").read_text(), re.M)
        clock = ~int(found[1]) << 3 | 2 if found else None
        if clock is not None:
            time.clock_gettime(clock)
    except OSError:
        return None
    return clock
