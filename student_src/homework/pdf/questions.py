"""Finds the graded questions of a notebook, and the cells that belong to each.

A cell belongs to a question if its metadata says so: nbgrader's `grade_id` (the question's text and
its answer) or a tag that is the question's id (code and figures that the answer speaks about),
wherever in the notebook it stands. Where metadata were lost, the id that is printed in the heading
or above the answer says it.

A cell that you have inserted goes with the cell above it, and if that belongs to no question, with
the cell below it. Cells of no question are left out of the report.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from homework.handin import signature
from homework.pdf.cells import (
    ANSWER,
    LONGEST_TITLE,
    PROMPT,
    WORK,
    Cell,
    Notebook,
    Question,
    ReportError,
    load,
)

_KIT_ID = re.compile(r"(?:[a-z0-9]+-)+text|cell-\d{3}")  # of cells without a name
_SAID_ANSWER = re.compile(r"\s*\*\*Your answer\*\*\s*\(`([\w.]+)`\)")
_SAID_PROMPT = re.compile(r"\s*#+ [^\n]*\(\d+(?:\.\d+)? points?, `([\w.]+)`\)")


def parse(content: bytes, folder: Path, catalogues: Sequence[Mapping[str, Any]] = ()) -> Notebook:
    """The notebook in these bytes.

    Args:
        catalogues: the lists of assignments in `test_resources`; the one whose questions are in the
            notebook gives their titles, points and order.

    Raises:
        ReportError: this is no notebook, an old one, or one without questions.
    """
    data, cells = load(content)
    _mark_inserted(cells)
    questions, course = _questions(cells, catalogues)
    if not questions:
        raise ReportError(
            "this notebook has no graded questions: name the assignment's own notebook, as in "
            'make_pdf("assignments/00_toy.ipynb")'
        )
    left_out = _assign(cells, {question.id: question for question in questions})
    for question in questions:
        _describe(question)
    signed = [cell for cell in cells if cell.agreement]
    values = signature("\n".join(cell.source for cell in signed))
    return Notebook(
        folder,
        _title(cells) or "Report",
        str(data.get("course") or course),
        questions,
        [cell for cell in signed if cell.kind == "markdown"],
        values.get("NAME", ""),
        values.get("STUDENT_ID", ""),
        left_out,
        cells,
    )


def _mark_inserted(cells: Sequence[Cell]) -> None:
    """Decide for cells without names of ours whether they came with the kit."""
    kept = any(_KIT_ID.fullmatch(name) for cell in cells for name in cell.names)
    for cell in cells:
        came = any(_KIT_ID.fullmatch(name) for name in cell.names)
        if not kept:  # ids were lost on the way: a heading then begins something of ours
            came = cell.kind == "markdown" and re.match(r"\s*#{1,3} ", cell.source) is not None
        cell.inserted = cell.inserted and not came and not _said(cell)


# ------------------------------------------------------------------------- whose is a cell


def _said(cell: Cell) -> tuple[str, str] | None:
    """Question and role, as the text of a markdown cell says it."""
    if cell.kind == "markdown":
        for pattern, role in ((_SAID_ANSWER, ANSWER), (_SAID_PROMPT, PROMPT)):
            found = pattern.match(cell.source)
            if found:
                return found[1], role
    return None


def _id(name: str) -> str:
    """`q0-written_samples-question` and `q0-written_samples` are of `q0.written_samples`."""
    return name.removesuffix("-question").replace("-", ".", 1)


def _graded_by_people(cell: Cell) -> bool:
    grading = cell.grading
    return bool(grading.get("grade_id")) and bool(
        grading.get("task") or (grading.get("grade") and grading.get("solution"))
    )


def _questions(
    cells: Sequence[Cell], catalogues: Sequence[Mapping[str, Any]]
) -> tuple[list[Question], str]:
    """Questions by catalogue and then by notebook, and the name of the course."""
    here: dict[str, Question] = {}
    for cell in cells:
        said = _said(cell)
        if _graded_by_people(cell):
            name = _id(str(cell.grading["grade_id"]))
            points = cell.grading.get("points")
            here.setdefault(name, Question(name)).points = (
                points if isinstance(points, (int, float)) else None
            )
        elif said and said[1] == ANSWER:
            here.setdefault(said[0], Question(said[0]))
    for catalogue in catalogues:
        listed = [
            Question(str(item["id"]), str(item.get("title", "")), item.get("points"))
            for item in catalogue.get("written", ())
        ]
        if any(question.id in here for question in listed):
            ids = [question.id for question in listed]
            others = [question for name, question in here.items() if name not in ids]
            return [*listed, *others], str(catalogue.get("course", ""))
    return list(here.values()), ""


def _belongs(cell: Cell, questions: Mapping[str, Question]) -> list[tuple[str, str]]:
    """Questions and roles of a cell that came with the kit."""
    said = _said(cell)
    grade_id = cell.grading.get("grade_id")
    if isinstance(grade_id, str) and _id(grade_id) in questions:
        prompt = grade_id.endswith("-question") or cell.grading.get("task")
        return [(_id(grade_id), PROMPT if prompt else ANSWER)]
    if said and said[0] in questions:
        return [said]
    return [(name, WORK) for name in dict.fromkeys(map(_id, cell.names)) if name in questions]


def _assign(cells: Sequence[Cell], questions: Mapping[str, Question]) -> list[Cell]:
    """Put each cell where it belongs; returns inserted cells that belong nowhere."""
    places = [None if cell.inserted else _belongs(cell, questions) for cell in cells]
    left_out = []
    for index, cell in enumerate(cells):
        place = places[index]
        if place is None:
            above = next((p for p in reversed(places[:index]) if p is not None), [])
            below = next((p for p in places[index:] if p is not None), [])
            place = [(name, ANSWER if role == PROMPT else role) for name, role in above]
            place = place or [(name, WORK) for name, _ in below]
            if not place and cell.source.strip():
                left_out.append(cell)
        for name, role in place:
            questions[name].cells[role].append(cell)
    return left_out


def _describe(question: Question) -> None:
    """Take the title from the heading of the question if no catalogue gave one."""
    for cell in question.cells[PROMPT]:
        heading = re.match(r"\s*#+ ([^\n]*)", cell.source)
        if heading and not question.title:
            title = heading[1][:LONGEST_TITLE]
            question.title = re.sub(r"\s*\([^()]*points?[^()]*\)\s*$", "", title).strip()


def _title(cells: Sequence[Cell]) -> str:
    for cell in cells:
        heading = re.search(r"^# +(.+)$", cell.source, re.M) if cell.kind == "markdown" else None
        if heading:
            return heading[1].strip()[:LONGEST_TITLE]
    return ""
