"""Hands a child its inputs, one task's after the other's.

A child that runs several tasks must not see the inputs of a task before it has answered all that
came earlier: inputs may hold given values of what the task builds on (see `homework.probes.given`),
which are answers to earlier tasks.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from typing import Any

Portion = tuple[list[str], bytes]  # the names of some cases, and their inputs in the form of `wire`


class Feed:
    """The writing end of a child's inputs; closes it when all is sent.

    Args:
        fd: descriptor to write to, from now on owned and never waited for.
        portions: what to send; each once the cases of the one before are answered.
    """

    def __init__(self, fd: int, portions: Iterable[Portion]) -> None:
        os.set_blocking(fd, False)
        self._fd: int | None = fd
        self._waiting = deque(portions)
        self._open: set[str] = set()
        self._left = memoryview(b"")
        self._go_on()

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
        self._close_if_done()

    def answered(self, case: Any) -> bool:
        """Note the answer to a case; false if it is none that was asked and is open."""
        if not isinstance(case, str) or case not in self._open:
            return False
        self._open.remove(case)
        self._go_on()
        return True

    def close(self) -> None:
        """Close the descriptor, if that has not been done."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _go_on(self) -> None:
        if not self._open and self._waiting:
            names, data = self._waiting.popleft()
            self._open, self._left = set(names), memoryview(data)
            self.send()
        self._close_if_done()

    def _close_if_done(self) -> None:
        if not self._left and not self._waiting:
            self.close()
