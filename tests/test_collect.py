"""`collect_submission.sh`, really run by bash on real kits."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

import student_kit

BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(BASH is None, reason="there is no bash")
NAMES = ["q1_vae.py", "q1_train_vae.py", "01_vae.ipynb"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return student_kit.build(tmp_path_factory.mktemp("built") / "kit", ("vae", "ddpm"))


@pytest.fixture
def kit(built: Path, tmp_path: Path) -> Path:
    """The kit of one assignment, in a folder with a space in its name."""
    folder = tmp_path / "My Drive" / "kit (1)"
    shutil.copytree(built, folder)
    for path in (*folder.glob("test_resources/ddpm*"), *folder.glob("student_src/q2*")):
        path.unlink()
    (folder / "assignments" / "02_ddpm.ipynb").unlink()
    (folder / "collect_submission.sh").chmod(0o644)
    return folder


def collect(
    kit: Path, *arguments: str, checks: bool = False, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The script, run from another folder; without the public checks, which take seconds."""
    options = () if checks else ("--no-check",)
    script = str(kit / "collect_submission.sh")
    done = student_kit.run([str(BASH), script, *arguments, *options], kit.parent, environment)
    assert done.stderr == ""
    return done


def names(kit: Path) -> list[str]:
    with zipfile.ZipFile(kit / "submission_vae.zip") as archive:
        assert archive.testzip() is None
        return archive.namelist()


def files(kit: Path) -> set[str]:
    return {path.name for path in kit.iterdir()}


def test_packs_and_tells_what_passes(kit: Path) -> None:
    student_kit.solve(kit, "q1_vae.py")
    (kit / "student_src" / "notes.py").write_text("secret = 1\n", encoding="utf-8")
    done = collect(kit, checks=True)
    assert done.returncode == 0, done.stdout
    assert names(kit) == NAMES
    assert "5 of 6 tasks pass" in done.stdout
    assert "not implemented q1.loss_function" in done.stdout
    assert f"Hand in this file: {kit / 'submission_vae.zip'}" in done.stdout
    first = (kit / "submission_vae.zip").read_bytes()
    assert collect(kit, "VAE").returncode == 0
    assert (kit / "submission_vae.zip").read_bytes() == first


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_carriage_returns_do_no_harm(kit: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    for path in (kit / "collect_submission.sh", *kit.glob("student_src/**/*.py")):
        text = path.read_bytes()
        assert b"\r" not in text
        path.write_bytes(text.replace(b"\n", b"\r\n"))
    done = student_kit.run([shell, str(kit / "collect_submission.sh"), "vae", "--no-check"], kit)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert names(kit) == NAMES
    assert "Still to do: q1.log_likelihood_bernoulli, " in done.stdout


def test_every_line_of_the_script_bears_a_carriage_return() -> None:
    for line in (student_kit.ROOT / "collect_submission.sh").read_text("utf-8").splitlines():
        assert line.startswith("#") or " # " in line or line.endswith(" #"), line


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("def broken(:\n    pass\n", "line 1: SyntaxError: "),
        ("x = 1\nif x:\npass\n", "line 3: IndentationError: "),
        ("x = '\0'\n", "null bytes"),
        ("# coding: klingon\n", "klingon"),
        ("(" * 100_000, "Error"),
    ],
)
def test_what_does_not_compile_is_not_packed(kit: Path, damage: str, said: str) -> None:
    old = kit / "submission_vae.zip"
    old.write_bytes(b"the old one")
    (kit / "student_src" / "q1_vae.py").write_text(damage, encoding="utf-8")
    done = collect(kit)
    assert done.returncode == 1 and "BROKEN          q1_vae.py" in done.stdout
    assert said in done.stdout and "Nothing was packed" in done.stdout
    assert old.read_bytes() == b"the old one"


