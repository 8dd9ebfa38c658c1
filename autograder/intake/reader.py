"""Takes in submissions without touching them: children that may do nothing but read do it.

Looking through folders, unpacking and telling names are done by a child with limits of memory and
time (`reading`). One child serves one question after the other. Where it comes to an end, what it
was asked is asked of a new one, and if that ends too, the row is unreadable and the next one has
another child. What comes back is checked before it is believed.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from autograder.intake.entries import MAX_TOTAL, IntakeError
from autograder.intake.names import safe, shown, stem
from autograder.intake.places import Place, given_place
from autograder.intake.reading import LAYERS, as_found, told
from autograder.intake.submission import Found, Submission
from autograder.judge import surroundings, zygote
from autograder.judge.slot import SandboxError
from autograder.judge.users import SlotUser

SECONDS = {"find": 60.0, "open": 10.0}  # of processor time for an answer
_START_SECONDS = 60.0
_SLOWER = 4  # times more wall time than processor time, on a machine with much else to do
_TRIES = 2  # somebody else may have ended the first child
_KEPT = ("PATH", "LD_LIBRARY_PATH")  # of the environment
_MOST_BYTES = 1 << 28  # of an answer
_MOST_TEXT = 4000  # characters of a sentence
_TOO_MUCH = "cannot be read within the limits of time and memory: hand in the code alone, as a zip"


class _Ended(Exception):
    """The child ended, took too long, or said what it cannot say."""


class Reader:
    """Finds and opens submissions in confined children; ends with this object.

    Args:
        paths: the files and folders that children may read, with all that is below.
        expected: names of the files to look for.
    """

    def __init__(self, paths: Sequence[Path], expected: Sequence[str]) -> None:
        given = [os.path.abspath(path) for path in paths if "\0" not in str(path)]
        self.roots = tuple(dict.fromkeys([*given, *map(os.path.realpath, given)]))
        self.expected = tuple(expected)
        self._server: socket.socket | None = None
        self._layers = list(LAYERS if os.geteuid() == 0 else LAYERS[1:])
        self._children: list[_Child] = []  # the one that answers, if any
        self._user: SlotUser | None = None

    def find(
        self,
        paths: Sequence[Path],
        inside: bool = False,
        skip: Path | None = None,
        earlier: Mapping[str, str] = MappingProxyType({}),
    ) -> list[Found]:
        """As `plan.find`. A path that cannot be looked through within the limits is one row."""
        question = {
            "kind": "find", "paths": [os.path.abspath(path) for path in paths], "inside": inside,
            "skip": skip and str(skip), "earlier": dict(earlier), "expected": self.expected,
        }  # fmt: skip
        try:
            return [_row(row, self.roots) for row in self._ask(question)["found"]]
        except (_Ended, ArithmeticError, LookupError, TypeError, ValueError):
            if len(paths) > 1:
                return [row for path in paths for row in self.find([path], inside, skip, earlier)]
            return [_unread(paths[0])] if paths else []

    def open(self, found: Found, alone: bool = False) -> Submission:
        """As `submission.open_found`.

        Raises:
            IntakeError: as there; also if it cannot be read within the limits.
        """
        title = shown(found.places[0].name if found.places else found.name)
        question = {"kind": "open", "found": told(found), "alone": alone, "expected": self.expected}
        try:
            answer = self._ask(question)
            if "refused" in answer:
                raise IntakeError(_line(answer["refused"]))
            return _submission(answer["submission"], found, self.expected)
        except (_Ended, ArithmeticError, LookupError, TypeError, ValueError):
            raise IntakeError(f"{title} {_TOO_MUCH}.") from None

    def open_path(self, path: Path, name: str = "submission", alone: bool = False) -> Submission:
        """As `open`, for a path that is one submission."""
        return self.open(Found((name,), (given_place(path),), name=name), alone)

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The child's answer, of a second child if the first one ends."""
        seconds = SECONDS[question["kind"]]
        for attempt in range(_TRIES):
            try:
                answer = self._ready().ask(question | {"seconds": seconds}, _SLOWER * seconds)
                if "failed" in answer:
                    raise _Ended
                return answer
            except (_Ended, OSError):
                self._end_child()
                if attempt == _TRIES - 1:
                    raise _Ended from None
        raise AssertionError

    def _end_child(self) -> None:
        while self._children:
            self._children.pop().close()

    def _ready(self) -> _Child:
        """A child that is confined by the strongest layers that are to be had."""
        while not self._children:
            child = self._fork()
            problem = child.hear(_START_SECONDS)["unconfined"]
            if not problem:
                self._children.append(child)
                break
            child.close()
            if len(self._layers) == 1:
                raise SandboxError(f"no child can be limited that reads submissions: {problem}")
            del self._layers[0]
        return self._children[0]

    def _fork(self) -> _Child:
        ours, theirs = socket.socketpair()
        layers = self._layers[0]
        request = {"roots": self.roots, "layers": layers, "uid": self._uid(layers)}
        for _ in range(_TRIES):
            server = self._server or self._start()
            try:
                zygote.send(server, request, [theirs.fileno()])
                received = zygote.receive(server)
            except OSError:
                received = None
            if received is not None and received[1]:
                theirs.close()
                return _Child(ours, received[1][0])
            self._server = None
        raise SandboxError("the process that reads submissions is ended again and again")

    def _uid(self, layers: Sequence[str]) -> int:
        if "uid" in layers and self._user is None:
            self._user = SlotUser()
        return self._user.uid if self._user else os.getuid()

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        paths = [str(path) for path in surroundings.import_paths()]
        program = (
            f"import sys, socket; sys.path[:0] = {paths!r}; from autograder.intake import reading; "
            "reading.main(socket.socket(fileno=int(sys.argv[1])))"
        )
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", program, str(theirs.fileno())],
            pass_fds=[theirs.fileno()], cwd="/", stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
        )  # fmt: skip
        theirs.close()
        ours.settimeout(_START_SECONDS)
        weakref.finalize(self, _end, process, ours, self._children)
        self._server = ours
        return ours


