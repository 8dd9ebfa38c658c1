"""Reads a release's catalogue (`<assignment>.json`) and its cases (`<assignment>.npz`).

Hidden cases are drawn several times, each time into a file of its own: `<assignment>.<set>.npz`.
All of these hold plain arrays named `<task>/<case>/<part>/<name>`, where the part is `in` (inputs
of the probe), `out` (expected values), `mean` and `std` (moments of draws), `mistake:<id>` (values
that a planted mistake gives where they are not right), `lacks:<id>` (outputs that a planted mistake
does not give; all of them, named `RAISES`, where it raises), or `formula` (ingredients, by the
index of the formula and their kind). The last three are there for public cases alone. Nothing is
unpickled.
"""

from __future__ import annotations

import json
import math
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from homework.formula import Formula

FORMAT = 3
RAISES = "*"
INDEX = "index"
Arrays = dict[str, np.ndarray]


class FixtureError(Exception):
    """A catalogue or its cases are missing, damaged or of another version."""


class UnknownTask(FixtureError):
    """No task, and no group of tasks, has the name that was asked for."""


@dataclass(frozen=True)
class Case:
    """A case as the catalogue describes it; its arrays are in `Assignment.arrays`."""

    name: str
    about: str
    probe: str
    weight: float
    public: bool
    rtol: float
    atol: float


@dataclass(frozen=True)
class Task:
    """A task as the catalogue describes it."""

    id: str
    title: str
    points: float
    file: str
    isolated: bool
    all_or_nothing: bool
    broadcasts: tuple[str, ...]
    cases: tuple[Case, ...]
    mistakes: dict[str, str] = field(hash=False)
    finished: tuple[str, ...] = ()
    formulas: tuple[Formula, ...] = ()

    @property
    def stem(self) -> str:
        return self.file.removesuffix(".py")


@dataclass
class CaseArrays:
    """Inputs of a case, what is expected of it, and what planted mistakes give or lack."""

    inputs: Arrays = field(default_factory=dict)
    expected: Arrays = field(default_factory=dict)
    mean: Arrays = field(default_factory=dict)
    std: Arrays = field(default_factory=dict)
    mistakes: dict[str, Arrays] = field(default_factory=dict)
    lacks: dict[str, Arrays] = field(default_factory=dict)
    formulas: Arrays = field(default_factory=dict)


class Assignment:
    """One assignment of a release: its tasks, and lazily their arrays.

    Args:
        folder: where `<name>.json` and `<name>.npz` are.
        name: such as `toy`.

    Raises:
        FixtureError: there is no such catalogue, or it is of another version.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        path = folder / f"{name}.json"
        try:
            self.catalogue: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise FixtureError(f"there are no fixtures for {name!r} in {folder}") from None
        except (OSError, ValueError) as error:
            raise FixtureError(f"{path} cannot be read ({error}); download it again") from None
        if self.catalogue.get("format") != FORMAT:
            raise FixtureError(f"{path} belongs to another version of the kit; release it again")
        self.number: int = self.catalogue["number"]
        self.prefix: str = self.catalogue["prefix"]
        self.title: str = self.catalogue["title"]
        self.files: tuple[str, ...] = tuple(self.catalogue["files"])
        self.notebook: str = self.catalogue["notebook"]
        self.provided: dict[str, str] = self.catalogue.get("provided", {})  # text by path
        self.points: float = self.catalogue["points"]
        self.written: list[dict[str, Any]] = self.catalogue["written"]
        self.finished_policy: str = self.catalogue.get("finished_policy", "allow")
        self.settings: dict[str, dict[str, Any]] = self.catalogue["settings"]  # by profile
        self.sets: int = self.catalogue.get("sets", 1)  # of hidden cases
        self.classes: tuple[str, ...] = tuple(self.catalogue.get("classes", ()))
        self.preload: tuple[str, ...] = tuple(self.catalogue.get("preload", ()))
        self.rehearsal: dict[str, str] = self.catalogue.get("rehearsal", {})
        self._read: dict[str, dict[tuple[str, str], CaseArrays]] = {}
        self.tasks = tuple(_task(entry) for entry in self.catalogue["tasks"])

    @property
    def stems(self) -> tuple[str, ...]:
        return tuple(file.removesuffix(".py") for file in self.files)

    def arrays(self, task: Task, case: Case, drawn: int = 0) -> CaseArrays:
        """The arrays of one case, of a hidden one in one of its sets.

        Raises:
            FixtureError: a file is missing or damaged, or lacks them.
        """
        path = self.folder / f"{self.name}{'' if case.public else f'.{drawn}'}.npz"
        if path.name not in self._read:
            self._read[path.name] = _read(path)
        try:
            return self._read[path.name][task.id, case.name]
        except KeyError:
            raise FixtureError(f"{path} has no case {case.name!r} of {task.id}") from None


def _read(path: Path) -> dict[tuple[str, str], CaseArrays]:
    found: dict[tuple[str, str], CaseArrays] = {}
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        for key, array in taken_apart(arrays) if INDEX in arrays else arrays.items():
            task, case, part, name = key.split("/")
            entry = found.setdefault((task, case), CaseArrays())
            _part(entry, part)[name] = array
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise FixtureError(f"{path} cannot be read ({error}); download it again") from None
    return found


def joined_up(arrays: Arrays) -> Arrays:
    """Many small arrays as a few large ones, by dtype, and an index: read ten times faster."""
    places: list[Any] = []
    parts: dict[str, list[np.ndarray]] = {}
    for key, array in arrays.items():
        part = parts.setdefault(str(array.dtype), [])
        places.append([key, str(array.dtype), array.shape])
        part.append(array.reshape(-1))
    index = np.frombuffer(json.dumps(places).encode(), np.uint8)
    return {dtype: np.concatenate(part) for dtype, part in parts.items()} | {INDEX: index}


def taken_apart(arrays: Arrays) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays that `joined_up` was given."""
    at = dict.fromkeys(arrays, 0)
    for key, dtype, shape in json.loads(arrays[INDEX].tobytes()):
        size = math.prod(shape)
        yield key, arrays[dtype][at[dtype] : at[dtype] + size].reshape(shape)
        at[dtype] += size


