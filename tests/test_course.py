"""A course outside the kit: begun, released, proven and graded with no edit to the kit."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder import authoring, course, gradescope, kit_files, skeleton
from autograder.description import DescriptionError
from autograder.rubric import RubricError
from cases import ROOT

TASKS = ("mean_of_squares", "again")


def autograder(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line, as an instructor runs it."""
    command = [sys.executable, "-P", "-m", "autograder.cli", "--course", str(root), *arguments]
    return subprocess.run(command, cwd=root.parent, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course of one assignment with two tasks, released."""
    root = tmp_path_factory.mktemp("elsewhere") / "course"
    for arguments in (
        ["new", "assignment", "toy"],
        ["new", "task", "again", "--assignment", "toy"],
        ["release", "--sets", "2"],
    ):
        done = autograder(root, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    return root


def test_the_skeleton_is_sound(toy: Path) -> None:
    done = autograder(toy, "verify")
    assert done.returncode == 0 and "The release is sound" in done.stdout, done.stdout
    assert "The release is sound" in (toy / "build/release.html").read_text()
    assert autograder(toy, "release", "--check").returncode == 0


def test_students_check_and_graders_grade(toy: Path, tmp_path: Path) -> None:
    right = (toy / "solutions/toy/q1_toy.py").read_text()
    wrong = right.replace(".mean(dim=1)", ".sum(dim=1)", 1)
    for name, text in (("ann", right), ("bob", wrong)):
        (tmp_path / "handed-in" / name).mkdir(parents=True)
        (tmp_path / "handed-in" / name / "q1_toy.py").write_text(text)
    out = tmp_path / "out"
    done = autograder(toy, "grade", str(tmp_path / "handed-in"), "--out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    scores = {
        n: json.loads((out / n / "results.json").read_text())["score"] for n in ("ann", "bob")
    }
    assert scores == {"ann": 4, "bob": 2}
    with zipfile.ZipFile(toy / "build/students/toy.zip") as archive:
        archive.extractall(tmp_path)
    (tmp_path / "toy/student_src/q1_toy.py").write_text(wrong)
    check = [sys.executable, "-m", "homework.check", "--json"]
    done = subprocess.run(check, cwd=tmp_path / "toy/student_src", capture_output=True, text=True)
    told = {task["id"]: task["status"] for task in json.loads(done.stdout)["tasks"]}
    assert told == {"q1.first_task": "failed", "q1.again": "passed"}


def test_the_gradescope_zip_grades(toy: Path, tmp_path: Path) -> None:
    (tmp_path / "submission").mkdir()
    text = (toy / "solutions/toy/q1_toy.py").read_text()
    (tmp_path / "submission/q1_toy.py").write_text(text)
    (tmp_path / "autograder").mkdir()
    results = gradescope.run_as_gradescope(
        toy / "build/gradescope/toy.zip", tmp_path / "submission", tmp_path / "autograder"
    )
    assert [(test["score"], test["max_score"]) for test in results["tests"]] == [(2, 2), (2, 2)]


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """The source of a new course."""
    solutions = tmp_path / "solutions"
    skeleton.new_assignment(solutions, "toy")
    return solutions


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("probes.py", "def first_task", "def other", r"_task\.py, line 21: .*no function"),
        ("rubric/first_task.py", "(dim=1)", "(dim=3)", r"_task\.py, line 36: .*'\.mean\(dim=3"),
        ("rubric/first_task.py", "return x", "retrun x", r"line 46: mistake 'not-squared' is"),
        ("q1_toy.py", "### END SOLUTION", "", r"q1_toy\.py, line \d+: .*no `### END"),
        ("q1_toy.py", "def first_task", "def first_tusk", r"q1_toy\.py: no solution is marked"),
        ("notebook.py", '# %% check="q1.first_task"', "", r"notebook\.py: q1\.first_task .* check"),
        ("notebook.py", "(`q1.first_task`)", "", r"no heading that ends in \(`q1\.first"),
        ("notebook.py", "### BEGIN SOLUTION\n", "", r"notebook\.py, line \d+: a solution ends"),
        ("notebook.py", "import profiles", "import profiles\n\npoints = 1", "profile: points is a"),
        ("probes.py", "import Student", "import _graded", r"probes\.py, line 12: _graded is"),
    ],
)  # fmt: skip
def test_an_authors_mistakes_are_told(
    fresh: Path, file: str, old: str, new: str, said: str
) -> None:
    path = fresh / "toy" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    found = authoring.problems(course.load_all(fresh))
    assert len(found) == 1 and re.search(said, found[0]), found


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("course.toml", 'name = "toy"', 'name = "Your-course"', "placeholder"),
        ("course.toml", 'name = "toy"', "", "name is missing"),
        ("course.toml", "# slip_days = 3", "slip_days = '3'", "slip_days cannot be '3'"),
        ("course.toml", "# late_penalty = 0.1", "late = 1", "there is no key 'late'"),
        ("course.toml", "# dates.toy = { released = 2026-09-01, due = 2026-09-15",
         "dates.toy = { released = 2026-09-20, due = 2026-09-15", "before it is released"),
        ("course.toml", '# points = { "q1.some', 'points = { "q1.some', "which there is not"),
        ("toy/assignment.toml", 'prefix = "q1"', 'prefix = "q7"', "does not begin with the prefix"),
        ("toy/assignment.toml", "number = 1", "nummer = 1", "number is missing"),
        ("toy/assignment.toml", '["q1_toy.py"]', '["q1_toys.py"]', "q1_toys.py, which is not in"),
        ("toy/rubric/first_task.py", "points=2", "points=0", "gives no points"),
        ("toy/rubric/first_task.py", '"wide"', '"ordinary"', "of one name"),
        ("toy/rubric/__init__.py", "TASKS = (", "TUSKS = (", "TASKS is missing"),
    ],
)  # fmt: skip
def test_descriptions_are_checked(fresh: Path, file: str, old: str, new: str, said: str) -> None:
    path = fresh / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises((DescriptionError, RubricError), match=said) as error:
        course.load_all(fresh)
    assert str(path.parent) in str(error.value) or path.name in str(error.value)


def test_points_of_the_course_go_before_those_of_the_rubric(fresh: Path) -> None:
    with (fresh / "course.toml").open("a") as file:
        file.write('points = { "q1.first_task" = 7, "q1.written_report" = 1 }\n')
    (item,) = course.load_all(fresh)
    assert item.points == 8


def test_numbers_order_assignments(tmp_path: Path) -> None:
    for number in range(11):
        skeleton.new_assignment(tmp_path, f"toy{number}")
    assert [item.prefix for item in course.load_all(tmp_path)] == [f"q{n}" for n in range(1, 12)]


def test_the_core_names_no_assignment() -> None:
    items = course.load_all(ROOT / "solutions")
    names = [item.assignment for item in items] + [item.prefix for item in items]
    names += [file.removesuffix(".py") for item in items for file in item.files]
    pattern = re.compile(rf"(?i)\b({'|'.join(names)})\b")
    for path in (*kit_files.core_files(ROOT), *(ROOT / "autograder").rglob("*.*")):
        found = path.suffix != ".pyc" and pattern.search(path.read_text(encoding="utf-8"))
        # The notebook's skeleton numbers from 1, as the first assignment of any course does.
        assert not found, f"{path}: {found}"
