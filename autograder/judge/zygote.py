"""The zygote: loads torch and the provided code once, then forks a child for each request.

It holds no answers and no inputs: inputs go to the child through a descriptor that the zygote
passes on unread. It runs in one thread, so that forking is safe.

A request is a length and a JSON text on a socket, with two descriptors: inputs to read, answers to
write. The reply is `{"pid": ...}` with a pidfd, and after the child's end `{"status": ...}`.
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
from typing import Any

from autograder.judge.confine import die_with_parent

ALWAYS = (
    "torch", "torch.distributions", "torch.nn.functional", "tqdm.auto", "easydict",
    "homework.args", "homework.randomizer", "homework.probing", "homework.probes.q1",
    "homework.probes.q2", "homework.probes.q3", "homework.training", "autograder.judge.child",
    "landlockpy", "pyseccomp",
)  # fmt: skip


def main(socket_fd: int, extra: list[str]) -> None:
    """Load everything, say so, and serve requests until the parent closes the socket.

    Args:
        extra: further modules to load: what submissions of this batch import.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    die_with_parent()
    control = socket.socket(fileno=socket_fd)
    missing = [name for name in (*ALWAYS, *extra) if not _load(name)]
    _warm_up()
    gc.collect()
    gc.freeze()
    send(control, {"ready": True, "missing": missing, "size_kib": _resident_kib()})
    serve(control)


def _load(name: str) -> bool:
    with contextlib.suppress(Exception):
        importlib.import_module(name)
        return True
    return False


def _warm_up() -> None:
    """Run once what every child would else run for the first time, all in this one thread."""
    import torch

    torch.set_num_threads(1)
    from homework.randomizer import replay

    with replay(0):
        x = torch.randn(4, 3, requires_grad=True)
        (torch.tanh(x @ torch.rand(3, 2)) ** 2).sum().backward()
        torch.nn.Linear(3, 2)(x).exp().log1p().mean().item()
    with contextlib.suppress(Exception):
        from autograder.judge.confine import call_filter

        call_filter()


def _resident_kib() -> int:
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def serve(control: socket.socket) -> None:
    """Answer requests one after the other; `split` makes another zygote for another socket."""
    while True:
        received = receive(control)
        if received is None:
            return
        request, fds = received
        if request["kind"] == "split":
            if os.fork() == 0:
                control.close()
                serve(socket.socket(fileno=fds[0]))
                os._exit(0)
            os.close(fds[0])
            continue
        _fork(control, request, *fds)


def _fork(control: socket.socket, request: dict[str, Any], inputs_fd: int, answer_fd: int) -> None:
    pid = os.fork()
    if pid == 0:
        from autograder.judge import child

        child.run(request, inputs_fd, answer_fd)
    os.close(inputs_fd)
    os.close(answer_fd)
    pidfd = os.pidfd_open(pid)
    send(control, {"pid": pid}, [pidfd])
    os.close(pidfd)
    _, status, usage = os.wait4(pid, 0)
    send(control, {"status": status, "peak_kib": usage.ru_maxrss, "cpu": usage.ru_utime})


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
        text += control.recv(left - len(text))
    return json.loads(text), fds


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
