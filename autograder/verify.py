"""Proves that a release is sound, by doing what students, cheats and graders would do with it."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from autograder import authoring, counterparts, course, draws, gradescope, reach, release, source
from autograder.grade import Grader, Grading
from autograder.intake.submission import Submission
from autograder.release import Places
from autograder.rubric import Mistake, Rubric, Task
from autograder.selection import load_assignments
from autograder.spread import spread
from homework.fixtures import taken_apart
from homework.verdict import NOT_IMPLEMENTED

Problems = list[str]
MIN_LEAK_BYTES = 16
# Inputs that are the same whatever the secret is.
_NOT_DRAWN = ("/in/given_", "/in/step_", "/in/steps_to_show")

# Run in a fresh process on the unpacked Gradescope zip alone.
_THROUGH_THE_ZIP = """
import json, sys
from pathlib import Path
kit, submission, assignment = map(Path, sys.argv[1:])
sys.path[:0] = [str(kit), str(kit / "student_src")]
from autograder.grade import grade_to_results
print(json.dumps(grade_to_results(submission, assignment.name, kit / "fixtures")))
"""


def prove(places: Places, jobs: int, say: Callable[[str], None]) -> Problems:
    """Run every proof; `say` is told each step. The result is empty if the release is sound."""
    rubrics = course.load_all(places.solutions)
    problems = [*authoring.problems(rubrics), *_points(places, rubrics)]
    problems += [
        f"stale: {name}; run `autograder release`" for name in release.stale(places, rubrics)
    ]
    say("committed files compared with the source")
    problems += _leaks(places, rubrics)
    say("students' zips searched for solutions, bytecode and hidden arrays")
    problems += _draws(places, rubrics, jobs)
    say(
        "sets of hidden cases: compared with their public counterparts; answers looked"
        " for in all that is given; the reference and planted mistakes tried"
    )
    problems += _repeats(places, rubrics)
    say("zips built a second time and compared")
    with ThreadPoolExecutor(jobs) as threads:
        for found in threads.map(partial(_reference_through_zip, places), rubrics):
            problems += found
    say("reference graded through the Gradescope zips")
    with Grader(
        places.hidden, [r.assignment for r in rubrics], jobs, private=[places.solutions]
    ) as g:
        problems += _stubs(places, rubrics, g)
        say("stubs graded")
        problems += _mistakes(places, rubrics, g)
        say(f"planted mistakes graded under {g.isolation}")
    return problems


def _points(places: Places, rubrics: list[Rubric]) -> Iterator[str]:
    """What is said of points outside of the rubric must agree with it."""
    readme = places.root / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    for item in rubrics:
        for said in re.findall(rf"\*\*{item.assignment}\*\*, (\d+)", text):
            if float(said) != item.points:
                yield f"{readme} gives {item.assignment} {said} points; they are {item.points:g}"
        with zipfile.ZipFile(places.gradescope_zip(item.assignment)) as archive:
            outline = json.loads(archive.read("kit/grader_fault.json"))["tests"]
        shown = {test["number"]: test["max_score"] for test in outline}
        if shown != {task.id: task.points for task in item.tasks}:
            yield f"the Gradescope zip of {item.assignment} has other points than the rubric"


def _submission(name: str, files: dict[str, bytes]) -> Submission:
    return Submission(name, Path(name), files, (), {}, (), "")


def _reference(item: Rubric) -> dict[str, bytes]:
    return {file: (item.folder / file).read_bytes() for file in item.files}


def _stubs(places: Places, rubrics: list[Rubric], grader: Grader) -> Iterator[str]:
    """Every stub must import, give no points, and say of every task that it is to be done."""
    files = {
        file: (places.root / "student_src" / file).read_bytes()
        for item in rubrics
        for file in item.files
    }
    for task in grader.grade(_submission("stub", files)).tasks:
        if task.score or task.status != NOT_IMPLEMENTED:
            yield f"the stub gets {task.score:g} points for {task.task}: {task.worst.rationale}"


def _reference_through_zip(places: Places, item: Rubric) -> Problems:
    """The zip just built, unpacked and run by itself, must give the reference full marks."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with zipfile.ZipFile(places.gradescope_zip(item.assignment)) as archive:
            archive.extractall(folder)
        submission = folder / "submission.zip"
        with zipfile.ZipFile(submission, "w") as archive:
            for file, content in _reference(item).items():
                archive.writestr(file, content)
        command = [sys.executable, "-P", "-c", _THROUGH_THE_ZIP]
        arguments = [str(folder / "kit"), str(submission), item.assignment]
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        run = subprocess.run(
            [*command, *arguments], capture_output=True, text=True, env=environment
        )
        if run.returncode:
            return [f"{item.assignment}: the zip's judge fails: {run.stderr.strip()[-300:]}"]
        return [
            f"the reference loses points for {test['number']}: {test['output']}"
            for test in json.loads(run.stdout)["tests"]
            if test["score"] != test["max_score"]
        ]


def _mistakes(places: Places, rubrics: list[Rubric], grader: Grader) -> Problems:
    """Each planted mistake must lose points for its own task alone, and be named there."""
    planted: dict[str, tuple[Task, Mistake]] = {}
    submissions = []
    for item in rubrics:
        for task in item.tasks:
            for mistake in task.mistakes:
                name = f"{task.id}/{mistake.id}"
                planted[name] = task, mistake
                text = source.read(item.folder / task.file)
                wrong = source.plant(text, task.file, task, mistake).encode()
                submissions.append(_submission(name, _reference(item) | {task.file: wrong}))
    problems: Problems = []

    def done(grading: Grading) -> None:
        problems.extend(_mistake_problems(grading, *planted[grading.submission.name]))

    # One assignment's files are submitted at a time, so the others' tasks need not be run.
    grader.always = False
    grader.grade_all(submissions, done)
    return problems


