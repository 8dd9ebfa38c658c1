"""Grades many submissions, keeps what is already graded, and sums up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder import results
from autograder.engine import Graded, LocalEngine
from autograder.intake import (
    IntakeError,
    Submission,
    find_submissions,
    open_submission,
    submission_names,
)
from autograder.selection import expected_files, load_assignments, preloads, release_digest


class Batch:
    """The submissions below some paths, and what came out for each.

    Args:
        paths: files, folders and zips, or folders of many.
        out: folder for the results, one folder a submission.
        fixtures: folder of the hidden fixtures.
        only: assignments or tasks to grade, or None; see `Grader`.

    Raises:
        FixtureError: no fixtures, or no such assignment.
    """

    def __init__(
        self, paths: list[Path], out: Path, fixtures: Path, only: list[str] | None
    ) -> None:
        self.out, self.fixtures, self.only = out, fixtures, only
        self.chosen = load_assignments(fixtures, only)
        self.expected = expected_files(self.chosen)
        self.release = release_digest(fixtures, self.chosen)
        self.problems: list[str] = []
        self.found: dict[str, dict[str, Any]] = {}
        self.remarks: dict[str, str] = {}
        self.names: list[str] = []
        self.isolation = "nothing was run"
        self.sources = find_submissions(paths, self.expected)

    def open(self, again: bool) -> list[Submission]:
        """Open all submissions and return those that are still to be graded."""
        waiting = []
        self.names = submission_names(self.sources, self.expected)
        for source, name in zip(self.sources, self.names):
            try:
                submission = open_submission(source, self.expected, name)
            except IntakeError as error:
                self.problems.append(str(error))
                self.remarks[name] = str(error)
                continue
            self.problems += [f"{name}: {text}" for text in submission.problems.values()]
            old = results.stored(self.out / name, submission.digest, self.release)
            if old is not None and not again:
                self.found[name] = old
                self.remarks[name] = "unchanged"
            else:
                waiting.append(submission)
        return waiting

    def grade(
        self, waiting: list[Submission], jobs: int, unsafe: bool, step: Callable[[], None]
    ) -> None:
        """Grade, write each result as soon as it is there, and call `step` for each."""
        if not waiting:
            return
        for submission in waiting:
            results.write_fault(self.out / submission.name, "it was ended before it was done.")
        private = [self.out, *{source.resolve() for source in self.sources}]
        jobs = min(jobs, len(waiting))
        extra = preloads(waiting)
        with LocalEngine(self.fixtures, self.only, jobs, unsafe, private, extra) as engine:
            self.isolation = engine.isolation

            def done(graded: Graded) -> None:
                self._keep(graded)
                step()

            engine.grade_all(waiting, done)

    def _keep(self, graded: Graded) -> None:
        name = graded.name
        try:
            if graded.fault:
                results.write_fault(self.out / name, f"{graded.fault}.")
            else:
                results.write(self.out / name, graded.results, graded.feedback)
                self.found[name] = graded.results
            self.remarks[name] = _remark(graded)
        except (OSError, ValueError) as error:  # the others are graded all the same
            self.remarks[name] = f"its results could not be written: {error}"
            self.problems.append(f"{name}: {self.remarks[name]}")

    def write_csv(self) -> None:
        rows = [(n, self.found.get(n), self.remarks.get(n, "")) for n in sorted(self.names)]
        tasks = [task.id for assignment in self.chosen for task in assignment.tasks]
        results.replace(self.out / "grades.csv", results.grades_csv(rows, tasks))

    def table(self) -> list[tuple[str, ...]]:
        """Heading and one row for each submission: points by assignment, sum, remark."""
        heading = ("submission", *(a.name for a in self.chosen), "points", "remark")
        rows = [heading]
        for name in sorted(self.names):
            found = self.found.get(name)
            cells = [self._points(found, {t.id for t in a.tasks}) for a in self.chosen]
            total = f"{found['score']:g}" if found else "-"
            rows.append((name, *cells, total, self.remarks.get(name, "")))
        return rows

    @staticmethod
    def _points(found: dict[str, Any] | None, tasks: set[str]) -> str:
        tests = [t for t in (found or {}).get("tests", []) if t["number"] in tasks]
        if not tests:
            return "-"
        return f"{sum(t['score'] for t in tests):g}/{sum(t['max_score'] for t in tests):g}"


def _remark(graded: Graded) -> str:
    """What a grader wants to know at a glance."""
    if graded.fault:
        return f"the grader failed: {graded.fault}; grade again"
    if graded.faults:
        return f"the grader failed at {graded.faults} tasks: grade again"
    tests = graded.results["tests"]
    if not tests:
        return "no file of these assignments"
    counts = Counter(test["extra_data"]["status"] for test in tests)
    counts.pop("passed", None)
    return ", ".join(f"{count} {status}" for status, count in counts.items()) or "all passed"
