"""What runs in a worker process of Ray: a grader with a zygote of its own.

The worker is the parent of the judge: it holds the answers and imports no student's file. Answers
come from the driver as data, so that a cluster needs no file system in common. On the node they lie
in a folder that no other user may open, and that no child can: each worker tries.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import platform
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.engines.engine import Graded, graded
from autograder.grade import Grader
from autograder.intake.submission import Submission
from autograder.judge.leftovers import HeldFolder
from autograder.judge.sandbox import SandboxError
from autograder.selection import code_digest, files_of


@dataclass(frozen=True)
class Plan:
    """What every worker needs to know; goes to each node once.

    Attributes:
        fixtures: name of a file of the release -> its content.
        only, unsafe, private, device: as of `Grader`.
        code: names the version of the kit, which has to be the same on every node.
    """

    fixtures: dict[str, bytes]
    only: tuple[str, ...] | None
    unsafe: bool
    private: tuple[Path, ...]
    device: str
    code: str


def plan(
    fixtures: Path, names: Sequence[str], only: Sequence[str] | None, unsafe: bool,
    private: Sequence[Path], device: str,
) -> Plan:  # fmt: skip
    """The plan for the assignments with these names, whose fixtures lie in a folder."""
    files = [file for name in names for file in files_of(fixtures, name)]
    contents = {file.name: file.read_bytes() for file in files}
    chosen = None if only is None else tuple(only)
    return Plan(contents, chosen, unsafe, tuple(private), device, code_digest())


class Worker:
    """Grades one submission after the other; the class of Ray's actors."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._grader: Grader | None = None

    def start(self, plan: Plan) -> str:
        """Get ready to grade; the isolation that was found to hold on this node.

        Raises:
            SandboxError: the node has other code, or the sandbox does not work on it, or not with
                the device.
            NoIsolation: nothing confines students' code there.
        """
        if plan.code != code_digest():
            raise SandboxError(
                f"{platform.node()} has another version of the kit: install the same on all nodes"
            )
        _let_children_go_first()
        answers = self._stack.enter_context(HeldFolder("answers"))
        for name, content in plan.fixtures.items():
            (answers / name).write_bytes(content)
        private = (*plan.private, *_files_of_ray())
        grader = Grader(answers, plan.only, 1, plan.unsafe, private, device=plan.device)
        self._grader = self._stack.enter_context(grader)
        return grader.isolation

    def grade(self, submission: Submission) -> Graded:
        """Grade one; whatever this raises is no fault of the student."""
        assert self._grader is not None, "a worker has to be started"
        found = graded(self._grader.grade(submission))
        return dataclasses.replace(found, where=f"{platform.node()}/{os.getpid()}")

    def close(self) -> None:
        """End all processes of this worker, and remove its folders."""
        self._stack.close()


def _let_children_go_first() -> None:
    """Under memory pressure the kernel ends a student's process before the one with the answers.

    Ray offers its workers to the kernel first of all, at 1000; so do the children themselves.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def _files_of_ray() -> list[Path]:
    """Where Ray keeps its sockets, logs, spilled objects and the token of the cluster."""
    from ray._private import worker

    node: Any = worker._global_node
    session = Path(node.get_session_dir_path())
    token = os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token"
    return [session, session / "logs", session / "sockets", Path(token)]
