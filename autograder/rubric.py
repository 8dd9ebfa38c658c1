"""The vocabulary of rubrics: tasks, cases, planted mistakes and written questions.

A rubric is a Python file in `solutions/rubrics/` that defines `RUBRIC`. It is the source of the
students' catalogue, of all fixtures, and of the table that `autograder verify` prints.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from autograder.static_checks import NOTE, POLICIES

Inputs = dict[str, Any]
MakeInputs = Callable[[np.random.RandomState], Inputs]
Moments = Callable[[Mapping[str, np.ndarray]], dict[str, tuple[Any, Any]]]


@dataclass(frozen=True)
class Case:
    """One set of inputs for a probe.

    Every case is drawn anew from the term's secret seed and graded so (a hidden case). A case
    marked `public` is drawn a second time, from a fixed seed, and shipped to students with its
    expected arrays; that copy carries no points, so knowing it by heart earns nothing.

    Attributes:
        name: short name, lower case with dashes.
        about: what is special about its inputs, in words that a student may read.
        inputs: draws the inputs from a random state; floats become float32, integers int64.
        probe: `module.function` of `homework.probes`; the task's id if empty.
        weight: its share of the task's points, relative to the other cases.
        moments: mean and standard deviation of `noise_...` outputs, for those that are not an
            affine function of one draw each (the default finds them by constant draws 0 and 1).
    """

    name: str
    about: str
    inputs: MakeInputs
    probe: str = ""
    weight: float = 1.0
    public: bool = False
    rtol: float | None = None
    atol: float | None = None
    moments: Moments | None = None


@dataclass(frozen=True)
class Mistake:
    """A planted wrong variant of one task.

    Attributes:
        id: short name, lower case with dashes; unique within the task.
        hint: what a student who makes it reads: names the misconception and what to do, in one or
            two sentences, without giving the line of code.
        body: lines that take the place of the task's solution region; indentation is adapted.
        edits: pairs (old, new) of text; each old text must occur exactly once in the region.
            Either `body` or `edits` is given.
    """

    id: str
    hint: str
    body: str = ""
    edits: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Ingredients:
    """What one output of a task may be made of, so that a wrong formula can be recognised.

    Attributes:
        output: name of the output, such as `value`.
        make: gives the ingredients for the inputs of a case, by kind (see `homework.formula`) and
            name; terms are pairs of their coefficient in the right result and an array. Gives
            nothing for cases that lack what they are made of.
    """

    output: str
    make: Callable[[Mapping[str, np.ndarray]], dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Task:
    """What a student fills in and is scored for; see the words at the top of this file.

    Attributes:
        id: `q1.log_mean_exp`: the prefix of the assignment and the name of the function.
        todo: one line that follows `# TODO (<id>):` in the stub.
        isolated: the task builds on other tasks; cases are run a second time with those given.
        broadcasts: outputs that may have any shape that broadcasts to the expected one.
        all_or_nothing: no points unless every case passes.
        finished: full names of implementations that do what the task asks to be written, such as
            `torch.distributions.kl_divergence`; see `static_checks` and `Rubric.finished_policy`.
        ingredients: of the formulas in which wrong results are looked for.
    """

    id: str
    title: str
    points: float
    file: str
    todo: str
    cases: tuple[Case, ...]
    mistakes: tuple[Mistake, ...]
    isolated: bool = False
    broadcasts: tuple[str, ...] = ()
    all_or_nothing: bool = False
    rtol: float = 1e-4
    atol: float = 1e-5
    finished: tuple[str, ...] = ()
    ingredients: tuple[Ingredients, ...] = ()

    @property
    def name(self) -> str:
        """Name of the function or method."""
        return self.id.split(".", 1)[1]


@dataclass(frozen=True)
class Written:
    """A question that people grade, with its points."""

    id: str
    title: str
    points: float


@dataclass(frozen=True)
class Rubric:
    """All tasks of one assignment, with the written questions.

    Attributes:
        finished_policy: what is to be done about code that names one of a task's `finished`
            implementations: `allow` it, `note` it for students and instructors, or `refuse` the
            task its points.
        provided: modules that only this assignment gives to students, as paths below
            `solutions/provided/` and `student_src/`. A student's own file of that path counts
            instead.
    """

    assignment: str
    title: str
    files: tuple[str, ...]
    notebook: str
    tasks: tuple[Task, ...]
    written: tuple[Written, ...] = field(default=())
    finished_policy: str = NOTE
    provided: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        return sum(t.points for t in self.tasks) + sum(w.points for w in self.written)


class RubricError(Exception):
    """A rubric contradicts itself or the source."""


ORDER = ("vae", "ddpm", "cfg")


def load(solutions: Path, assignment: str) -> Rubric:
    """The rubric of one assignment, checked; `RubricError` if it is not sound."""
    path = solutions / "rubrics" / f"{assignment}.py"
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))  # for the files that a rubric is made of
    spec = importlib.util.spec_from_file_location(f"rubric_{assignment}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise RubricError(f"there is no rubric {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rubric: Rubric = module.RUBRIC
    _check(rubric, path)
    return rubric


def load_all(solutions: Path) -> list[Rubric]:
    """All rubrics in the order in which the course gives the assignments."""
    return [load(solutions, assignment) for assignment in ORDER]


def _check(rubric: Rubric, path: Path) -> None:
    def need(condition: bool, message: str) -> None:
        if not condition:
            raise RubricError(f"{path}: {message}")

    ids = [task.id for task in rubric.tasks] + [item.id for item in rubric.written]
    need(len(set(ids)) == len(ids), "two tasks or questions share an id")
    need(rubric.finished_policy in POLICIES, f"finished_policy is one of {', '.join(POLICIES)}")
    for task in rubric.tasks:
        need(all("." in name for name in task.finished), f"{task.id}: finished needs full names")
        need(task.file in rubric.files, f"{task.id} names {task.file}, which is not handed in")
        need(len(task.cases) >= 3, f"{task.id} needs at least 3 hidden cases")
        need(any(case.public for case in task.cases), f"{task.id} needs a public case")
        for items in (task.cases, task.mistakes):
            names = [item.name if isinstance(item, Case) else item.id for item in items]
            need(len(set(names)) == len(names), f"{task.id} has two cases or mistakes of one name")
            need(not any("/" in n or ":" in n for n in names), f"{task.id}: no / or : in names")
        for mistake in task.mistakes:
            need(
                bool(mistake.body) != bool(mistake.edits), f"{mistake.id}: body or edits, not both"
            )
