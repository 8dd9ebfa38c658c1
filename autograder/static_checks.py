"""Notes tasks whose code names a finished implementation of what the task asks to be written.

A rubric lists such implementations for a task (`Task.finished`) and says what is to be done when a
file names one (`Rubric.finished_policy`). The check reads the text alone (`named`). So it can be
fooled, by any name that is made while the program runs, and it can be wrong, since naming is not
using. Whatever is said of it is put accordingly.
"""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import tokenize
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.judge.slot import SandboxError
from homework.fixtures import Assignment, Task
from homework.verdict import FAILED, NOT_RUN, TaskResult, Verdict

ALLOW, NOTE, REFUSE = "allow", "note", "refuse"
POLICIES = (ALLOW, NOTE, REFUSE)
TRIES = 4
SECONDS = 10.0  # of wall time for one submission; the program bounds its own processor time


@dataclass(frozen=True)
class Finding:
    """A finished implementation, and the line that names it."""

    name: str
    file: str
    line: int

    def __str__(self) -> str:
        return (
            f"line {self.line} of {self.file} names {self.name}, which does what this task asks "
            "you to write"
        )


Findings = Mapping[str, Sequence[Finding]]  # by task


def consider(
    results: list[TaskResult], assignments: Iterable[Assignment], files: Mapping[str, bytes]
) -> None:
    """Do with the results of a submission what the policy of each assignment asks for."""
    for assignment in assignments:
        if assignment.finished_policy == ALLOW:
            continue
        found = findings(assignment.tasks, files)
        said = remarks(found, assignment.finished_policy)
        for place, result in enumerate(results):
            if result.task in found and result.status != NOT_RUN:
                refuse = assignment.finished_policy == REFUSE
                result = refused(result, found[result.task]) if refuse else result
                results[place] = replace(result, remarks=said[result.task])


def findings(tasks: Iterable[Task], files: Mapping[str, bytes]) -> dict[str, list[Finding]]:
    """What a submission's files name of `Task.finished`; tasks without findings are left out.

    A file that cannot be read as Python has none: the judge tells that otherwise.
    """
    chosen = {task.id: task for task in tasks if _may_name(task, files.get(task.file, b""))}
    if not chosen:
        return {}  # the usual case, which costs next to nothing
    found: dict[str, list[Finding]] = {}
    for task, names in _ask({t.id: _question(t, files[t.file]) for t in chosen.values()}).items():
        file = chosen[task].file
        some = [Finding(name, file, line) for name, line in names.items()]
        found |= {task: sorted(some, key=lambda finding: finding.line)} if some else {}
    return found


def remarks(found: Findings, policy: str) -> dict[str, list[str]]:
    """Sentences for students and instructors, by task; none if finished ones are allowed."""
    said = {
        ALLOW: "",
        NOTE: "no points were taken for this, but an instructor may look at it",
        REFUSE: "for this the task gets no points",
    }[policy]
    if not said:
        return {}
    return {task: [f"{finding}; {said}" for finding in some] for task, some in found.items()}


def refused(result: TaskResult, found: Sequence[Finding]) -> TaskResult:
    """The result of a task that gets no points because of what its file names."""
    verdict = Verdict(
        FAILED,
        str(found[0]),
        "write it yourself. This was found by reading the text alone, and can be wrong: if it is, "
        "ask your instructor",
        file=found[0].file,
        line=found[0].line,
    )
    cases = [
        case if case.verdict.status == NOT_RUN else replace(case, verdict=verdict)
        for case in result.cases
    ]
    return replace(result, cases=cases)


def _may_name(task: Task, content: bytes) -> bool:
    """Whether the text holds all parts of a name, as it must if that name is written out."""
    plain = content if content.isascii() else _plain(_text(content)).encode()
    return any(all(_holds(plain, p) for p in _parts(name)) for name in task.finished)


def _text(content: bytes) -> str:
    """Content in the encoding that it declares, which the intake has found to be a usual one."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    except SyntaxError:
        encoding = "utf-8"
    return content.decode(encoding, errors="replace")


def _plain(text: str) -> str:
    """Full-width and other letters as Python takes them in names (NFKC): one by one, since
    normalising a whole text takes minutes for some."""
    odd = {letter for letter in set(text) if not letter.isascii()}
    return text.translate({ord(letter): unicodedata.normalize("NFKC", letter) for letter in odd})


def _parts(name: str) -> list[str]:
    """The last part first, as it is the rarest; methods are called on what has other names."""
    return [part for part in reversed(name.split(".")) if part not in ("torch", "Tensor")]


def _holds(content: bytes, word: str) -> bool:
    return word.encode() in content and re.search(rb"\b%b\b" % word.encode(), content) is not None


def _question(task: Task, content: bytes) -> dict[str, object]:
    function = task.id.partition(".")[2]
    return {"text": _text(content), "function": function, "known": list(task.finished)}


def _ask(questions: Mapping[str, object]) -> dict[str, dict[str, int]]:
    program = Path(__file__).with_name("named.py")
    for _ in range(TRIES):
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-S", str(program)],
                input=json.dumps(questions),
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
            if done.returncode == -signal.SIGKILL:
                continue  # by somebody else: its own bounds end it in other ways
            answers: dict[str, dict[str, int]] = json.loads(done.stdout)
        except (OSError, subprocess.SubprocessError, ValueError):
            return {}  # brought down by the text, which the judge cannot run either
        return answers
    raise SandboxError("the process that reads students' code is killed again and again")
