"""The parent's side of the judge: starts zygotes, hands out tasks, collects what comes back."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from autograder.judge import scratch, surroundings, untrusted, wire, zygote
from autograder.judge.clock import Clock
from autograder.judge.confine import Limits, readable_paths
from autograder.judge.feed import Feed, Portion
from autograder.judge.preload import Preload
from autograder.judge.slot import NoRoom, SandboxError, Slot, ZygoteGone
from autograder.judge.watch import Message, Run, Watch
from homework import sentences
from homework.outcome import Outcome

TASK_SECONDS = 15.0
ESCAPE_SECONDS = 30.0
MOST_KILLS = 3  # of a task's children, by somebody else, before it is given up
MUCH_MEMORY_MIB = 256  # more than the zygote: a child may have been killed for that
SLOW_IMPORT = 2.0  # seconds of importing files, from which on a further child is dear
A_DAY = 86_400.0  # so long most systems keep the time of reading, if it is later than all others
PATIENCE = 2.0  # so many times its time a submission may take on a machine that is busy
END_SECONDS = 0.5  # for a child that has closed its channel to end by itself


@dataclass
class CaseInputs:
    """One case to run: its name, the probe, its inputs, and classes that the probe may ask for."""

    name: str
    probe: str
    inputs: Mapping[str, np.ndarray]
    classes: tuple[str, ...] = ()

    @cached_property
    def names(self) -> list[str]:
        """What its author's files may be said to lack."""
        return untrusted.names(self.probe, self.classes)

    @cached_property
    def packed(self) -> bytes:
        """The message to a child; made once for all submissions that are asked the same."""
        return wire.pack({"case": self.name, "probe": self.probe}, self.inputs)


@dataclass
class CaseOutcome:
    """What one case gave: an outcome, or how its process ended without one."""

    outcome: Outcome | None = None
    ended: str = ""  # as `watch.Run.ended`, or "unrun", when there is no outcome
    detail: str = ""