def _mistake_problems(grading: Grading, task: Task, mistake: Mistake) -> Iterator[str]:
    name = f"mistake {mistake.id} of {task.id}"
    for result in grading.tasks:
        if result.task != task.id:
            if result.score != result.points:
                yield f"{name} also costs points for {result.task}: {result.worst.rationale}"
        elif result.score >= result.points:
            yield f"{name} keeps all its points"
        elif result.worst.mistake != mistake.id:
            told = f"{result.worst.rationale} {result.worst.help}".strip()
            yield (
                f"{name} is not named, but told: {told}. Where two mistakes give the same in all "
                "cases neither is named: keep one, or add a case that tells them apart"
            )


def _draws(places: Places, rubrics: list[Rubric], jobs: int) -> Iterator[str]:
    """Every set of hidden cases must be sound, let the reference pass and no planted mistake."""
    for assignment in load_assignments(places.hidden, [item.assignment for item in rubrics]):
        for drawn in range(assignment.sets):
            for problem in (
                *counterparts.problems(assignment, drawn),
                *reach.problems(assignment, drawn),
            ):
                yield f"set {drawn}: {problem}"
    work = [
        (places.hidden, places.solutions, item.assignment, task.id)
        for item in rubrics
        for task in item.tasks
    ]
    for found in spread(draws.problems, work, jobs):
        yield from found


def _leaks(places: Places, rubrics: list[Rubric]) -> Iterator[str]:
    """No line of a solution, no bytecode and no hidden array may be in a student's zip."""
    secret_lines = {line for item in rubrics for line in _solution_lines(item)}
    hidden = [array for item in rubrics for array in _hidden_arrays(places, item)]
    for item in rubrics:
        with zipfile.ZipFile(places.student_zip(item.assignment)) as archive:
            for name in archive.namelist():
                content = archive.read(name)
                if name.endswith((".pyc", ".pyo")) or "__pycache__" in name:
                    yield f"{name} in the zip of {item.assignment} is bytecode"
                yield from (
                    f"{name}: {what}" for what in _leaks_in(content, name, secret_lines, hidden)
                )


def _leaks_in(
    content: bytes, name: str, lines: set[str], hidden: list[tuple[str, bytes]]
) -> Iterator[str]:
    if name.endswith(".npz"):
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            shipped = {file[key].tobytes() for key in file.files}
        yield from (f"holds the hidden array {key}" for key, array in hidden if array in shipped)
    if name.endswith((".py", ".ipynb")):
        text = content.decode()
        if name.endswith(".ipynb"):
            text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
        found = lines & {line.strip() for line in text.splitlines()}
        yield from (f"holds the line of a solution {line!r}" for line in sorted(found))


def _solution_lines(item: Rubric) -> set[str]:
    """Lines inside markers that say something and do not stand outside of them as well."""
    inside: set[str] = set()
    outside: set[str] = set()
    for file in item.files:
        text = source.read(item.folder / file)
        lines = text.splitlines()
        numbers = {
            number
            for begin, end in source.marked_lines(text, file)
            for number in range(begin + 1, end)
        }
        for number, line in enumerate(lines, start=1):
            (inside if number in numbers else outside).add(line.strip())
    return {line for line in inside - outside if len(line) > 20}


def _hidden_arrays(places: Places, item: Rubric) -> Iterator[tuple[str, bytes]]:
    for path in sorted(places.hidden.glob(f"{item.assignment}.*.npz")):
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        for key, array in taken_apart(arrays):
            if any(part in key for part in _NOT_DRAWN):
                continue
            # A few whole numbers, such as labels, may be the same by chance.
            large = array.nbytes >= MIN_LEAK_BYTES and array.dtype.kind == "f"
            if large and len(np.unique(array)) > 2:
                yield key, array.tobytes()


def _repeats(places: Places, rubrics: list[Rubric]) -> Iterator[str]:
    """A second build must give the same bytes."""
    for item in rubrics:
        student, grading = (
            places.student_zip(item.assignment),
            places.gradescope_zip(item.assignment),
        )
        before = student.read_bytes(), grading.read_bytes()
        release.write_student_zip(places, item)
        with tempfile.TemporaryDirectory() as temporary:
            again = Path(temporary) / grading.name
            gradescope.build_zip(item.assignment, places.hidden, again, root=places.root)
            after = student.read_bytes(), again.read_bytes()
        for name, a, b in zip(("students'", "Gradescope"), before, after):
            if a != b:
                yield (
                    f"the {name} zip of {item.assignment} differs when it is built again; if the "
                    "kit was changed meanwhile, run `autograder release` first"
                )


def table(rubrics: list[Rubric]) -> list[tuple[str, ...]]:
    """Rows of the table of tasks: id, points, public and hidden cases, mistakes."""
    rows: list[tuple[str, ...]] = []
    for item in rubrics:
        for task in item.tasks:
            cases, mistakes = str(len(task.cases)), str(len(task.mistakes))
            rows.append((task.id, f"{task.points:g}", cases, cases, mistakes))
        for question in item.written:
            rows.append((question.id, f"{question.points:g}", "by people", "", ""))
        mistakes = str(sum(len(task.mistakes) for task in item.tasks))
        cases = str(sum(len(task.cases) for task in item.tasks))
        rows.append((f"{item.assignment} in all", f"{item.points:g}", cases, cases, mistakes))
    return rows
