"""Writes the skeleton of an assignment or of a task, which releases, verifies and grades at once.

What its author has to write says FILL IN.
"""

from __future__ import annotations

import keyword
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from autograder.description import COURSE, DescriptionError

FILES = Path(__file__).resolve().parent / "skeleton_files"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FIRST_TASK = "first_task"


def new_assignment(solutions: Path, name: str) -> list[Path]:
    """Write an assignment with one task and one question, and the course if there is none.

    Returns:
        The files, to be filled in.

    Raises:
        DescriptionError: the name does not do, or is taken.
    """
    folder = solutions / name
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name == "shared":
        raise DescriptionError(f"{name!r} is no name for an assignment: lower case, as in gan")
    if folder.exists():
        raise DescriptionError(f"{folder} is there already")
    number = 1 + max(map(_number, solutions.glob("*/assignment.toml")), default=0)
    file = f"q{number}_{name}.py"
    marks = {"NAME": name, "NUMBER": str(number), "PREFIX": f"q{number}", "FILE": file,
             "TITLE": name.replace("_", " ").capitalize()}  # fmt: skip
    targets = {"assignment.toml": folder / "assignment.toml", "reference.py": folder / file,
               "probes.py": folder / "probes.py", "rubric.py": folder / "rubric" / "__init__.py",
               "notebook.py": folder / "notebook.py"}  # fmt: skip
    if not (solutions / COURSE).exists():
        targets[COURSE] = solutions / COURSE
    for template, path in targets.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_filled(template, marks), encoding="utf-8")
    new_task(solutions, name, _FIRST_TASK)
    return [*targets.values(), folder / "rubric" / f"{_FIRST_TASK}.py"]


def _number(path: Path) -> int:
    return int(tomllib.loads(path.read_text(encoding="utf-8")).get("number", 0))


def new_task(solutions: Path, assignment: str, name: str) -> list[Path]:
    """Add a task to an assignment: function, probe, rubric and cells.

    Returns:
        The files that were written or have got something at their end.

    Raises:
        DescriptionError: the name does not do, or there is no such assignment.
    """
    folder = solutions / assignment
    path = folder / "assignment.toml"
    if not path.is_file():
        raise DescriptionError(f"{path} is not there: begin with `autograder new assignment`")
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise DescriptionError(f"{name!r} is no name for a function of Python: lower case, please")
    rubric = folder / "rubric" / f"{name}.py"
    if rubric.exists():
        raise DescriptionError(f"{rubric} is there already")
    described = tomllib.loads(path.read_text(encoding="utf-8"))
    file = described["files"][0]
    marks = {"PREFIX": described["prefix"], "TASK": name, "FILE": file,
             "STEM": file.removesuffix(".py"),
             "TASK_TITLE": name.replace("_", " ").capitalize()}  # fmt: skip
    rubric.write_text(_filled("task_rubric.py", marks), encoding="utf-8")
    for template, target in (("task_reference.py", file), ("task_probe.py", "probes.py")):
        _append(folder / target, _filled(template, marks))
    _register(folder / "rubric" / "__init__.py", name)
    _insert_cells(folder / "notebook.py", _filled("task_notebook.py", marks))
    return [rubric, folder / file, folder / "probes.py", folder / "notebook.py"]


def _filled(template: str, marks: Mapping[str, str]) -> str:
    text = (FILES / template).read_text(encoding="utf-8")
    return re.sub(r"@([A-Z_]+)@", lambda m: marks.get(m[1], m[0]), text)


def _append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8").rstrip() + "\n" + text, encoding="utf-8")


def _register(path: Path, name: str) -> None:
    """Put a task at the end of `TASKS`."""
    text = path.read_text(encoding="utf-8")
    listed = re.search(r"^TASKS = \((.*?)\)$", text, re.MULTILINE | re.DOTALL)
    if listed is None:
        raise DescriptionError(f"{path}: TASKS is no tuple that begins with `TASKS = (`")
    known = listed[1].rstrip().rstrip(",")
    tasks = f"TASKS = ({known}{',' if known else ''}\n    {name.upper()},\n)"
    imported = f"from .{name} import TASK as {name.upper()}\n"
    before = text[: listed.start()].rstrip() + "\n"
    gap = "" if re.search(r"^from \.\w+ import .*\n\Z", before, re.MULTILINE) else "\n"
    path.write_text(f"{before}{gap}{imported}\n{tasks}{text[listed.end() :]}", encoding="utf-8")


def _insert_cells(path: Path, cells: str) -> None:
    """Before the first question, or at the end."""
    text = path.read_text(encoding="utf-8")
    place = re.search(r'^# %% \[markdown\] question="', text, re.MULTILINE)
    at = place.start() if place else len(text)
    path.write_text(f"{text[:at]}{cells}{text[at:]}", encoding="utf-8")
