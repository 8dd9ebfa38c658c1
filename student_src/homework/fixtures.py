"""Reads a release's catalogue (`<assignment>.json`) and its cases (`<assignment>.npz`).

`<assignment>.npz` holds plain arrays named `<task>/<case>/<part>/<name>`, where the part is `in`
(inputs of the probe), `out` (expected values), `mean` and `std` (moments of draws), `mistake:<id>`
(values that a planted mistake gives where they are not right), `lacks:<id>` (outputs that a planted
mistake does not give; all of them, named `RAISES`, where it raises), or `formula` (ingredients, by
the index of the formula and their kind). Nothing is unpickled.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from homework.formula import Formula

FORMAT = 2
RAISES = "*"
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
        name: `vae`, `ddpm` or `cfg`.

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
        self.title: str = self.catalogue["title"]
        self.files: tuple[str, ...] = tuple(self.catalogue["files"])
        self.notebook: str = self.catalogue["notebook"]
        self.provided: dict[str, str] = self.catalogue.get("provided", {})  # text by path
        self.points: float = self.catalogue["points"]
        self.written: list[dict[str, Any]] = self.catalogue["written"]
        self.finished_policy: str = self.catalogue.get("finished_policy", "allow")
        self.tasks = tuple(_task(entry) for entry in self.catalogue["tasks"])

    @property
    def stems(self) -> tuple[str, ...]:
        return tuple(file.removesuffix(".py") for file in self.files)

    @cached_property
    def _arrays(self) -> dict[tuple[str, str], CaseArrays]:
        path = self.folder / f"{self.name}.npz"
        found: dict[tuple[str, str], CaseArrays] = {}
        try:
            with np.load(path, allow_pickle=False) as file:
                for key in file.files:
                    task, case, part, name = key.split("/")
                    entry = found.setdefault((task, case), CaseArrays())
                    _part(entry, part)[name] = file[key]
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise FixtureError(f"{path} cannot be read ({error}); download it again") from None
        return found

    def arrays(self, task: Task, case: Case) -> CaseArrays:
        """The arrays of one case; `FixtureError` if the file lacks them."""
        try:
            return self._arrays[task.id, case.name]
        except KeyError:
            raise FixtureError(
                f"{self.folder / self.name}.npz has no case {case.name!r} of {task.id}"
            ) from None


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
    """All assignments whose catalogues are in `folder`, in the order of their tasks' ids."""
    names = [p.stem for p in folder.glob("*.json") if p.with_suffix(".npz").is_file()]
    found = [Assignment(folder, name) for name in names]
    if not found:
        raise FixtureError(
            f"there are no fixtures in {folder}; put the folder test_resources there"
        )
    yield from sorted(found, key=lambda a: a.tasks[0].id)


def select(folder: Path, wanted: str | None) -> list[tuple[Assignment, list[Task]]]:
    """Tasks by name: `q1.log_mean_exp`, a prefix such as `q1`, an assignment, or None for all.

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
