"""The vocabulary of rubrics: tasks, cases, planted mistakes and written questions.

The folder `rubric/` of an assignment is a package that defines `TASKS` and `WRITTEN`, and which
`autograder.course` reads. It is the source of the students' catalogue, of all fixtures, and of the
table that `autograder verify` prints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from autograder.description import Course
from autograder.static_checks import NOTE

Inputs = dict[str, Any]
MakeInputs = Callable[[np.random.RandomState], Inputs]
Moments = Callable[[Mapping[str, np.ndarray]], dict[str, tuple[Any, Any]]]


@dataclass(frozen=True)
class Case:
    """One kind of inputs for a probe, drawn twice.

    What is graded is drawn from the term's secret seed (a hidden case). Students get its public
    counterpart with expected arrays: of the same kind, but of other sizes and drawn from a fixed
    seed. It carries no points, so knowing it by heart earns nothing.

    Attributes:
        name: short name, lower case with dashes.
        about: what is special about its inputs, in words that a student may read.
        inputs: draws the inputs from a random state; floats become float32, integers int64.
        public: draws those of the public counterpart; no array has the size of the hidden one.
        probe: `module.function` of `homework.probes`; the task's id if empty.
        weight: its share of the task's points, relative to the other cases.
        moments: mean and standard deviation of those `noise_...` outputs that are not an affine
            function of one draw each (of the others they are found by constant draws 0 and 1).
    """

    name: str
    about: str
    inputs: MakeInputs
    public: MakeInputs
    probe: str = ""
    weight: float = 1.0
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
        id: `q0.mean`: the prefix of the assignment and the name of the function.
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
    """All tasks of one assignment, with the written questions and what `assignment.toml` says.

    Attributes:
        assignment: its name, which is that of its folder.
        folder: where its source is.
        course: what it is a part of.
        number: its place in the course; part of the notebook's name.
        prefix: of the ids of its tasks and questions, such as `q0`.
        files: what students hand in.
        tasks, written: as the package `rubric` lists them.
        classes: names of classes that students write.
        preload: modules that the judge loads before it starts a student's code.
        settings: of an experiment, by profile.
        finished_policy: what is to be done about code that names one of a task's `finished`
            implementations: `allow` it, `note` it for students and instructors, or `refuse` the
            task its points.
        provided: what students get besides, by path below `student_src/`: files of the folder
            `provided/`, of the shared folders that the assignment uses, and the probes.
        resources: patterns of files in `test_resources/` that students get; a course outside the
            kit gets those of the kit.
        rehearsal: rough code that the judge runs before it grades, by file; see `judge.rehearsal`.
    """

    assignment: str
    folder: Path
    course: Course
    number: int
    prefix: str
    title: str
    files: tuple[str, ...]
    tasks: tuple[Task, ...]
    written: tuple[Written, ...] = ()
    classes: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    finished_policy: str = NOTE
    provided: Mapping[str, Path] = field(default_factory=dict)
    resources: tuple[str, ...] = ()
    rehearsal: Mapping[str, str] = field(default_factory=dict)

    def shown(self, path: Path) -> str:
        """How messages and headers name a file of the assignment: by its path in the course."""
        return path.relative_to(self.folder.parents[1]).as_posix()

    @property
    def master(self) -> Path:
        """The master of the notebook."""
        return self.folder / "notebook.py"

    @property
    def notebook(self) -> str:
        return f"{self.number:02d}_{self.assignment}.ipynb"

    @property
    def points(self) -> float:
        return sum(t.points for t in self.tasks) + sum(w.points for w in self.written)


class RubricError(Exception):
    """An assignment contradicts itself, or something is missing in its folder."""
