"""Reads a notebook: its cells, with what their metadata say. Nothing is executed.

Only the standard library is used, and damaged parts of a notebook are passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from homework.handin import is_agreement

PROMPT, ANSWER, WORK = "prompt", "answer", "work"
_STUBS = (
    r"\*\*Your answer\*\*[^\n]*",
    r"YOUR ANSWER HERE",
    r"# YOUR CODE HERE",
    r"raise NotImplementedError\(\)",
)
MOST_CELLS, LONGEST_TITLE = 2_000, 300  # characters


class ReportError(Exception):
    """No report can be made; the message is a sentence that says what to do."""


@dataclass
class Cell:
    """One cell; `number` counts from 1."""

    number: int
    kind: str
    source: str
    names: tuple[str, ...] = ()
    grading: Mapping[str, Any] = field(default_factory=dict)
    outputs: Sequence[Mapping[str, Any]] = ()
    attachments: Mapping[str, Any] = field(default_factory=dict)
    executed: bool = True
    inserted: bool = False
    agreement: bool = False

    @property
    def text(self) -> str:
        """The source without what the kit had put there to be replaced."""
        text = self.source
        for stub in _STUBS:
            text = re.sub(stub, "", text)
        return _without_comments(text).strip()

    @property
    def first_line(self) -> str:
        lines = [line.strip() for line in self.source[:10_000].splitlines() if line.strip()]
        return f"{lines[0][:50]}{'...' if len(lines[0]) > 50 else ''}" if lines else "(empty)"


def _without_comments(text: str) -> str:
    """The text without HTML's comments; a pattern would take long for many that do not end."""
    parts, here = [], 0
    while (begin := text.find("<!--", here)) >= 0 and (end := text.find("-->", begin)) >= 0:
        parts.append(text[here:begin])
        here = end + 3
    return "".join([*parts, text[here:]])


@dataclass
class Question:
    """A question that people grade, with its cells in the order of the notebook."""

    id: str
    title: str = ""
    points: float | None = None
    cells: dict[str, list[Cell]] = field(default_factory=lambda: {PROMPT: [], ANSWER: [], WORK: []})

    @property
    def answered(self) -> bool:
        return any(cell.text or cell.outputs for cell in self.cells[ANSWER])

    @property
    def found(self) -> bool:
        return any(self.cells.values())


@dataclass
class Notebook:
    """What the report is made of.

    Attributes:
        folder: where pictures that are named in answers are looked for.
        left_out: inserted cells that belong to no question.
    """

    folder: Path
    title: str
    course: str
    questions: list[Question]
    agreement: list[Cell]
    name: str
    student_id: str
    left_out: list[Cell]
    all_cells: list[Cell]


def load(content: bytes) -> tuple[dict[str, Any], list[Cell]]:
    """A notebook's metadata and cells; raises `ReportError`."""
    problem = "this is not a notebook: open it in Jupyter and save it again, or download it again"
    try:
        raw = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise ReportError(problem) from None
    if isinstance(raw, dict) and ("worksheets" in raw or _version(raw) < 4):
        raise ReportError(
            "this notebook has an old format: open it in Jupyter, save it, and call this again"
        )
    if not isinstance(raw, dict) or not isinstance(raw.get("cells"), list):
        raise ReportError(problem)
    cells = [cell for cell in raw["cells"] if isinstance(cell, dict)]
    if len(cells) > MOST_CELLS:
        raise ReportError(
            f"this notebook has {len(cells):,} cells, and a report is made of {MOST_CELLS:,} at "
            "most: delete those that you do not need, save it, and call this again"
        )
    found = [_cell(number, cell) for number, cell in enumerate(cells, start=1)]
    return _mapping(raw.get("metadata")), found


def _version(raw: Mapping[str, Any]) -> int:
    version = raw.get("nbformat", 4)
    return version if isinstance(version, int) else 4


def joined(value: Any) -> str:
    """A text that notebooks store as a string or as a list of lines."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _cell(number: int, raw: dict[str, Any]) -> Cell:
    data = _mapping(raw.get("metadata"))
    grading = _mapping(data.get("nbgrader"))
    tags = data.get("tags")
    tags = tags if isinstance(tags, list) else []
    # Colab writes a cell's id into its metadata.
    names = [grading.get("grade_id"), raw.get("id"), data.get("id"), data.get("name"), *tags]
    outputs = raw.get("outputs")
    outputs = [o for o in outputs if isinstance(o, dict)] if isinstance(outputs, list) else []
    source = joined(raw.get("source"))
    return Cell(
        number,
        str(raw.get("cell_type")),
        source,
        tuple(name for name in names if isinstance(name, str)),
        grading,
        outputs,
        _mapping(raw.get("attachments")),
        bool(raw.get("execution_count") or outputs or not source.strip()),
        not (grading or tags or data.get("name")),
        is_agreement(raw | {"metadata": data | {"nbgrader": grading, "tags": tags}}),
    )
