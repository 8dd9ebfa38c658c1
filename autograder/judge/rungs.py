"""Chooses the strongest confinement that works on this machine, by trying to escape from it."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path

from autograder.judge.confine import RUNGS
from autograder.judge.sandbox import Sandbox, SandboxError

UNCONFINED: tuple[str, ...] = ()


class NoIsolation(Exception):
    """No rung holds on this machine; the message says why for each."""


def name(layers: Sequence[str]) -> str:
    """How results and messages call a rung."""
    return " + ".join((*layers, "resource limits")) if layers else "none but resource limits"


def choose(
    sandbox: Sandbox,
    unread: Sequence[Path],
    unwritten: Sequence[Path],
    allowed: Sequence[tuple[str, ...]] = RUNGS,
    unsafe: bool = False,
) -> tuple[str, ...]:
    """Set the strongest rung that holds on `sandbox` and return its layers.

    Args:
        unread: what no child may read: answers, other submissions, results.
        unwritten: folders that no child may write.
        allowed: rungs to try, strongest first.
        unsafe: take resource limits alone if nothing else holds.

    Raises:
        NoIsolation: nothing holds and `unsafe` is false.
    """
    reasons = []
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        tempfile.NamedTemporaryFile() as decoy,
    ):
        targets = {
            "keep": decoy.name,
            "read": [str(path) for path in unread if path.exists()],
            "write": [str(path) for path in unwritten if path.exists()],
            "pid": os.getpid(),
            "port": server.getsockname()[1],
        }
        for layers in allowed:
            problem = _problem(sandbox, layers, targets)
            if not problem:
                return layers
            reasons.append(f"{name(layers)}: {problem}")
    if unsafe:
        sandbox.confine(UNCONFINED)
        return UNCONFINED
    raise NoIsolation(
        "no way to confine students' code works here ("
        + "; ".join(reasons)
        + "). Grade on Linux 5.13 or newer with landlock, or as root, or in a container that may "
        "be thrown away with --unsafe"
    )


def _problem(sandbox: Sandbox, layers: tuple[str, ...], targets: dict[str, object]) -> str:
    """Why a rung does not hold; empty if it does."""
    if "uid" in layers and os.geteuid() != 0:
        return "needs root"
    try:
        sandbox.confine(layers)
        escapes = sandbox.try_escaping(targets)
    except SandboxError as error:
        return str(error)
    return ", ".join(escapes)
