"""Formulas that wrong results are recognised as: never a false one, and none where nothing fits."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from autograder import build_fixtures, course, source
from autograder.rubric import Mistake, Rubric, Task
from cases import SOLUTIONS, reference_file
from homework import fixtures, probing
from homework.outcome import Value
from homework.recognise import Seen, recognise
from homework.student import Student
from wrong_formulas import ROWS, planted


@dataclass
class Bench:
    """One task with its public cases."""

    rubric: Rubric
    planted: Task
    task: fixtures.Task
    answers: list[tuple[fixtures.Case, fixtures.CaseArrays]] = field(default_factory=list)

    def seen(self, student: Student) -> list[Seen]:
        return [
            (case, arrays, outcome.values)
            for case, arrays in self.answers
            if (outcome := probing.run(student, case.probe, arrays.inputs)).mishap is None
        ]

    def wrong(self, folder: Path, mistake: Mistake) -> list[Seen]:
        for file in self.rubric.files:
            text = source.read(reference_file(file))
            if file == self.planted.file:
                text = source.plant(text, file, self.planted, mistake)
            (folder / file).write_text(text, encoding="utf-8")
        return self.seen(Student(folder, self.stems))

    @property
    def stems(self) -> list[str]:
        return [file.removesuffix(".py") for file in self.rubric.files]


@cache
def bench(task_id: str) -> Bench:
    for item in course.load_all(SOLUTIONS):
        for task in item.tasks:
            if task.id == task_id:
                return _bench(item, task)
    raise KeyError(task_id)


def _bench(item: Rubric, task: Task) -> Bench:
    entry = build_fixtures._task_entry(task, public=False)
    made = Bench(item, task, fixtures._task(entry))
    stems = [file.removesuffix(".py") for file in item.files]
    reference = [("", Student(item.folder, stems))]
    for case, known in zip(task.cases, (c for c in made.task.cases if c.public)):
        arrays = fixtures.CaseArrays()
        found = build_fixtures._case_arrays(task, case, None, reference)
        for key, array in found.items():
            _, _, part, name = key.split("/")
            fixtures._part(arrays, part)[name] = array
        made.answers.append((known, arrays))
    return made


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}: {row[2][:40]}")
def test_wrong_formulas_are_recognised_or_passed_over(row, tmp_path):
    made = bench(row[0])
    said = recognise(made.task, made.wrong(tmp_path, planted(row)))
    assert row[3] in said if row[3] else not said


TASKS = sorted({row[0] for row in ROWS})


@pytest.mark.parametrize("task_id", TASKS)
def test_right_results_are_not_recognised_as_anything(task_id):
    made = bench(task_id)
    student = Student(made.rubric.folder, made.stems)
    assert recognise(made.task, made.seen(student)) == ""


@pytest.mark.parametrize("task_id", TASKS)
def test_random_numbers_are_not_recognised(task_id):
    made = bench(task_id)
    random = np.random.RandomState(5)
    for trial in range(60):
        assert recognise(made.task, _noise(made, random, trial)) == ""


def _noise(made: Bench, random: np.random.RandomState, trial: int) -> list[Seen]:
    """Results of the right shapes that are random numbers, near the right ones or far from them."""
    seen = []
    for case, arrays in made.answers:
        values = {}
        for name, right in arrays.expected.items():
            noise = random.standard_normal(right.shape)
            wrong = (noise, right * (1 + noise), right + 0.01 * noise, np.exp(noise))[trial % 4]
            values[name] = Value("tensor", "float32", "cpu", wrong.astype(np.float32))
        seen.append((case, arrays, values))
    return seen
