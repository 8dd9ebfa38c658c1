"""Grades what appears in a folder, or changes in it, once it has come to rest.

The folder is looked at again and again: unlike notifications of the kernel, that works on every
file system, those of other machines included.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from autograder.batch.batch import Batch
from autograder.batch.ledger import Row
from autograder.batch.manifest import Manifest
from autograder.engines.engine import Engine
from autograder.intake.entries import MAX_ENTRIES
from autograder.intake.rows import Found

REST_SECONDS = 1.0  # without a change: then a copy is taken to be complete
PAUSE_SECONDS = 0.5
_SHARE = 5  # looking takes at most about this part of the time


@dataclass
class _Seen:
    """How a submission looked, since when, and whether it has been taken so."""

    state: int
    since: float
    taken: bool = False


class Arrivals:
    """What is new in a batch's folders, or has changed, since it was last taken."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self._seen: dict[Found, _Seen] = {}

    def take(self) -> list[Found]:
        """Submissions that have not changed for `REST_SECONDS` and were not taken like that."""
        now, seen = time.monotonic(), {}
        for one in self.batch.find():
            state = fingerprint(one)
            before = self._seen.get(one)
            same = before is not None and before.state == state
            seen[one] = before if before and same else _Seen(state, now)
        self._seen = seen
        ready = [one for one, s in seen.items() if not s.taken and now - s.since >= REST_SECONDS]
        for one in ready:
            seen[one].taken = True
        return ready


def fingerprint(one: Found) -> int:
    """A number that changes when a submission does, made without reading any file."""
    return hash(tuple(state for place in one.places for state in _states(place.path)))


def _states(path: Path) -> Iterator[tuple[str, int, int, int]]:
    """Nearest first, and of not more than `MAX_ENTRIES`: it is this process that looks."""
    waiting, room = deque([str(path)]), MAX_ENTRIES
    while waiting:
        name = waiting.popleft()
        with contextlib.suppress(OSError):
            info = os.lstat(name)
            yield name, info.st_size, info.st_mtime_ns, info.st_ino
            if stat.S_ISDIR(info.st_mode):
                with os.scandir(name) as found:
                    inside = [child.path for child in islice(found, room)]
                waiting += inside
                room -= len(inside)


def watch(
    batch: Batch, engine: Engine, manifest: Manifest, tell: Callable[[Row], None],
    complain: Callable[[str], None],
) -> None:  # fmt: skip
    """Grade what appears, and keep `grades.csv` current, until interrupted.

    Args:
        tell: called with the row of each submission that has been looked at.
        complain: called once with each sentence on what cannot be read or written.

    Raises:
        KeyboardInterrupt: at the end, which there is no other of.
        OutError: there is no room for results.
    """
    arrivals, complained = Arrivals(batch), 0
    while True:
        start = time.monotonic()
        ready = arrivals.take()
        pause = max(PAUSE_SECONDS, _SHARE * (time.monotonic() - start))
        waiting = [one for one in ready if batch.look(one)]
        if waiting:
            batch.grade(waiting, engine, manifest, lambda: None)
        for one in ready:
            tell(batch.rows[one.name])
        for problem in batch.problems[complained:]:
            complain(problem)
        complained = len(batch.problems)
        if ready:
            batch.write_csv()
        time.sleep(pause)
