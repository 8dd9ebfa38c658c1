"""Turns a code cell and what it has put out into pieces of the report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from homework.pdf.cells import Cell, joined
from homework.pdf.typst_text import clean

FIRST, LAST, WIDEST = 80, 20, 1000  # lines of an output that are shown; characters of a line
_COLOURS = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_WIDGET = "application/vnd.jupyter.widget-view+json"
_FIGURE = re.compile(r"<(?:Figure size|IPython\.core\.display|matplotlib\.)[^\n]*>")
# Figures that no page can show: what they are called, by the form or the HTML of an output.
_LOST = (
    ("a figure in PDF form", re.compile(r"/pdf$"), re.compile(r"<embed\b", re.I)),
    ("a video or sound", re.compile(r"^(?:video|audio)/"), re.compile(r"<(?:video|audio)\b", re.I)),
    (
        "an interactive figure",
        re.compile(r"vnd\.(?:plotly|vega|bokeh|holoviews)|javascript$"),
        re.compile(r"<(?:script|iframe|canvas|object)\b", re.I),
    ),
)
_IMAGE = re.compile(r"<(?:img|svg)\b", re.I)


def shown(text: str) -> str:
    """What a terminal shows of a text: no colours, and lines that were written over."""
    lines = []
    for line in _COLOURS.sub("", text).replace("\r\n", "\n").split("\n"):
        line = next((part for part in reversed(line.split("\r")) if part.strip()), "")
        lines.append(_backed_up(line) if "\b" in line else line)
    return clean("\n".join(lines)).strip("\n")


def _backed_up(line: str) -> str:
    """A line without what was taken back in it."""
    kept: list[str] = []
    for char in line:
        if char != "\b":
            kept.append(char)
        elif kept:
            kept.pop()
    return "".join(kept)


def shortened(text: str, first: int = FIRST, last: int = LAST) -> tuple[str, str]:
    """A text of bounded length, and what was left out of it in words, or nothing."""
    lines = text.split("\n")
    cut = []
    left_out = len(lines) - first - last
    if left_out > 1:
        middle = f"[... {left_out:,} lines left out ...]"
        lines = [*lines[:first], middle, *lines[len(lines) - last :]]
        cut.append(f"{left_out:,} lines are left out")
    long = sum(len(line) > WIDEST for line in lines)
    if long:
        lines = [line if len(line) <= WIDEST else f"{line[:WIDEST]} [...]" for line in lines]
        cut.append(f"{long} very long line{'s are' if long > 1 else ' is'} cut")
    return "\n".join(lines), " and ".join(cut)


def merged(outputs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The outputs with neighbouring texts of the same stream put together."""
    result: list[dict[str, Any]] = []
    for output in outputs:
        kind, name = output.get("output_type"), output.get("name")
        before = result[-1] if result else {}
        if kind == "stream" == before.get("output_type") and name == before.get("name"):
            before["text"].append(joined(output.get("text")))
        else:
            result.append(dict(output))
            if kind == "stream":
                result[-1]["text"] = [joined(output.get("text"))]
    return list(result)


def error_text(output: Mapping[str, Any]) -> str:
    """A traceback, or at least what it ends with."""
    trace = output.get("traceback")
    lines = [line for line in trace if isinstance(line, str)] if isinstance(trace, list) else []
    return shown("\n".join(lines)) or f"{output.get('ename')}: {output.get('evalue')}"


def plain_text(data: Mapping[str, Any]) -> str:
    """The plain form of an output; nothing for progress bars and the names of objects."""
    text = shown(joined(data.get("text/plain")))
    return "" if _WIDGET in data or _FIGURE.fullmatch(text.strip()) else text


def has_picture(html: str) -> bool:
    """Whether HTML shows pictures that can be set as such, and nothing that moves."""
    return bool(_IMAGE.search(html)) and not any(tags.search(html) for _, _, tags in _LOST)


def lost_figure(data: Mapping[str, Any]) -> str:
    """What an output is that a page cannot show, in words; empty if it is no such figure."""
    html, text = joined(data.get("text/html")), joined(data.get("text/plain"))
    for name, forms, tags in _LOST:
        if any(forms.search(str(kind)) for kind in data) or tags.search(html):
            return name
    return "an interactive figure" if _WIDGET in data and text.startswith("Canvas(") else ""


def remarks(cell: Cell, where: str) -> list[str]:
    """What is to be said about a code cell: not run, or ended in an error."""
    found = []
    if not cell.executed:
        found.append(f"{where}: a cell has not been run: {cell.first_line}")
    for output in cell.outputs:
        if output.get("output_type") == "error":
            error = shown(f"{output.get('ename')}: {output.get('evalue')}").split("\n")[0][:80]
            found.append(f"{where}: a cell ended in {error} ({cell.first_line})")
    return found
