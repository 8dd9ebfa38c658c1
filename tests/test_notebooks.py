"""The notebooks: built from their masters, accepted by nbgrader, and executed from top to bottom.

Executing them means real kernels: once with the reference solution, where every check passes and
every picture appears, and once with the untouched stubs, where sentences take their place.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from autograder import notebooks, rubric, source
from autograder.rubric import Rubric

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS = ROOT / "solutions"
RUBRICS = rubric.load_all(SOLUTIONS)
ANSWERS = ("reference", "stubs")


def master_of(item: Rubric) -> Path:
    return SOLUTIONS / "notebooks" / item.notebook.replace(".ipynb", ".py")


def each(*values: Any) -> Any:
    return pytest.mark.parametrize("item", values or RUBRICS, ids=lambda item: item.assignment)


def lay_out(folder: Path, item: Rubric, answers: str) -> Path:
    """A student's folder, with the reference solution or with stubs; returns its notebook."""
    sources = folder / "student_src"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "student_src" / "homework", sources / "homework", ignore=ignore)
    shutil.copytree(ROOT / "test_resources", folder / "test_resources")
    for file in item.files:
        text = source.read(SOLUTIONS / file)
        if answers == "stubs":
            tasks = {task.name: task for task in item.tasks if task.file == file}
            text = source.stub(text, file, tasks)
        (sources / file).write_text(text, encoding="utf-8")
    (folder / "assignments").mkdir()
    path = folder / "assignments" / item.notebook
    path.write_text(notebooks.build(master_of(item)), encoding="utf-8")
    return path


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HOMEWORK", "PYTHONPATH"))}
    return {**kept, "HOMEWORK_PROFILE": "smoke", "OMP_NUM_THREADS": "1", **more}


def execute(notebook: Any, folder: Path) -> Any:
    client = NotebookClient(
        notebook, timeout=240, allow_errors=True, resources={"metadata": {"path": str(folder)}}
    )
    return client.execute(env=environment())


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def errors(notebook: Any) -> list[str]:
    return [
        f"{cell.id}: {output.ename}: {output.evalue}"
        for cell in code_cells(notebook)
        for output in cell.outputs
        if output.output_type == "error"
    ]


def printed(cell: Any) -> str:
    """What a cell printed or displayed, as text."""
    texts = [output.get("text", "") for output in cell.outputs]
    texts += [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "\n".join(texts)


def pictures(cell: Any) -> int:
    return sum("image/png" in output.get("data", {}) for output in cell.outputs)


def graded(notebook: Any) -> dict[str, Any]:
    """nbgrader's metadata of the cells that are graded, by id."""
    found = (cell.metadata.get("nbgrader", {}) for cell in notebook.cells)
    return {meta["grade_id"]: meta for meta in found if meta.get("grade")}


# --------------------------------------------------------------------------------- built


@each()
def test_cells_are_those_of_the_rubric(item: Rubric) -> None:
    notebook = nbformat.reads(notebooks.build(master_of(item)), 4)
    cells = graded(notebook)
    expected = {task.id: (task.points, False) for task in item.tasks}
    expected |= {question.id: (question.points, True) for question in item.written}
    assert list(cells) == sorted(cells, key=list(cells).index)
    assert set(cells) == {name.replace(".", "-") for name in expected}
    for name, (points, written) in expected.items():
        meta = cells[name.replace(".", "-")]
        assert (meta["points"], meta["solution"]) == (points, written), name
        assert meta["locked"] is not written and meta["schema_version"] == 3
    checks = [cell for cell in code_cells(notebook) if cell.metadata.get("nbgrader")]
    assert [cell.source for cell in checks] == [f'points(check("{t.id}"))' for t in item.tasks]


@each()
def test_student_notebook_is_clean_and_reproducible(item: Rubric) -> None:
    text = notebooks.build(master_of(item))
    assert text == notebooks.build(master_of(item))
    notebook = nbformat.reads(text, 4)
    assert all(not c.outputs and c.execution_count is None for c in code_cells(notebook))
    assert item.notebook.replace(".ipynb", ".py") in notebook.metadata["generated"]
    assert "autograder release" in notebook.metadata["generated"]
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids) and "agreement" in ids
    agreement = next(cell for cell in notebook.cells if cell.id == "agreement")
    assert agreement.source.splitlines() == ['NAME = ""', 'STUDENT_ID = ""']


