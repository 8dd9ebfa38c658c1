"""Reads a course: a folder with `course.toml` and one folder for each assignment.

    solutions/
      course.toml       name, repository, ...: `Course`
      toy/              an assignment: `Rubric`
        assignment.toml   number, prefix, title, files, ...
        q0_toy.py ...     the reference, with solution markers
        rubric/           a package with `TASKS` and `WRITTEN`
        probes.py         what drives students' code; students get it in `homework/probes/`
        provided/         what else its students get, laid out as in `student_src/`
        rehearsal/        optional: rough code that the judge runs before it grades
        notebook.py       the notebook's master
      shared/           what several assignments use; `shares` in `assignment.toml` names folders

Rubrics may import each other's modules and the shared ones relatively: a course is one package.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder import description
from autograder.description import DescriptionError
from autograder.rubric import Case, Rubric, RubricError, Task, Written
from autograder.static_checks import NOTE, POLICIES

DESCRIPTION = "assignment.toml"
PROFILES = ("smoke", "cpu", "full")
_REQUIRED: dict[str, type] = {"number": int, "prefix": str, "title": str, "files": list}
_OPTIONAL: dict[str, type] = {
    "classes": list, "preload": list, "shares": list, "resources": list,
    "finished": str, "settings": dict,
}  # fmt: skip
FEWEST_CASES = 3


def load_all(solutions: Path) -> list[Rubric]:
    """All assignments of a course, in the order of their numbers.

    Raises:
        DescriptionError: a description is not sound, or two are alike.
        RubricError: a rubric is not sound.
    """
    names = sorted(path.parent.name for path in solutions.glob(f"*/{DESCRIPTION}"))
    if not names:
        raise DescriptionError(f"{solutions}: there is no folder with an {DESCRIPTION}")
    found = sorted((load(solutions, name) for name in names), key=lambda item: item.number)
    for what in ("number", "prefix", "files"):
        owners: dict[Any, str] = {}
        for item in found:
            values = getattr(item, what)
            for value in values if isinstance(values, tuple) else (values,):
                other = owners.setdefault(value, item.assignment)
                if other != item.assignment:
                    path = item.folder / DESCRIPTION
                    raise DescriptionError(f"{path}: {what} {value!r} is {other}'s as well")
    _check_names(solutions, found)
    return found


def _check_names(solutions: Path, rubrics: list[Rubric]) -> None:
    """`course.toml` may only speak of what there is."""
    path, course = solutions / description.COURSE, rubrics[0].course
    names = {item.assignment for item in rubrics}
    ids = {task.id for item in rubrics for task in item.tasks}
    ids |= {question.id for item in rubrics for question in item.written}
    for key, known in (("dates", names), ("points", ids)):
        for name in getattr(course, key):
            if name not in known:
                raise DescriptionError(f"{path}: {key} names {name}, which there is not")
    order = [
        course.dates[item.assignment].due for item in rubrics if item.assignment in course.dates
    ]
    if order != sorted(order):
        raise DescriptionError(f"{path}: dates: an assignment is due before one of a lower number")


def load(solutions: Path, name: str) -> Rubric:
    """One assignment, checked; raises as `load_all`."""
    folder, course = solutions / name, description.read_course(solutions)
    described = description.read(folder / DESCRIPTION, _REQUIRED | _OPTIONAL, tuple(_REQUIRED))
    module = _rubric_package(solutions, name)
    shares = [solutions / "shared" / share for share in described.get("shares", ())]
    for share in shares:
        if not share.is_dir():
            raise DescriptionError(
                f"{folder / DESCRIPTION}: shares names {share.name}, but {share} is no folder"
            )
    rubric = Rubric(
        assignment=name,
        folder=folder,
        course=course,
        number=described["number"],
        prefix=described["prefix"],
        title=described["title"],
        files=tuple(described["files"]),
        tasks=_with_points(getattr(module, "TASKS", ()), course.points),
        written=_with_points(getattr(module, "WRITTEN", ()), course.points),
        classes=tuple(described.get("classes", ())),
        preload=tuple(described.get("preload", ())),
        settings=_by_profile(described.get("settings", {})),
        finished_policy=described.get("finished", NOTE),
        provided=_provided(folder, shares, described["prefix"]),
        resources=tuple(described.get("resources", ())),
        rehearsal={path.name: path.read_text("utf-8") for path in folder.glob("rehearsal/*.py")},
    )
    check(rubric)
    return rubric


def check(rubric: Rubric) -> None:
    """`RubricError` with all that is wrong with an assignment, a line each."""
    problems = list(_problems(rubric))
    if problems:
        raise RubricError("\n".join(problems))


def _rubric_package(solutions: Path, name: str) -> ModuleType:
    """The package `rubric` of an assignment, imported once for each course folder."""
    place = solutions.resolve()
    course = f"course_{hashlib.sha256(str(place).encode()).hexdigest()[:12]}"
    if course not in sys.modules:
        package = ModuleType(course)
        package.__path__ = [str(place)]
        sys.modules[course] = package
    if not (place / name / "rubric" / "__init__.py").is_file():
        raise RubricError(f"{solutions / name}: there is no package rubric/")
    return importlib.import_module(f"{course}.{name}.rubric")


def _with_points(items: Any, points: Mapping[str, float]) -> tuple[Any, ...]:
    """Tasks or questions with the course's points, where it has its own."""
    return tuple(
        replace(item, points=points[item.id]) if item.id in points else item for item in items
    )


