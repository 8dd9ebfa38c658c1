"""Things of the grader's that hostile submissions are told of, and that must stay untouched.

A file, servers of every kind, and a process that holds a secret and notes every signal. Submissions
know where they are by the marks in `Decoys.targets`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

# Never in one piece in a file, so that a search of memory finds the secret itself.
MARK = "SECRET_OF_" + "THE_PARENT"
PTRACER_ANY = 0x59616D61, -1  # prctl: lets any process trace this one, where Yama forbids that
VICTIM = """
import ctypes, os, signal, sys

secret = bytearray(sys.stdin.buffer.readline())
ctypes.CDLL(None).prctl(*map(int, sys.argv[1:]))
for number in sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}):
    try:
        signal.signal(number, lambda number, frame: print(number, flush=True))
    except (OSError, ValueError):
        pass  # the C library keeps it for itself
print(f"ready {ctypes.addressof(ctypes.c_char.from_buffer(secret))}", flush=True)
sys.stdin.buffer.read()
"""


class Decoys:
    """Decoys for one session; a context manager.

    Args:
        folder: where the secret file and the Unix socket go.
    """

    def __init__(self, folder: Path) -> None:
        self.secret = secrets.token_hex(16)
        self.file = folder / "secret.txt"
        self.file.write_text(f"{MARK}={self.secret}\n")
        os.chmod(self.file, 0o644)  # its permissions are not what protects it
        os.environ[MARK] = self.secret
        self._before = self._look_at_file()
        self._limits = _limits_of(os.getpid())
        # A path of a Unix socket has to be short.
        self._sockets = tempfile.TemporaryDirectory(prefix="decoy-", dir="/tmp")
        os.chmod(self._sockets.name, 0o755)
        self._servers = dict(_servers(Path(self._sockets.name) / "s"))
        self.victim, self._address = self._start()

    def _start(self) -> tuple[subprocess.Popen[str], str]:
        victim = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", VICTIM, *map(str, PTRACER_ANY)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        assert victim.stdin is not None and victim.stdout is not None
        victim.stdin.write(f"{MARK}={self.secret}\n")
        victim.stdin.flush()
        word, address = victim.stdout.readline().split()
        assert word == "ready"
        return victim, address

    @property
    def targets(self) -> dict[str, str]:
        """What the marks in submissions stand for."""
        servers = self._servers
        return {
            "PARENT": str(os.getpid()),
            "VICTIM": str(self.victim.pid),
            "VICTIM_ADDRESS": self._address,
            "SECRET_FILE": str(self.file),
            "SECRET_LENGTH": str(len(self.secret)),
            "PORT": str(servers["TCP"].getsockname()[1]),
            "UDP_PORT": str(servers["UDP"].getsockname()[1]),
            "UNIX": str(servers["Unix"].getsockname()),
            "ABSTRACT": servers["abstract"].getsockname()[1:].decode(),
            "VSOCK_PORT": str(servers["vsock"].getsockname()[1] if "vsock" in servers else 1),
        }

    def touched(self) -> list[str]:
        """What has been done to the decoys until now."""
        found = [f"the {name} server was reached" for name, s in self._servers.items() if _heard(s)]
        if self._look_at_file() != self._before:
            found.append("the secret file was changed")
        if _limits_of(os.getpid()) != self._limits:
            found.append("the parent's limits were changed")
        status = Path(f"/proc/{self.victim.pid}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        if fields["State"][0] not in "SR" or fields["TracerPid"].strip() != "0":
            found.append(f"the victim is {fields['State']}, traced by {fields['TracerPid']}")
        return found

    def _look_at_file(self) -> tuple[object, ...]:
        info = os.stat(self.file)
        kept = info.st_ino, info.st_mode, info.st_nlink, info.st_uid, info.st_mtime_ns
        return (*kept, info.st_ctime_ns, self.file.read_bytes())

    def close(self) -> list[str]:
        """End them; which signals the victim got before."""
        assert self.victim.stdin is not None and self.victim.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.victim.stdin.close()
        signals = self.victim.stdout.read().split()
        self.victim.stdout.close()
        status = self.victim.wait()
        for server in self._servers.values():
            server.close()
        self._sockets.cleanup()
        os.environ.pop(MARK, None)
        found = [f"the victim got signal {number}" for number in signals]
        return found + ([f"the victim ended with status {status}"] if status else [])

    def __enter__(self) -> Decoys:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.victim.poll() is None:
            self.close()


def _servers(path: Path) -> list[tuple[str, socket.socket]]:
    tcp = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    unix, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    unix.bind(str(path))
    os.chmod(path, 0o777)
    abstract.bind("")  # the kernel gives it a name in the abstract namespace
    found = [("TCP", tcp), ("UDP", udp), ("Unix", unix), ("abstract", abstract)]
    with contextlib.suppress(OSError):  # few machines have it
        vsock = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
        vsock.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
        found.append(("vsock", vsock))
    for name, server in found:
        if name != "UDP":
            server.listen()
        server.setblocking(False)
    return found


def _heard(server: socket.socket) -> bool:
    try:
        if server.type == socket.SOCK_DGRAM:
            server.recvfrom(1)
        else:
            server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _limits_of(pid: int) -> str:
    return Path(f"/proc/{pid}/limits").read_text() + Path(f"/proc/{pid}/oom_score_adj").read_text()
