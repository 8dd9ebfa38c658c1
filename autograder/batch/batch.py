"""Grades many submissions, keeps what is already graded, and keeps account of all.

Memory does not grow with what is handed in. A first look opens one submission after the other, to
learn which are to be graded, and keeps no content. Then the engine
takes them, opened once more, as it has room. What counts is what is found then: a result carries
the digest of the very bytes that were graded, so whatever changes meanwhile, results and students
cannot be mixed up.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder import results
from autograder.batch import clusters, ledger
from autograder.batch.ledger import (
    FAULT,
    GRADED,
    LEFT_OVER,
    UNCHANGED,
    UNREADABLE,
    WAITING,
    Origin,
    Row,
)
from autograder.batch.manifest import Manifest
from autograder.engines.engine import Engine, Graded
from autograder.files import cannot_write, is_full, replace
from autograder.intake.reader import Reader
from autograder.intake.submission import Found, IntakeError, Submission
from autograder.selection import (
    code_digest,
    expected_files,
    load_assignments,
    release_digest,
    seed_hash,
)

ENDED = "it was ended before it was done."
STALE = "STALE.txt"
OWN = ("results.json", "feedback.md")
STALE_TEXT = (
    "These results are of an earlier run. What they are about was not among the submissions of the"
    " last one, or could not be read.\n"
)


class Batch:
    """The submissions below some paths, and what came out for each.

    Args:
        paths: files, folders and zips, or folders of many.
        out: folder for the results, one folder a submission.
        fixtures: folder of the hidden fixtures.
        only: assignments or tasks to grade, or None; see `Grader`.
        inside: each path is a folder of many, also as long as there is only one in it.
        sentences: instructors' sentences for behaviours, by digest; see `clusters`.
        publish: called with the name of each submission whose results have been written.

    Attributes:
        facts: what grades here, for the manifest.
        rows: what is known of each submission, by name.
        problems: sentences on what cannot be read or written, each once.
        stale: names of folders of results that are not of this run.

    Raises:
        FixtureError: no fixtures, or no such assignment.
    """

    def __init__(
        self,
        paths: list[Path],
        out: Path,
        fixtures: Path,
        only: list[str] | None,
        inside: bool = False,
        publish: Callable[[str], None] = lambda name: None,
        sentences: Mapping[str, str] | None = None,
    ) -> None:
        self.paths, self.out, self.inside = paths, out, inside
        self._publish, self._sentences = publish, sentences or {}
        self.chosen = load_assignments(fixtures, only)
        self.expected = expected_files(self.chosen)
        self.release = release_digest(fixtures, self.chosen)
        self.facts = {
            "release": self.release,
            "seed hash": seed_hash(fixtures, self.chosen),
            "code": code_digest(),
            "only": only,
        }
        self._reader = Reader(paths, self.expected)
        self.rows: dict[str, Row] = {}
        self.problems: list[str] = []
        self._said: set[tuple[str, str]] = set()
        self.stale: list[str] = []
        self._names = ledger.names_by_source(out / "grades.csv")
        self._begun: dict[str, str] = {}  # name -> digest, of what the engine has now

    def find(self) -> list[Found]:
        """What is handed in now. A row stays with its source: no other may take over its scores."""
        out = self.out.resolve()
        found = self._reader.find(self.paths, self.inside, out, self._names)
        self._names |= {one.first: one.name for one in found}
        names = {one.name: one for one in found}
        for name, row in list(self.rows.items()):
            one = names.get(name)
            if one is None or one.source != row.origin.source:
                del self.rows[name]
        for one in found:
            self.rows.setdefault(one.name, self._first_row(one))
        return [one for one in found if not one.is_left_over]

    def _first_row(self, one: Found) -> Row:
        if not one.is_left_over:
            return Row(one.name, WAITING, WAITING, _origin(one))
        if not one.refusal:
            self._say(one.name, f"{one.name} {LEFT_OVER}.")
        remark = f"{LEFT_OVER}: {one.refusal}" if one.refusal else LEFT_OVER
        return Row(one.name, LEFT_OVER, remark, _origin(one))

    def private(self, found: Iterable[Found]) -> list[Path]:
        """What no student's code may read: all submissions, all results.

        What a link of somebody's leads to is neither.
        """
        paths = {place.path: None for one in found for place in (*one.places, *one.others)}
        return [self.out, *(p for p in paths if os.path.exists(p) and not os.path.islink(p))]

    def look(self, one: Found, again: bool = False) -> bool:
        """Open a submission; whether it is to be graded, as it is not yet, or all are again."""
        submission = self._open(one)
        if submission is None:
            return False
        for text in submission.problems.values():
            self._say(one.name, f"{one.name}: {text}")
        origin = _origin(one, submission.remarks)
        earlier = None if again else self._earlier(submission, origin)
        if earlier is not None:
            self.rows[one.name] = earlier
            return False
        self.rows[one.name] = Row(one.name, WAITING, WAITING, origin)
        return True

    def grade(
        self,
        waiting: Iterable[Found],
        engine: Engine,
        manifest: Manifest,
        step: Callable[[], None],
    ) -> None:
        """Grade, write each result as soon as it is there, and call `step` for each.

        Raises:
            OutError: there is no room for results; what was written is whole.
        """

        def opened() -> Iterator[Submission]:
            for one in waiting:
                submission = self._open(one)
                if submission is not None and self._begin(submission):
                    yield submission
                else:
                    step()

        def done(graded: Graded) -> None:
            self._keep(graded)
            self._publish(graded.name)
            self._begun.pop(graded.name, None)
            self._note(manifest, graded)
            step()

        engine.grade_all(opened(), done)

    def write_csv(self) -> None:
        """Write `grades.csv`; `OSError` if that cannot be done."""
        self._settle()
        self.stale = []
        self._mark_stale()
        tasks = [task.id for assignment in self.chosen for task in assignment.tasks]
        rows = (self.rows[name] for name in sorted(self.rows))
        replace(self.out / "grades.csv", ledger.grades_csv(rows, tasks))

    def _mark_stale(self) -> None:
        """Say in folders of results which are not of this run's submissions, and in no others."""
        states = {name: row.state for name, row in self.rows.items()}
        for folder in sorted({path.parent for path in self.out.glob("*/*") if path.name in OWN}):
            state, is_result = states.get(folder.name), (folder / "results.json").exists()
            if state in (GRADED, UNCHANGED, FAULT, WAITING, *([] if is_result else [UNREADABLE])):
                (folder / STALE).unlink(missing_ok=True)
                continue
            self.stale.append(folder.name)
            if not (folder / STALE).exists():
                replace(folder / STALE, STALE_TEXT)

    def _open(self, one: Found) -> Submission | None:
        """The submission; None, said and noted, if it cannot be read."""
        try:
            return self._reader.open(one)
        except IntakeError as error:
            self.rows[one.name] = Row(one.name, UNREADABLE, str(error), _origin(one))
            self._say(one.name, str(error))
            self._tell_unreadable(one.name, str(error))
            return None

    def _tell_unreadable(self, name: str, why: str) -> None:
        """Feedback for whoever handed it in; that of an earlier run's results stays with these."""
        folder = self.out / name
        text = results.unreadable(name, why)
        if (folder / "results.json").exists():
            return
        if self._try(lambda: replace(folder / "feedback.md", text)):
            return
        self._publish(name)

    def _earlier(self, submission: Submission, origin: Origin) -> Row | None:
        """The row of results of an earlier run that are as good as new ones."""
        name, folder = submission.name, self.out / submission.name
        found = results.stored(folder, submission.digest, self.release)
        if found is None:
            return None
        told = self._told(folder, found)
        if told is not None:
            found, feedback = told
            if self._written(name, lambda: results.write(folder, found, feedback)):
                self._publish(name)
        return _row(name, UNCHANGED, found, origin)

    def _told(self, folder: Path, found: dict[str, Any]) -> tuple[dict[str, Any], str] | None:
        """Results and feedback with the sentences of now, if they had others."""
        try:
            feedback = (folder / "feedback.md").read_text(encoding="utf-8")
            new, feedback = clusters.said(found, feedback, self._sentences)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return (new, feedback) if new != found else None

    def _begin(self, submission: Submission) -> bool:
        """Put results in place that blame nobody, for the case that this is the end."""
        folder = self.out / submission.name
        self._begun[submission.name] = submission.digest
        return self._written(submission.name, lambda: results.write_fault(folder, ENDED))

    def _keep(self, graded: Graded) -> None:
        name, folder = graded.name, self.out / graded.name
        if graded.fault:
            self._fault(name, f"the grader failed: {graded.fault}; grade again")
            self._written(name, lambda: results.write_fault(folder, f"{graded.fault}."))
            return
        found, feedback = clusters.said(graded.results, graded.feedback, self._sentences)
        if self._written(name, lambda: results.write(folder, found, feedback)):
            row = _row(name, GRADED, found, self._origin(name))
            if row is None:
                self._fault(name, "the grader failed: no results; grade again")
            else:
                self.rows[name] = row

    def _settle(self) -> None:
        """Take in what was written just when an interruption came between that and its row."""
        for name, digest in self._begun.items():
            found = results.stored(self.out / name, digest, self.release)
            row = None if found is None else _row(name, GRADED, found, self._origin(name))
            if row is not None:
                self.rows[name] = row
                self._publish(name)
        self._begun.clear()

    def _written(self, name: str, write: Callable[[], None]) -> bool:
        """Whether results of one submission could be written; the others go on if not."""
        problem = self._try(write)
        if problem:
            self._fault(name, f"its results could not be written: {problem}")
            self._say(name, f"{name}: {self.rows[name].remark}")
        return not problem

    def _note(self, manifest: Manifest, graded: Graded) -> None:
        digest = graded.results.get("extra_data", {}).get("digest", "")
        fault = graded.fault or (f"at {graded.faults} tasks" if graded.faults else "")
        note = (graded.name, digest, graded.seconds, graded.where, fault)
        problem = self._try(lambda: manifest.note(*note))
        if problem:
            self._say("", f"the seconds of gradings could not be written: {problem}")

    def _try(self, write: Callable[[], None]) -> str:
        """Why something could not be written; `OutError` if no more can be."""
        try:
            write()
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and is_full(error):
                raise cannot_write(self.out, error) from None
            return str(error)
        return ""

    def _fault(self, name: str, remark: str) -> None:
        self.rows[name] = Row(name, FAULT, remark, self._origin(name))

    def _origin(self, name: str) -> Origin:
        row = self.rows.get(name)
        return row.origin if row else Origin()

    def _say(self, name: str, text: str) -> None:
        if (name, text) not in self._said:  # the first and the second look may see the same
            self._said.add((name, text))
            self.problems.append(text)


def _origin(one: Found, remarks: Sequence[str] = ()) -> Origin:
    remarks = tuple(remarks) or one.remarks
    known = one.is_left_over and bool(one.refusal)
    return Origin(one.source, one.students, one.attempt, remarks, known, one.late)


def _row(name: str, state: str, found: dict[str, Any], origin: Origin) -> Row | None:
    try:
        return ledger.row(name, state, found, origin)
    except (KeyError, TypeError, ValueError):
        return None  # whatever that is, it was not written by this version
