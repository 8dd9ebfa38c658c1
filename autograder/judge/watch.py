"""Reads what a child sends back, bounded in time, in bytes, in messages and in files."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from autograder.judge import scratch, wire
from autograder.judge.clock import Clock
from autograder.judge.feed import Feed
from homework import definitions, sentences

FIRST_SECONDS = 10.0  # until the first case is done, imports aside
CASE_SECONDS = 5.0
# To import a file: it limits itself, unless its author prevents that.
FILE_SECONDS = definitions.WHOLE_SECONDS + definitions.SECONDS + 5.0
MAX_ANSWER = 1 << 26
LOOK_SECONDS = 0.25  # how often the scratch folder is looked at
FILES = sentences.MANY_FILES
Message = tuple[dict[str, Any], dict[str, np.ndarray]]


@dataclass
class Run:
    """How one child ended.

    Attributes:
        messages: what it sent, without the first message.
        ended: "timeout", "spent" (the submission's time is), "crash", "flood", or "" if it ended by
            itself.
        detail: what happened, in words for students.
        void: no message counts, whenever the fault was seen: verdicts must not depend on timing.
        killed: it was ended by somebody else's signal.
        unconfined: why nothing of the student's was run, if the child could not be confined.
        slow: files that took too long to be executed as a whole, by their names without `.py`.
        seconds: how long it ran, by its clock.
        import_seconds: how much of that files were imported; that is not the time of a task.
    """

    messages: list[Message]
    ended: str = ""
    detail: str = ""
    void: bool = False
    killed: bool = False
    unconfined: str = ""
    peak_kib: int = 0
    slow: set[str] = field(default_factory=set)
    seconds: float = 0.0
    import_seconds: float = 0.0


class Watch:
    """Reads a child's answers until it ends or breaks a bound.

    Args:
        answers: the descriptor to read.
        feed: hands it its inputs; only cases that were handed over may be answered, each once.
            None to take any message.
        clock: what the child is timed by.
        seconds: how long the child has by that clock, without the time of its imports.
        most: how long it has in any case, imports included; the submission has no more left.
        latest: when it has to be done however busy the machine is, by `time.monotonic`.
        folder, most_bytes: its scratch folder, and what that may hold.
        stems: files that it may say it imports, by their names without `.py`.
    """

    def __init__(
        self,
        answers: int,
        feed: Feed | None,
        clock: Clock,
        seconds: float,
        most: float,
        latest: float,
        folder: Path,
        most_bytes: int,
        stems: Sequence[str] = (),
    ) -> None:
        self.answers, self.feed, self.clock = answers, feed, clock
        self.seconds, self.most, self.latest = seconds, most, latest
        self.folder, self.most_bytes, self.stems = folder, most_bytes, stems
        self.confined = False
        self.run = Run([])
        self._case_end = FIRST_SECONDS
        self._importing: list[str] = []  # files, the last one on behalf of the one before
        self._import_began = 0.0
        self._imports = 0

    def until_end(self) -> Run:
        reader, received, look = wire.Reader(), 0, time.monotonic() + LOOK_SECONDS
        while True:
            now = self._now()
            left = min(self._end_by_clock(), self.most) - now
            left = min(left, self.latest - time.monotonic())
            if left <= 0:
                return self._end_late()
            if time.monotonic() >= look:
                look = time.monotonic() + LOOK_SECONDS
                if self._wrote_too_much():
                    return self._end_of_files()
            unsent = self.feed.unsent if self.feed else []
            ready, open_, _ = select.select([self.answers], unsent, [], min(left, LOOK_SECONDS))
            if open_ and self.feed:
                self.feed.send()
            if not ready:
                continue
            data = os.read(self.answers, wire.PIPE)
            if not data:
                return self._end_of_files() if self._wrote_too_much() else self.run
            received += len(data)
            try:
                for message in reader.feed(data):
                    self._take(*message)
            except wire.WireError as error:
                return self._end("flood", str(error))
            if received > MAX_ANSWER:
                return self._end("flood", wire.TOO_MUCH)

    def _now(self) -> float:
        self.run.seconds = self.clock.seconds()
        return self.run.seconds

    def _end_by_clock(self) -> float:
        if self._importing:
            return self._case_end
        return min(self._case_end, self.seconds + self.run.import_seconds)

    def _end_late(self) -> Run:
        if self._now() >= self.most or time.monotonic() >= self.latest:
            return self._end("spent")
        if self._importing:
            return self._end("timeout", definitions.too_slow(f"{self._importing[-1]}.py"))
        of_task = self._now() < self._case_end
        return self._end("timeout", sentences.SLOW_TASK if of_task else sentences.SLOW_CASE)

    def _end(self, ended: str, detail: str = "") -> Run:
        self.run.ended, self.run.detail = ended, detail
        return self.run

    def _end_of_files(self) -> Run:
        self.run.void = True
        return self._end("flood", FILES)

    def _wrote_too_much(self) -> bool:
        return scratch.size_of(self.folder) > self.most_bytes

    def _take(self, head: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Keep a message, if it is one that may come now."""
        if not self.confined:
            # The first message is sent before anything of the student's runs.
            self.confined = True
            self.run.unconfined = str(head.get("unconfined", ""))
        elif self.feed is not None and "importing" in head:
            self._note_import(head["importing"], head.get("slow"))
        else:
            if self.feed is not None:
                if head.get("broken") is True or not self.feed.answered(head.get("case")):
                    raise wire.WireError(wire.MALFORMED)
                self._case_end = self._now() + CASE_SECONDS
            self.run.messages.append((head, arrays))
            if self.feed is not None:
                self.feed.go_on()

    def _note_import(self, stem: Any, slow: Any) -> None:
        """A file begins to be imported, or (without a name) the last one is done."""
        now = self._now()
        self._imports += 1
        if self._imports > 2 * len(self.stems) or stem not in ("", *self.stems):
            raise wire.WireError(wire.MALFORMED)
        if stem:
            self._import_began = self._import_began if self._importing else now
            self._importing.append(stem)
        elif self._importing:
            self._importing.pop()
            if not self._importing:
                self.run.import_seconds += now - self._import_began
        self._case_end = now + (FILE_SECONDS if self._importing else CASE_SECONDS)
        self.run.slow = {one for one in self.stems if isinstance(slow, list) and one in slow}
