"""The parent's side of the judge: starts zygotes, hands out tasks, collects what comes back."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from autograder.judge import scratch, surroundings, untrusted, wire, zygote
from autograder.judge.confine import SLOT_UID, Limits, readable_paths
from autograder.judge.watch import Run, Watch
from homework.outcome import Outcome

TASK_SECONDS = 15.0
START_SECONDS = 180.0
END_SECONDS = 0.5  # for a child that has closed its channel to end by itself


class SandboxError(Exception):
    """The sandbox itself does not work: a fault of the grader, never of a student."""


@dataclass
class CaseInputs:
    """One case to run: its name, the probe and the probe's inputs."""

    name: str
    probe: str
    inputs: Mapping[str, np.ndarray]


@dataclass
class CaseOutcome:
    """What one case gave: an outcome, or how its process ended without one."""

    outcome: Outcome | None = None
    ended: str = ""  # "timeout", "crash", "flood" or "unrun" when there is no outcome
    detail: str = ""


class Sandbox:
    """A zygote with a slot of its own: one child at a time.

    Args:
        layers: confinement of children, from `confine.RUNGS`.
        extra: modules that submissions import, to be loaded beforehand.
        slot: number of the worker, which gives it its user id.
        device: device on which probes run.
    """

    def __init__(
        self,
        layers: Sequence[str],
        extra: Sequence[str] = (),
        slot: int = 0,
        device: str = "cpu",
        limits: Limits | None = None,
        parent: Sandbox | None = None,
    ) -> None:
        self.slot = slot
        self.device = device
        self.limits = limits or Limits()
        self.peak_kib = 0
        self.folder = Path(tempfile.mkdtemp(prefix="grading-"))
        os.chmod(self.folder, 0o711)  # children pass through it, and cannot list it
        self._staged, self._scratch = self.folder / "files", self.folder / "scratch"
        self._staged.mkdir(mode=0o700)
        self._scratch.mkdir(mode=0o700)
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: dict[str, int] = {}  # of the staged files
        if parent is None:
            self._control, self.size_kib = self._start(extra)
        else:
            self._control, self.size_kib = _split(parent), parent.size_kib
        self.confine(layers)

    def confine(self, layers: Sequence[str]) -> None:
        """Choose the layers of all children from now on; `SandboxError` if one is not to be had."""
        self.layers = tuple(layers)
        if os.geteuid() == 0:
            slot = SLOT_UID + self.slot if "uid" in self.layers else 0
            os.chown(self._staged, 0, slot)  # the group may read it
            os.chmod(self._staged, 0o750)
            os.chown(self._scratch, slot, slot)
        request = {
            "kind": "configure",
            "layers": list(self.layers),
            "limits": asdict(self.limits),
            "slot": self.slot,
            "staged": str(self._staged),
            "scratch": str(self._scratch),
            "readable": [str(path) for path in readable_paths(surroundings.code_paths())],
        }
        try:
            zygote.send(self._control, request)
            reply = self._reply()
        except OSError as error:
            raise SandboxError(f"the grading process is gone ({error})") from None
        if reply["error"]:
            raise SandboxError(str(reply["error"]))

    def _start(self, extra: Sequence[str]) -> tuple[socket.socket, int]:
        ours, theirs = socket.socketpair()
        paths = [str(path) for path in surroundings.import_paths()]
        start = (
            f"import sys; sys.path[:0] = {paths!r}; from autograder.judge.zygote import main; "
            "main(int(sys.argv[1]), sys.argv[2:])"
        )
        command = [sys.executable, "-P", "-c", start, str(theirs.fileno()), *extra]
        self._process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            cwd=self.folder,
            env=surroundings.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        theirs.close()
        ours.settimeout(START_SECONDS)
        try:
            received = zygote.receive(ours)
        except OSError:
            received = None
        if received is None:
            self._process.kill()
            _, errors = self._process.communicate()
            last = errors.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
            raise SandboxError(f"the grading process did not start: {last[0]}")
        return ours, int(received[0]["size_kib"])

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._control.close()
        if self._process is not None:
            if self._process.stderr is not None:
                self._process.stderr.close()
            self._process.kill()
            self._process.wait()
        scratch.remove(self.folder)

    @contextlib.contextmanager
    def stage(self, files: Mapping[str, bytes]) -> Iterator[None]:
        """Put a student's files where children may read them, as long as the block lasts."""
        try:
            self._lines = {name: content.count(b"\n") + 1 for name, content in files.items()}
            for name, content in files.items():
                path = self._staged / name
                path.write_bytes(content)
                os.chmod(path, 0o440)
                if "uid" in self.layers:
                    os.chown(path, 0, SLOT_UID + self.slot)
            yield
        finally:
            scratch.empty(self._staged)

    def run_task(
        self, stems: Sequence[str], isolated: bool, cases: Sequence[CaseInputs]
    ) -> dict[str, CaseOutcome]:
        """Run cases of one task on the staged files, in as few children as crashes allow.

        Raises:
            SandboxError: a child could not be confined, or the zygote is gone.
        """
        found = {case.name: CaseOutcome(ended="unrun") for case in cases}
        waiting = list(cases)
        lines = {f"{stem}.py": self._lines.get(f"{stem}.py", 0) for stem in stems}
        deadline = time.monotonic() + TASK_SECONDS
        while waiting and time.monotonic() < deadline:
            request = {"kind": "cases", "stems": list(stems), "isolated": isolated}
            request["device"] = self.device
            inputs = b"".join(
                wire.pack({"case": case.name, "probe": case.probe}, case.inputs) for case in waiting
            )
            run = self._run(request, inputs, deadline, [case.name for case in waiting])
            waiting = _collect(run, waiting, found, lines)
        return found

    def try_escaping(self, targets: dict[str, Any]) -> list[str]:
        """What a confined child can do although it must not; empty if the layers hold."""
        with self.stage({"own.py": b""}):
            request = {"kind": "escape", "targets": targets}
            run = self._run(request, b"", time.monotonic() + 30.0, None)
        if not run.messages:
            return [f"the child ended early ({run.ended or 'no answer'} {run.detail})"]
        answer = run.messages[0][0]
        return list(map(str, answer.get("escapes", [answer.get("why", "no answer")])))

    def _run(
        self, request: dict[str, Any], inputs: bytes, deadline: float,
        cases: Sequence[str] | None,
    ) -> Run:  # fmt: skip
        """Have a child made for a request and read what it sends; `cases` as in `Watch`."""
        request |= {"staged": str(self._staged), "scratch": str(self._scratch)}
        try:
            pidfd, answers = self._launch(request, inputs)
            most_bytes = self.limits.file_mib << 20
            watch = Watch(answers, deadline, self._scratch, most_bytes, cases)
            try:
                run = watch.until_end()
            finally:
                os.close(answers)
                overdue = _end(pidfd, 0.0 if watch.run.ended else END_SECONDS)
                os.close(pidfd)
                status = self._reply()  # whatever happened: it must not be taken for the next one
        except OSError as error:
            raise SandboxError(f"the grading process is gone ({error})") from None
        finally:
            scratch.empty(self._scratch)
        run.peak_kib = int(status["peak_kib"])
        self.peak_kib = max(self.peak_kib, run.peak_kib)
        code = os.waitstatus_to_exitcode(int(status["status"]))
        if run.unconfined:
            raise SandboxError(f"a child could not be confined: {run.unconfined}")
        if not run.ended and overdue:
            run.ended, run.detail = "crash", wire.MALFORMED
        elif not run.ended and code != 0:
            run.ended, run.detail = "crash", _how_it_ended(code)
        return run

    def _launch(self, request: dict[str, Any], inputs: bytes) -> tuple[int, int]:
        ours, theirs = os.pipe()
        inputs_fd = os.memfd_create("inputs")
        try:
            with open(inputs_fd, "wb", closefd=False) as file:
                file.write(inputs)
            os.lseek(inputs_fd, 0, os.SEEK_SET)
            zygote.send(self._control, request, [inputs_fd, theirs])
        finally:
            os.close(inputs_fd)
            os.close(theirs)
        received = zygote.receive(self._control)
        if received is None or not received[1]:
            os.close(ours)
            raise OSError("no child was made")
        return received[1][0], ours

    def _reply(self) -> dict[str, Any]:
        received = zygote.receive(self._control)
        if received is None:
            raise OSError("no answer")
        return received[0]