class Sandbox:
    """A zygote with a slot of its own: one child at a time.

    Args:
        layers: confinement of children, from `confine.RUNGS`. Whether its zygote is in namespaces
            is settled with this.
        preload: what its zygote loads, if it is not split off from another.
        slot: number of the worker.
        device: device on which probes run.
        parent: the sandbox of slot 0, for all others.

    Raises:
        SandboxError: the zygote did not start, or a layer is not to be had.
    """

    def __init__(
        self,
        layers: Sequence[str],
        preload: Preload | None = None,
        slot: int = 0,
        device: str = "cpu",
        limits: Limits | None = None,
        parent: Sandbox | None = None,
    ) -> None:
        self.device = device
        self.limits = limits or Limits()
        self.peak_kib = 0
        self.notes: dict[str, set[str]] = {}  # by task: what to remark (`homework.remarks`)
        self._lines: dict[str, int] = {}  # of the staged files
        self._latest_run = Run([])
        self._slow: set[str] = set()  # those that are known to take too long as a whole
        self._latest = 0.0  # when the staged files have to be done, however busy the machine is
        self._seconds_left = 0.0  # that their children may yet take, by their clocks
        self._cpu_left = 0.0  # and of processor time
        above, enclosed = parent.slot if parent else None, "namespaces" in layers
        self.slot: Slot = Slot(slot, self.limits, above, enclosed, preload, device)
        self.folder, self.size_kib = self.slot.folder, self.slot.size_kib
        self._staged, self._scratch = self.slot.staged, self.slot.scratch
        self._control = self.slot.zygote
        try:
            self.confine(layers)
        except BaseException:
            self.slot.close()
            raise

    def confine(self, layers: Sequence[str]) -> None:
        """Choose the layers of all children from now on; `SandboxError` if one is not to be had."""
        if ("namespaces" in layers) != self.slot.enclosed:
            raise SandboxError("a grading process is in namespaces from its start or never")
        self.layers = tuple(layers)
        if os.geteuid() == 0:
            user = self.slot.uid if "uid" in self.layers else 0
            os.chown(self._staged, 0, user)  # the group may read it
            os.chmod(self._staged, 0o750)
            os.chown(self._scratch, user, user)
        request = {
            "kind": "configure",
            "layers": list(self.layers),
            "limits": asdict(self.limits),
            "uid": self.slot.uid,
            "staged": str(self._staged),
            "scratch": str(self._scratch),
            "readable": [str(path) for path in readable_paths(surroundings.code_paths())],
        }
        try:
            entrance = [self.slot.group.entrance] if self.slot.group else []
            zygote.send(self._control, request, entrance)
            reply = self._reply()
        except OSError as error:
            raise ZygoteGone(f"the grading process is gone ({error})") from None
        if reply["error"]:
            raise SandboxError(str(reply["error"]))

    def settle(self) -> None:
        """Let the zygote take half a second to make all later forks of it cheaper.

        Raises:
            ZygoteGone: the zygote has ended.
        """
        self._ask({"kind": "settle"})

    def load(self, modules: Iterable[str]) -> None:
        """Let the zygote import modules, if they are there; zygotes forked later have them too.

        Raises:
            ZygoteGone: the zygote has ended.
        """
        reply = self._ask({"kind": "load", "modules": sorted(modules)})
        self.size_kib = self.slot.size_kib = int(reply["size_kib"])

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            zygote.send(self._control, request)
            return self._reply()
        except OSError as error:
            raise ZygoteGone(f"the grading process is gone ({error})") from None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.slot.close()

    @contextlib.contextmanager
    def stage(self, files: Mapping[str, bytes]) -> Iterator[None]:
        """Put a student's files where children may read them, as long as the block lasts.

        Args:
            files: contents by path, `q0_toy.py` or `helpers/losses.py`.

        Raises:
            NoRoom: there is less than a child may write, and errors of writing would look its own.
        """
        if scratch.room(self.folder) < self.limits.file_mib << 20:
            raise NoRoom(f"there is no room on the disk of {self.folder.parents[1]}: make some")
        try:
            self.notes, self._slow = {}, set()
            self._seconds_left = self.limits.submission_seconds
            self._latest = time.monotonic() + PATIENCE * self._seconds_left
            self._cpu_left = self.limits.submission_cpu_seconds
            self._lines = {name: content.count(b"\n") + 1 for name, content in files.items()}
            for name, content in files.items():
                path = self._staged / name
                for folder in reversed(path.relative_to(self._staged).parents[:-1]):
                    if not (self._staged / folder).is_dir():
                        (self._staged / folder).mkdir()
                        self._hand_over(self._staged / folder, 0o750)
                path.write_bytes(content)
                self._hand_over(path, 0o440)
            for path in (*self._staged.rglob("*"), self._staged):
                os.utime(path, (time.time() + A_DAY, time.time()))  # reading must leave no mark
            yield
        finally:
            for name in files:
                top = Path(name).parts[0]
                if top != name:
                    shutil.rmtree(self._staged / top, ignore_errors=True)
            scratch.empty(self._staged)

    def _hand_over(self, path: Path, mode: int) -> None:
        """Let children read something that is staged, and no other worker's."""
        os.chmod(path, mode)
        if "uid" in self.layers:
            os.chown(path, 0, self.slot.uid)

    def run_together(
        self,
        stems: Sequence[str],
        tasks: Sequence[Sequence[CaseInputs]],
        goes_on: Callable[[list[CaseOutcome]], bool],
    ) -> dict[str, CaseOutcome]:
        """Run the cases of several tasks in one child, as far as it gets.

        No task sees the inputs of a later one.

        Args:
            goes_on: whether the child is to be handed the next task, asked with what came of one.

        Raises:
            SandboxError: as `run_task`.
        """
        found: dict[str, CaseOutcome] = {}
        if self._is_spent:
            return found
        messages: list[Message] = []
        begun: list[CaseInputs] = []

        def portions() -> Iterator[Portion]:
            for task in tasks:
                begun.extend(task)
                yield _portion(task)
                found.update(self._decoded(stems, messages[-len(task) :], task))
                if not goes_on([found[case.name] for case in task]):
                    return

        run = self._run_cases(stems, portions(), TASK_SECONDS, messages)
        self._collect(stems, run, begun, found)
        return found

    def run_task(self, stems: Sequence[str], cases: Sequence[CaseInputs]) -> dict[str, CaseOutcome]:
        """Run cases of one task on the staged files, in as few children as crashes allow.

        A child that was killed is replaced, a few times: it cannot have done that itself, so it is
        the student's fault only if it was for taking much memory, and then it comes to the same.

        Raises:
            ZygoteGone: the zygote has ended.
            SandboxError: a child could not be confined, or was killed again and again for nothing.
        """
        found = {case.name: CaseOutcome(ended="unrun") for case in cases}
        waiting, kills = list(cases), 0
        left = TASK_SECONDS
        while waiting and left > 0 and not self._is_spent:
            run = self._run_cases(stems, iter([_portion(waiting)]), left, [])
            if run.killed and kills < MOST_KILLS:
                kills, left = kills + 1, TASK_SECONDS
                continue
            if run.killed and run.peak_kib < self.size_kib + (MUCH_MEMORY_MIB << 10):
                raise SandboxError("children are killed again and again, by another's hand")
            waiting = self._collect(stems, run, waiting, found)
            left -= run.seconds - run.import_seconds
        if self._is_spent:
            found |= {case.name: CaseOutcome(ended="spent") for case in waiting}
        return found

    @property
    def _is_spent(self) -> bool:
        """Whether the submission that is staged has had its time."""
        over = time.monotonic() >= self._latest
        return over or self._seconds_left <= 0 or self._cpu_left <= 0

    @property
    def imports_slowly(self) -> bool:
        """Whether the files that are staged take long to import."""
        return bool(self._slow) or self._latest_run.import_seconds > SLOW_IMPORT

    def _lines_of(self, stems: Sequence[str]) -> dict[str, int]:
        return {f"{stem}.py": self._lines.get(f"{stem}.py", 0) for stem in stems}

    def _collect(
        self,
        stems: Sequence[str],
        run: Run,
        waiting: list[CaseInputs],
        found: dict[str, CaseOutcome],
    ) -> list[CaseInputs]:
        """Take what came back; the first case without an outcome bears the child's end."""
        if run.void:
            end = CaseOutcome(ended=run.ended, detail=run.detail)
            found |= {case.name: end for case in waiting}
            return []
        known = {name for name, one in found.items() if one.outcome is not None}
        unread = [message for message in run.messages if message[0]["case"] not in known]
        found |= self._decoded(stems, unread, waiting)
        for name, one in found.items():
            if one.outcome is not None:
                self.notes.setdefault(name.partition("/")[0], set()).update(one.outcome.notes)
        left = [case for case in waiting if case.name not in found or not found[case.name].outcome]
        if left:
            how = (run.ended, run.detail) if run.ended else ("crash", sentences.EXITED)
            found[left[0].name] = CaseOutcome(None, *how)
        return left[1:]

    def _decoded(
        self, stems: Sequence[str], messages: Sequence[Message], cases: Sequence[CaseInputs]
    ) -> dict[str, CaseOutcome]:
        lines, by_name = self._lines_of(stems), {case.name: case for case in cases}
        return {
            head["case"]: CaseOutcome(
                untrusted.outcome(head, arrays, lines, by_name[head["case"]].names)
            )
            for head, arrays in messages
        }

    def try_escaping(self, targets: dict[str, Any]) -> list[str]:
        """What a confined child can do although it must not; empty if the layers hold."""
        with self.stage({"own.py": b"pass"}):
            request = {"kind": "escape", "targets": targets}
            for _ in range(1 + MOST_KILLS):
                run = self._run(request, None, ESCAPE_SECONDS)
                if not run.killed:
                    break
        if not run.messages:
            return [f"the child ended early ({run.ended or 'no answer'} {run.detail})"]
        answer = run.messages[0][0]
        return list(map(str, answer.get("escapes", [answer.get("why", "no answer")])))

    def _run_cases(
        self,
        stems: Sequence[str],
        portions: Iterator[Portion],
        seconds: float,
        messages: list[Message],
    ) -> Run:
        request = {"kind": "cases", "stems": list(stems), "device": self.device}
        request |= {"slow": sorted(self._slow)}
        run = self._run(request, portions, seconds, messages)
        self._slow |= run.slow
        return run

    def _run(
        self,
        request: dict[str, Any],
        portions: Iterator[Portion] | None,
        seconds: float,
        messages: list[Message] | None = None,
    ) -> Run:
        """Have a child made for a request and read what it sends.

        Args:
            portions: as of `Feed`.
            seconds: as of `Watch`.
            messages: gets what is sent, as it comes.
        """
        request |= {"staged": str(self._staged), "scratch": str(self._scratch)}
        try:
            (pidfd, *folder), answers, inputs = self._launch(request)
            feed = Feed(inputs, portions or iter(()))
            most_bytes = self.limits.file_mib << 20
            watched = feed if portions is not None else None
            seen = Path(f"/proc/self/fd/{folder[0]}") if folder else self._scratch
            stems = request.get("stems", ())
            clock, most = Clock(pidfd), self._seconds_left
            watch = Watch(
                answers, watched, clock, seconds, most, self._latest, seen, most_bytes, stems
            )
            watch.run.messages = [] if messages is None else messages
            self._latest_run = watch.run
            try:
                run = watch.until_end()
            finally:
                feed.close()
                clock.close()
                os.close(answers)
                overdue = _end(pidfd, 0.0 if watch.run.ended else END_SECONDS)
                for fd in (pidfd, *folder):
                    os.close(fd)
                status = self._reply()  # whatever happened: it must not be taken for the next one
        except OSError as error:
            raise ZygoteGone(f"the grading process is gone ({error})") from None
        finally:
            scratch.empty(self._scratch)
        run.peak_kib = int(status["peak_kib"])
        self.peak_kib = max(self.peak_kib, run.peak_kib)
        self._cpu_left -= status["cpu"]
        self._seconds_left -= run.seconds
        code = os.waitstatus_to_exitcode(int(status["status"]))
        if run.unconfined:
            raise SandboxError(f"a child could not be confined: {run.unconfined}")
        if not run.ended and overdue:
            run.ended, run.detail = "crash", wire.MALFORMED
        elif not run.ended and code != 0:
            group = self.slot.group
            too_much = group is not None and group.took_too_much_memory()
            run.ended = "crash"
            run.detail = sentences.TOO_MUCH_MEMORY if too_much else _how_it_ended(code)
            # Beyond a limit of memory or processor time, the kernel ends it in the same way.
            in_bounds = not too_much and status["cpu"] < self.limits.cpu_seconds - 1
            run.killed = code == -signal.SIGKILL and in_bounds
        return run

    def _launch(self, request: dict[str, Any]) -> tuple[list[int], int, int]:
        """A new child: its pidfd, and its scratch folder if that is not the slot's; a descriptor
        to read its answers, and one for its inputs."""
        answers, its_answers = self.slot.answers.open()
        its_inputs, inputs = self.slot.inputs.open()
        try:
            zygote.send(self._control, request, [its_inputs, its_answers])
            received = zygote.receive(self._control)
            if received is None or not received[1]:
                raise OSError("no child was made")
        except OSError:
            os.close(answers)
            os.close(inputs)
            raise
        finally:
            os.close(its_inputs)
            os.close(its_answers)
        return received[1], answers, inputs

    def _reply(self) -> dict[str, Any]:
        received = zygote.receive(self._control)
        if received is None:
            raise OSError("no answer")
        return received[0]


def _portion(cases: Sequence[CaseInputs]) -> Portion:
    return [case.name for case in cases], b"".join(case.packed for case in cases)


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return sentences.EXITED
    names: dict[int, str] = {
        signal.SIGXCPU: sentences.OVERTIME,
        signal.SIGXFSZ: sentences.LARGE_FILE,
        signal.SIGSEGV: sentences.FAULTED,
        signal.SIGKILL: sentences.KILLED,
    }
    return names.get(-code, sentences.CRASHED)


def _end(pidfd: int, patience: float) -> bool:
    """End a child after some seconds; whether it was still running then."""
    overdue = not select.select([pidfd], [], [], patience)[0]
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    return overdue
