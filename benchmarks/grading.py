"""How long grading takes here and with other tools, as ratios measured in one run.

    python benchmarks/grading.py                     about two minutes
    python benchmarks/grading.py --submissions 50    more of ours for a steadier figure

Every submission is the reference for all three assignments. The others run the public cases only,
without a sandbox; ours runs public and hidden cases, each task in a confined child.

* pytest: `python -m pytest student_src` in a process for each submission.
* otter: `otter run` on a zip made by `otter generate` with one test for each task, as an
  instructor would write it without this kit.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "student_src")]
HIDDEN = ROOT / "build" / "hidden"
OTTER_TEST = """OK_FORMAT = False

from otter.test_files import test_case

name, points = "{id}", {points}


@test_case(points={points}, hidden=False)
def judge():
    import sys

    sys.path.insert(0, "{source}")
    from homework.check import examine

    assert examine("{id}", "{source}").passed
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--submissions", type=int, default=20, help="how many we grade")
    parser.add_argument("--others", type=int, default=2, help="how many each other tool grades")
    options = parser.parse_args()
    if not HIDDEN.is_dir():
        sys.exit("there are no hidden fixtures: run `autograder release` first")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        layout(folder)
        start, each = ours(options.submissions)
        rows = {
            "pytest": with_pytest(folder, options.others),
            "otter run": with_otter(folder, options.others),
        }
    whole = start + each
    print("\nseconds for one submission of all three assignments, one at a time")
    print(f"{'ours, the first, with its start':40s} {whole:7.2f}")
    print(f"{'ours, each further one':40s} {each:7.2f}")
    for name, seconds in rows.items():
        alone, batch = seconds / whole, seconds / each
        print(f"{name:40s} {seconds:7.2f}   {alone:5.1f} x ours alone, {batch:5.1f} x in a batch")


def layout(folder: Path) -> None:
    """A student's folder with the reference in it."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "student_src", folder / "student_src", ignore=ignore)
    shutil.copytree(ROOT / "test_resources", folder / "test_resources")
    for path in (ROOT / "solutions").glob("q*.py"):
        shutil.copy(path, folder / "student_src")


def ours(number: int) -> tuple[float, float]:
    """Seconds to start, and for each submission after the first; in a process of its own."""
    measured = subprocess.run(
        [sys.executable, "-c", _OURS, str(HIDDEN), str(ROOT / "solutions"), str(number)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path[:2])},
        capture_output=True,
        text=True,
        check=True,
    )
    start, each = json.loads(measured.stdout)
    return start, each


_OURS = """
import json, sys, time
begin = time.perf_counter()
from pathlib import Path
from autograder.grade import Grader
from autograder.intake import open_submission
fixtures, source, number = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
with Grader(fixtures) as grader:
    names = [file for assignment in grader.assignments for file in assignment.files]
    submission = open_submission(source, names)
    assert grader.grade(submission).score == 90
    started = time.perf_counter()
    for _ in range(number):
        assert grader.grade(submission).score == 90
each = (time.perf_counter() - started) / number
print(json.dumps([started - begin - each, each]))
"""


def with_pytest(folder: Path, number: int) -> float:
    command = [sys.executable, "-m", "pytest", "-q", "student_src"]
    return _timed(command, folder, number)


def with_otter(folder: Path, number: int) -> float:
    from otter.generate import main as otter_generate

    from homework.fixtures import public_folder, select

    (folder / "tests").mkdir()
    for _, tasks in select(public_folder(), None):
        for task in tasks:
            text = OTTER_TEST.format(id=task.id, points=task.points, source=folder / "student_src")
            (folder / "tests" / f"{task.id.replace('.', '_')}.py").write_text(text)
    with contextlib.chdir(folder):
        otter_generate(
            tests_dir="tests",
            output_path="plain.zip",
            no_requirements=True,
            no_environment=True,
        )
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    with zipfile.ZipFile(folder / "submission.zip", "w") as archive:
        archive.writestr("notebook.ipynb", json.dumps(notebook))
    command = [sys.executable, "-m", "otter", "run", "-a", "plain.zip", "--no-logo"]
    seconds = _timed([*command, "submission.zip"], folder, number)
    results = json.loads((folder / "results.json").read_text())
    score = sum(test.get("score", 0) for test in results["tests"])
    assert score == 90, f"otter gives the reference {score} of 90 points"
    return seconds


def _timed(command: list[str], folder: Path, number: int) -> float:
    """Seconds for each run of a command, the first left out: it fills the disk's cache."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment |= {"OMP_NUM_THREADS": "1"}  # faster for models this small; fair to the others
    start = 0.0
    for turn in range(number + 1):
        if turn == 1:
            start = time.perf_counter()
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return (time.perf_counter() - start) / number


if __name__ == "__main__":
    main()
