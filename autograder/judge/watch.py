"""Reads what a child sends back, bounded in time, in bytes and in files."""

from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder.judge import scratch, wire

FIRST_SECONDS = 10.0  # until the first case is done: the student's file is imported in it
CASE_SECONDS = 5.0
MAX_ANSWER = 1 << 26
LOOK_SECONDS = 0.25  # how often the scratch folder is looked at
Message = tuple[dict[str, Any], dict[str, np.ndarray]]


@dataclass
class Run:
    """How one child ended."""

    messages: list[Message]
    ended: str
    detail: str
    peak_kib: int


class Watch:
    """Reads a child's answers, bounded in time and bytes."""

    def __init__(self, answers: int, deadline: float, scratch: Path, scratch_bytes: int) -> None:
        self.answers, self.deadline = answers, deadline
        self.scratch, self.scratch_bytes = scratch, scratch_bytes

    def until_end(self) -> tuple[list[Message], str, str]:
        reader, received = wire.Reader(), 0
        messages: list[Message] = []
        case_end = time.monotonic() + FIRST_SECONDS
        while True:
            left = min(case_end, self.deadline) - time.monotonic()
            if left <= 0:
                return messages, "timeout", ""
            ready, _, _ = select.select([self.answers], [], [], min(left, LOOK_SECONDS))
            if not ready:
                if scratch.size_of(self.scratch) > self.scratch_bytes:
                    return messages, "flood", "it wrote more files than any task needs"
                continue
            data = os.read(self.answers, 1 << 20)
            if not data:
                return messages, "", ""
            received += len(data)
            try:
                fresh = list(reader.feed(data))
            except wire.WireError as error:
                return messages, "flood", str(error)
            if received > MAX_ANSWER:
                return messages, "flood", "more data was returned than any task needs"
            if fresh:
                messages += fresh
                case_end = time.monotonic() + CASE_SECONDS
