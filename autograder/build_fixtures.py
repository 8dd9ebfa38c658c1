"""Makes fixtures: runs every probe on the reference and on each planted mistake."""

from __future__ import annotations

import io
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TQDM_DISABLE", "1")  # thousands of short runs: no bars, before tqdm loads

from autograder import ingredients, source
from autograder.kit_files import GENERATED
from autograder.rubric import Case, Rubric, Task
from homework import probing
from homework.fixtures import FORMAT, PUBLIC, RAISES
from homework.formula import Formula
from homework.outcome import Outcome
from homework.redirect import forced_constant
from homework.student import Student

PUBLIC_SEED = 0
CORE = "homework/"  # of modules below it, students' own copies do not count
Arrays = dict[str, np.ndarray]


class BuildError(Exception):
    """The reference does not run, or gives values that cannot be graded against."""


def text_of(catalogue: Mapping[str, Any]) -> str:
    """The content of `<assignment>.json`."""
    return json.dumps(catalogue, indent=1) + "\n"


def catalogue(rubric: Rubric, public: bool) -> dict[str, Any]:
    """What is known of an assignment without its arrays.

    The public catalogue lists the public cases only, the hidden one both: public copies have
    weight 0 there. What the judge alone has to know is in the hidden one alone.
    """
    judges: dict[str, Any] = {
        "finished_policy": rubric.finished_policy,
        "classes": list(rubric.classes),
        "preload": list(rubric.preload),
        "rehearsal": dict(rubric.rehearsal),
    }
    return {
        "generated_by": f"autograder release, from {rubric.folder.parent.name}/{rubric.assignment}",
        "format": FORMAT,
        "assignment": rubric.assignment,
        "number": rubric.number,
        "prefix": rubric.prefix,
        "title": rubric.title,
        "files": list(rubric.files),
        "notebook": rubric.notebook,
        "provided": {
            file: provided(rubric, file) for file in rubric.provided if not file.startswith(CORE)
        },
        "settings": rubric.settings,
        "points": rubric.points,
        "tasks": [_task_entry(task, public) for task in rubric.tasks],
        "written": [vars(item) for item in rubric.written],
        **({} if public else judges),
    }


def provided(rubric: Rubric, file: str) -> str:
    """The text of a module that an assignment gives to students, with a line on its origin."""
    path = rubric.provided[file]
    return f"{GENERATED}{rubric.shown(path)}\n{source.read(path)}"


def _task_entry(task: Task, public: bool) -> dict[str, Any]:
    cases = [_case_entry(task, c, f"{PUBLIC}{c.name}", True, 0.0) for c in task.cases]
    if public:
        cases = [case | {"weight": 1.0} for case in cases]
    else:
        cases += [_case_entry(task, c, c.name, False, c.weight) for c in task.cases]
    return {
        "id": task.id,
        "title": task.title,
        "points": task.points,
        "file": task.file,
        "isolated": task.isolated,
        "all_or_nothing": task.all_or_nothing,
        "broadcasts": list(task.broadcasts),
        "cases": cases,
        "mistakes": {mistake.id: mistake.hint for mistake in task.mistakes},
        "formulas": [vars(formula) for formula in _formulas(task)],
        **({} if public else {"finished": list(task.finished)}),
    }


def _formulas(task: Task) -> Iterator[Formula]:
    for declared in task.ingredients:
        drawn = (ingredients.doubles(draw_inputs(task, c, PUBLIC_SEED)) for c in task.cases)
        yield ingredients.formula(declared, next(i for i in drawn if declared.make(i)))


def _case_entry(task: Task, case: Case, name: str, public: bool, weight: float) -> dict[str, Any]:
    return {
        "name": name,
        "about": case.about,
        "probe": case.probe or task.id,
        "weight": weight,
        "public": public,
        "rtol": task.rtol if case.rtol is None else case.rtol,
        "atol": task.atol if case.atol is None else case.atol,
    }


def arrays(rubric: Rubric, secret: int | None) -> Arrays:
    """The arrays of an assignment's cases, named as `homework.fixtures` reads them.

    Args:
        secret: what hidden cases are drawn from; None for their public counterparts, which alone
            have what explains wrong results.
    """
    found: Arrays = {}
    with tempfile.TemporaryDirectory() as temporary:
        for task in rubric.tasks:
            students = list(variants(rubric, task, Path(temporary), secret is None))
            for case in task.cases:
                found |= _case_arrays(task, case, secret, students)
    return found


