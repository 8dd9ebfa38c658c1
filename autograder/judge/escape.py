"""Tries to break out of a confined child: a rung of isolation counts only if all of this fails.

Runs in the place of a student's file, with the same rights.
"""

from __future__ import annotations

import ctypes
import os
import socket
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

Targets = dict[str, Any]


def attempt(targets: Targets, staged: Path, scratch: Path) -> list[str]:
    """What succeeded although it must not, and what failed although work needs it.

    Args:
        targets: `read` (files and folders to stay unread), `write` (folders to stay unwritten),
            `keep` (a file that must keep its content), `pid` (the parent), `port` (a TCP server
            of the parent's on this machine).
    """
    found = [f"read {path}" for path in targets["read"] if _succeeds(partial(_read, path))]
    folders = [*targets["write"], str(staged), "/tmp", "/var/tmp", "/dev/shm", "/"]
    found += [f"write {path}" for path in folders if _succeeds(partial(_write, path))]
    keep = targets["keep"]
    pid = targets["pid"]
    attacks: dict[str, Callable[[], Any]] = {
        "empty a file by truncate": lambda: _check(_libc().truncate(keep.encode(), 0)),
        "empty a file by opening it": lambda: os.open(keep, os.O_RDONLY | os.O_TRUNC),
        "connect by TCP": lambda: socket.create_connection(("127.0.0.1", targets["port"]), 1),
        "send by UDP": lambda: _udp(targets["port"]),
        "open a Unix socket": lambda: socket.socketpair(),
        "start a process": _fork,
        "run a program": lambda: _posix_spawn(),
        "signal the parent": lambda: os.kill(pid, 0),
        "read the parent's memory": lambda: os.open(f"/proc/{pid}/mem", os.O_RDONLY),
        "read the parent's environment": lambda: _read(f"/proc/{pid}/environ"),
        "trace the parent": lambda: _trace(pid),
        "make lasting shared memory": _shared_memory,
        "become root": lambda: _root(),
    }
    found += [name for name, attack in attacks.items() if _succeeds(attack)]
    needs: dict[str, Callable[[], Any]] = {
        "import a module": lambda: __import__("colorsys"),
        "read its own files": lambda: os.listdir(staged),
        "write its scratch folder": lambda: _write(str(scratch)),
        "start a thread": _thread,
    }
    return found + [f"cannot {name}" for name, work in needs.items() if not _succeeds(work)]


def _succeeds(action: Callable[[], Any]) -> bool:
    try:
        action()
    except Exception:
        return False
    return True


def _read(path: str) -> None:
    if os.path.isdir(path):
        os.listdir(path)
    else:
        with open(path, "rb") as file:
            file.read(1)


def _write(folder: str) -> None:
    path = os.path.join(folder, f"escaped-{os.getpid()}")
    with open(path, "w") as file:
        file.write("x")
    os.unlink(path)


def _udp(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.sendto(b"x", ("127.0.0.1", port))


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _posix_spawn() -> None:
    os.posix_spawn("/bin/true", ["true"], {})


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result == -1:
        raise OSError(ctypes.get_errno(), "refused")


def _trace(pid: int) -> None:
    seize = 0x4206  # attaches without stopping the process
    _check(_libc().ptrace(seize, pid, 0, 0))


def _shared_memory() -> None:
    private, create = 0, 0o1000
    _check(_libc().shmget(private, 4096, create | 0o600))


def _root() -> None:
    if os.geteuid() != 0:
        os.setuid(0)
    else:
        _check(_libc().unshare(0x00020000))  # a mount namespace: for root with its capabilities


def _thread() -> None:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
