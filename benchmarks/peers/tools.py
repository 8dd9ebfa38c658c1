"""Other graders, each used as its handbook says, on tests as a course would write them.

Each `grade` runs the real command and returns what it used and how many checks each submission
passed. What an instructor does once, before there are submissions, is done in the constructor.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import sys
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import nbformat

from benchmarks.peers.course import FILES, Check, Course, Submission
from benchmarks.peers.usage import MeasureError, Memory, Used, run

Passed = dict[str, int]  # checks passed, by name of the submission's folder
Graded = tuple[Used, Passed]
BODY = "from benchmarks.peers.body import check\n"


class Tool(ABC):
    """One way of grading.

    Attributes:
        name: for tables.
        needs: the module that has to be installed for it.
        at_once: it takes all submissions in one run, so that a start is shared among them.

    Raises:
        MeasureError: it is not installed.
    """

    name = ""
    needs = "autograder"
    at_once = False

    def __init__(self, course: Course) -> None:
        if importlib.util.find_spec(self.needs) is None:
            raise MeasureError(
                f"{self.name} is not installed: install requirements-dev.txt, or leave it out "
                "with --others"
            )
        self.course = course
        self.folder = course.folder / type(self).__name__.lower()
        self.prepare()

    def prepare(self) -> None:
        """Make the folder of this tool, and in it the tests."""
        self.folder.mkdir()

    @abstractmethod
    def grade(self, given: Sequence[Submission], watch: Memory | None = None) -> Graded:
        """Grade submissions one after the other; `MeasureError` if the tool does not grade."""

    def run(self, command: Sequence[str], cwd: Path, watch: Memory | None = None) -> Used:
        """`python -m` and a command, in the environment that is the same for all."""
        return run([sys.executable, "-m", *command], cwd, self.course.environment(), watch)


class EachAlone(Tool):
    """A tool that is started again for each submission."""

    def grade(self, given: Sequence[Submission], watch: Memory | None = None) -> Graded:
        used, passed = Used(), {}
        for submission in given:
            one, passed[submission.folder.name] = self.grade_one(submission.folder, watch)
            used += one
        return used, passed

    @abstractmethod
    def grade_one(self, folder: Path, watch: Memory | None) -> tuple[Used, int]:
        """Grade one submission."""


class Pytest(EachAlone):
    """`python -m pytest` with no plugin, in the submission's folder."""

    name, needs = "bare pytest", "pytest"

    def prepare(self) -> None:
        super().prepare()
        tests = [f"def test_{c.name}():\n    {_call(c)}\n" for c in self.course.checks]
        (self.folder / "test_vae.py").write_text(BODY + "\n\n".join(["", *tests]))

    def grade_one(self, folder: Path, watch: Memory | None) -> tuple[Used, int]:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += [f"--rootdir={self.folder}", str(self.folder / "test_vae.py")]
        environment = self.course.environment() | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        used = run(command, folder, environment, watch, fine=(0, 1))  # 1: a test failed
        counts = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", used.output)}
        if counts.get("passed", 0) + counts.get("failed", 0) != len(self.course.checks):
            raise MeasureError(f"pytest did not run all checks: {used.output[-500:]}")
        return used, counts.get("passed", 0)


class GradescopeUtils(EachAlone):
    """unittest with `JSONTestRunner`, as in the examples of gradescope-utils."""

    name, needs = "gradescope-utils", "gradescope_utils"

    def prepare(self) -> None:
        super().prepare()
        tests = "\n".join(
            f"    @weight(1)\n    def test_{c.name}(self):\n        {_call(c)}\n"
            for c in self.course.checks
        )
        (self.folder / "tests").mkdir()
        (self.folder / "tests" / "test_vae.py").write_text(
            "import unittest\n"
            "from gradescope_utils.autograder_utils.decorators import weight\n"
            f"{BODY}\n\nclass TestVAE(unittest.TestCase):\n{tests}"
        )
        (self.folder / "gradescope_run_tests.py").write_text(
            "import sys, unittest\n"
            "from gradescope_utils.autograder_utils.json_test_runner import JSONTestRunner\n"
            "suite = unittest.defaultTestLoader.discover(sys.argv[1])\n"
            "with open(sys.argv[2], 'w') as file:\n"
            "    JSONTestRunner(visibility='visible', stream=file).run(suite)\n"
        )

    def grade_one(self, folder: Path, watch: Memory | None) -> tuple[Used, int]:
        results = self.folder / "results.json"
        start = [sys.executable, str(self.folder / "gradescope_run_tests.py")]
        command = [*start, str(self.folder / "tests"), str(results)]
        used = run(command, folder, self.course.environment(), watch)
        return used, _score(results, len(self.course.checks))


