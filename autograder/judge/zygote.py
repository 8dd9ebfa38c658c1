"""The zygote: loads torch and the provided code once, then forks a child for each request.

It holds no answers and no inputs: inputs go to the child through a descriptor that the zygote
passes on unread. It runs in one thread, so that forking is safe.

A request is a length and a JSON text on a socket, with two descriptors: inputs to read, answers to
write. The reply is `{"pid": ...}` with a pidfd and, if the child got one of its own (`apart`), its
scratch folder; and after the child's end `{"status": ...}`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

from autograder.judge import apart, cgroups, hugepages, rehearsal
from autograder.judge.confine import Confinement, Limits, die_with_parent, own_size

ALWAYS = (
    "torch", "torch.distributions", "torch.nn.functional", "tqdm.auto", "easydict",
    "homework.args", "homework.randomizer", "homework.probing", "homework.probes.trial",
    "autograder.judge.child", "landlockpy",
)  # fmt: skip


def main(socket_fd: int) -> None:
    """Load everything, say so, and serve requests until the parent closes the socket.

    The parent sends a `Preload` first.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    die_with_parent()
    control = socket.socket(fileno=socket_fd)
    first = receive(control)
    if first is None:
        return
    for name in (*ALWAYS, *first[0]["modules"]):
        _load(name)
    _warm_up(first[0]["rehearsed"])
    gc.freeze()
    pidfd = os.pidfd_open(os.getpid())  # the parent may know this process by another number
    send(control, {"ready": True, "size_kib": _resident_kib()}, [pidfd])
    os.close(pidfd)
    serve(control)
    _leave()


def _leave() -> NoReturn:
    """End, once the zygotes that were split off have ended, so that their time is accounted for.

    The parent closes their sockets first, and kills what does not end soon.
    """
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    os._exit(0)


def _load(name: str) -> None:
    with contextlib.suppress(Exception):
        importlib.import_module(name)


def _warm_up(rehearsed: list[Any]) -> None:
    import torch

    torch.set_num_threads(1)  # a fork copies one thread only
    for files, cases in rehearsed:
        list(rehearsal.run(files, cases))


def _resident_kib() -> int:
    with apart.own_file("status") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def serve(control: socket.socket) -> None:
    """Answer requests one after the other.

    `configure` prepares the confinement of the children that follow; `split` makes another zygote
    for another socket; `load` imports modules; `settle` makes all forks cheaper, for half a second
    once; any other kind is work for a child.
    """
    confinement: Confinement | None = None
    while True:
        received = receive(control)
        if received is None:
            return
        request, fds = received
        if request["kind"] == "split":
            if os.fork() == 0:
                control.close()
                die_with_parent()
                serve(socket.socket(fileno=fds[0]))
                _leave()
            os.close(fds[0])
        elif request["kind"] == "load":
            for name in request["modules"]:
                _load(name)
            gc.freeze()
            if confinement is not None:
                confinement.size = own_size()
            send(control, {"size_kib": _resident_kib()})
        elif request["kind"] == "settle":
            _settle()
            send(control, {"settled": True})
        elif request["kind"] == "configure":
            if confinement is not None:
                confinement.close()
            confinement = _configure(control, request, fds)
        elif confinement is not None:
            _fork(control, confinement, request, *fds)


def _settle() -> None:
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    with contextlib.suppress(OSError, ValueError):
        hugepages.gather()


def _configure(
    control: socket.socket, request: dict[str, Any], entrances: list[int]
) -> Confinement | None:
    try:
        for entrance in entrances:
            cgroups.enter(entrance)
        confinement = Confinement(
            tuple(request["layers"]),
            Limits(**request["limits"]),
            request["uid"],
            Path(request["scratch"]),
            tuple(map(Path, [request["staged"], *request["readable"]])),
        )
    except Exception as error:
        send(control, {"error": f"{type(error).__name__}: {error}"})
        return None
    send(control, {"error": ""})
    return confinement


def _fork(
    control: socket.socket, confinement: Confinement, request: dict[str, Any], inputs_fd: int,
    answer_fd: int,
) -> None:  # fmt: skip
    pid, folder = confinement.fork()
    if pid == 0:
        from autograder.judge import child

        child.run(confinement, request, inputs_fd, answer_fd)
    os.close(inputs_fd)
    os.close(answer_fd)
    fds = [os.pidfd_open(pid), *folder]
    send(control, {"pid": pid}, fds)
    for fd in fds:
        os.close(fd)
    _, status, usage = os.wait4(pid, 0)
    confinement.clear()
    cpu = usage.ru_utime + usage.ru_stime
    send(control, {"status": status, "peak_kib": usage.ru_maxrss, "cpu": cpu})


def send(control: socket.socket, message: dict[str, Any], fds: list[int] | None = None) -> None:
    """Send one JSON message, and descriptors with its first bytes."""
    text = json.dumps(message).encode()
    socket.send_fds(control, [len(text).to_bytes(8, "little")], fds or [])
    control.sendall(text)


def receive(control: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next message with its descriptors; None when the other side has closed."""
    size, fds, _, _ = socket.recv_fds(control, 8, 4)
    if len(size) < 8:
        return None
    left, text = int.from_bytes(size, "little"), b""
    while len(text) < left:
        some = control.recv(left - len(text))
        if not some:  # it was killed in the middle of a message
            return None
        text += some
    return json.loads(text), fds


if __name__ == "__main__":
    main(int(sys.argv[1]))