PUBLIC = "public-"  # before the name of a hidden case: that of its public copy
GIVEN = "given_"  # how inputs are called that stand for what a task builds on


def on_its_own(inputs: Mapping[str, np.ndarray]) -> Arrays:
    """Inputs without given values: the task then runs on the rest of the student's own code."""
    return {name: array for name, array in inputs.items() if not name.startswith(GIVEN)}


def _part(entry: CaseArrays, part: str) -> Arrays:
    if part.startswith("mistake:"):
        return entry.mistakes.setdefault(part.removeprefix("mistake:"), {})
    if part.startswith("lacks:"):
        return entry.lacks.setdefault(part.removeprefix("lacks:"), {})
    return {
        "in": entry.inputs,
        "out": entry.expected,
        "mean": entry.mean,
        "std": entry.std,
        "formula": entry.formulas,
    }[part]


def _task(entry: dict[str, Any]) -> Task:
    cases = tuple(Case(**case) for case in entry["cases"])
    rest = {key: entry[key] for key in ("id", "title", "points", "file", "isolated", "mistakes")}
    return Task(
        **rest,
        all_or_nothing=entry["all_or_nothing"],
        broadcasts=tuple(entry["broadcasts"]),
        cases=cases,
        finished=tuple(entry.get("finished", ())),
        formulas=tuple(Formula.read(formula) for formula in entry.get("formulas", ())),
    )


def public_folder() -> Path:
    """The folder `test_resources` beside the folder that holds `homework`.

    `HOMEWORK_RESOURCES` names another one.
    """
    named = os.environ.get("HOMEWORK_RESOURCES")
    return Path(named) if named else Path(__file__).resolve().parents[2] / "test_resources"


def assignments(folder: Path) -> Iterator[Assignment]:
    """All assignments whose catalogues are in `folder`, in the order of the course."""
    names = [p.stem for p in folder.glob("*.json") if p.with_suffix(".npz").is_file()]
    found = [Assignment(folder, name) for name in names]
    if not found:
        raise FixtureError(
            f"there are no fixtures in {folder}; put the folder test_resources there"
        )
    yield from sorted(found, key=lambda a: a.number)


def select(folder: Path, wanted: str | None) -> list[tuple[Assignment, list[Task]]]:
    """Tasks by name: `q0.mean`, a prefix such as `q0`, an assignment, or None for all.

    Raises:
        UnknownTask: nothing has that name; the message lists what there is.
    """
    everything = [(a, list(a.tasks)) for a in assignments(folder)]
    if wanted is None:
        return everything
    found = []
    for assignment, tasks in everything:
        if wanted != assignment.name:
            tasks = [t for t in tasks if t.id == wanted or t.id.split(".")[0] == wanted]
        if tasks:
            found.append((assignment, tasks))
    if not found:
        ids = ", ".join(task.id for _, tasks in everything for task in tasks)
        raise UnknownTask(f"there is no task {wanted!r}; there are: {ids}")
    return found
