"""Makes the pieces of a report: the agreement, and the question, answer and work of each task."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homework.pdf import markdown, outputs, pandoc
from homework.pdf.cells import ANSWER, PROMPT, WORK, Cell, Notebook, Question, joined
from homework.pdf.pictures import Pictures
from homework.pdf.typst_text import Piece, call, clean, listing, literal, note

MOST_TEXT, MOST_CODE = 60_000, 400  # characters of a Markdown cell, lines of a code cell
MOST_OUTPUTS, MOST_ALL = 100, 600_000  # of a cell; characters of a report
_HEADING = re.compile(r"^[ \t]*#{1,6} [^\n]*\n?", re.M)


@dataclass
class Section:
    """The pieces of one question's pages."""

    question: Question
    pieces: list[Piece]


class Composer:
    """Turns cells into pieces; `warnings` collects what is to be said about them."""

    def __init__(self, notebook: Notebook, pictures: Pictures) -> None:
        self.notebook, self.pictures = notebook, pictures
        self.warnings = pictures.warnings
        self.room = MOST_ALL
        markdown_cells = (c.source[:MOST_TEXT] for c in notebook.all_cells if c.kind == "markdown")
        code = [c for c in notebook.all_cells if c.kind == "code" and c.source.strip()]
        self.nothing_run = bool(code) and not any(cell.executed for cell in code)
        if self.nothing_run:
            self.warnings.append("no cell has been run: run the notebook, save it, do this again")
        self.definitions = pandoc.macros(list(markdown_cells))

    def agreement(self) -> list[Piece]:
        texts = (_HEADING.sub("", cell.source, count=1) for cell in self.notebook.agreement)
        return [self._text(text, {}, "agreement") for text in texts if text.strip()]

    def section(self, question: Question) -> Section:
        where, pieces = question.id, []
        for cell in question.cells[PROMPT]:
            pieces += self._in_frame(cell, _HEADING.sub("", cell.text, count=1))
        pieces.append(Piece(call("part-line", '"Answer"')))
        if not question.answered:
            said = "there is no answer" if question.found else "it is not in this notebook"
            self.warnings.append(f"{where}: {said}")
            pieces.append(Piece(note(f"[{said}]")))
        pieces += self._cells(question.cells[ANSWER], where)
        if question.cells[WORK]:
            pieces.append(Piece(call("part-line", '"Code and figures"')))
        pieces += self._cells(question.cells[WORK], where)
        return Section(question, pieces)

    def _cells(self, cells: Sequence[Cell], where: str) -> list[Piece]:
        pieces: list[Piece] = []
        for cell in cells:
            if self.room <= 0:
                self.warnings.append(f"{where}: left out from here, as the report is too long")
                return [*pieces, Piece(note("[left out from here: the report is too long]"))]
            found = self._cell(cell, cell.text, where)
            self.room -= sum(len(piece.code) for piece in found)
            pieces += found
        return pieces

    def _in_frame(self, cell: Cell, text: str) -> list[Piece]:
        pieces = [self._text(text, cell.attachments, "the question")] if text.strip() else []
        return [Piece(call("prompt", p.code), p.source, p.where, p.formulas) for p in pieces]

    def _cell(self, cell: Cell, text: str, where: str) -> list[Piece]:
        if cell.kind == "markdown":
            return [self._text(text, cell.attachments, where)] if text.strip() else []
        if cell.kind != "code":
            text = self._short(text, f"{where}: a text is cut short", MOST_CODE, 0)
            return [Piece(listing(text, "source"))] if text else []
        if not cell.source.strip() and not cell.outputs:
            return []
        if not self.nothing_run:
            self.warnings += outputs.remarks(cell, where)
        code = self._short(clean(cell.source), f"{where}: code is cut short", MOST_CODE, 0)
        pieces = [Piece(listing(code, "code", "python"), cell.source, where)]
        merged = outputs.merged(cell.outputs)
        for output in merged[:MOST_OUTPUTS]:
            pieces += self._output(output, cell, where)
        if len(merged) > MOST_OUTPUTS:
            left_out = f"{len(merged) - MOST_OUTPUTS:,} outputs are left out"
            self.warnings.append(f"{where}: {left_out} ({cell.first_line})")
            pieces.append(Piece(note(f"[{left_out}]")))
        return pieces

    def _short(self, text: str, said: str, first: int, last: int) -> str:
        text, cut = outputs.shortened(text, first, last)
        if cut:
            self.warnings.append(f"{said}: {cut}")
        return text

    # ---------------------------------------------------------------------------- outputs

    def _output(self, output: Mapping[str, Any], cell: Cell, where: str) -> list[Piece]:
        kind, text = output.get("output_type"), ""
        if kind == "stream":
            text = outputs.shown(joined(output["text"]))
        elif kind == "error":
            text = outputs.error_text(output)
        elif isinstance(output.get("data"), dict):
            return self._data(output["data"], cell, where)
        return self._plain(text, cell, where, "error" if kind == "error" else "plain")

    def _data(self, data: Mapping[str, Any], cell: Cell, where: str) -> list[Piece]:
        code = self.pictures.from_output(data)
        if code:
            return [Piece(code, "[a figure]", where)]
        if any(str(kind).startswith("image/") for kind in data):
            self.warnings.append(f"{where}: a figure is damaged or too large ({cell.first_line})")
            return [Piece(note("[a figure that cannot be shown]"))]
        for kind in ("text/markdown", "text/latex"):
            if joined(data.get(kind)).strip():
                return [self._text(joined(data[kind]), {}, where)]
        html = joined(data.get("text/html"))
        if outputs.has_picture(html):
            return [self._html(html, where)]
        lost = outputs.lost_figure(data)
        if lost:
            self.warnings.append(
                f"{where}: {lost} is not in the report: show it as a picture, for example as a "
                f"PNG ({cell.first_line})"
            )
            return [Piece(note(f"[{lost}, which this page cannot show: see the notebook]"))]
        text = outputs.plain_text(data)
        if html and "text/plain" not in data:
            return [self._html(html, where)]
        return self._plain(text, cell, where)

    def _plain(self, text: str, cell: Cell, where: str, kind: str = "plain") -> list[Piece]:
        if not text.strip():
            return []
        said = f"{where}: an output is cut short ({cell.first_line})"
        text = self._short(text, said, outputs.FIRST, outputs.LAST)
        return [Piece(listing(text, kind), text, where)]

    # ------------------------------------------------------------------------------ texts

    def _text(self, text: str, attachments: Mapping[str, Any], where: str) -> Piece:
        """Markdown as a piece; its source if it cannot be converted."""
        if len(text) > MOST_TEXT:
            left_out = len(text) - MOST_TEXT
            self.warnings.append(f"{where}: a text is too long: {left_out:,} characters left out")
            text = text[:MOST_TEXT]

        def picture(address: str, alt: str) -> str:
            return self.pictures.named(address, alt, attachments, where)

        try:
            piece = markdown.convert(clean(text), picture, self.definitions, where)
        except Exception:  # whatever a text does to the converter, it is shown as it is
            return self._as_source(text, where)
        for code, tex in piece.formulas:
            if not code:
                self.warnings.append(broken_formula(where, tex))
        return piece

    def _html(self, html: str, where: str) -> Piece:
        try:
            return markdown.convert_html(
                clean(html[:MOST_TEXT]), lambda a, b: self.pictures.named(a, b, {}, where), where
            )
        except Exception:  # as above
            return self._as_source(html[:2000], where)

    def _as_source(self, text: str, where: str) -> Piece:
        self.warnings.append(as_source(where))
        return Piece(listing(text, "source"), text, where)


def broken_formula(where: str, tex: str) -> str:
    shown = " ".join(tex.split())
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return f"{where}: this formula is shown as TeX; the report cannot set something in it: {shown}"


def as_source(where: str) -> str:
    return f"{where}: a text is shown as its source, because it cannot be set"


def heading(question: Question) -> tuple[str, str, str]:
    """Id, title and points of a question, as string literals."""
    return literal(question.id), literal(question.title), literal(points(question.points))


def points(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:g} point{'' if value == 1 else 's'}"
