"""Tries to break out of a confined child: a rung of isolation counts only if all of this fails.

Runs in the place of a student's file, with the same rights. What an attack changes where it
succeeds is a decoy, or undone at once.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from autograder.judge import channels, forbidden

MANY_THREADS = 4_000
_KEPT: list[Any] = []  # stacks of threads


class Targets(NamedTuple):
    """What to attack.

    Attributes:
        read: files and folders that must stay unread.
        write: folders that must stay unwritten.
        slots: the folder of all slots.
        other: the folder of another slot, with a file in each of its folders.
        keep: a file that must keep its content.
        pid: the parent.
        port: a TCP and a UDP server of the parent's on this machine.
        channel: a Unix socket of the parent's, and its name in the abstract namespace.
        unseen: what must not even be visible.
        alone: whether no process of the parent's side must be visible.
        shut: whether files that are open to everybody must not be read either.
        zygote: what forked this process.
        apart: whether nothing must tell of other processes (`apart`).
    """

    read: list[str]
    write: list[str]
    slots: str
    other: str
    keep: str
    pid: int
    port: int
    channel: str
    unseen: list[str]
    alone: bool
    shut: bool
    zygote: int
    apart: bool


Attacks = Iterator[tuple[str, Callable[[], Any]]]


def attempt(targets: dict[str, Any], staged: Path, scratch: Path) -> list[str]:
    """What succeeded although it must not, and what failed although work needs it.

    Args:
        targets: as in `Targets`.
        staged, scratch: the child's own folders, to be read and to be written.
    """
    aims = Targets(**targets)
    attacks = (
        *_on_files(aims, staged, scratch), *_on_network(aims), *_on_processes(aims),
        *_on_system(aims), *forbidden.attacks(),
        *channels.attacks(aims.zygote, aims.apart, aims.shut, staged),
    )  # fmt: skip
    needs: dict[str, Callable[[], Any]] = {
        "import a module": lambda: __import__("colorsys"),
        "read its own files": lambda: os.listdir(staged),
        "write its scratch folder": lambda: _write(str(scratch)),
        "start a thread": _thread,
    }
    lacking = [f"cannot {name}" for name, work in needs.items() if not _succeeds(work)]
    last = ("start threads without end", _many_threads)
    return [name for name, attack in (*attacks, last) if _succeeds(attack)] + lacking


def _succeeds(action: Callable[[], Any]) -> bool:
    try:
        action()
    except Exception:
        return False
    return True


def _on_files(aims: Targets, staged: Path, scratch: Path) -> Attacks:
    others = [f"{aims.other}/{name}" for name in ("files", "scratch/own")]
    for path in (*aims.read, aims.slots, aims.other, *others, *(f"{o}/secret" for o in others)):
        yield f"read {path}", partial(_read, path)
    common = ["/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/dev", "/run", "/run/lock", "/"]
    mine = [str(staged), str(staged.parent), str(scratch.parent), aims.slots, aims.other, *others]
    for path in (*aims.write, *mine, *common):
        yield f"write {path}", partial(_write, path)
    keep, link, beside = aims.keep, f"{scratch}/link", f"{Path(aims.keep).parent}/escaped"
    for path in aims.read[:1]:
        yield f"read {path} by a link", partial(_by_link, path, link)
    yield "empty a file by truncate", lambda: os.truncate(keep, 0)
    yield "empty a file by opening it", lambda: os.close(os.open(keep, os.O_RDONLY | os.O_TRUNC))
    yield "change a file's mode", lambda: os.chmod(keep, 0o600)
    yield "link a file into its folder", lambda: _undone(os.link, keep, link)
    yield "link a file out of its folder", lambda: _undone(os.link, _new(scratch), beside)
    yield "move a file out of its folder", lambda: _undone(os.rename, _new(scratch), beside)
    yield "remove a file of others", lambda: os.unlink(f"{aims.other}/scratch/own/secret")
    zero = os.makedev(1, 5)
    yield "make a device", lambda: _undone(os.mknod, link, stat.S_IFCHR | 0o600, zero, made=link)
    for path in aims.unseen:
        yield f"see {path}", partial(os.lstat, path)


def _on_network(aims: Targets) -> Attacks:
    yield "connect by TCP", lambda: socket.create_connection(("127.0.0.1", aims.port), 1).close()
    yield "send by UDP", lambda: _udp(aims.port)
    unix = partial(_connect, socket.AF_UNIX)
    yield "connect to a Unix socket", lambda: unix(aims.channel)
    yield "connect to an abstract socket", lambda: unix("\0" + aims.channel)
    for name in ("UNIX", "INET", "INET6", "NETLINK", "PACKET", "VSOCK", "ALG"):
        family = getattr(socket, f"AF_{name}", None)
        kind = socket.SOCK_RAW if name == "PACKET" else socket.SOCK_SEQPACKET
        kinds = (kind, socket.SOCK_STREAM, socket.SOCK_DGRAM)
        if family is not None:
            yield f"open a socket ({name})", partial(_any_socket, family, kinds)


def _on_processes(aims: Targets) -> Attacks:
    yield "start a process", _fork
    yield "run a program", _spawn
    for name, pid in (("parent", aims.pid), ("zygote", aims.zygote)):
        yield f"signal the {name}", partial(os.kill, pid, 0)
        yield f"trace the {name}", partial(_trace, pid)
        for part in ("mem", "environ", "maps", "fd", "cwd"):
            yield f"read the {name}'s {part}", partial(_read, f"/proc/{pid}/{part}")
    if aims.alone:
        yield "see the parent", partial(_see, aims.pid)


def _on_system(aims: Targets) -> Attacks:
    yield "make lasting shared memory", _shared_memory
    yield "become root", _root
    yield "raise a limit", _raise_limit
    yield "hold a descriptor of others", _foreign_descriptor


def _read(path: str) -> None:
    if os.path.isdir(path):
        os.listdir(path)
    else:
        with open(path, "rb") as file:
            file.seek(0)
            if not path.endswith("/mem"):  # to open that one is enough
                file.read(1)


def _write(folder: str) -> None:
    _new(Path(folder))
    os.unlink(f"{folder}/escaped-{os.getpid()}")


def _new(folder: Path) -> str:
    path = f"{folder}/escaped-{os.getpid()}"
    with open(path, "w") as file:
        file.write("x")
    return path


def _by_link(path: str, link: str) -> None:
    os.symlink(path, link)
    try:
        _read(link)
    finally:
        os.unlink(link)


def _undone(make: Callable[..., None], *arguments: Any, made: str = "") -> None:
    make(*arguments)
    os.unlink(made or arguments[-1])


def _connect(family: int, address: str) -> None:
    with socket.socket(family) as channel:
        channel.connect(address)


def _any_socket(family: int, kinds: tuple[int, ...]) -> None:
    for kind in kinds:
        try:
            socket.socket(family, kind).close()
        except OSError:
            continue
        return
    raise OSError("refused")


def _udp(port: int) -> None:
    """Where nobody listens, the first message brings an error to the second."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.connect(("127.0.0.1", port))
        channel.send(b"x")
        channel.send(b"x")