def _collect(
    run: Run,
    waiting: list[CaseInputs],
    found: dict[str, CaseOutcome],
    lines: Mapping[str, int],
) -> list[CaseInputs]:
    """Take what came back; the first case without an outcome bears the child's end."""
    if run.void:
        found |= {case.name: CaseOutcome(ended=run.ended, detail=run.detail) for case in waiting}
        return []
    probes = {case.name: case.probe for case in waiting}
    for head, arrays in run.messages:
        name = head["case"]
        outcome = untrusted.outcome(head, arrays, lines, probes[name])
        found[name] = CaseOutcome(outcome)
    left = [case for case in waiting if found[case.name].outcome is None]
    if left:
        culprit = found[left[0].name]
        culprit.ended = run.ended or "crash"
        culprit.detail = run.detail or "it ended the process"
    return left[1:]


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"it ended the process (exit status {code})"
    names: dict[int, str] = {
        signal.SIGXCPU: "it used up the processor time of the task",
        signal.SIGXFSZ: "it wrote a file larger than any task needs",
        signal.SIGSEGV: "the process crashed (segmentation fault)",
        signal.SIGKILL: "the process was ended; perhaps it took too much memory",
    }
    return names.get(-code, f"the process crashed (signal {-code})")


def _end(pidfd: int, patience: float) -> bool:
    """End a child after some seconds; whether it was still running then."""
    overdue = not select.select([pidfd], [], [], patience)[0]
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    return overdue


def _split(parent: Sandbox) -> socket.socket:
    ours, theirs = socket.socketpair()
    zygote.send(parent._control, {"kind": "split"}, [theirs.fileno()])
    theirs.close()
    return ours
