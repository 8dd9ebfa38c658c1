"""This judge: the real command, and what runs in one warm process."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.course import Submission
from benchmarks.peers.tools import Graded, Tool
from benchmarks.peers.usage import MeasureError, Memory, Used, run
from homework.verdict import PASSED


class Command(Tool):
    """`autograder grade` on a folder of submissions, isolation on."""

    name = "autograder grade"
    at_once = True
    jobs = 1
    isolation = ""

    def grade(self, given: Sequence[Submission], watch: Memory | None = None) -> Graded:
        out = self.folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        folders = _parents(given)
        options = ["--out", str(out), "--fixtures", str(self.course.fixtures)]
        command = ["autograder.cli", "grade", *folders, *options, "--jobs", str(self.jobs)]
        used = self.run(command, self.folder, watch)
        found = {s.folder.name: _results(out / s.folder.name) for s in given}
        self.isolation = found[given[0].folder.name]["extra_data"]["isolation"]
        return used, {name: _passed(entry) for name, entry in found.items()}

    def parent_memory(self, given: Sequence[Submission]) -> Memory:
        """Sizes of the process that holds the answers, looked at all the while."""
        out, memory = self.folder / "out", Memory()
        shutil.rmtree(out, ignore_errors=True)
        options = ["--out", str(out), "--fixtures", str(self.course.fixtures)]
        command = [sys.executable, "-m", "autograder.cli", "grade", *_parents(given), *options]
        run(command, self.folder, self.course.environment(), memory, whole_tree=False)
        for submission in given:
            if _passed(_results(out / submission.folder.name)) != len(self.course.checks):
                raise MeasureError(f"{submission.folder.name} did not get full marks")
        return memory


class CommandTwo(Command):
    """The same with two children at a time."""

    name = "autograder grade, 2 jobs"
    jobs = 2


class Warm(Tool):
    """The checks one after the other in a process that is already warm: what nobody can beat."""

    name = "the checks alone, warm"
    at_once = True
    mode = "checks"

    def grade(self, given: Sequence[Submission], watch: Memory | None = None) -> Graded:
        found = self.loop(given, watch)
        return Used(found["wall"], found["cpu"]), found["passed"]

    def loop(self, given: Sequence[Submission], watch: Memory | None = None) -> dict[str, Any]:
        """Run the loop in a process of its own, and return what it says about itself."""
        answer = self.folder / "answer.json"
        checks = json.dumps([[check.task, check.case] for check in self.course.checks])
        command = ["benchmarks.peers.loops", self.mode, str(self.course.fixtures), str(answer)]
        folders = [str(entry.folder) for entry in (self.course.proof()[0], *given)]
        self.run([*command, checks, *folders], self.folder, watch)
        found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return found


class Started(Warm):
    """This judge's `Grader`, its start left out: a further submission in a long batch."""

    name = "judge, already started"
    mode = "grader"


class Profiled(Warm):
    """The same with clocks in it."""

    name = "judge, with clocks"
    mode = "profile"


def _parents(given: Sequence[Submission]) -> list[str]:
    """The folders that hold the submissions, or a single submission itself."""
    if len(given) == 1:
        return [str(given[0].folder)]
    return sorted({str(submission.folder.parent) for submission in given})


def _results(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise MeasureError(f"the judge wrote no results for {folder.name}: {error}") from None
    if "points" not in found["extra_data"]:
        raise MeasureError(f"the judge failed at {folder.name}: {found['output']}")
    return found


def _passed(found: dict[str, Any]) -> int:
    """Scored cases that passed; public cases are only there to explain a failure."""
    return sum(
        status == PASSED and not name.startswith("public-")
        for test in found["tests"]
        for name, status in test["extra_data"]["cases"].items()
    )
