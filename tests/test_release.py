"""Releases: built for real in a copy of the kit, proved, and found out when something is wrong."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder import course, release
from autograder.release import Places
from cases import reference_file

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("solutions", "student_src", "assignments", "test_resources", "autograder")
FILES = ("collect_submission.sh", "requirements.txt", "environment.yml", "pyproject.toml")


def autograder(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line of the copy in `root` as a process of its own."""
    start = (
        f"import sys; sys.path[:0] = [{str(root)!r}, {str(root / 'student_src')!r}]; "
        "from autograder.cli import main; main()"
    )
    command = [sys.executable, "-P", "-c", start, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=root)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the kit with a release built in it."""
    root = tmp_path_factory.mktemp("kit")
    ignore = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        shutil.copytree(ROOT / name, root / name, ignore=ignore)
    for name in FILES:
        shutil.copy(ROOT / name, root / name)
    if Places(ROOT).public.is_dir():  # what is made of the same code need not be made again
        shutil.copytree(Places(ROOT).public, Places(root).public)
    done = autograder(root, "release", "--seed", "a term", "--sets", "3")
    assert done.returncode == 0, done.stderr
    return root


def test_the_release_is_sound(built: Path) -> None:
    done = autograder(built, "verify", "--jobs", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The release is sound" in done.stdout
    assert "PROBLEM" not in done.stdout


def test_student_zips_hold_the_allowed_files_only(built: Path) -> None:
    for item in course.load_all(built / "solutions"):
        with zipfile.ZipFile(Places(built).student_zip(item.assignment)) as archive:
            names = {name.split("/", 1)[1] for name in archive.namelist()}
        assert {f"student_src/{file}" for file in item.files} <= names
        assert f"assignments/{item.notebook}" in names
        tops = {name.split("/")[0] for name in names}
        assert tops == {"assignments", "student_src", "test_resources", "collect_submission.sh"}
        code = {n for n in names if n.startswith("student_src/q")}
        assert code == {f"student_src/{file}" for file in item.files}


def test_another_secret_draws_other_cases(built: Path) -> None:
    first = release.secret_seed(Places(built), "a term")
    assert first != release.secret_seed(Places(built), "another term")
    assert first == release.secret_seed(Places(built), "a term")
    assert release.secret_seed(Places(built), None) == first
    assert Places(built).seed.stat().st_mode & 0o077 == 0


def test_stale_files_are_found(built: Path) -> None:
    assert autograder(built, "release", "--check").returncode == 0
    stub = built / "student_src" / "q1_vae.py"
    before = stub.read_text()
    stub.write_text(before.replace("Stable", "Unstable").replace("stably", "somehow"))
    fixtures = built / "test_resources" / "cfg.json"
    kept = fixtures.read_text()
    fixtures.write_text(kept.replace('"weight": 1.0', '"weight": 2.0', 1))
    done = autograder(built, "release", "--check")
    stub.write_text(before)
    fixtures.write_text(kept)
    assert done.returncode == 1
    assert "stale: student_src/q1_vae.py" in done.stdout
    assert "stale: test_resources/cfg.json" in done.stdout


def test_a_bad_marker_stops_the_release(built: Path) -> None:
    file = built / "solutions" / "vae" / "q1_vae.py"
    before = file.read_text()
    file.write_text(before.replace("    ### END SOLUTION\n", "", 1))
    done = autograder(built, "release")
    file.write_text(before)
    assert done.returncode == 2
    assert "solutions/vae/q1_vae.py, line" in done.stderr and "Traceback" not in done.stderr


def test_a_leak_is_found(built: Path) -> None:
    leaky = built / "student_src" / "homework" / "plots.py"
    before = leaky.read_text()
    line = "log_density = target * torch.log(mu) + (1 - target) * torch.log1p(-mu)"
    leaky.write_text(
        before + f"\n\ndef answer(target, torch, mu):\n    {line}\n    return log_density\n"
    )
    from autograder import verify

    rubrics = course.load_all(built / "solutions")
    release.write_student_zip(Places(built), rubrics[0])
    found = list(verify._leaks(Places(built), rubrics[:1]))
    leaky.write_text(before)
    release.write_student_zip(Places(built), rubrics[0])
    assert any("plots.py: holds the line of a solution" in problem for problem in found)


@pytest.mark.slow
def test_nbgrader_keeps_the_files_that_students_hand_in(built: Path, tmp_path: Path) -> None:
    """The real nbgrader on the checks of the first notebook: the reference gets all its points."""
    for folder in ("source/vae", "submitted/ann/vae"):
        _course_files(built, tmp_path / folder)
    for file in ("q1_vae.py", "q1_train_vae.py"):
        shutil.copy(reference_file(file), tmp_path / "submitted/ann/vae/student_src" / file)
    config = (built / "build" / "nbgrader_config.py").read_text(encoding="utf-8")
    config += 'c.CourseDirectory.course_id = "course"\nc.ExecutePreprocessor.timeout = 300\n'
    (tmp_path / "nbgrader_config.py").write_text(config, encoding="utf-8")
    # It calls programs that are installed beside this Python.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command in ("generate_assignment vae", "autograde vae", "export"):
        program = [sys.executable, "-m", "nbgrader", *command.split()]
        environment = os.environ | {"PATH": path}
        done = subprocess.run(
            program, capture_output=True, text=True, cwd=tmp_path, env=environment
        )
        assert done.returncode == 0, done.stderr
    with open(tmp_path / "grades.csv", newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert float(row["raw_score"]) == 35.0


def _course_files(built: Path, folder: Path) -> None:
    """The student zip as nbgrader lays it out, with a notebook that only checks."""
    import nbformat

    with zipfile.ZipFile(built / "build" / "students" / "vae.zip") as archive:
        archive.extractall(folder.parent)
    shutil.move(folder / "assignments" / "01_vae.ipynb", folder)
    notebook = nbformat.read(folder / "01_vae.ipynb", 4)
    trains = ("when_ready()", "make_pdf", 'check("q1")')
    notebook.cells = [c for c in notebook.cells if not any(word in c.source for word in trains)]
    nbformat.write(notebook, folder / "01_vae.ipynb")
