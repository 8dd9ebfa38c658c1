"""Temporary folders: what a killed grader leaves of them, a later one removes.

Each holds a file that its maker keeps locked. The kernel ends the lock with its holder, however
that ends, so a folder whose lock is free belongs to nobody.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
from pathlib import Path
from types import TracebackType

from autograder.judge import cgroups, scratch

PREFIX = "grading-"
LOCK = "lock"


class HeldFolder:
    """A new folder that is removed when it is closed, or by `sweep` once this process has ended.

    Args:
        kind: what it is for; a part of its name.
        place: the folder to make it in, if not that of temporary files, where `sweep` looks.
    """

    def __init__(self, kind: str, place: str | None = None) -> None:
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{kind}-", dir=place))
            with contextlib.suppress(FileNotFoundError):  # swept before it was locked
                self._lock = os.open(self.path / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
                fcntl.flock(self._lock, fcntl.LOCK_EX)
                if os.fstat(self._lock).st_nlink:
                    return
                os.close(self._lock)

    def close(self) -> None:
        """Remove it with all that is in it."""
        scratch.remove(self.path)
        os.close(self._lock)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def sweep() -> None:
    """Remove the folders of this user whose makers have ended."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            # Anybody may put a link here. Where the folder itself is this user's, nobody else may
            # put another thing in its place.
            info = os.lstat(folder)
            if stat.S_ISDIR(info.st_mode) and info.st_uid == os.geteuid():
                _remove_if_free(folder)


def _remove_if_free(folder: Path) -> None:
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        cgroups.remove_left(folder.name)
        scratch.remove(folder)
    finally:
        os.close(lock)
