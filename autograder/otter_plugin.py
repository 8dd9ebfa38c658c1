"""The otter-grader plugin that puts our sandboxed judge behind otter's own zip.

Otter's order of events in one grading run, and what we do there:

- ``before_grading``: move every file of the student's out of the folder that otter works in, judge
  them (or take the results when the judge has already run, see `autograder.gradescope_run`), and
  leave an empty notebook in their place. Otter would now read ``.OTTER_LOG``, convert and execute.
- ``before_execution``: give otter an empty notebook to execute, whatever it has read. Nor is that
  executed: a Jupyter kernel would cost seconds and 100 MB to run nothing.
- ``after_grading``: replace otter's (empty) results by the judge's, task by task.

Whatever breaks here becomes a result that says "a fault of the grader, not yours".
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import nbconvert.preprocessors
import nbformat
from otter.plugins import AbstractOtterPlugin
from otter.test_files import GradingResults, TestFile
from otter.test_files.abstract_test import TestCase, TestCaseResult

from autograder.gradescope_run import (
    RESULTS_VARIABLE,
    fault_results,
    load_results,
    run_judge,
    sentence,
)


class JudgedTask(TestFile):
    """One task of the judge's, as otter keeps a test file; it never runs anything."""

    @classmethod
    def from_entry(cls, entry: dict[str, Any]) -> JudgedTask:
        """From one entry of the ``tests`` in Gradescope's form."""
        case = TestCase(
            name=entry["name"],
            body="",
            hidden=False,
            points=entry["max_score"],
            success_message=None,
            failure_message=None,
        )
        task = cls(entry["number"], entry["number"], [case], all_or_nothing=False)
        passed = entry["status"] == "passed"
        task.test_case_results = [TestCaseResult(case, entry["output"], passed)]
        task.update_score(entry["score"])
        return task

    @classmethod
    def from_file(cls, path: str) -> TestFile:
        raise NotImplementedError("judged tasks are not read from files")

    @classmethod
    def from_metadata(cls, s: Any, path: str) -> TestFile:
        raise NotImplementedError("judged tasks are not read from notebooks")

    def run(self, global_environment: dict[str, Any]) -> None:
        raise NotImplementedError("judged tasks are run by the judge")


class JudgedResults(GradingResults):
    """Otter's results, reported to Gradescope exactly as the judge wrote them.

    Otter's own report has no number, status or format per test and hides the tests' texts.
    """

    def to_gradescope_dict(self, ag_config: Any) -> dict[str, Any]:
        return copy.deepcopy(self.get_plugin_data(SandboxedJudge.NAME))


class NothingToExecute(nbconvert.preprocessors.ExecutePreprocessor):
    """Stands in for nbconvert's preprocessor while otter grades: starts no kernel."""

    def preprocess(self, nb: Any, resources: Any = None, km: Any = None) -> tuple[Any, Any]:
        return nb, resources


def _set_executor(executor: type) -> None:
    # Otter looks this name up again for every submission, after before_grading.
    setattr(nbconvert.preprocessors, "ExecutePreprocessor", executor)  # noqa: B010 (a type)


class SandboxedJudge(AbstractOtterPlugin):
    """Hands otter the judge's scores and texts, and hands otter nothing of the student's."""

    NAME = "autograder.otter_plugin.SandboxedJudge"

    results: dict[str, Any] | None = None
    _executor: Any = None

    def before_grading(self, config: Any) -> None:
        """Judge the submission. Runs before otter reads, converts or executes anything."""
        config.grade_from_log = False
        config.pdf = False
        config.token = None
        self._executor = nbconvert.preprocessors.ExecutePreprocessor
        _set_executor(NothingToExecute)
        root = Path(self.submission_path).resolve().parent.parent
        student = set_aside(root / "submission", Path(self.submission_path).name)
        judged = os.environ.get(RESULTS_VARIABLE)
        try:
            if judged is not None:
                self.results = load_results(Path(judged))
            else:
                self.results = self._judge_now(root, student)
        except Exception as error:
            self.results = fault_results(self._catalogue(root), sentence(error))

    def _judge_now(self, root: Path, student: Path) -> dict[str, Any]:
        kit = root / "source" / "kit"
        remove_ours(student, root / "source" / "files")
        assignment = self._catalogue(root)["assignment"]
        return run_judge(kit, student, assignment, student.parent / "judged.json")

    @staticmethod
    def _catalogue(root: Path) -> dict[str, Any]:
        try:
            path = root / "source" / "kit" / "catalogue.json"
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def before_execution(self, submission: Any) -> Any:
        """Whatever otter has read, it executes an empty notebook."""
        return nbformat.v4.new_notebook()

    def after_grading(self, results: GradingResults) -> None:
        """Replace what otter found (nothing) by what the judge found."""
        if self._executor is not None:
            _set_executor(self._executor)
        report = self.results
        if report is None:
            report = fault_results({}, "otter-grader did not call the judge.")
        results.results = {
            entry["number"]: JudgedTask.from_entry(entry) for entry in report["tests"]
        }
        results.set_output(report.get("output") or "")
        results.set_plugin_data(self.NAME, report)
        results._catastrophic_error = None
        # after_grading can only change the object it is given, and otter asks that very object
        # for its report.
        results.__class__ = JudgedResults

    def generate_report(self) -> str:
        """What ``otter run`` prints: one line a task."""
        tests = (self.results or {}).get("tests", [])
        lines = [
            f"{t['number']:<28} {t['score']:6.2f} / {t['max_score']:6.2f}  {t['status']}"
            for t in tests
        ]
        return "\n".join(lines)


def set_aside(submission: Path, notebook: str) -> Path:
    """Move everything in `submission` to a private folder beside it and return that folder.

    Only renames, entry by entry: nothing is opened, no link is followed. An empty notebook called
    `notebook`, which otter has already chosen to execute, is left in place.
    """
    student = Path(tempfile.mkdtemp(prefix="student-", dir=submission.parent)) / "files"
    student.mkdir()
    for entry in os.listdir(submission):
        os.rename(submission / entry, student / entry)
    empty = nbformat.writes(nbformat.v4.new_notebook())
    (submission / notebook).write_text(empty, encoding="utf-8")
    return student


def remove_ours(student: Path, files: Path) -> None:
    """Delete what otter itself has put among the student's files: tests and our empty notebook."""
    tests = student / "tests"
    if tests.is_dir() and not tests.is_symlink():
        shutil.rmtree(tests)
    for ours in files.iterdir():
        theirs = student / ours.name
        if theirs.is_file() and theirs.read_bytes() == ours.read_bytes():
            theirs.unlink()
    init = student / "__init__.py"
    if init.is_file() and init.stat().st_size == 0:
        init.unlink()