class Otter(EachAlone):
    """`otter run` on a zip with a notebook and the student's files."""

    name, needs = "otter run", "otter"

    def prepare(self) -> None:
        super().prepare()
        for task in sorted({check.task for check in self.course.checks}):
            checks = [check for check in self.course.checks if check.task == task]
            tests = [
                f"@test_case(points=1, hidden=False)\ndef {c.name}():\n    {_call(c)}\n"
                for c in checks
            ]
            name = task.replace(".", "_")
            head = f"OK_FORMAT = False\n\nfrom otter.test_files import test_case\n{BODY}\n"
            path = self.folder / "tests" / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"{head}name = {name!r}\npoints = None\n\n\n" + "\n\n".join(tests))
        options = ["--no-requirements", "--no-environment", "-o", str(self.folder / "vae.zip")]
        self.run(["otter", "generate", "-t", "tests", *options], self.folder)

    def grade_one(self, folder: Path, watch: Memory | None) -> tuple[Used, int]:
        packed, results = self.folder / f"{folder.name}.zip", self.folder / "results.json"
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("vae.ipynb", nbformat.writes(_notebook([])))
            for name in FILES:
                archive.write(folder / name, name)
        results.unlink(missing_ok=True)
        options = ["-a", str(self.folder / "vae.zip"), "-o", str(self.folder), "--no-logo"]
        used = self.run(["otter", "run", *options, str(packed)], self.folder, watch)
        return used, _score(results, len(self.course.checks))


class Nbgrader(Tool):
    """`nbgrader autograde` on all submissions at once, each check an autograded test cell."""

    name, needs = "nbgrader autograde", "nbgrader"
    at_once = True

    def prepare(self) -> None:
        super().prepare()
        self.notebook = _notebook([_test_cell(check) for check in self.course.checks])
        source = self.folder / "course" / "source" / "vae"
        source.mkdir(parents=True)
        nbformat.write(self.notebook, source / "vae.ipynb")
        self._nbgrader(self.folder / "course", "generate_assignment", "vae")

    def grade(self, given: Sequence[Submission], watch: Memory | None = None) -> Graded:
        term = self.folder / "term"  # afresh: nbgrader skips what it has graded before
        shutil.rmtree(term, ignore_errors=True)
        shutil.copytree(self.folder / "course", term)
        for submission in given:
            folder = term / "submitted" / submission.folder.name / "vae"
            folder.mkdir(parents=True)
            nbformat.write(self.notebook, folder / "vae.ipynb")
            for name in FILES:
                shutil.copy(submission.folder / name, folder)
        used = self._nbgrader(term, "autograde", "vae", watch=watch)
        return used, self._marks(term, given)

    def _nbgrader(self, course: Path, *command: str, watch: Memory | None = None) -> Used:
        # Its own log says nothing at level 40 but what is wrong.
        options = [f"--CourseDirectory.root={course}", "--Application.log_level=40"]
        database = f"--CourseDirectory.db_url=sqlite:///{course}/gradebook.db"
        return self.run(["nbgrader", *command, *options, database], course, watch)

    def _marks(self, course: Path, given: Sequence[Submission]) -> Passed:
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
            graded = gradebook.assignment_submissions("vae")
            passed = {entry.student.id: int(entry.score) for entry in graded}
            most = {entry.max_score for entry in graded}
        names = {submission.folder.name for submission in given}
        if set(passed) != names or most != {len(self.course.checks)}:
            raise MeasureError(f"nbgrader graded {sorted(passed)} with {most} points")
        return passed


OTHERS: tuple[type[Tool], ...] = (Otter, Nbgrader, GradescopeUtils, Pytest)


def _call(check: Check) -> str:
    return f'check("{check.task}", "{check.case}")'


def _score(results: Path, number: int) -> int:
    """Points in `results.json` of Gradescope's form, one for each check."""
    tests = json.loads(results.read_text(encoding="utf-8"))["tests"]
    most = sum(test.get("max_score", 0) for test in tests)
    if most != number:
        raise MeasureError(f"{results.name} is about {most} checks, not {number}")
    return int(sum(test.get("score", 0) for test in tests))


def _notebook(cells: list[nbformat.NotebookNode]) -> nbformat.NotebookNode:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    title = nbformat.v4.new_markdown_cell("# Assignment 1", id="title")
    return nbformat.v4.new_notebook(cells=[title, *cells], metadata={"kernelspec": kernel})


def _test_cell(check: Check) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(BODY + "\n" + _call(check), id=check.name[-60:])
    cell.metadata["nbgrader"] = {
        "schema_version": 3,
        "grade": True,
        "solution": False,
        "locked": True,
        "task": False,
        "grade_id": check.name,
        "points": 1,
        "cell_type": "code",
    }
    return cell