def _fork() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def _spawn() -> None:
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)


def _trace(pid: int) -> None:
    seize, detach = 0x4206, 17  # attaching so does not stop the process
    _check(_libc().ptrace(seize, pid, 0, 0))
    _libc().ptrace(detach, pid, 0, 0)


def _see(pid: int) -> None:
    """The parent has a number on both sides; this one can be somebody else's in here."""
    with open(f"/proc/{pid}/cmdline", "rb") as parent, open("/proc/self/cmdline", "rb") as own:
        if parent.read() == own.read():
            raise ProcessLookupError(pid)


def _shared_memory() -> None:
    private, create, remove = 0, 0o1000, 0
    number = _libc().shmget(private, 4096, create | 0o600)
    _check(number)
    _libc().shmctl(number, remove, None)


def _root() -> None:
    if os.geteuid() != 0:
        os.setuid(0)
    else:
        _check(_libc().unshare(0x00020000))  # a mount namespace: for root with its capabilities


def _raise_limit() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most + 1))


def _many_threads() -> None:
    """More than any bound of ours allows; the kernel bounds nothing for the user root.

    Made by the kernel alone, since Python's own take more memory than a child has. Whatever comes
    after this may find that no more threads are to be had.
    """
    stack, shared = 1 << 13, 0x00010F00  # all but the stack, as threads share it
    libc = _libc()
    libc.clone.argtypes = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p
    sleep = ctypes.cast(libc.sleep, ctypes.c_void_p)
    _KEPT.append(ctypes.create_string_buffer(MANY_THREADS * stack))
    for number in range(1, MANY_THREADS + 1):
        top = ctypes.addressof(_KEPT[-1]) + number * stack - 64 & ~15
        _check(libc.clone(sleep, top, shared, 100))


def _foreign_descriptor() -> None:
    """Find one beside the three standard ones and the two pipes to the parent."""
    for fd in range(resource.getrlimit(resource.RLIMIT_NOFILE)[0]):
        try:
            kind = os.fstat(fd).st_mode
            fcntl.fcntl(fd, fcntl.F_GETFD)
        except OSError:
            continue
        if fd > 2 and not stat.S_ISFIFO(kind):
            return
    raise OSError("none")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result == -1:
        raise OSError(ctypes.get_errno(), "refused")


def _thread() -> None:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
