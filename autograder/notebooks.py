"""Makes the students' notebooks from the masters, `notebook.py` in an assignment's folder.

A master is a Python file in jupytext's percent format. Three kinds of cells are marked in their
head; what nbgrader has to know of them is taken from the rubric:

    # %% check="q0.mean"                          checks a task
    # %% [markdown] question="q0.written_why"     asks what people grade
    # %% [markdown] answer="q0.written_why"       is for the answer; holds a model answer

`@SETUP@` stands for the cells that begin every notebook, `@BADGE@` for the link to Colab,
`@POINTS@` for the points in all; the heading "## The mean (`q0.mean`)" gets the points of the task.

A student notebook is what `nbgrader generate_assignment` makes of the master: the same
preprocessors in the same order, but for the one that writes to nbgrader's database. Cell ids are
fixed and nothing has been executed, so equal masters give equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder import source
from autograder.rubric import Rubric
from homework.allowed import LISTED

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
SETUP = Path(__file__).resolve().parent / "notebook_files" / "setup_cells.txt"
_CELL = re.compile(r"^# %%")
_MARK = re.compile(r'^# %%.*\b(check|question|answer)="([^"]*)"')
_HEADING = re.compile(r"^(#+ .*\()(`([\w.]+)`\))$", re.MULTILINE)
_ONLY_JUPYTEXT = ("jupytext", "cell_marker", "lines_to_next_cell", "title")
_BADGE = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
_COLAB = "https://colab.research.google.com/github"


def master_notebook(item: Rubric) -> Any:
    """The instructors' notebook of an assignment, with its model answers, as an nbformat node.

    Raises:
        MarkerError: a solution marker is nested, unclosed, stray, misspelt or outside of an answer,
            an answer has no solution, or cells and rubric disagree; names file and line.
    """
    import jupytext

    text, name = source.read(item.master), item.shown(item.master)
    _check_markers(text, name)
    for problem in _disagreements(text, item):
        raise source.MarkerError(problem)
    notebook = jupytext.reads(_filled(text, item), fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        for key in _ONLY_JUPYTEXT:
            cell.metadata.pop(key, None)
        _mark(cell, item)
        cell["id"] = _cell_id(cell, number)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    _need_different_ids(notebook, name)
    notebook.metadata = type(notebook.metadata)(
        kernelspec=dict(KERNEL),
        language_info={"name": "python"},
        # Colab writes such an entry into what it saves; here it keeps the badge's title.
        colab={"name": item.notebook, "provenance": []},
        generated=(
            f'Generated from {name} by "autograder release". '
            "Answer in this notebook; change anything else there."
        ),
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _points(item: Rubric) -> dict[str, float]:
    """By task and question."""
    return {task.id: task.points for task in item.tasks} | {w.id: w.points for w in item.written}


def _filled(text: str, item: Rubric) -> str:
    """A master's text with what the course and the rubric say."""
    points = _points(item)
    setup = SETUP.read_text(encoding="utf-8").partition("\n\n")[2].strip()
    text = re.sub(r'^# %% name="setup"\n@SETUP@$', lambda _: setup, text, flags=re.MULTILINE)
    text = re.sub(r"^@BADGE@\n+", lambda _: _badge(item), text, flags=re.MULTILINE)
    text = _HEADING.sub(lambda m: f"{m[1]}{points[m[3]]:g} points, {m[2]}", text)
    for mark, value in {
        "ALLOWED": LISTED,
        "FILE": item.files[0],
        "POINTS": f"{item.points:g}",
    }.items():
        text = text.replace(f"@{mark}@", value)
    return text


def _badge(item: Rubric) -> str:
    if not item.course.repository:
        return ""
    place = f"{item.course.repository}/blob/{item.course.branch}/assignments/{item.notebook}"
    return f"{_BADGE}({_COLAB}/{place})\n\n"


def _mark(cell: Any, item: Rubric) -> None:
    """Turn a cell's mark into nbgrader's metadata."""
    kind = next((kind for kind in ("check", "question", "answer") if kind in cell.metadata), None)
    if kind is None:
        return
    id_ = cell.metadata.pop(kind)
    graded = {"points": _points(item)[id_]} if kind != "question" else {}
    cell.metadata["nbgrader"] = {
        "grade": kind != "question",
        "grade_id": id_.replace(".", "-") + ("-question" if kind == "question" else ""),
        "locked": kind != "answer",
        **graded,
        "schema_version": 3,
        "solution": kind == "answer",
        "task": False,
    }
    cell.metadata["tags"] = [id_]
    if kind == "check":
        cell.source = f'points(check("{id_}"))'


