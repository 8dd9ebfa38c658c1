"""Hands a child its inputs, one task's after the other's.

A child that runs several tasks must not see the inputs of a task before it has answered all that
came earlier: inputs may hold given values of what the task builds on (see `homework.probes.given`),
which are answers to earlier tasks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

Portion = tuple[list[str], bytes]  # the names of some cases, and their inputs in the form of `wire`


class Feed:
    """The writing end of a child's inputs; closes it when all is sent.

    Args:
        fd: descriptor to write to, from now on owned and never waited for.
        portions: what to send; each is asked for once the cases of the one before are answered.
    """

    def __init__(self, fd: int, portions: Iterator[Portion]) -> None:
        os.set_blocking(fd, False)
        self._fd: int | None = fd
        self._portions = portions
        self._open: set[str] = set()
        self._left = memoryview(b"")
        self.go_on()

    @property
    def unsent(self) -> list[int]:
        """The descriptor, if there is something to send now."""
        return [self._fd] if self._fd is not None and self._left else []

    def send(self) -> None:
        """Write as much as the child's side takes at the moment."""
        try:
            while self._fd is not None and self._left:
                self._left = self._left[os.write(self._fd, self._left) :]
        except BlockingIOError:
            return
        except BrokenPipeError:  # the child has ended; whoever reads its answers will notice
            self.close()

    def answered(self, case: Any) -> bool:
        """Note the answer to a case; false if it is none that was asked and is open."""
        if not isinstance(case, str) or case not in self._open:
            return False
        self._open.remove(case)
        return True

    def go_on(self) -> None:
        """Send the next portion, or close, once all cases of the last one are answered."""
        if self._open or self._fd is None:
            return
        portion = next(self._portions, None)
        if portion is None:
            self.close()
            return
        self._open, self._left = set(portion[0]), memoryview(portion[1])
        self.send()

    def close(self) -> None:
        """Close the descriptor, if that has not been done."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
