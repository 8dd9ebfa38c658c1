"""Reads `course.toml` and `assignment.toml`, and says in a sentence what is wrong with one."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

COURSE = "course.toml"
_PLACEHOLDER = re.compile(r"your[-_ ]|example\.(com|org|edu)|\bTODO\b|<.*>|\bowner/", re.IGNORECASE)
_TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "tuple": list,
    "Mapping": dict,
}


class DescriptionError(Exception):
    """A description is missing, misspelt or contradicts itself; names the file."""


@dataclass(frozen=True)
class Dates:
    """When an assignment is handed out and due."""

    released: datetime.date
    due: datetime.date


@dataclass(frozen=True)
class Course:
    """What `course.toml` says.

    Attributes:
        name, institution: as students read them.
        language: of the report, as an IETF tag.
        repository: `owner/name` on GitHub, which the Colab badges open; without it there are none.
        branch: of that repository.
        student_zips: address of the folder that the students' zips are published in.
        slip_days: days that a student may be late in the whole term.
        late_penalty: share of the points that each further day costs.
        dates: by assignment, `released` and `due`.
        points: by task or question, in place of those of the rubric.
        limits: of what is run of each submission; names and units as in `judge.confine.Limits`.
    """

    name: str
    institution: str = ""
    language: str = "en"
    repository: str = ""
    branch: str = "main"
    student_zips: str = ""
    slip_days: int = 0
    late_penalty: float = 0.0
    dates: Mapping[str, Dates] = field(default_factory=dict)
    points: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)


def read_course(folder: Path) -> Course:
    """The description of the course in a folder, checked.

    Raises:
        DescriptionError: it is missing or unsound.
    """
    path = folder / COURSE
    found = read(path, {f.name: _kind(str(f.type)) for f in fields(Course)}, ("name",))
    dates = {name: _dates(path, name, entry) for name, entry in found.pop("dates", {}).items()}
    course = Course(**found, dates=dates)
    for problem in _problems(course):
        raise DescriptionError(f"{path}: {problem}")
    return course


def read(
    path: Path, kinds: Mapping[str, type | tuple[type, ...]], required: tuple[str, ...]
) -> dict[str, Any]:
    """The keys of a TOML file.

    Args:
        kinds: the keys that there may be, and their types.

    Raises:
        DescriptionError: the file or a required key is missing, or a key has no business there.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DescriptionError(f"{path} is not there") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DescriptionError(f"{path} cannot be read: {error}") from None
    for key in required:
        if key not in found:
            raise DescriptionError(f"{path}: {key} is missing")
    for key, value in found.items():
        if key not in kinds:
            known = ", ".join(kinds)
            raise DescriptionError(f"{path}: there is no key {key!r}; there are: {known}")
        if not isinstance(value, kinds[key]) or isinstance(value, bool):
            raise DescriptionError(f"{path}: {key} cannot be {value!r}")
    return found


def _kind(annotation: str) -> type | tuple[type, ...]:
    return _TYPES[annotation.partition("[")[0]]


def _dates(path: Path, name: str, entry: Any) -> Dates:
    days = entry if isinstance(entry, dict) else {}
    if days.keys() != {"released", "due"} or {type(d) for d in days.values()} != {datetime.date}:
        raise DescriptionError(f"{path}: dates.{name} needs `released` and `due`, like 2026-09-01")
    return Dates(**days)


def _problems(course: Course) -> Iterator[str]:
    for key, value in vars(course).items():
        if isinstance(value, str) and _PLACEHOLDER.search(value):
            yield f"{key} is still the placeholder {value!r}: put your own there, or leave it out"
    if course.repository and not re.fullmatch(r"[\w.-]+/[\w.-]+", course.repository):
        yield f"repository is owner/name, not {course.repository!r}"
    if not 0 <= course.late_penalty <= 1 or course.slip_days < 0:
        yield "late_penalty is a share from 0 to 1, slip_days a number of days"
    for name, dates in course.dates.items():
        if dates.due <= dates.released:
            yield f"dates.{name}: it is due on {dates.due}, before it is released"
