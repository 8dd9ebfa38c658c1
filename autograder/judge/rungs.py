"""Chooses the strongest confinement that works on this machine, by trying to escape from it."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.judge import namespaces, scratch, surroundings
from autograder.judge.confine import RUNGS, Limits
from autograder.judge.leftovers import HeldFolder
from autograder.judge.preload import Preload
from autograder.judge.sandbox import Sandbox
from autograder.judge.slot import SCRATCH, NoRoom, SandboxError, ZygoteGone, make_folders
from autograder.judge.users import SlotUser

UNCONFINED: tuple[str, ...] = ()
TRIES = 5  # of a rung whose zygote is ended meanwhile


class NoIsolation(Exception):
    """No rung holds on this machine; the message says why for each."""


def name(layers: Sequence[str]) -> str:
    """How results and messages call a rung."""
    return " + ".join((*layers, "resource limits")) if layers else "none but resource limits"


@dataclass
class Ladder:
    """Tries rungs, each on a zygote of the kind that it needs.

    Args:
        unread: what no child may read: answers, other submissions, results.
        unwritten: folders that no child may write.
        preload: what zygotes load.
        device: on which probes will run.
        limits: of children.
    """

    unread: Sequence[Path] = ()
    unwritten: Sequence[Path] = ()
    preload: Preload | None = None
    device: str = "cpu"
    limits: Limits | None = None
    sandbox: Sandbox | None = None
    _failed: dict[bool, str] = field(default_factory=dict)

    def climb(self, layers: tuple[str, ...]) -> str:
        """Confine the children of `sandbox` by these layers; why that does not hold, or nothing.

        Raises:
            ZygoteGone, NoRoom: that cannot be found out now.
        """
        if "uid" in layers and os.geteuid() != 0:
            return "needs root"
        tries = 0
        while True:
            try:
                sandbox = self.enter(layers)
                with targets(sandbox, layers, self.unread, self.unwritten) as aims:
                    return ", ".join(sandbox.try_escaping(aims))
            except ZygoteGone:  # which says nothing about the rung: none weaker is taken for that
                self.close()
                tries += 1
                if tries == TRIES:
                    raise
            except NoRoom:
                raise
            except SandboxError as error:
                return str(error)

    def enter(self, layers: tuple[str, ...]) -> Sandbox:
        """A sandbox with these layers, untried.

        Raises:
            SandboxError: a zygote does not start, or a layer is not to be had.
        """
        enclosed = "namespaces" in layers
        if self.sandbox is None or self.sandbox.slot.enclosed != enclosed:
            if enclosed in self._failed:
                raise SandboxError(self._failed[enclosed])
            self.close()
            try:
                start = layers[:1] if enclosed else UNCONFINED
                self.sandbox = Sandbox(start, self.preload, 0, self.device, self.limits)
            except ZygoteGone:
                raise
            except SandboxError as error:
                self._failed[enclosed] = str(error)
                raise
        self.sandbox.confine(layers)
        return self.sandbox

    def close(self) -> None:
        """End the zygote."""
        if self.sandbox is not None:
            self.sandbox.__exit__(None, None, None)
            self.sandbox = None


def open_sandbox(
    unread: Sequence[Path],
    unwritten: Sequence[Path],
    allowed: Sequence[tuple[str, ...]] = RUNGS,
    unsafe: bool = False,
    preload: Preload | None = None,
    device: str = "cpu",
    limits: Limits | None = None,
) -> Sandbox:
    """A sandbox on the strongest rung that holds here; its `layers` say which.

    Args:
        unread, unwritten, preload, device, limits: as of `Ladder`.
        allowed: rungs to try, strongest first.
        unsafe: take resource limits alone if nothing else holds.

    Raises:
        NoIsolation: nothing holds and `unsafe` is false.
        SandboxError: no grading process starts at all.
    """
    ladder = Ladder(unread, unwritten, preload, device, limits)
    reasons = []
    try:
        for layers in allowed:
            problem = ladder.climb(layers)
            if not problem and ladder.sandbox is not None:
                return ladder.sandbox
            reasons.append(f"{name(layers)}: {problem}")
        if unsafe:
            return ladder.enter(UNCONFINED)
    except BaseException:
        ladder.close()
        raise
    ladder.close()
    raise NoIsolation(
        "no way to confine students' code works here ("
        + "; ".join(reasons)
        + "). Grade on Linux 5.13 or newer with landlock, or as root, or in a container that may "
        "be thrown away with --unsafe; `autograder doctor` says more"
    )


@contextlib.contextmanager
def targets(
    sandbox: Sandbox, layers: Sequence[str], unread: Sequence[Path], unwritten: Sequence[Path]
) -> Iterator[dict[str, Any]]:
    """What an escape attempts to reach, as in `escape.Targets`; most of it is there for that."""
    # What cannot even be looked for is not in danger either.
    read = [path for path in unread if os.path.exists(path)]
    write = [path for path in (*unwritten, *_homes()) if os.path.exists(path)]
    seen: set[Path] = set()
    if "namespaces" in layers:  # there, folders on the way to what is shown are bare
        fonts = filter(None, [surroundings.font_cache()])
        places = (*namespaces.shown(), sandbox.slot.base, *fonts)
        seen = {way for path in places for way in path.parents}
    with (
        HeldFolder("decoy") as folder,
        _servers(f"{folder}/socket") as port,
        _other_slot(sandbox) as other,
    ):
        keep = folder / "keep"
        keep.write_text("kept")
        hidden = {*read, *write, keep} - seen if "namespaces" in layers else set()
        yield {
            "keep": str(keep),
            "read": [str(path) for path in read if path not in seen],
            "write": [str(path) for path in (*write, folder)],
            "unseen": sorted(map(str, hidden)),
            "alone": "namespaces" in layers,
            "shut": bool({"namespaces", "landlock"} & set(layers)),
            "slots": str(sandbox.slot.base),
            "other": str(other),
            "pid": os.getpid(),
            "port": port,
            "channel": f"{folder}/socket",
        }


def _homes() -> list[Path]:
    with contextlib.suppress(RuntimeError):
        return [Path.home()]
    return []


@contextlib.contextmanager
def _servers(path: str) -> Iterator[int]:
    """Servers of every kind: TCP and UDP on one port, Unix sockets of this path and name."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        address = server.getsockname()
        stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind(address)
        for place in (path, "\0" + path):
            channel = stack.enter_context(socket.socket(socket.AF_UNIX))
            with contextlib.suppress(OSError):  # a name too long for a socket is no way out either
                channel.bind(place)
                channel.listen()
        if os.path.exists(path):
            os.chmod(path, 0o777)
        yield int(address[1])


@contextlib.contextmanager
def _other_slot(sandbox: Sandbox) -> Iterator[Path]:
    """A slot of another worker's beside the sandbox's own, in mid-work."""
    folder = sandbox.slot.base / "other"
    with SlotUser() as user:
        make_folders(sandbox.slot.base, folder)
        try:
            for name in ("files", SCRATCH):
                (folder / name / "secret").write_text("secret")
                for path in (folder / name, folder / name / "secret"):
                    os.chown(path, user.uid if name == SCRATCH else -1, user.uid)
            if os.geteuid() == 0:
                os.chmod(folder / "files", 0o750)
            yield folder
        finally:
            scratch.remove(folder)
