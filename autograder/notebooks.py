"""Makes the students' notebooks from the masters, `notebook.py` in an assignment's folder.

A master is a Python file in jupytext's percent format. Its cells carry nbgrader's metadata, and
model answers stand between solution markers. A student notebook is what `nbgrader
generate_assignment` makes of the master: the same preprocessors in the same order, but for the one
that writes to nbgrader's database. Cell ids are fixed and nothing has been executed, so equal
masters give equal bytes.
"""

from __future__ import annotations

import re
from typing import Any

from autograder import source
from autograder.rubric import Rubric
from homework.allowed import LISTED

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
_CELL = re.compile(r"^# %%")
_GRADE_ID = re.compile(r'"grade_id": *"([^"]*)"')
_ONLY_JUPYTEXT = ("jupytext", "cell_marker", "lines_to_next_cell", "title")


def master_notebook(item: Rubric) -> Any:
    """The instructors' notebook of an assignment, with its model answers, as an nbformat node.

    Raises:
        MarkerError: a solution marker is nested, unclosed, stray, misspelt or outside of a
            solution cell, or a cell that wants an answer has no solution; names file and line.
    """
    import jupytext

    master = item.folder / "notebook.py"
    name = master.relative_to(item.folder.parents[1]).as_posix()
    text = source.read(master).replace("@ALLOWED@", LISTED)
    _check_markers(text, name)
    notebook = jupytext.reads(text, fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        for name in _ONLY_JUPYTEXT:
            cell.metadata.pop(name, None)
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
    """Each marked region lies in one solution cell; each solution cell has a region."""
    lines = text.splitlines()
    heads = [number for number, line in enumerate(lines, start=1) if _CELL.match(line)]
    answered = set()
    for begin, end in source.marked_lines(text, name):
        head = max((number for number in heads if number < begin), default=0)
        if not head or '"solution": true' not in lines[head - 1]:
            raise source.MarkerError(
                f"{name}, line {begin}: this solution is not in a cell with nbgrader metadata "
                'that says "solution": true'
            )
        if any(head < number < end for number in heads):
            raise source.MarkerError(f"{name}, line {begin}: this solution spans two cells")
        answered.add(head)
    for head in heads:
        found = _GRADE_ID.search(lines[head - 1])
        if found and '"solution": true' in lines[head - 1] and head not in answered:
            raise source.MarkerError(
                f"{name}, line {head}: no solution is marked in the cell {found[1]}"
            )
