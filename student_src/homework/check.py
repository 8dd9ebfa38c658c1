"""Checks your code against the public cases: in a notebook, from a shell, under pytest.

    from homework.check import check
    check("q0.mean")     # one task; check("q0") or check("toy") for many, check() for all

    python -m homework.check q0 --json

Your files are read again each time, so an edit counts at once, and whatever you have imported
yourself stays as it is. Files are looked for beside the folder `homework`; the environment
variable `HOMEWORK_FOLDER` names another place.

`check` never raises and writes nothing to stderr. In a cell that is graded automatically, write
`check("q0.mean").require()`: it raises an `AssertionError` that says what is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homework.report import Report, say, show
from homework.verdict import (
    GRADER_FAULT,
    NOT_RUN,
    PASSED,
    CaseResult,
    TaskResult,
    Verdict,
    remarks_on,
)

if TYPE_CHECKING:
    from homework.explain import Tried
    from homework.fixtures import Assignment, Case, Task
    from homework.loading import Loader
    from homework.outcome import Outcome

__all__ = ["Report", "check", "examine", "main"]

INTERRUPTED = "interrupted while this ran; is there a loop that does not end?"
_running: list[str | None] = []


def check(wanted: str | None = None) -> Report:
    """Run the public cases of a task, or of many, on your files and show what was found.

    Args:
        wanted: a task (`q0.mean`), a group (`q0`), an assignment (`toy`), or None for all.

    Returns:
        The report: `.passed`, `.results` (one `TaskResult` a task), and `.require()`, which raises
        an `AssertionError` unless everything passes. Ending a cell with it shows it once only.
    """
    report = examine(wanted)
    try:
        show(report)
    except (Exception, KeyboardInterrupt):  # a closed stdout, an interruption: nothing to add
        pass
    return report


def examine(wanted: str | None = None, folder: Path | None = None) -> Report:
    """As `check`, but show nothing.

    Args:
        wanted: as for `check`.
        folder: where the student's files are; None for the usual place.
    """
    if _running:
        return Report(wanted, problem="a check is running already: do not call check() in a file "
                                      "that is checked")  # fmt: skip
    report = Report(wanted)
    _running.append(wanted)
    try:
        _examine(report, Path(folder or student_folder()))
    except KeyboardInterrupt:
        report.notice = "Interrupted; what follows was not checked."
    except ImportError as error:
        report.problem = f"this Python ({sys.executable}) cannot run checks: {error}"
    except BaseException as error:
        report.problem = (
            f"the check itself failed ({type(error).__name__}: {error}); this is not the fault of "
            "your code: tell your instructor, or download homework/ and test_resources/ again"
        )
    finally:
        _running.clear()
    return report


def student_folder() -> Path:
    """The folder that holds `homework`, or the one that `HOMEWORK_FOLDER` names."""
    named = os.environ.get("HOMEWORK_FOLDER")
    return Path(named) if named else Path(__file__).resolve().parents[1]


def _examine(report: Report, folder: Path) -> None:
    from homework import remarks
    from homework.fixtures import FixtureError, public_folder
    from homework.loading import Loader

    try:
        selected = _select(public_folder(), report.wanted)
    except FixtureError as error:
        report.problem = str(error)
        return
    for assignment, tasks in selected:
        report.remarks += _obstacles(assignment, {task.file for task in tasks}, folder)
    work = [(assignment, task) for assignment, tasks in selected for task in tasks]
    for assignment, task in work:
        report.titles[task.id] = assignment.title
        report.results.append(TaskResult(task.id, task.title, task.points))
    notes: dict[str, set[str]] = {task.id: set() for _, task in work}
    try:
        _run(report, work, Loader(folder), notes)
    finally:
        files = {file for assignment, _ in selected for file in assignment.files}
        for result, said in zip(report.results, remarks.by_task(notes, files).values()):
            result.remarks += said


def _run(
    report: Report,
    work: list[tuple[Assignment, Task]],
    loader: Loader,
    notes: dict[str, set[str]],
) -> None:
    """Run tasks one after the other, until one is interrupted."""
    from homework.quiet import quiet

    for (assignment, task), result in zip(work, report.results, strict=True):
        try:
            with quiet() as printed:
                _run_task(assignment, result, task, loader, notes[task.id])
            result.remarks += remarks_on(result.cases)
        except KeyboardInterrupt:
            verdict = Verdict(NOT_RUN, INTERRUPTED)
            result.cases = [CaseResult("", "the check was interrupted", True, 1.0, verdict)]
            report.notice = f"Interrupted during {task.id}; what follows it was not checked."
            return
        if len(work) == 1:
            report.printed = printed.text


def _obstacles(assignment: Assignment, files: set[str], folder: Path) -> list[str]:
    """What will not work where these files are graded, told from their text."""
    from homework.preflight import survey

    graded = {}
    for file in sorted(files):
        with contextlib.suppress(OSError):
            graded[file] = (folder / file).read_bytes()
    return survey(graded, assignment.files, assignment.provided, folder).sentences


def _run_task(
    assignment: Assignment, result: TaskResult, task: Task, loader: Loader, notes: set[str]
) -> None:
    """Add to a result what its public cases give, and to `notes` how the code was run."""
    from homework.explain import explain

    cases = [case for case in task.cases if case.public]
    verdicts = explain(task, [_try(assignment, task, case, loader, notes) for case in cases])
    result.cases += [CaseResult(c.name, c.about, True, c.weight, verdicts[c.name]) for c in cases]


def _select(fixtures: Path, wanted: Any) -> list[tuple[Assignment, list[Task]]]:
    from homework.fixtures import FixtureError, UnknownTask, select

    if not (wanted is None or isinstance(wanted, str)):
        raise UnknownTask(f'a task is named by a string such as "q0", not by {wanted!r:.80}')
    name = wanted.strip() if wanted else None
    try:
        return select(fixtures, name or None)
    except UnknownTask as error:
        ids = [task.id for _, tasks in select(fixtures, None) for task in tasks]
        near = [i for i in ids if name and i.endswith(f".{name}")]
        near += difflib.get_close_matches(str(name), ids, n=1)
        if near:
            raise UnknownTask(f"there is no task {name!r:.80}; did you mean {near[0]}?") from None
        raise error
    except FixtureError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FixtureError(
            f"the fixtures in {fixtures} are damaged ({type(error).__name__}); "
            "download the folder test_resources again"
        ) from None


def _try(assignment: Assignment, task: Task, case: Case, loader: Loader, notes: set[str]) -> Tried:
    """Run one case; a fault of the check itself becomes a verdict too."""
    from homework import compare, fixtures, probing
    from homework.explain import Tried
    from homework.student import Student

    answers = fixtures.CaseArrays()
    outcomes: list[Outcome] = []
    try:
        answers = assignment.arrays(task, case)
        student = Student(loader.folder, assignment.stems, loader=loader)
        # With given values first: there, a mistake in what the task builds on cannot hold it up.
        own = [fixtures.on_its_own(answers.inputs)] if task.isolated else []
        for inputs in (answers.inputs, *own):
            outcome = probing.run(student, case.probe, inputs)
            outcomes.insert(0, outcome)
            notes.update(outcome.notes)
            verdict = compare.judge(task, case, answers, outcomes)
            if verdict.status == PASSED:  # one right outcome is enough
                return Tried(case, answers, outcome, verdict)
        return Tried(case, answers, outcomes[-1], verdict)
    except fixtures.FixtureError as error:
        verdict = Verdict(GRADER_FAULT, str(error))
    except Exception as error:
        rationale = f"the check itself failed ({type(error).__name__}: {error})"
        verdict = Verdict(GRADER_FAULT, rationale, "this is not your fault: tell your instructor")
    return Tried(case, answers, None, verdict)


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 everything passes, 1 something does not, 2 nothing could be checked."""
    parser = argparse.ArgumentParser(
        prog="python -m homework.check", description="Run the public cases on your files."
    )
    parser.add_argument("wanted", nargs="?", help="a task, a group or an assignment; all if empty")
    parser.add_argument("--json", action="store_true", help="print one JSON object, no table")
    options = parser.parse_args(arguments)
    os.environ.setdefault("MPLBACKEND", "Agg")  # a window would wait to be closed
    if options.json:
        # A shell starts what runs in its background deaf to interruptions; whoever asks for JSON
        # is a program, which ends a check that takes too long by one.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        report = examine(options.wanted)
        say(json.dumps(report.to_json()))
    else:
        report = check(options.wanted)
    if report.problem:
        return 2
    return 0 if report.passed else 1


if __name__ == "__main__":
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:  # as in `python -m homework.check | head -1`
        status = 1
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    # A student's threads, or what it registered to run at exit, must not keep the answer waiting.
    os._exit(status)
