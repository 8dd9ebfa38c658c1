"""A small course in a temporary folder: chosen checks as fixtures, and submissions to grade."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.peers.body import FIXTURES
from homework.fixtures import Assignment, FixtureError

ROOT = Path(__file__).resolve().parents[2]
HIDDEN = ROOT / "build" / "hidden"
FILES = ("q1_vae.py", "q1_train_vae.py")
WRONG = ("mean_for_sum", "stub", "no_syntax", "raises")


@dataclass(frozen=True)
class Check:
    """One scored case of one task."""

    task: str
    case: str

    @property
    def name(self) -> str:
        """A name that any test framework takes."""
        return f"{self.task}__{self.case}".replace(".", "_").replace("-", "_")


@dataclass(frozen=True)
class Submission:
    """A folder that was handed in, and whether it deserves full marks."""

    folder: Path
    right: bool


@dataclass(frozen=True)
class Course:
    """Where things are: fixtures with the chosen checks alone, and a home that all tools share."""

    folder: Path
    checks: tuple[Check, ...]

    @property
    def fixtures(self) -> Path:
        return self.folder / "fixtures"

    def environment(self) -> dict[str, str]:
        """For every command alike: one thread, quiet, and no state outside the course's folder."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        paths = [str(ROOT), str(ROOT / "student_src"), os.environ.get("PYTHONPATH", "")]
        names = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
        kept = {name: os.environ[name] for name in names if name in os.environ}
        return kept | {
            "HOME": str(home),
            "JUPYTER_CONFIG_DIR": str(home / "jupyter"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "IPYTHONDIR": str(home / "ipython"),
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            "PYTHONWARNINGS": "ignore",
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "LANG": "C.UTF-8",
            FIXTURES: str(self.fixtures),
        }

    def submissions(self, number: int, mix: bool = False) -> list[Submission]:
        """`number` folders with different files; with `mix` every third is wrong or broken."""
        parent = self.folder / f"submissions-{number}{'-mix' if mix else ''}"
        found = []
        for index in range(number):
            kind = WRONG[index // 3 % len(WRONG)] if mix and index % 3 == 2 else ""
            folder = parent / f"student-{index:04d}"
            if not folder.is_dir():
                hand_in(folder, kind)
            found.append(Submission(folder, not kind))
        return found

    def proof(self) -> list[Submission]:
        """One that is right, and one of each kind that is not."""
        found = []
        for kind in ("", *WRONG):
            folder = self.folder / "proof" / f"student-{kind or 'right'}"
            if not folder.is_dir():
                hand_in(folder, kind)
            found.append(Submission(folder, not kind))
        return found


def make(folder: Path, number: int | None, hidden: Path = HIDDEN) -> Course:
    """A course with `number` checks, spread over the tasks; None takes all.

    Raises:
        FixtureError: there are no hidden fixtures, or fewer checks than asked for.
    """
    if not (hidden / "vae.npz").is_file():
        raise FixtureError("there are no hidden fixtures: run `autograder release` first")
    checks = choose(Assignment(hidden, "vae"), number)
    course = Course(folder, checks)
    course.fixtures.mkdir(parents=True)
    _write_fixtures(hidden, course)
    return course


def choose(assignment: Assignment, number: int | None) -> tuple[Check, ...]:
    """Of each task in turn the first case, then the last (mostly gradients), then the others."""
    queues = []
    for task in assignment.tasks:
        cases = [Check(task.id, case.name) for case in task.cases if case.weight > 0]
        queues.append([cases[0], *cases[:0:-1]])
    longest = max(map(len, queues))
    order = [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]
    if number is not None and number > len(order):
        raise FixtureError(f"there are {len(order)} checks, not {number}; ask for fewer or `all`")
    return tuple(sorted(order[:number], key=lambda c: (c.task, c.case)))


def few(course: Course, number: int) -> Course:
    """The same course with its first checks only, in a folder of its own."""
    fewer = replace(course, folder=course.folder / f"few-{number}", checks=course.checks[:number])
    fewer.fixtures.mkdir(parents=True)
    _write_fixtures(course.fixtures, fewer)
    return fewer


def hand_in(folder: Path, kind: str) -> None:
    """Write the reference, or a submission spoilt in one way, with a comment of its own."""
    folder.mkdir(parents=True)
    for name in FILES:
        text = next((ROOT / "solutions").glob(f"*/{name}")).read_text(encoding="utf-8")
        if name == FILES[0]:
            text = _spoilt(text, kind)
        (folder / name).write_text(f"{text}\n# handed in by {folder.name}\n", encoding="utf-8")


def _spoilt(text: str, kind: str) -> str:
    if kind == "mean_for_sum":
        return text.replace(".sum(dim=1)", ".mean(dim=1)")
    if kind == "stub":
        return (ROOT / "student_src" / FILES[0]).read_text(encoding="utf-8")
    if kind == "no_syntax":
        return text + "\ndef unfinished(:\n"
    if kind == "raises":
        return text + "\nraise RuntimeError('it does work when it is imported')\n"
    return text


def _write_fixtures(source: Path, course: Course) -> None:
    """Copy the catalogue and arrays of the checks, and of the public cases of their tasks.

    The judge runs the public cases to explain a failure; they are worth nothing.
    """
    catalogue = json.loads((source / "vae.json").read_text(encoding="utf-8"))
    chosen = {(check.task, check.case) for check in course.checks}
    wanted = {check.task for check in course.checks}
    catalogue["tasks"] = [task for task in catalogue["tasks"] if task["id"] in wanted]
    for task in catalogue["tasks"]:
        task["cases"] = [
            case
            for case in task["cases"]
            if case["weight"] == 0 or (task["id"], case["name"]) in chosen
        ]
    text = json.dumps(catalogue, indent=1)
    (course.fixtures / "vae.json").write_text(text, encoding="utf-8")
    for path in source.glob("vae*.npz"):
        shutil.copy(path, course.fixtures)
