"""`autograder grade` as a process of its own, on good and on bad input; rungs of isolation."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder.grade import Grader
from autograder.intake.submission import open_submission
from autograder.judge.confine import RUNGS
from autograder.judge.rungs import NoIsolation, name
from cases import ROOT, reference_file, submit
from homework.verdict import PASSED

FILES = ("q1_vae.py", "q1_train_vae.py")


def grade(hidden: Path, out: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "autograder.cli", "grade", "--fixtures", hidden, "--out", out]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "student_src")]),
        "COLUMNS": "200",
    }
    return subprocess.run(
        [str(part) for part in (*command, *arguments)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=out.parent,
    )


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    """Two good submissions among bad ones."""
    folder = tmp_path / "handed in"
    submit(ROOT / "tests" / "submissions" / "right_reference", folder, {})
    (folder / "ada").mkdir()
    for file in FILES:
        shutil.copy(reference_file(file), folder / "ada")
    (folder / "no.zip").write_text("I am no zip")
    with zipfile.ZipFile(folder / "empty.zip", "w"):
        pass
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("q1_vae.py", b"#" * (300 << 20))
    (folder / "binary").mkdir()
    (folder / "binary" / "q1_vae.py").write_bytes(bytes(range(256)) * 20)
    (folder / "latin").mkdir()
    (folder / "latin" / "q1_vae.py").write_bytes("# déjà vu\n".encode("latin-1"))
    (folder / "huge").mkdir()
    with (folder / "huge" / "q1_vae.py").open("wb") as file:
        file.truncate(1 << 30)
    return folder


def test_bad_submissions_are_told_and_harm_no_other(
    handed_in: Path, hidden: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = grade(hidden, out, handed_in, "--jobs", "2")
    assert done.returncode == 2 and "Traceback" not in done.stderr + done.stdout
    told = done.stderr.strip().splitlines()
    for bad in ("no.zip", "empty.zip", "bomb", "binary", "latin", "huge"):
        (line,) = (line for line in told if bad in line)
        assert line.startswith("autograder: ") and line.endswith(".")
    with (out / "grades.csv").open() as file:
        rows = {row["submission"]: row for row in csv.DictReader(file)}
    assert (rows["ada"]["score"], rows["ada"]["points"]) == ("35.0", "35")
    assert rows["ada"]["remark"] == "all passed"
    assert float(rows["binary"]["score"]) == 0
    assert "binary data" in (out / "binary" / "feedback.md").read_text()
    graded = json.loads((out / "ada" / "results.json").read_text())
    assert graded["score"] == 35 and len(graded["tests"]) == 6

    again = grade(hidden, out, handed_in / "ada")
    assert again.returncode == 0 and "unchanged" in again.stdout
    one = grade(hidden, tmp_path / "one", handed_in / "ada", "--task", "q1.log_mean_exp")
    assert one.returncode == 0 and "8/8" in one.stdout


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("nowhere",), "nowhere does not exist"),
        ((".", "--task", "q1.log_mean"), "there is no task 'q1.log_mean'; there are: q1."),
        ((".", "--fixtures", "."), "there are no fixtures in ."),
        ((".", "--jobs", "0"), "--jobs must be at least 1"),
        ((".", "--watch", "--again"), "--again and --watch do not go together"),
        (("nowhere", "--watch"), "nowhere is not a folder: --watch needs folders"),
    ],
)
def test_bad_arguments(arguments: tuple[str, ...], said: str, hidden: Path, tmp_path: Path) -> None:
    done = grade(hidden, tmp_path / "out", *arguments)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert done.stderr.startswith("autograder: ") and said in done.stderr


@pytest.mark.parametrize("layers", RUNGS, ids="+".join)
def test_every_rung_grades_alike(layers: tuple[str, ...], hidden: Path, tmp_path: Path) -> None:
    submit(ROOT / "tests" / "submissions" / "broken_os_exit", tmp_path, {})
    submission = open_submission(tmp_path / "broken_os_exit", FILES)
    with Grader(hidden, ["vae"]) as grader:
        best = grader.grade(submission)
    try:
        with Grader(hidden, ["vae"], allowed=[layers]) as grader:
            grading = grader.grade(submission)
    except NoIsolation as error:
        pytest.skip(f"this rung is not to be had here: {error}")
    assert grading.isolation == name(layers)
    assert [task.score for task in grading.tasks] == [task.score for task in best.tasks]
    assert {task.status for task in grading.tasks} > {PASSED}


def test_without_isolation_nothing_is_graded_unless_told(hidden: Path) -> None:
    with pytest.raises(NoIsolation, match="--unsafe"):
        Grader(hidden, ["vae"], allowed=[])
    with Grader(hidden, ["vae"], allowed=[], unsafe=True) as grader:
        assert grader.isolation == "none but resource limits"