@each()
def test_student_notebook_holds_no_model_answer(item: Rubric) -> None:
    master = source.read(master_of(item))
    student = "\n".join(
        cell.source for cell in nbformat.reads(notebooks.build(master_of(item)), 4).cells
    )
    regions = source.marked_lines(master, item.notebook)
    assert len(regions) == len(item.written)
    for begin, end in regions:
        answer = [line for line in master.splitlines()[begin : end - 1] if len(line) > 20]
        assert answer
        assert not [line for line in answer if line in student]
    assert "SOLUTION" not in student


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("### END SOLUTION\n", "", "begins inside the one of line"),
        ("### BEGIN SOLUTION", "### BEGIN SOLUTON", "ends that never began"),
        ("### BEGIN SOLUTION", "# BEGIN SOLUTION", "write `### BEGIN SOLUTION`"),
        ('"solution": true', '"solution": false', '"solution": true'),
        ("### BEGIN SOLUTION", "\n", "ends that never began"),
    ],
)
def test_marker_errors_name_file_and_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = source.read(master_of(RUBRICS[0]))
    (tmp_path / "wrong.py").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(source.MarkerError, match=r"wrong\.py, line \d+") as error:
        notebooks.build(tmp_path / "wrong.py")
    assert said in str(error.value)


def test_unmarked_answer_is_an_error(tmp_path: Path) -> None:
    text = source.read(master_of(RUBRICS[0]))
    begin, end = source.marked_lines(text, "")[0]
    lines = text.splitlines()
    del lines[end - 1], lines[begin - 1]
    (tmp_path / "wrong.py").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(source.MarkerError, match=r"wrong\.py, line \d+: no solution is marked"):
        notebooks.build(tmp_path / "wrong.py")


# ------------------------------------------------------------------------------ nbgrader