def _disagreements(text: str, item: Rubric) -> Iterator[str]:
    """Where the cells of a master and the rubric do not fit, with the line."""
    name = item.shown(item.master)
    kinds: dict[str, tuple[str, ...]] = {task.id: ("check",) for task in item.tasks}
    kinds |= {question.id: ("question", "answer") for question in item.written}
    headings = {match[3] for match in _HEADING.finditer(text)}
    seen: dict[tuple[str, str], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        match, heading = _MARK.match(line), _HEADING.match(line)
        if heading and heading[3] not in kinds:
            yield f"{name}, line {number}: {heading[3]} is not in the rubric"
        if not match:
            continue
        kind, id_ = match.groups()
        if kind not in kinds.get(id_, ()):
            yield f"{name}, line {number}: the rubric has no {id_} for a cell with {kind}="
        elif (kind, id_) in seen:
            yield f"{name}, line {number}: line {seen[kind, id_]} is for {id_} as well"
        seen[kind, id_] = number
    for id_, wanted in kinds.items():
        for kind in wanted:
            if (kind, id_) not in seen:
                yield f'{name}: {id_} of the rubric has no cell with {kind}="{id_}"'
        if id_ not in headings:
            yield f"{name}: there is no heading that ends in (`{id_}`)"


def build(item: Rubric) -> str:
    """The student notebook of an assignment, as the JSON text of an .ipynb file.

    Raises:
        MarkerError: as `master_notebook`.
        nbgrader.nbgraderformat.ValidationError: nbgrader does not accept the cells' metadata.
    """
    import nbformat
    from nbgrader.converters import GenerateAssignment
    from nbgrader.preprocessors import SaveCells

    notebook, resources = master_notebook(item), dict[str, Any]()
    for preprocessor in GenerateAssignment.class_traits()["preprocessors"].default():
        if preprocessor is not SaveCells:
            notebook, resources = preprocessor().preprocess(notebook, resources)
    return as_text(nbformat.from_dict(notebook))


def as_text(notebook: Any) -> str:
    """A notebook as the text of an .ipynb file, in the one form that we commit."""
    import nbformat

    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4) + "\n"


def _cell_id(cell: Any, number: int) -> str:
    """The grade id, else the cell's name, else its first words, else its number: never random."""
    graded = cell.metadata.get("nbgrader", {}).get("grade_id")
    return graded or cell.metadata.get("name") or _first_words(cell) or f"cell-{number:03d}"


def _first_words(cell: Any) -> str:
    """Of a text: "## KL divergence (6 points, `q0.mean`)" gives "kl-divergence-text"."""
    if cell.cell_type != "markdown":
        return ""
    line = cell.source.strip().partition("\n")[0].partition("(")[0]
    words = re.findall(r"[a-z0-9]+", line.lower())
    return "-".join([*words[:8], "text"]) if words else ""


def _need_different_ids(notebook: Any, name: str) -> None:
    seen: set[str] = set()
    for cell in notebook.cells:
        if cell["id"] in seen:
            raise source.MarkerError(f"{name}: two cells have the id {cell['id']!r}")
        seen.add(cell["id"])


def _check_markers(text: str, name: str) -> None:
    """Each marked region lies in one answer; each answer has a region."""
    lines = text.splitlines()
    heads = [number for number, line in enumerate(lines, start=1) if _CELL.match(line)]
    answers = {n for n in heads if (mark := _MARK.match(lines[n - 1])) and mark[1] == "answer"}
    answered = set()
    for begin, end in source.marked_lines(text, name):
        head = max((number for number in heads if number < begin), default=0)
        if head not in answers:
            raise source.MarkerError(
                f'{name}, line {begin}: this solution is not in a cell with answer="..."'
            )
        if any(head < number < end for number in heads):
            raise source.MarkerError(f"{name}, line {begin}: this solution spans two cells")
        answered.add(head)
    for head in sorted(answers - answered):
        raise source.MarkerError(f"{name}, line {head}: no solution is marked in this answer")
