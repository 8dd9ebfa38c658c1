"""User ids for children: one for each slot of every grader on this machine.

The kernel counts threads by user, and lets processes of one user reach each other's files. So no
two slots share an id, not even those of two graders that run at the same time. An id is taken by
binding a name that the kernel frees when its holder ends, however it ends.
"""

from __future__ import annotations

import os
import socket
from types import TracebackType

# Neither Debian nor systemd gives these to anybody; no such users need to exist.
IDS = range(61_000, 61_184)


class SlotUser:
    """A user id that nobody else has as long as this is open; without root, the user's own id.

    Raises:
        OSError: all ids are taken.
    """

    def __init__(self) -> None:
        self._lock: socket.socket | None = None
        self.uid = os.getuid()
        if os.geteuid() == 0:
            self.uid, self._lock = _take()

    def close(self) -> None:
        """Give the id back."""
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> SlotUser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _take() -> tuple[int, socket.socket]:
    for uid in IDS:
        lock = socket.socket(socket.AF_UNIX)
        try:
            lock.bind(f"\0autograder-user-{uid}")
        except OSError:
            lock.close()
            continue
        return uid, lock
    raise OSError(f"all {len(IDS)} user ids for students' code are in use; run fewer graders")