def _end(
    process: subprocess.Popen[bytes], control: socket.socket, children: Sequence[_Child]
) -> None:
    for child in children:  # the process waits for the children that it made
        child.close()
    control.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    process.kill()
    process.wait()


class _Child:
    """A child that answers questions."""

    def __init__(self, control: socket.socket, pidfd: int) -> None:
        self._control, self._pidfd = control, pidfd
        self.close = weakref.finalize(self, _kill, control, pidfd)

    def ask(self, question: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Raises `_Ended`, `OSError`."""
        self._control.settimeout(seconds)
        zygote.send(self._control, question)
        return self.hear(seconds)

    def hear(self, seconds: float) -> dict[str, Any]:
        """Its next message; `_Ended` if that does not come in time, or is none."""
        until = time.monotonic() + seconds
        size = int.from_bytes(self._bytes(8, until), "little")
        if size > _MOST_BYTES:
            raise _Ended
        try:
            message = json.loads(self._bytes(size, until))
        except (ValueError, RecursionError):
            raise _Ended from None
        if not isinstance(message, dict):
            raise _Ended
        return message

    def _bytes(self, count: int, until: float) -> bytes:
        data = bytearray()
        while len(data) < count:
            if not select.select([self._control], [], [], max(0.0, until - time.monotonic()))[0]:
                raise _Ended
            some = self._control.recv(min(count - len(data), 1 << 20))
            if not some:
                raise _Ended
            data += some
        return bytes(data)


def _kill(control: socket.socket, pidfd: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    os.close(pidfd)
    control.close()


# What a child says, checked


def _unread(path: Path) -> Found:
    label = stem(path.name) or "submission"
    refusal = f"{shown(path.name)} {_TOO_MUCH}."
    place = Place(Path(os.path.realpath(path)))
    return Found((label,), (place,), refusal=refusal, is_given=True, name=safe(label))


def _row(row: dict[str, Any], roots: Sequence[str]) -> Found:
    found = as_found(row)
    for place in (*found.places, *found.others):
        if not any(str(place.path) == root or _is_below(place.path, root) for root in roots):
            raise ValueError("it is outside of what was given")
    if found.name != os.path.basename(found.name) or found.name in ("", ".", ".."):
        raise ValueError("it is no name of a folder")
    return found


def _is_below(path: Path, root: str) -> bool:
    return str(path).startswith(root.rstrip("/") + "/") and ".." not in path.parts


def _submission(said: dict[str, Any], found: Found, expected: Sequence[str]) -> Submission:
    files = {str(p): base64.b64decode(data) for p, data in said["files"].items()}
    problems = {str(file): _line(text) for file, text in said["problems"].items()}
    missing = tuple(map(str, said["missing"]))
    if not {*problems, *missing} <= set(expected) or sum(map(len, files.values())) > 2 * MAX_TOTAL:
        raise ValueError("it names other files")
    if any(not p.endswith(".py") or p.startswith("/") or ".." in p.split("/") for p in files):
        raise ValueError("it is no path of a module")
    notes, remarks = (tuple(map(_line, said[name])) for name in ("notes", "remarks"))
    digest = str(said["digest"])[:64]
    source = found.places[0].path
    return Submission(found.name, source, files, missing, problems, notes, digest, remarks)


def _line(text: str) -> str:
    """A sentence, however it came to be: one line, without control characters."""
    return "".join(c if c.isprintable() else "?" for c in str(text)[:_MOST_TEXT])
