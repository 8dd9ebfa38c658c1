"""The sandboxes of a grader, one for each job, and what happens when the zygote of one ends.

All zygotes are forked from a first one, which runs no student's code itself. So a zygote that was
killed, by whomever, is replaced within milliseconds, and the first one within the seconds that
loading torch takes; whatever was being graded meanwhile is graded again.

Once a batch turns out to be more than a few submissions, the first zygote takes the time to make
forks cheaper, and is forked again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from autograder.judge.sandbox import Sandbox
from autograder.judge.slot import SandboxError, ZygoteGone

SETTLE_AFTER = 20  # pieces of work; it costs as much as some fifty forks then save
TRIES = 4  # of a piece of work; its author cannot end a zygote, but one may be out of luck
Result = TypeVar("Result")


class Workers:
    """Sandboxes numbered from 0; to be closed.

    Args:
        first: a sandbox on the rung that was chosen; closed with the others.
        count: how many.
        start: makes another first sandbox of the same kind.

    Raises:
        SandboxError: they could not be made.
    """

    def __init__(self, first: Sandbox, count: int, start: Callable[[], Sandbox]) -> None:
        self._firsts = [first]  # the last one is alive, unless it was killed just now
        self._start = start
        self._sandboxes: list[Sandbox | None] = [None] * count
        self._renewing = Lock()
        self._ending = False
        self._peak_kib = 0
        self._begun = 0
        self._unsettled: set[int] = set()  # numbers of zygotes from before the first one changed
        self._loaded: frozenset[str] = frozenset()
        try:
            for number in range(count):
                self._renew(number)
        except BaseException:
            self.close()
            raise

    @property
    def sandboxes(self) -> list[Sandbox]:
        """Those that are ready now."""
        return [sandbox for sandbox in self._sandboxes if sandbox is not None]

    @property
    def peak_kib(self) -> int:
        """Largest resident size of any child so far."""
        return max([self._peak_kib, *(sandbox.peak_kib for sandbox in self.sandboxes)])

    def run(
        self,
        number: int,
        work: Callable[[Sandbox], Result],
        modules: frozenset[str] = frozenset(),
    ) -> Result:
        """Do some work in a sandbox, and again in a new one if its zygote ends meanwhile.

        Called by one thread at a time for each number.

        Args:
            modules: to be loaded before the work.

        Raises:
            SandboxError: no zygote lasts until the work is done.
        """
        tries = 0
        self._prepare(number, modules)
        while True:
            try:
                return work(self._ready(number))
            except ZygoteGone:
                tries += 1
                if self._ending or tries == TRIES:
                    raise
                self._close(number)

    def stop(self) -> None:
        """End all zygotes, and with them all work that is being done; none is started any more."""
        self._ending = True
        for first in self._firsts[-1:]:
            first.slot.kill()

    def close(self) -> None:
        """End everything and remove all folders."""
        self._ending = True
        for number in range(len(self._sandboxes)):
            self._close(number)
        for first in self._firsts:
            first.slot.close()

    def _prepare(self, number: int, modules: frozenset[str]) -> None:
        """Count a piece of work; have the first zygote load modules for it or settle, if need be.

        Then all are to be forked again.
        """
        with self._renewing:
            self._begun += 1
            missing, settle = modules - self._loaded, self._begun == SETTLE_AFTER
            self._loaded |= missing
            with contextlib.suppress(ZygoteGone):  # a new one will be forked all the same
                if missing:
                    self._firsts[-1].load(missing)
                if settle:
                    self._firsts[-1].settle()
            if missing or settle:
                self._unsettled = set(range(len(self._sandboxes)))
            stale = number in self._unsettled
            self._unsettled.discard(number)
        if stale:
            self._close(number)

    def _ready(self, number: int) -> Sandbox:
        if self._sandboxes[number] is None:
            self._renew(number)
        sandbox = self._sandboxes[number]
        assert sandbox is not None
        return sandbox

    def _renew(self, number: int) -> None:
        """Fork a new zygote, from a new first one if need be."""
        with self._renewing:
            for _ in range(TRIES):
                if self._ending:
                    break
                with contextlib.suppress(ZygoteGone):
                    self._sandboxes[number] = self._fork(self._firsts[-1], number)
                    return
                # Its folder stays to the end: others may still be at work in theirs, inside it.
                self._firsts[-1].slot.kill()
                with contextlib.suppress(ZygoteGone):
                    first = self._start()
                    self._firsts.append(first)
                    first.load(self._loaded)
        raise SandboxError("the grading process is ended again and again")

    def _fork(self, first: Sandbox, number: int) -> Sandbox:
        return Sandbox(
            first.layers, slot=number + 1, device=first.device, limits=first.limits, parent=first
        )

    def _close(self, number: int) -> None:
        sandbox, self._sandboxes[number] = self._sandboxes[number], None
        if sandbox is not None:
            self._peak_kib = max(self._peak_kib, sandbox.peak_kib)
            sandbox.slot.close()
