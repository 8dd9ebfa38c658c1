"""The child that takes in submissions, and the small process that it is forked from.

`main` answers nothing itself: for each message with a socket it forks a child, which gives up all
rights but to read the paths of that message (`judge.confine`), and then serves the socket with
`answer`. Messages are JSON texts after their length; the content of files is in base64.
"""

from __future__ import annotations

import base64
import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder.intake.entries import IntakeError
from autograder.intake.places import Place
from autograder.intake.submission import Found, Submission, find, open_found
from autograder.judge import surroundings
from autograder.judge.calls import call_filter
from autograder.judge.confine import Confinement, Limits, readable_paths, reading_only
from autograder.judge.zygote import receive, send

LIMITS = Limits(memory_mib=1024, cpu_seconds=600, file_mib=0, open_files=64, threads=8)
LAYERS = (("landlock", "seccomp", "uid"), ("landlock", "seccomp"), ("seccomp",), ("landlock",), ())


def main(control: socket.socket) -> None:
    """Fork a child for each message, until the other side closes the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    readable = readable_paths(surroundings.packages())
    _warm_up()
    while True:
        received = receive(control)
        if received is None:
            break
        request, fds = received
        pid = os.fork()
        if pid == 0:
            control.close()
            _serve(fds[0], request, readable)
        os.close(fds[0])
        pidfd = os.pidfd_open(pid)
        send(control, {}, [pidfd])
        os.close(pidfd)
        _reap(os.WNOHANG)
    _reap(0)  # so that their time is accounted for


def _warm_up() -> None:
    """Load and make what every child needs; whoever lacks it tells that itself."""
    for name in ("landlockpy", "pyprctl", "encodings.utf_8_sig", "encodings.latin_1"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with contextlib.suppress(ImportError, OSError):
        call_filter()
    gc.freeze()


def _reap(how: int) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, how)[0]:
            pass


def _serve(asked: int, request: dict[str, Any], readable: tuple[Path, ...]) -> None:
    """Be the child: confine this process, say how that went, and answer."""
    # Plain reads and writes: the calls of sockets are refused to it.
    questions, answers = open(asked, "rb"), open(asked, "wb", closefd=False)

    def say(message: dict[str, Any]) -> None:
        text = json.dumps(message).encode()
        answers.write(len(text).to_bytes(8, "little") + text)
        answers.flush()

    try:
        roots = [Path(root) for root in request["roots"]]
        # Links are refused, not followed; and landlock is about what they lead to.
        roots = [path for path in roots if os.path.lexists(path) and not path.is_symlink()]
        layers = tuple(request["layers"])
        if "uid" in layers and reading_only() is None:
            raise OSError("another user could not read what is handed in")
        Confinement(layers, LIMITS, request["uid"], None, (*readable, *roots)).apply()
        say({"unconfined": ""})
    except Exception as error:
        say({"unconfined": f"{type(error).__name__}: {error}"})
        os._exit(1)
    while size := int.from_bytes(questions.read(8), "little"):
        question = json.loads(questions.read(size))
        signal.setitimer(signal.ITIMER_PROF, question["seconds"])  # ends this process
        say(answer(question))
    os._exit(0)


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """The answer to one question, which holds nothing but JSON."""
    try:
        if question["kind"] == "find":
            paths, skip = [Path(path) for path in question["paths"]], question["skip"]
            found = find(
                paths, question["expected"], question["inside"], skip and Path(skip),
                question["earlier"],
            )  # fmt: skip
            return {"found": [told(one) for one in found]}
        found_one = as_found(question["found"])
        return {"submission": _told(open_found(found_one, question["expected"], question["alone"]))}
    except IntakeError as error:
        return {"refused": str(error)}
    except (MemoryError, RecursionError) as error:
        return {"failed": type(error).__name__}


def told(found: Found) -> dict[str, Any]:
    """A row as JSON."""
    places = {"places": _places(found.places), "others": _places(found.others)}
    return vars(found) | places


def _places(places: Sequence[Place]) -> list[Any]:
    return [[str(place.path), place.parts, place.is_archive] for place in places]


def as_found(row: dict[str, Any]) -> Found:
    """The row that `told` has told. Raises whatever for what is none."""
    places = {
        name: tuple(Place(Path(path), tuple(parts), bool(kind)) for path, parts, kind in row[name])
        for name in ("places", "others")
    }
    lists = {name: tuple(map(str, row[name])) for name in ("label", "remarks")}
    return Found(**row | places | lists)


def _told(submission: Submission) -> dict[str, Any]:
    files = {path: base64.b64encode(data).decode() for path, data in submission.files.items()}
    return vars(submission) | {"files": files, "source": str(submission.source)}


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
