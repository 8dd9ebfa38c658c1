"""A worker's place: its folders, its user, its cgroup and its zygote, from start to end.

All slots of a grader lie below one folder, which is what a zygote in namespaces may write, and all
zygotes are forked from the first one.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path

from autograder.judge import cgroups, leftovers, namespaces, scratch, surroundings, zygote
from autograder.judge.confine import Limits
from autograder.judge.pipes import Pipe
from autograder.judge.preload import Preload
from autograder.judge.users import SlotUser

SCRATCH = "scratch/own"  # in a slot's folder
START_SECONDS = 180.0
END_SECONDS = 5.0  # for a zygote that gives up to end


class SandboxError(Exception):
    """The sandbox itself does not work: a fault of the grader, never of a student."""


class NoRoom(SandboxError):
    """The disk for temporary files is full."""


class ZygoteGone(SandboxError):
    """A zygote has ended, by whatever hand: what it was asked for can be asked of another."""


class Slot:
    """Place of one worker; to be closed.

    Args:
        number: 0, 1, ...: a part of its folder's name.
        limits: of each child.
        parent: the first slot of this grader; None for the first itself, which the rest is for.
        enclosed: start the zygote in namespaces.
        preload: what the zygote loads, if it is not split off from another.
        device: device on which probes run.

    Raises:
        SandboxError: the zygote did not start.
    """

    def __init__(
        self,
        number: int,
        limits: Limits,
        parent: Slot | None = None,
        enclosed: bool = False,
        preload: Preload | None = None,
        device: str = "cpu",
    ) -> None:
        self._held: leftovers.HeldFolder | None = None
        if parent is None:
            leftovers.sweep()
            self._held = leftovers.HeldFolder("slots")
            self.base: Path = self._held.path
        else:
            self.base = parent.base
        # Nobody can guess it: in folders of a known name others could count files by `stat`.
        self.folder = self.base / f"{number}-{secrets.token_hex(8)}"
        self.staged, self.scratch = self.folder / "files", self.folder / SCRATCH
        self.control: socket.socket | None = None
        self.group: cgroups.SlotGroup | None = None
        self.user: SlotUser | None = None
        self.answers, self.inputs = Pipe(), Pipe()
        self._process: subprocess.Popen[bytes] | None = None
        self._pidfd = -1  # of the zygote
        try:
            make_folders(self.base, self.folder)
            self.user = SlotUser()
            group = cgroups.divided()  # before a zygote starts: where it is divided, none may be
            if parent is None:
                self.enclosed = enclosed
                self.size_kib = self._start(preload or Preload(), device)
            else:
                self.enclosed, self.size_kib = parent.enclosed, parent.size_kib
                self._split(parent)
            if group is not None:
                with contextlib.suppress(OSError):
                    self.group = cgroups.SlotGroup(group, limits, self.size_kib, self.base.name)
        except BaseException:
            self.close()
            raise

    @property
    def uid(self) -> int:
        assert self.user is not None
        return self.user.uid

    @property
    def zygote(self) -> socket.socket:
        """The socket to its zygote."""
        assert self.control is not None
        return self.control

    def _start(self, preload: Preload, device: str) -> int:
        """Start a zygote; return its size."""
        self.control, theirs = socket.socketpair()
        paths = [str(path) for path in surroundings.import_paths()]
        start = (
            f"import sys; sys.path[:0] = {paths!r}; from autograder.judge.zygote import main; "
            "main(int(sys.argv[1]))"
        )
        command = [sys.executable, "-P", "-c", start, str(theirs.fileno())]
        try:
            before = namespaces.command(self.base, device) if self.enclosed else []
            self._process = subprocess.Popen(
                [*before, *command],
                pass_fds=[theirs.fileno()],
                cwd=self.folder,
                env=surroundings.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the parent to handle
            )
        except (namespaces.NoNamespaces, OSError) as error:
            raise SandboxError(str(error)) from None
        finally:
            theirs.close()
        self.control.settimeout(START_SECONDS)
        try:
            zygote.send(self.control, preload.request)
            received = zygote.receive(self.control)
        except OSError:
            received = None
        if received is None:
            raise _no_start(self._process)
        self._pidfd = received[1][0]
        return int(received[0]["size_kib"])

    def _split(self, parent: Slot) -> None:
        self.control, theirs = socket.socketpair()
        try:
            zygote.send(parent.zygote, {"kind": "split"}, [theirs.fileno()])
        except OSError as error:
            raise ZygoteGone(f"the grading process is gone ({error})") from None
        finally:
            theirs.close()

    def close(self) -> None:
        """End all that is left of it, and remove its folders."""
        self.answers.close()
        self.inputs.close()
        if self.control is not None:
            self.control.close()  # which ends a zygote
        if self._process is not None and self._pidfd >= 0:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(END_SECONDS)
        self.kill()
        if self.group is not None:
            self.group.close()
        if self.user is not None:
            self.user.close()
        if self._held is not None:
            self._held.close()
        else:
            scratch.remove(self.folder)

    def kill(self) -> None:
        """End the first zygote, and with it all that were split off, and their children."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stderr is not None:
            process.stderr.close()
        if process.poll() is None:
            # The first process in its namespaces takes all others with it, and only then does the
            # one outside end; so nothing is left when this returns.
            with contextlib.suppress(ProcessLookupError):
                if self._pidfd >= 0:
                    signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
                else:  # it has not started yet
                    process.kill()
            process.wait()
        if self._pidfd >= 0:
            os.close(self._pidfd)


def _no_start(process: subprocess.Popen[bytes]) -> SandboxError:
    """Why a zygote has not said that it is ready."""
    try:
        _, errors = process.communicate(timeout=END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        _, errors = process.communicate()
    else:
        if process.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL):  # the latter by bwrap
            return ZygoteGone("the grading process was killed; perhaps there is too little memory")
    last = errors.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
    return SandboxError(f"the grading process did not start: {last[0]}")


def make_folders(base: Path, folder: Path) -> None:
    """The folders of a slot; children pass through the outer ones, and cannot list them."""
    folder.mkdir()
    for path in (base, folder):
        os.chmod(path, 0o711)
    for path in (folder / "files", folder / SCRATCH):
        path.mkdir(mode=0o700, parents=True)
    os.chmod((folder / SCRATCH).parent, 0o511)  # a child with a folder over this may not write it