def variants(
    rubric: Rubric, task: Task, temporary: Path, mistakes: bool
) -> Iterator[tuple[str, Student]]:
    """The reference (named ""), and every planted mistake, each in a folder of its own."""
    stems = [file.removesuffix(".py") for file in rubric.files]
    yield "", Student(rubric.folder, stems)
    for mistake in task.mistakes if mistakes else ():
        folder = temporary / f"{task.id}-{mistake.id}"
        folder.mkdir()
        for file in rubric.files:
            text = source.read(rubric.folder / file)
            if file == task.file:
                text = source.plant(text, file, task, mistake)
            (folder / file).write_text(text, encoding="utf-8")
        yield mistake.id, Student(folder, stems)


def _case_arrays(
    task: Task, case: Case, secret: int | None, variants: list[tuple[str, Student]]
) -> Arrays:
    name = f"{PUBLIC}{case.name}" if secret is None else case.name
    inputs = draw_inputs(task, case, secret)
    probe = case.probe or task.id
    (_, reference), *mistaken = variants
    found = {f"in/{key}": value for key, value in inputs.items()}
    outcome = probing.run(reference, probe, inputs)
    if outcome.mishap is not None:
        raise BuildError(f"the reference fails at {task.id}, case {case.name}: {outcome.mishap}")
    exact = _exact(outcome)
    found |= {f"out/{key}": value for key, value in exact.items()}
    for key, (mean, std) in _moments(case, probe, reference, inputs, outcome).items():
        found |= {f"mean/{key}": mean, f"std/{key}": std}
    for index, declared in enumerate(task.ingredients if secret is None else ()):
        if declared.output in exact:
            made = ingredients.arrays(declared, inputs, exact[declared.output])
            found |= {f"formula/{index}-{kind}": array for kind, array in made.items()}
    for mistake, student in mistaken:
        given = probing.run(student, probe, inputs)
        wrong = _values(given)
        shown = _differing(outcome, wrong, task, case)
        found |= {f"mistake:{mistake}/{key}": wrong[key] for key in shown}
        lacking = (
            [RAISES] if given.mishap else [key for key in _values(outcome) if key not in wrong]
        )
        found |= {f"lacks:{mistake}/{key}": np.empty(0) for key in lacking}
    return {f"{task.id}/{name}/{key}": value for key, value in found.items()}


def draw_inputs(task: Task, case: Case, secret: int | None) -> Arrays:
    """The inputs of a case, or without a secret of its public counterpart, from a frozen stream."""
    seed, make = (PUBLIC_SEED, case.public) if secret is None else (secret, case.inputs)
    key = zlib.crc32(f"{task.id}/{case.name}".encode())
    words = [seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF, seed >> 64 & 0xFFFFFFFF, key]
    state = np.random.RandomState(np.array(words, dtype=np.uint32))
    return {name: _plain(value) for name, value in make(state).items()}


def _plain(value: Any) -> np.ndarray:
    array = np.asarray(value)
    return array.astype(np.int64 if array.dtype.kind in "iub" else np.float32)


def _values(outcome: Outcome) -> Arrays:
    found = {n: v.array for n, v in outcome.values.items() if v.array is not None}
    return {n: array for n, array in found.items() if not n.startswith("note_")}


def _exact(outcome: Outcome) -> Arrays:
    exact = {n: a for n, a in _values(outcome).items() if not n.startswith("noise_")}
    for name, array in exact.items():
        if not np.isfinite(array).all():
            raise BuildError(f"the reference gives NaN or infinity for {name}")
    return exact


def _moments(
    case: Case, probe: str, reference: Student, inputs: Arrays, outcome: Outcome
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    names = [name for name in outcome.values if name.startswith("noise_")]
    if not names:
        return {}
    given = case.moments(inputs) if case.moments else {}
    found = {n: (np.asarray(m, float), np.asarray(s, float)) for n, (m, s) in given.items()}
    if not set(names) - set(found):
        return found
    with forced_constant(0.0):
        zeros = _values(probing.run(reference, probe, inputs))
    with forced_constant(1.0):
        ones = _values(probing.run(reference, probe, inputs))
    return {n: (zeros[n].astype(float), ones[n].astype(float) - zeros[n]) for n in names} | found


def _differing(right: Outcome, wrong: Arrays, task: Task, case: Case) -> list[str]:
    """The outputs in which a mistake shows in this case: only these are worth keeping."""
    rtol = task.rtol if case.rtol is None else case.rtol
    atol = task.atol if case.atol is None else case.atol
    names = []
    for name, value in _values(right).items():
        other = wrong.get(name)
        if other is None:
            continue
        if other.shape != value.shape or not np.allclose(other, value, rtol=rtol, atol=atol):
            names.append(name)
    return names


def npz_bytes(found: Arrays) -> bytes:
    """An `.npz` file with fixed times and order: the same arrays give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(found):
            content = io.BytesIO()
            np.lib.format.write_array(content, np.array(found[name], order="C"))
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content.getvalue())
    return buffer.getvalue()
