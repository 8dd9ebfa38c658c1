"""Reads what a child sends back, bounded in time, in bytes, in messages and in files."""

from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder.judge import scratch, wire
from autograder.judge.feed import Feed
from homework import sentences

FIRST_SECONDS = 10.0  # until the first case is done: the student's file is imported in it
CASE_SECONDS = 5.0
MAX_ANSWER = 1 << 26
LOOK_SECONDS = 0.25  # how often the scratch folder is looked at
FILES = sentences.MANY_FILES
Message = tuple[dict[str, Any], dict[str, np.ndarray]]


@dataclass
class Run:
    """How one child ended.

    Attributes:
        messages: what it sent, without the first message.
        ended: "timeout", "crash", "flood", or "" if it ended by itself.
        detail: what happened, in words for students.
        void: no message counts, whenever the fault was seen: verdicts must not depend on timing.
        killed: it was ended by somebody else's signal.
        unconfined: why nothing of the student's was run, if the child could not be confined.
    """

    messages: list[Message]
    ended: str = ""
    detail: str = ""
    void: bool = False
    killed: bool = False
    unconfined: str = ""
    peak_kib: int = 0


class Watch:
    """Reads a child's answers until it ends or breaks a bound.

    Args:
        answers: the descriptor to read.
        feed: hands it its inputs; only cases that were handed over may be answered, each once.
            None to take any message.
        deadline: when the child has to be done, by `time.monotonic`.
        folder, most_bytes: its scratch folder, and what that may hold.
    """

    def __init__(
        self, answers: int, feed: Feed | None, deadline: float, folder: Path, most_bytes: int
    ) -> None:
        self.answers, self.feed, self.deadline = answers, feed, deadline
        self.folder, self.most_bytes = folder, most_bytes
        self.confined = False
        self.run = Run([])

    def until_end(self) -> Run:
        reader, received, look = wire.Reader(), 0, time.monotonic() + LOOK_SECONDS
        case_end, slow = time.monotonic() + FIRST_SECONDS, sentences.SLOW_IMPORT
        while True:
            left = min(case_end, self.deadline) - time.monotonic()
            if left <= 0:
                slow = sentences.SLOW_TASK if self.deadline < case_end else slow
                return self._end("timeout", slow)
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
                news = [self._take(*message) for message in reader.feed(data)]
            except wire.WireError as error:
                return self._end("flood", str(error))
            if received > MAX_ANSWER:
                return self._end("flood", wire.TOO_MUCH)
            if any(news):
                case_end, slow = time.monotonic() + CASE_SECONDS, sentences.SLOW_CASE

    def _end(self, ended: str, detail: str = "") -> Run:
        self.run.ended, self.run.detail = ended, detail
        return self.run

    def _end_of_files(self) -> Run:
        self.run.void = True
        return self._end("flood", FILES)

    def _wrote_too_much(self) -> bool:
        return scratch.size_of(self.folder) > self.most_bytes

    def _take(self, head: dict[str, Any], arrays: dict[str, np.ndarray]) -> bool:
        """Keep a message if it is one that may come now; whether it answers a case."""
        if not self.confined:
            # The first message is sent before anything of the student's runs.
            self.confined = True
            self.run.unconfined = str(head.get("unconfined", ""))
            return False
        if self.feed is not None:
            if head.get("broken") is True or not self.feed.answered(head.get("case")):
                raise wire.WireError(wire.MALFORMED)
        self.run.messages.append((head, arrays))
        return self.feed is not None