def test_nothing_is_imported(kit: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    text = f"open({str(mark)!r}, 'w')\n"
    (kit / "student_src" / "q1_vae.py").write_text(text, encoding="utf-8")
    for module in ("zipfile", "json", "ast", "random"):  # would stand in for the library's own
        (kit / "student_src" / f"{module}.py").write_text(text, encoding="utf-8")
        (kit.parent / f"{module}.py").write_text(text, encoding="utf-8")
    assert collect(kit).returncode == 0
    assert not mark.exists()


def test_a_pipe_is_not_waited_for(kit: Path) -> None:
    (kit / "student_src" / "q1_vae.py").unlink()
    os.mkfifo(kit / "student_src" / "q1_vae.py")
    done = collect(kit, "vae")
    assert done.returncode == 1 and "it is no file" in done.stdout


def test_missing_files_are_named(kit: Path) -> None:
    code = kit / "student_src"
    (code / "q1_vae.py").rename(code / "q1_vae (1).py")
    (kit / "assignments" / "01_vae.ipynb").rename(kit / "01_vae.ipynb")
    done = collect(kit)
    assert done.returncode == 1
    assert "MISSING         q1_vae.py" in done.stdout and "q1_vae (1).py? Rename" in done.stdout
    assert "MISSING         01_vae.ipynb" in done.stdout
    assert "Nothing was packed: see to q1_vae.py, 01_vae.ipynb" in done.stdout
    assert not (kit / "submission_vae.zip").exists()


@pytest.mark.parametrize(
    ("content", "said"), [("no json", "not a notebook"), ('{"cells": 3}', "not a notebook")]
)
def test_a_damaged_notebook(kit: Path, content: str, said: str) -> None:
    (kit / "assignments" / "01_vae.ipynb").write_text(content, encoding="utf-8")
    done = collect(kit)
    assert done.returncode == 1 and said in done.stdout


def test_the_agreement(kit: Path) -> None:
    notebook = kit / "assignments" / "01_vae.ipynb"
    student_kit.write_notebook(notebook, ["1"], 'NAME = ""\nSTUDENT_ID = "  "')
    done = collect(kit)
    assert done.returncode == 0
    assert "not signed: fill in NAME and STUDENT_ID" in done.stdout
    student_kit.write_notebook(notebook, ["1"], 'NAME = "Ada"\nSTUDENT_ID = "7"  # yours')
    assert "signed by Ada (7)" in collect(kit).stdout


def test_the_report_is_remarked_on(kit: Path) -> None:
    assert "none yet        report.pdf" in collect(kit).stdout
    (kit / "report.pdf").write_bytes(b"%PDF")
    assert "report.pdf, saved 20" in collect(kit).stdout
    assert names(kit) == NAMES


def test_a_zip_that_cannot_be_written(kit: Path) -> None:
    target = kit / "submission_vae.zip"
    target.mkdir()
    done = collect(kit)
    assert done.returncode == 1 and "cannot be written" in done.stdout
    assert "submission_vae.zip.part" not in files(kit)


def test_own_modules_are_packed(kit: Path) -> None:
    code = kit / "student_src"
    (code / "helpers").mkdir()
    (code / "helpers" / "__init__.py").write_text("from . import nets\n", encoding="utf-8")
    (code / "helpers" / "nets.py").write_text("import seaborn\n", encoding="utf-8")
    (code / "helpers" / "unused.py").write_text("", encoding="utf-8")
    (code / "random.py").write_text("", encoding="utf-8")
    student_kit.edit(code / "q1_vae.py", "import math", "import math, random\nimport helpers")
    done = collect(kit)
    assert done.returncode == 0, done.stdout
    assert set(names(kit)) == {*NAMES, "helpers/__init__.py", "helpers/nets.py"}
    assert "random.py was left out: random is the name of a module" in done.stdout
    assert "line 1 of helpers/nets.py imports seaborn" in done.stdout
    (code / "helpers" / "nets.py").write_text("x =\n", encoding="utf-8")
    done = collect(kit)
    assert done.returncode == 1 and "BROKEN          helpers/nets.py" in done.stdout


@pytest.mark.parametrize(
    ("top", "seconds", "said"),
    [
        ("while True: pass", "8", "were stopped after 8 seconds"),
        ("import os; os._exit(0)", "100", "crashed"),
    ],
)
def test_checks_that_do_not_end_well(kit: Path, top: str, seconds: str, said: str) -> None:
    student_kit.edit(kit / "student_src" / "q1_vae.py", "import math", f"import math\n{top}")
    done = collect(kit, checks=True, HOMEWORK_CHECK_SECONDS=seconds)
    assert done.returncode == 0 and said in done.stdout, done.stdout
    assert names(kit) == NAMES


def test_which_assignment(built: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kit"
    shutil.copytree(built, folder)
    done = collect(folder)
    assert done.returncode == 2 and "[vae|ddpm]" in done.stdout
    assert collect(folder, "gan").returncode == collect(folder, "vae", "ddpm").returncode == 2
    assert collect(folder, "ddpm\r").returncode == 0
    with zipfile.ZipFile(folder / "submission_ddpm.zip") as archive:
        assert archive.namelist() == ["q2_ddpm.py", "q2_trainer_ddpm.py", "02_ddpm.ipynb"]
    for path in folder.glob("student_src/q2*"):
        path.unlink()
    assert collect(folder).returncode == 0 and (folder / "submission_vae.zip").exists()
    shutil.rmtree(folder / "test_resources")
    done = collect(folder)
    assert done.returncode == 2 and "download that folder again" in done.stdout


def test_the_notebook_keeps_its_bytes(kit: Path) -> None:
    notebook = kit / "assignments" / "01_vae.ipynb"
    content = notebook.read_bytes()
    assert collect(kit).returncode == 0
    with zipfile.ZipFile(kit / "submission_vae.zip") as archive:
        assert archive.read("01_vae.ipynb") == content
        assert json.loads(content)["cells"]
