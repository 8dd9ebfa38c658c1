"""The notebooks: built from their masters, accepted by nbgrader, executed from top to bottom.

Executing them means real kernels: once with the reference solution, where every check passes and
every picture appears, and once with the untouched stubs, where sentences take their place. The
first of these runs is nbgrader's own validation.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder import notebooks, source
from autograder.rubric import Rubric
from cases import reference_file
from notebook_kit import (
    RUBRICS,
    Validated,
    code_cells,
    each,
    environment,
    errors,
    execute,
    lay_out,
    master_of,
    pictures,
    printed,
    validate,
)

# Pictures by cell in the smoke profile, where samples are kept after each of two epochs.
PICTURES = {
    "vae": {
        "two-terms": 1,
        "train": 1,
        "loss-curves": 1,
        "each-term-alone": 3,
        "samples-by-epoch": 2,
        "reconstructions": 1,
        "nats-by-factor": 1,
        "traversals": 2,
        "interpolation": 3,
    },
    "ddpm": {
        "schedule": 1,
        "noising": 1,
        "train": 1,
        "loss-curve": 3,
        "samples": 1,
        "reverse-process": 2,
        "same-start": 1,
        "no-noise": 1,
        "fewer-steps": 1,
    },
    "cfg": {
        "schedule-and-noising": 2,
        "guided-bell": 1,
        "train": 1,
        "samples-by-epoch": 1,
        "ten-of-each": 1,
        "reverse-process": 2,
        "guidance-weights": 1,
        "guidance-curves": 1,
        "thresholding": 2,
    },
}
PICTURES_WITHOUT_ANSWERS = {"vae": {}, "ddpm": {"schedule": 1}, "cfg": {"guided-bell": 1}}
DEGRADED = ("is not there yet: an earlier cell makes it", "Nothing to show yet. ")


@pytest.fixture(scope="session")
def built() -> dict[str, str]:
    """The student notebooks, as text."""
    return {item.assignment: notebooks.build(item) for item in RUBRICS}


# --------------------------------------------------------------------------------- built


@each()
def test_cells_are_those_of_the_rubric(item: Rubric, built: dict[str, str]) -> None:
    notebook = nbformat.reads(built[item.assignment], 4)
    metas = [cell.metadata["nbgrader"] for cell in notebook.cells if "nbgrader" in cell.metadata]
    graded = {meta["grade_id"]: meta for meta in metas if meta["grade"]}
    expected = {task.id: (task.points, False) for task in item.tasks}
    expected |= {question.id: (question.points, True) for question in item.written}
    assert set(graded) == {name.replace(".", "-") for name in expected}
    for name, (points, written) in expected.items():
        meta = graded[name.replace(".", "-")]
        assert (meta["points"], meta["solution"]) == (points, written), name
        assert meta["locked"] is not written and meta["schema_version"] == 3
    checks = [cell for cell in code_cells(notebook) if cell.metadata.get("nbgrader")]
    assert [cell.source for cell in checks] == [f'points(check("{t.id}"))' for t in item.tasks]


@each()
def test_student_notebook_is_clean_and_reproducible(item: Rubric, built: dict[str, str]) -> None:
    text = built[item.assignment]
    assert text == notebooks.build(item)
    notebook = nbformat.reads(text, 4)
    assert all(not c.outputs and c.execution_count is None for c in code_cells(notebook))
    assert f"solutions/{item.assignment}/notebook.py" in notebook.metadata["generated"]
    assert "autograder release" in notebook.metadata["generated"]
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert not [name for name in ids if name.startswith("cell-")], "give code cells a name"
    agreement = notebook.cells[ids.index("agreement")]
    assert agreement.source.splitlines() == ['NAME = ""', 'STUDENT_ID = ""']
    assert "Colab" not in notebook.cells[0].source, "a badge that leads nowhere"


@each()
def test_student_notebook_holds_no_answer(item: Rubric, built: dict[str, str]) -> None:
    master = source.read(master_of(item))
    notebook = nbformat.reads(built[item.assignment], 4)
    student = {line.strip() for cell in notebook.cells for line in cell.source.splitlines()}
    regions = source.marked_lines(master, item.notebook)
    assert len(regions) == len(item.written)
    answers = _lines_inside(master, item.notebook)
    for file in (file for other in RUBRICS for file in other.files):
        answers |= _lines_inside(source.read(reference_file(file)), file)
    assert len(answers) > 100
    assert not answers & student
    assert not [line for line in student if "SOLUTION" in line]


def _lines_inside(text: str, name: str) -> set[str]:
    """Lines of solutions that say something and do not stand outside of them as well."""
    lines = [line.strip() for line in text.splitlines()]
    numbers = {n for begin, end in source.marked_lines(text, name) for n in range(begin, end - 1)}
    inside = {lines[n] for n in numbers}
    outside = {line for n, line in enumerate(lines) if n not in numbers}
    return {line for line in inside - outside if len(line) > 20}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("### END SOLUTION\n", "", "begins inside the one of line"),
        ("### BEGIN SOLUTION", "### BEGIN SOLUTON", "ends that never began"),
        ("### BEGIN SOLUTION", "# BEGIN SOLUTION", "write `### BEGIN SOLUTION`"),
        ('answer="', 'reply="', 'not in a cell with answer="..."'),
        ('check="q1.log_mean_exp"', 'check="q1.mean"', "the rubric has no q1.mean"),
        ("(`q1.log_mean_exp`)", "(`q1.mean`)", "q1.mean is not in the rubric"),
        ('check="q1.log_mean_exp"', 'check="q1.loss_function"', "is for q1.loss_function as well"),
        ("### BEGIN SOLUTION", "\n", "ends that never began"),
    ],
)
def test_marker_errors_name_file_and_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = source.read(master_of(RUBRICS[0]))
    assert old in text
    with pytest.raises(source.MarkerError, match=r"vae/notebook\.py, line \d+") as error:
        notebooks.build(changed(tmp_path, text.replace(old, new, 1)))
    assert said in str(error.value)


def changed(folder: Path, text: str) -> Rubric:
    """The first assignment with another master."""
    place = folder / "solutions" / "vae"
    place.mkdir(parents=True)
    (place / "notebook.py").write_text(text, encoding="utf-8")
    return dataclasses.replace(RUBRICS[0], folder=place)


def test_what_the_rubric_lists_needs_its_cells(tmp_path: Path) -> None:
    text = source.read(master_of(RUBRICS[0])).replace('# %% check="q1.log_mean_exp"\n', "")
    with pytest.raises(source.MarkerError, match='no cell with check="q1.log_mean_exp"'):
        notebooks.build(changed(tmp_path, text))


def test_a_course_has_points_and_a_repository_of_its_own() -> None:
    course = dataclasses.replace(RUBRICS[0].course, repository="lake-university/generative")
    task, *rest = RUBRICS[0].tasks
    tasks = (dataclasses.replace(task, points=16), *rest)
    text = notebooks.build(dataclasses.replace(RUBRICS[0], course=course, tasks=tasks))
    assert "/lake-university/generative/blob/main/assignments/01_vae.ipynb" in text
    assert "(16 points, `q1.log_likelihood_bernoulli`)" in text and "78 points in all" in text


def test_unmarked_answer_is_an_error(tmp_path: Path) -> None:
    text = source.read(master_of(RUBRICS[0]))
    begin, end = source.marked_lines(text, "")[0]
    lines = text.splitlines()
    del lines[end - 1], lines[begin - 1]
    with pytest.raises(source.MarkerError, match=r"notebook\.py, line \d+: no solution is marked"):
        notebooks.build(changed(tmp_path, "\n".join(lines)))


@pytest.mark.slow
def test_generate_assignment_gives_what_we_release(tmp_path: Path, built: dict[str, str]) -> None:
    place = tmp_path / "source" / "all"
    place.mkdir(parents=True)
    for item in RUBRICS:
        master = notebooks.master_notebook(item)
        (place / item.notebook).write_text(notebooks.as_text(master), encoding="utf-8")
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # alembic
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "generate_assignment", "all"],
        cwd=tmp_path,
        env=environment(PATH=programs),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for item in RUBRICS:
        release = nbformat.read(tmp_path / "release" / "all" / item.notebook, 4)
        assert notebooks.as_text(release) == built[item.assignment]


# ------------------------------------------------------------------------------ executed


@pytest.fixture(scope="session", params=RUBRICS, ids=lambda item: item.assignment)
def validated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Rubric, Validated]:
    item: Rubric = request.param
    return item, validate(tmp_path_factory.mktemp("reference"), item)


@pytest.mark.slow
def test_nbgrader_validates_the_master(validated: tuple[Rubric, Validated]) -> None:
    _, run = validated
    assert run.complaints == {}
    assert not errors(run.notebook)
    for cell in code_cells(run.notebook):
        if cell.metadata.get("nbgrader"):
            task = cell.metadata["tags"][0]
            assert f"{task} passes its public case" in printed(cell)
            # A number at the end is the score; text on stderr would be 0 points.
            assert float(_last(cell)) == cell.metadata.nbgrader.points
            assert not [o for o in cell.outputs if o.get("name") == "stderr"]


@pytest.mark.slow
def test_reference_shows_every_picture(validated: tuple[Rubric, Validated]) -> None:
    item, run = validated
    for cell in code_cells(run.notebook):
        said = printed(cell)
        assert not any(words in said for words in ("ot implemented", *DEGRADED)), cell.id
    assert pictures(run.notebook) == PICTURES[item.assignment]


@pytest.mark.slow
@each()
def test_stubs_give_sentences_and_no_traceback(item: Rubric, tmp_path: Path) -> None:
    path = lay_out(tmp_path, item, "stubs")
    notebook = execute(nbformat.read(path, 4), path.parent)
    assert not errors(notebook)
    shown = pictures(notebook)
    assert shown == PICTURES_WITHOUT_ANSWERS[item.assignment]
    for cell in code_cells(notebook):
        said = printed(cell)
        assert "Traceback" not in said
        if cell.metadata.get("nbgrader"):
            assert "not implemented" in said and cell.metadata["tags"][0] in said
            assert float(_last(cell)) == 0
        elif "when_ready()" in cell.source.replace("start, when_ready", "") and cell.id != "setup":
            named = any(f"Not implemented yet: {task.id}." in said for task in item.tasks)
            degraded = any(words in said for words in DEGRADED)
            assert named or degraded or cell.id in shown, cell.id


def _last(cell: Any) -> str:
    return str(cell.outputs[-1]["data"]["text/plain"])
