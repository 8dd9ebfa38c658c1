"""The notebooks' first cell, and what `homework.notebook` does around the others."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.rubric import Rubric
from homework import checkpoints
from homework.loop import TrainingError
from homework.notebook import need, when_ready
from notebook_kit import (
    RUBRICS,
    each,
    environment,
    errors,
    execute,
    lay_out,
    printed,
    setup_source,
)


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


# ----------------------------------------------------------------------------- sentences


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            NotImplementedError("q1.log_mean_exp"),
            "Not implemented yet: q1.log_mean_exp. Fill it in",
        ),
        (NotImplementedError(), "Not implemented yet: one of your functions."),
        (TrainingError("The loss is nan."), "Training has stopped. The loss is nan."),
    ],
)
def test_what_is_not_there_yet_is_a_sentence(
    error: Exception, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with when_ready():
        raise error
    assert said in capsys.readouterr().out


def test_need_lets_through_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    with when_ready():
        assert need([1], "Train first.") == [1]
        need([], "Train first.")
        raise AssertionError
    assert capsys.readouterr().out == "Nothing to show yet. Train first.\n"


def test_missing_names_are_a_sentence_in_cells_only(capsys: pytest.CaptureFixture[str]) -> None:
    cell = "with when_ready():\n    print(trainer)"
    exec(cell, {"__name__": "__main__", "when_ready": when_ready})
    assert "`trainer` is not there yet: an earlier cell makes it." in capsys.readouterr().out
    with pytest.raises(NameError):
        exec(cell, {"__name__": "q1_vae", "when_ready": when_ready})


def test_a_checkpoint_that_does_not_fit_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old.safetensors").write_bytes(b"no checkpoint")
    with when_ready():
        checkpoints.load(tmp_path / "old.safetensors", None)  # type: ignore[arg-type]
    assert "The checkpoint cannot be used. " in capsys.readouterr().out


@pytest.mark.parametrize("error", [ValueError("shape"), AttributeError("x"), KeyError(1)])
def test_other_errors_keep_their_traceback(error: Exception) -> None:
    with pytest.raises(type(error)), when_ready():
        raise error