def _by_profile(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Settings by profile: those for all, and over them those of the profile."""
    common = {name: value for name, value in settings.items() if name not in PROFILES}
    return {name: common | settings.get(name, {}) for name in PROFILES} if settings else {}


def _provided(folder: Path, shares: list[Path], prefix: str) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for place in (*shares, folder):
        below = place / "provided"
        found |= {path.relative_to(below).as_posix(): path for path in sorted(below.rglob("*.py"))}
    if (folder / "probes.py").is_file():
        found[f"homework/probes/{prefix}.py"] = folder / "probes.py"
    return found


def _problems(rubric: Rubric) -> Iterator[str]:
    """What is wrong with an assignment, a sentence each."""
    toml, package = rubric.folder / DESCRIPTION, rubric.folder / "rubric"
    if rubric.finished_policy not in POLICIES:
        yield f"{toml}: finished is one of {', '.join(POLICIES)}"
    for file in rubric.files:
        if not (rubric.folder / file).is_file():
            yield f"{toml}: files names {file}, which is not in {rubric.folder}"
    if not rubric.tasks:
        yield f"{package}: TASKS is missing or empty"
    ids = [task.id for task in rubric.tasks] + [question.id for question in rubric.written]
    for number, id_ in enumerate(ids):
        if id_ in ids[:number]:
            yield f"{package}: two tasks or questions are called {id_}"
        if not id_.startswith(f"{rubric.prefix}."):
            yield f"{package}: {id_} does not begin with the prefix {rubric.prefix!r} of {toml}"
    for task in rubric.tasks:
        yield from (f"{package}: {problem}" for problem in _task_problems(task, rubric))
    for question in rubric.written:
        yield from (f"{package}: {problem}" for problem in _question_problems(question))


def _task_problems(task: Task, rubric: Rubric) -> Iterator[str]:
    if not all("." in name for name in task.finished):
        yield f"{task.id}: finished needs full names"
    if task.file not in rubric.files:
        yield f"{task.id} names {task.file}, which is not handed in"
    if len(task.cases) < FEWEST_CASES:
        yield f"{task.id} needs at least {FEWEST_CASES} hidden cases"
    if not task.points > 0:
        yield f"{task.id} gives no points"
    for items in (task.cases, task.mistakes):
        names = [item.name if isinstance(item, Case) else item.id for item in items]
        if len(set(names)) < len(names):
            yield f"{task.id} has two cases or mistakes of one name"
        if any("/" in name or ":" in name for name in names):
            yield f"{task.id}: no / or : in names"
    for mistake in task.mistakes:
        if bool(mistake.body) == bool(mistake.edits):
            yield f"{task.id}: mistake {mistake.id} has a body or edits, not both"


def _question_problems(question: Written) -> Iterator[str]:
    if not question.points > 0:
        yield f"{question.id} gives no points"
