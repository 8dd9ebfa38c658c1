"""Looks at the text of a submission: what cannot work here, and what does a task's work for it.

`obstacles` tells why a file cannot be imported. Besides, a rubric lists for a task the finished
implementations of what it asks to be written (`Task.finished`) and says what is to be done when a
file names one (`Rubric.finished_policy`). The check reads the text alone (`named`). So it can be
fooled, by any name that is made while the program runs, and it can be wrong, since naming is not
using. Whatever is said of it is put accordingly.

A process reads the text (`read_text`), and is started only if a search for words finds something.
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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autograder import obstacles
from autograder.judge import surroundings
from autograder.judge.slot import SandboxError
from homework.fixtures import Assignment, Task
from homework.preflight import Finding as Obstacle
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
    results: list[TaskResult], assignments: Sequence[Assignment], files: Mapping[str, bytes]
) -> list[str]:
    """Explain the results of a submission, and do with them what the policies ask for.

    Returns:
        Sentences on the submission as a whole.
    """
    policies = {t.id: a.finished_policy for a in assignments for t in a.tasks}
    tasks = [t for a in assignments for t in a.tasks if policies[t.id] != ALLOW]
    texts = obstacles.suspicious(results, assignments, files)
    reading = _read(tasks, files, texts, obstacles.modules_beside(assignments, files))
    said = obstacles.explain(results, assignments, reading.obstacles)
    for place, result in enumerate(results):
        found, policy = reading.finished.get(result.task), policies[result.task]
        if found and result.status != NOT_RUN:
            result = refused(result, found) if policy == REFUSE else result
            told = remarks({result.task: found}, policy)[result.task]
            results[place] = replace(result, remarks=[*result.remarks, *told])
    return said


def findings(tasks: Iterable[Task], files: Mapping[str, bytes]) -> dict[str, list[Finding]]:
    """What a submission's files name of `Task.finished`; tasks without findings are left out.

    A file that cannot be read as Python has none: the judge tells that otherwise.
    """
    return _read(tasks, files).finished


@dataclass
class _Reading:
    """What was found in the texts: finished implementations by task, obstacles by file."""

    finished: dict[str, list[Finding]] = field(default_factory=dict)
    obstacles: dict[str, list[Obstacle]] = field(default_factory=dict)


def _read(
    tasks: Iterable[Task],
    files: Mapping[str, bytes],
    texts: Mapping[str, str] | None = None,
    own: Sequence[str] = (),
) -> _Reading:
    chosen = {task.id: task for task in tasks if _may_name(task, files.get(task.file, b""))}
    found = _Reading()
    if not chosen and not texts:
        return found  # the usual case, which costs next to nothing
    questions = {task.id: _question(task, files[task.file]) for task in chosen.values()}
    named, unfit = _ask({"named": questions, "texts": texts or {}, "own": list(own)})
    for task, names in named.items():
        file = chosen[task].file
        some = [Finding(name, file, line) for name, line in names.items()]
        if some:
            found.finished[task] = sorted(some, key=lambda finding: finding.line)
    found.obstacles = {file: [Obstacle(**f) for f in some] for file, some in unfit.items()}
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


def _ask(questions: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answers of `read_text`; empty where the text has brought it down."""
    program = Path(__file__).with_name("read_text.py")
    folders = [
        *map(str, surroundings.import_paths()),
        *(p for p in sys.path if p.endswith("-packages")),
    ]
    for _ in range(TRIES):
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-S", str(program), *folders],
                input=json.dumps(questions),
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
            if done.returncode == -signal.SIGKILL:
                continue  # by somebody else: its own bounds end it in other ways
            answers = [json.loads(line) for line in done.stdout.splitlines()]
        except (OSError, subprocess.SubprocessError, ValueError):
            return {}, {}  # brought down by the text, which the judge cannot run either
        named, unfit = (*answers, {}, {})[:2]
        return named, unfit
    raise SandboxError("the process that reads students' code is killed again and again")
