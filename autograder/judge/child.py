"""What runs in a forked child: confinement, then the probes of tasks, then the end."""

from __future__ import annotations

import gc
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from autograder.judge import escape, wire
from autograder.judge.confine import CONFINEMENT_FAILED, Confinement
from homework import probing
from homework.loading import Loader
from homework.outcome import Mishap, Outcome
from homework.student import Student

MAX_FD = 4096
TOO_LARGE = Mishap("error", "MemoryError", "what was returned is far larger than any task needs")


def run(
    confinement: Confinement, request: dict[str, Any], inputs_fd: int, answer_fd: int
) -> NoReturn:
    """Confine this process, serve the request, leave. Never returns.

    Args:
        confinement: what to give up, made ready by the zygote.
        request: what the parent asked for: folders, and what kind of work.
        inputs_fd: where the inputs come from, in the form of `wire`.
        answer_fd: where answers are written.
    """
    gc.disable()  # a collection would touch, and so copy, the pages shared with the zygote
    work: dict[str, Callable[..., None]] = {"cases": _cases, "escape": _escape}
    try:
        _prepare(Path(request["scratch"]))
        confinement.apply()
        first, second = sorted((inputs_fd, answer_fd))
        os.closerange(3, first)
        os.closerange(first + 1, second)
        os.closerange(second + 1, MAX_FD)
    except BaseException as error:
        _send(answer_fd, wire.pack({"unconfined": f"{type(error).__name__}: {error}"}, {}))
        os._exit(CONFINEMENT_FAILED)
    _send(answer_fd, wire.pack({"unconfined": ""}, {}))  # the parent trusts no later message
    request["inside"] = {"zygote": confinement.zygote, "apart": confinement.nest is not None}
    try:
        work[request["kind"]](request, inputs_fd, answer_fd)
    except BaseException as error:
        # Only a student's file can bring this about, by meddling with what runs around it.
        why = f"{type(error).__name__}: {error}"[:500]
        _send(answer_fd, wire.pack({"broken": True, "why": why}, {}))
    finally:
        os._exit(0)


def _read(fd: int) -> Iterator[tuple[dict[str, Any], dict[str, np.ndarray]]]:
    """The messages on a descriptor, as they come, until it is closed."""
    reader = wire.Reader()
    while data := os.read(fd, wire.PIPE):
        yield from reader.feed(data)


def _prepare(scratch: Path) -> None:
    """Stand in the scratch folder, in a session of one's own, without input or output."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.chdir(scratch)
    tempfile.tempdir = None  # the zygote's own is remembered there
    os.environ.clear()
    os.environ |= {
        "HOME": str(scratch),
        "USER": "student",  # parts of torch ask for it, and no list of users names this one
        "TMPDIR": str(scratch),
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(scratch),
        "OMP_NUM_THREADS": "1",
        "TORCHDYNAMO_DISABLE": "1",
        "LANG": "C.UTF-8",
    }
    sys.argv = [""]
    sys.dont_write_bytecode = True


def _cases(request: dict[str, Any], inputs_fd: int, answer_fd: int) -> None:
    """Run cases as they come.

    Whether others have run before, whether anything is scored, and why it is run: nothing here says
    so, lest code give each run another answer.
    """

    def announce(stem: str) -> None:
        _send(answer_fd, wire.pack({"importing": stem, "slow": sorted(loader.slow)}, {}))

    loader = Loader(Path(request["staged"]), set(request["slow"]), announce)
    student = Student(loader.folder, request["stems"], request["device"], loader)
    # What a student prints would be encoded and thrown away; saving that keeps floods cheap.
    sys.stdout, sys.stderr = _Silence(), _Silence()
    for head, arrays in _read(inputs_fd):
        outcome = probing.run(student, head["probe"], arrays)
        _send(answer_fd, _message(head["case"], outcome))


class _Silence(io.TextIOWrapper):
    """A stream like `sys.stdout`, `reconfigure` and `buffer` included, that keeps nothing."""

    def __init__(self) -> None:
        super().__init__(open(os.devnull, "wb"), encoding="utf-8", errors="replace")

    def write(self, text: str) -> int:
        return len(text)


def _message(case: str, outcome: Outcome) -> bytes:
    found = [value.array for value in outcome.values.values() if value.array is not None]
    if sum(array.nbytes for array in found) > wire.MAX_ARRAYS:  # or it would seem a flood
        outcome = Outcome(mishap=TOO_LARGE, notes=outcome.notes)
    head: dict[str, Any] = {"case": case, "values": {}, "notes": outcome.notes}
    arrays = {}
    for name, value in outcome.values.items():
        head["values"][name] = [value.kind[:80], value.dtype[:40], value.device[:20]]
        if value.array is not None:
            arrays[name] = value.array
    if outcome.mishap is not None:
        m = outcome.mishap
        place = m.file[:80], m.line, m.left_out
        head["mishap"] = [m.kind, m.error[:80], m.message[:2000], *place]
    head |= {"reason": outcome.reason, "place": list(outcome.place)}
    return wire.pack(head, arrays)


def _send(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _escape(request: dict[str, Any], inputs_fd: int, answer_fd: int) -> None:
    targets = request["targets"] | request["inside"]
    found = escape.attempt(targets, Path(request["staged"]), Path(request["scratch"]))
    _send(answer_fd, wire.pack({"escapes": found}, {}))
