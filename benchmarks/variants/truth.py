"""What is true of a variant: whether it differs from the reference, or equals a planted mistake.

Both run on fresh inputs in double precision, where unequal formulas do not look equal by chance,
nor equal ones unequal by rounding. Comparison is the kit's own, with other tolerances.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from autograder import build_fixtures
from benchmarks.variants import course, inside
from benchmarks.variants.course import Variant
from homework import compare, fixtures
from homework.fixtures import CaseArrays
from homework.outcome import Mishap, Outcome, Value
from homework.student import Student
from homework.verdict import PASSED

SEEDS = (101, 202)
EQUAL = {"rtol": 1e-5, "atol": 1e-7}
NEAR = {"rtol": 1e-3, "atol": 1e-4}  # what a grader need not see
ALIKE = {"rtol": 1e-4, "atol": 1e-5}


def outcomes(task_id: str, folder: Path) -> list[Outcome]:
    """What files in a folder give for the task's cases on fresh inputs."""
    item, task = course.tasks()[task_id]
    stems = [file.removesuffix(".py") for file in item.files]
    student = Student(folder, stems)
    found = []
    for probe, inputs in _fresh(task_id):
        outcome = inside.run(student, probe, inputs)
        found.append(outcome or Outcome(mishap=Mishap("error", "Slow")))
    return found


def difference(task_id: str, folder: Path) -> str:
    """`none`, `near` (too small to matter) or `wrong`: how the files differ from the reference."""
    mine = outcomes(task_id, folder)
    for said, bounds in (("none", EQUAL), ("near", NEAR)):
        if _equal(task_id, mine, _expected(task_id, ""), bounds):
            return said
    return "wrong"


def is_mistake(task_id: str, folder: Path, mistake: str) -> bool:
    """Whether the files give what a planted mistake gives, in all cases.

    Of a mistake that shows only in what a call leaves behind, nothing else has to be alike.
    """
    mine, planted = outcomes(task_id, folder), _expected(task_id, mistake)
    if _equal(task_id, mine, planted, ALIKE):
        return True
    shown = _shown(task_id, mistake)
    behind = all(name.startswith(("after_", "second")) for _, name in shown)
    return behind and all(
        name in mine[index].values and _like(mine[index].values[name], planted[index].values[name])
        for index, name in shown
        if mine[index].mishap is None
    )


def shows_in_noise_alone(task_id: str, mistake: str) -> bool:
    return all(name.startswith("noise_") for _, name in _shown(task_id, mistake))


@cache
def _shown(task_id: str, mistake: str) -> list[tuple[int, str]]:
    """In which outputs a planted mistake differs from the reference: index of the case, name."""
    pairs = zip(_expected(task_id, mistake), _expected(task_id, ""), strict=True)
    return [
        (index, name)
        for index, (wrong, right) in enumerate(pairs)
        for name, value in wrong.values.items()
        if name in right.values and not _like(value, right.values[name])
    ]


def _like(a: Value, b: Value) -> bool:
    if a.array is None or b.array is None or a.array.shape != b.array.shape:
        return False
    return np.allclose(a.array, b.array, equal_nan=True, **ALIKE)


@cache
def _fresh(task_id: str) -> list[tuple[str, dict[str, np.ndarray]]]:
    _, task = course.tasks()[task_id]
    drawn = [
        (case.probe or task.id, build_fixtures.draw_inputs(task, case, seed))
        for seed in SEEDS
        for case in task.cases
    ]
    return [(probe, {n: _double(a) for n, a in inputs.items()}) for probe, inputs in drawn]


def _double(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float64) if array.dtype.kind == "f" else array


@cache
def _expected(task_id: str, mistake: str) -> list[Outcome]:
    """Outcomes of the reference (named "") or of a planted mistake."""
    item, task = course.tasks()[task_id]
    planted = next((m for m in task.mistakes if m.id == mistake), None)
    if planted is None:
        return outcomes(task_id, item.folder)
    with tempfile.TemporaryDirectory() as folder:
        course.write(_variant(task_id, planted), Path(folder))
        return outcomes(task_id, Path(folder))


def _variant(task_id: str, planted) -> Variant:
    body = planted.body or course.solution(task_id)
    for old, new in planted.edits:
        body = body.replace(old, new)
    return Variant(task_id, ("planted", planted.id), body)


def _equal(
    task_id: str, mine: Sequence[Outcome], expected: Sequence[Outcome], bounds: dict[str, float]
) -> bool:
    return all(_same(task_id, a, b, bounds) for a, b in zip(mine, expected, strict=True))


def _same(task_id: str, mine: Outcome, expected: Outcome, bounds: dict[str, float]) -> bool:
    if mine.mishap is not None or expected.mishap is not None:
        return mine.mishap is not None and expected.mishap is not None
    task = catalogue()[task_id]
    case = replace(task.cases[0], **bounds)
    arrays = {n: v.array for n, v in expected.values.items() if v.array is not None}
    if not all(np.isfinite(array).all() for array in arrays.values()):
        return all(
            n in mine.values
            and mine.values[n].array is not None
            and mine.values[n].array.shape == a.shape
            and np.allclose(mine.values[n].array, a, equal_nan=True, **bounds)
            for n, a in arrays.items()
        )
    verdict = compare.judge(task, case, CaseArrays(expected=arrays), [mine])
    return verdict.status == PASSED


@cache
def catalogue() -> dict[str, fixtures.Task]:
    folder = course.ROOT / "test_resources"
    return {t.id: t for a in fixtures.assignments(folder) for t in a.tasks}