def nbgrader(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # alembic
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=folder,
        env=environment(PATH=programs),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@each()
def test_generate_assignment_gives_what_we_release(item: Rubric, tmp_path: Path) -> None:
    place = tmp_path / "source" / item.assignment
    place.mkdir(parents=True)
    master = notebooks.master_notebook(master_of(item))
    (place / item.notebook).write_text(notebooks.as_text(master), encoding="utf-8")
    done = nbgrader("generate_assignment", item.assignment, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    release = nbformat.read(tmp_path / "release" / item.assignment / item.notebook, 4)
    assert notebooks.as_text(release) == notebooks.build(master_of(item))


@each()
def test_validate_accepts_the_master(item: Rubric, tmp_path: Path) -> None:
    path = lay_out(tmp_path, item, "reference")
    path.write_text(notebooks.as_text(notebooks.master_notebook(master_of(item))), encoding="utf-8")
    done = nbgrader("validate", item.notebook, folder=path.parent)
    assert done.returncode == 0, done.stderr
    assert "Success! Your notebook passes all the tests." in done.stdout


# ------------------------------------------------------------------------------ executed


@each()
def test_reference_passes_and_every_picture_appears(item: Rubric, tmp_path: Path) -> None:
    path = lay_out(tmp_path, item, "reference")
    notebook = execute(nbformat.read(path, 4), path.parent)
    assert not errors(notebook)
    for cell in code_cells(notebook):
        text = printed(cell)
        assert "ot implemented" not in text and "is not there yet" not in text, cell.id
        if cell.metadata.get("nbgrader"):
            task = cell.metadata["tags"][0]
            assert f"{task} passes its public case" in text
            # A number at the end is the score; text on stderr would be 0 points.
            assert float(cell.outputs[-1]["data"]["text/plain"]) == cell.metadata.nbgrader.points
            assert not [o for o in cell.outputs if o.get("name") == "stderr"]
        wanted = cell.source.count("plt.show()") + cell.source.count("display(show_images")
        wanted += cell.source.count("display(\n")
        assert pictures(cell) >= wanted, cell.id
    assert not list(tmp_path.rglob("*.pyc")), "the folder that is handed in stays clean"


@each()
def test_stubs_give_sentences_and_no_traceback(item: Rubric, tmp_path: Path) -> None:
    path = lay_out(tmp_path, item, "stubs")
    notebook = execute(nbformat.read(path, 4), path.parent)
    assert not errors(notebook)
    said = "\n".join(printed(cell) for cell in code_cells(notebook))
    assert "Traceback" not in said
    for cell in code_cells(notebook):
        text = printed(cell)
        if cell.metadata.get("nbgrader"):
            assert "not implemented" in text and cell.metadata["tags"][0] in text
            assert float(cell.outputs[-1]["data"]["text/plain"]) == 0
        elif "when_ready():" in cell.source:
            named = any(f"Not implemented yet: {task.id}." in text for task in item.tasks)
            missing = "is not there yet: an earlier cell makes it" in text
            assert named or missing or pictures(cell), cell.id
    assert "Not implemented yet: " in said


# --------------------------------------------------------------------------------- setup


def setup_source(item: Rubric) -> str:
    cells = notebooks.master_notebook(master_of(item)).cells
    return str(next(cell.source for cell in cells if cell.id == "setup"))


def test_edits_count_at_once(tmp_path: Path) -> None:
    """Also an edit within the same second that leaves the file's size as it was."""
    item = RUBRICS[0]
    path = lay_out(tmp_path, item, "stubs")
    edit = (
        "file = HOME / 'student_src' / 'q1_vae.py'\n"
        "text = file.read_text().replace('NUMBER = {0}', 'NUMBER = {1}')\n"
        "start = 'NUMBER = 1\\ndef f():\\n    return NUMBER\\n'\n"
        "text = text if 'NUMBER' in text else text + start\n"
        "file.write_text(text)"
    )
    read = "print(fresh('q1_vae').NUMBER)"
    cells = [
        setup_source(item),
        edit.format(0, 1),
        "from q1_vae import f\nimport q1_vae\nprint(f(), q1_vae.f())",
        edit.format(1, 2),
        "print(f(), q1_vae.f())",
        edit.format(2, 3),
        read,
        edit.format(3, 4),
        read,
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    done = execute(notebook, path.parent)
    assert not errors(done)
    seen = [printed(cell).strip() for cell in done.cells]
    assert [seen[2], seen[4], seen[6], seen[8]] == ["1 1", "2 2", "3", "4"]


@each()
@pytest.mark.parametrize("below", [".", "assignments", "..", "../.."])
def test_setup_finds_its_folder(
    item: Rubric, below: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "course" / "my folder"
    for name in ("student_src", "assignments"):
        (home / name).mkdir(parents=True)
    (home / "student_src" / item.files[0]).touch()
    other = tmp_path / "course" / "another" / "student_src"  # of an assignment with other files
    other.mkdir(parents=True)
    (other / "q0_other.py").touch()
    monkeypatch.chdir(home / below)
    monkeypatch.delenv("HOMEWORK_HOME", raising=False)
    names: dict[str, Any] = {}
    exec(setup_source(item).split("\nHOME = find_home()")[0], names)
    assert names["find_home"]().resolve() == home.resolve()


FAKE_COLAB = """
import pathlib, sys, types
def mount(where):
    print("mounted", where)
    pathlib.Path({drive!r}).symlink_to({content!r})
def upload():
    return {{"vae.zip": pathlib.Path({archive!r}).read_bytes()}}
colab = types.ModuleType("google.colab")
colab.drive, colab.files = types.SimpleNamespace(mount=mount), types.SimpleNamespace(upload=upload)
sys.modules["google"], sys.modules["google.colab"] = types.ModuleType("google"), colab
"""


@pytest.mark.parametrize("way", ["drive", "upload"])
def test_setup_in_colab(way: str, tmp_path: Path) -> None:
    item = RUBRICS[0]
    lay_out(tmp_path / "my drive" / "vae", item, "stubs")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted((tmp_path / "my drive").rglob("*.py")):
            archive.write(path, path.relative_to(tmp_path / "my drive"))
    (tmp_path / "vae.zip").write_bytes(buffer.getvalue())
    drive = tmp_path / "drive"
    code = FAKE_COLAB.format(
        drive=str(drive), content=str(tmp_path / "my drive"), archive=str(tmp_path / "vae.zip")
    )
    code += (
        setup_source(item)
        .replace("/content/drive/MyDrive", str(drive))
        .replace('COLAB_FILES = "drive"', f'COLAB_FILES = "{way}"')
    )
    work = tmp_path / "content"
    work.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=work,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "torch" in done.stdout and "working in" in done.stdout
    assert ("mounted" in done.stdout) == (way == "drive")


def test_setup_says_what_to_do_when_nothing_is_found(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", setup_source(RUBRICS[0])],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Start Jupyter in the folder of the unzipped assignment" in done.stderr
