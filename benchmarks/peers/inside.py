"""Clocks around the judge's own functions: where the time of one further submission goes.

The parent puts clocks around its functions; the zygote does so when it loads `in_zygote`, and its
children, which inherit them, count in memory that they share with it. What the children counted
travels with the message in which the zygote reports a child's end.
"""

from __future__ import annotations

import importlib
import inspect
import mmap
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CLOCKS = "clocks"  # the key under which children's times travel
PARENT = {
    "opening the submission": ("autograder.intake.submission:open_submission",),
    "putting its files in place": ("autograder.judge.sandbox:Sandbox.stage",),
    "emptying folders": ("autograder.judge.scratch:empty",),
    "packing inputs": ("autograder.judge.wire:pack",),
    "asking for a child": ("autograder.judge.sandbox:Sandbox._launch",),
    "while the child works": ("autograder.judge.watch:Watch.until_end",),
    "waiting for the child's end": (
        "autograder.judge.sandbox:_end",
        "autograder.judge.sandbox:Sandbox._reply",
    ),
    "checking what came back": ("autograder.judge.untrusted:outcome",),
    "comparing": ("homework.compare:judge",),
    "writing feedback": ("autograder.results:gradescope", "autograder.results:feedback"),
    "writing files": ("autograder.results:write",),
    "the rest of the judge": ("autograder.grade:Grader.grade",),
}
CHILD = {
    "reading inputs, waiting for them": ("autograder.judge.child:_read",),
    "a session, a folder, no terminal": ("autograder.judge.child:_prepare",),
    "confinement": ("autograder.judge.confine:Confinement.apply",),
    "importing the student's file": ("homework.student:Student._execute",),
    "the checks themselves": ("homework.probing:run",),
    "packing what came out": ("autograder.judge.child:_message",),
    "sending it": ("autograder.judge.child:_send",),
    "the rest of the child": ("autograder.judge.child:_cases",),
}
FORK, END = "fork, until the child runs", "the child's end, freeing its memory"


class Clocks:
    """Seconds by phase, each without the phases inside it; forked processes add to the same."""

    def __init__(self, phases: Mapping[str, tuple[str, ...]], more: tuple[str, ...] = ()) -> None:
        self.labels = (*phases, *more)
        # Two cells more: when the last fork began, and when a child last did something.
        self.cells = memoryview(mmap.mmap(-1, 8 * (len(self.labels) + 2))).cast("d")
        self.missing: list[str] = []
        self.children: dict[str, float] = {}
        self._nested = [0.0]
        for label, places in phases.items():
            for place in places:
                self._wrap(label, place)

    @contextmanager
    def phase(self, label: str) -> Iterator[None]:
        start = time.perf_counter()
        self._nested.append(0.0)
        try:
            yield
        finally:
            now = time.perf_counter()
            self.add(label, now - start - self._nested.pop())
            self._nested[-1] += now - start
            self.cells[-1] = now

    def add(self, label: str, seconds: float) -> None:
        self.cells[self.labels.index(label)] += seconds

    def take(self) -> dict[str, float]:
        """What was counted; counting begins again."""
        found = dict(zip(self.labels, self.cells))
        for index in range(len(self.labels)):
            self.cells[index] = 0.0
        return found

    def clear(self) -> None:
        self.take()
        self.children.clear()

    def shares(self, submissions: int) -> dict[str, Any]:
        """Milliseconds for each submission: of the parent's phases, and of those in children."""
        times = {"parent": self.take(), "child": self.children}
        shares: dict[str, Any] = {
            side: {label: 1e3 * seconds / submissions for label, seconds in found.items()}
            for side, found in times.items()
        }
        return shares | {"missing": self.missing}

    def _wrap(self, label: str, place: str) -> None:
        """Put a clock around `module:Class.function`; note it if there is no such thing now."""
        module, path = place.split(":")
        *owners, name = path.split(".")
        try:
            owner = importlib.import_module(module)
            for step in owners:
                owner = getattr(owner, step)
            function = getattr(owner, name)
        except (AttributeError, ImportError):
            self.missing.append(place)
            return
        setattr(owner, name, self._clocked(label, function))

    def _clocked(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def clocked(*args: Any, **kwargs: Any) -> Any:
            with self.phase(label):
                found = function(*args, **kwargs)
            if inspect.isgenerator(found):
                return self._advanced(label, found)
            # What is entered with `with` is clocked on its way in and out.
            return self._entered(label, found) if hasattr(found, "__enter__") else found

        return clocked

    def _advanced(self, label: str, generator: Iterator[Any]) -> Iterator[Any]:
        while True:
            with self.phase(label):
                step = next(generator, self)  # itself: nothing that a generator would give
            if step is self:
                return
            yield step

    @contextmanager
    def _entered(self, label: str, manager: Any) -> Iterator[Any]:
        with self.phase(label):
            found = manager.__enter__()
        try:
            yield found
        finally:
            with self.phase(label):
                manager.__exit__(None, None, None)


def in_parent() -> Clocks:
    """Clocks around the parent's functions, which also collect what children counted."""
    from autograder.judge import surroundings, zygote

    clocks, receive, packages = Clocks(PARENT), zygote.receive, surroundings.packages
    # A zygote in namespaces sees no more than these; this module has to be among them.
    surroundings.packages = lambda: (*packages(), Path(__file__).resolve().parents[1])

    def receive_clocks(*args: Any, **kwargs: Any) -> Any:
        received = receive(*args, **kwargs)
        if received is not None:
            for label, seconds in received[0].get(CLOCKS, {}).items():
                clocks.children[label] = clocks.children.get(label, 0.0) + seconds
        return received

    zygote.receive = receive_clocks
    return clocks


def in_zygote() -> None:
    """Clocks around what children run, and around their beginning and end."""
    from autograder.judge import child, zygote

    clocks = Clocks(CHILD, (FORK, END))
    fork, run, send = os.fork, child.run, zygote.send

    def clocked_fork() -> int:
        clocks.cells[-2] = time.perf_counter()
        return fork()

    def clocked_run(*args: Any, **kwargs: Any) -> Any:
        clocks.add(FORK, time.perf_counter() - clocks.cells[-2])
        run(*args, **kwargs)

    def send_clocks(control: Any, message: dict[str, Any], fds: list[int] | None = None) -> None:
        if "status" in message:
            clocks.add(END, time.perf_counter() - clocks.cells[-1])
            message = message | {CLOCKS: clocks.take()}
        send(control, message, fds)

    os.fork, child.run, zygote.send = clocked_fork, clocked_run, send_clocks
