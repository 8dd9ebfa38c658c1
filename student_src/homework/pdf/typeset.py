"""Sets pieces as a PDF with Typst, in a folder of its own that holds nothing but the pictures.

Typst may read that folder only. What it does not accept is found by setting each piece by itself:
formulas with an error are shown as their source, and if that does not help, the whole text is.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from homework.pdf.cells import Notebook
from homework.pdf.compose import Section, as_source, broken_formula, heading, points
from homework.pdf.markdown import broken
from homework.pdf.template import TEMPLATE
from homework.pdf.typst_text import Piece, as_text, block, call, listing, literal

SECONDS, ALTOGETHER = 120, 300  # for one document; for all that are set for a report
STACK = 64 << 20  # bytes for each of Typst's threads
MOST_MISSING = 12  # characters that are named


class TypesetError(Exception):
    """Typst does not accept a document."""


class Typesetter:
    """Typst, reading only `folder`, in a process of its own that is started again when it ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._worker: subprocess.Popen[bytes] | None = None
        self._end_of_time = time.monotonic() + ALTOGETHER
        _copy_fonts(folder / "fonts")

    def __enter__(self) -> Typesetter:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.kill()
            self._worker.communicate()
            self._worker = None

    def _begin(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            # -P: a file of the student's must not take the place of a module.
            [sys.executable, "-P", str(Path(__file__).with_name("worker.py")), str(self.folder)],
            cwd=self.folder,
            env={**os.environ, "RUST_MIN_STACK": str(STACK)},  # deep texts need much
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def _ask(self, what: str, text: str, options: Mapping[str, Any]) -> bytes:
        seconds = min(SECONDS, self._end_of_time - time.monotonic())
        if seconds <= 0:
            raise TypesetError("it takes too long")
        self._worker = worker = self._worker or self._begin()
        assert worker.stdin is not None and worker.stdout is not None
        request = json.dumps({"what": what, "text": text, "options": options})
        limit = threading.Timer(seconds, worker.kill)
        limit.start()
        try:
            worker.stdin.write(request.encode() + b"\n")
            worker.stdin.flush()
            answer = json.loads(worker.stdout.readline())
            content = worker.stdout.read(answer["size"])
        except (OSError, ValueError):
            self._end()
            raise TypesetError("Typst crashed, or took too long") from None
        except BaseException:  # interrupted: what is still to come would be taken for an answer
            self._end()
            raise
        finally:
            limit.cancel()
        if answer["error"]:
            raise TypesetError(answer["error"])
        return content

    def pdf(self, text: str, **options: Any) -> bytes:
        """The PDF of a document; raises `TypesetError`."""
        return self._ask("pdf", text, options)

    def accepts(self, code: str) -> bool:
        try:
            self.pdf(_document(code))
        except TypesetError:
            return False
        return True

    def pages(self, text: str) -> list[tuple[int, int]]:
        """First and last page of each question of a document."""
        found = json.loads(self._ask("<question-begins>", text, {}))
        first = [int(entry["page"]) for entry in found]
        last = [page - 1 for page in first[1:]] + [int(entry["last"]) for entry in found[-1:]]
        return list(zip(first, last))

    def missing(self, text: str) -> str:
        """Characters of a text that no font here has."""
        wanted = [char for char in sorted(set(text)) if char > "~" and _visible(char)]
        found: list[str] = []
        self._among(wanted, found)
        return "".join(found)

    def _among(self, wanted: Sequence[str], found: list[str]) -> None:
        if not wanted or len(found) >= MOST_MISSING:
            return
        code = block([call("text", literal(char)) for char in wanted])
        try:
            # PDF/A allows no character without a shape: Typst refuses instead of drawing a box.
            dated = _document(code).replace("date: none", "date: auto", 1)
            self.pdf(dated, pdf_standards="a-2b", timestamp=0)
        except TypesetError:
            half = len(wanted) // 2
            if half:
                self._among(wanted[:half], found)
                self._among(wanted[half:], found)
            else:
                found += wanted


def _visible(char: str) -> bool:
    return unicodedata.category(char) not in ("Cf", "Mn", "Me", "Cn", "Co", "Zs", "Zl", "Zp")


def _copy_fonts(folder: Path) -> None:
    """Put matplotlib's DejaVu Sans into `folder`: it has many symbols, and is there in Colab too.

    Its other fonts stay away: one of them has a box for every character, which would hide that a
    character has no shape here.
    """
    folder.mkdir()
    with suppress(ImportError, ValueError, OSError):
        found = importlib.util.find_spec("matplotlib")
        if found is not None and found.origin is not None:
            fonts = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
            for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"):
                shutil.copyfile(fonts / name, folder / name)


# ------------------------------------------------------------------------------- documents


def _document(code: str, foot: str = "", head: str = "", author: str = "", title: str = "") -> str:
    names = f"({literal(author)},)" if author else "()"
    return (
        f"#set document(title: {literal(title)}, author: {names}, date: none)\n"
        f"#let report-foot = {literal(foot)}\n#let report-head = {literal(head)}\n"
        f"{TEMPLATE}\n#{code}\n"
    )


def document(
    notebook: Notebook, agreement: Sequence[Piece], sections: Sequence[Section], notes: list[str]
) -> str:
    """The Typst source of a whole report."""
    name, student_id, title = notebook.name, notebook.student_id, notebook.title
    entries = []
    for section in sections:
        question = section.question
        entries.append(
            f"(id: {literal(question.id)}, title: {as_text(question.title or question.id)}, "
            f"points: {literal(points(question.points).split(' ')[0])})"
        )
    cover = call(
        "cover", as_text(notebook.course), as_text(title), as_text(name), as_text(student_id),
        block([piece.code for piece in agreement]), _array(entries), _array(map(as_text, notes)),
    )  # fmt: skip
    parts = [cover]
    for section in sections:
        body = block([part for piece in section.pieces for part in (piece.code, "parbreak()")])
        parts.append(call("question", *heading(section.question), body))
    who = ", ".join(part for part in (name, student_id) if part)
    return _document(block(parts), who, title, name, title)


def _array(items: Any) -> str:
    return "(" + "".join(f"{item}, " for item in items) + ")"


def repair(setter: Typesetter, pieces: Sequence[Piece]) -> list[str]:
    """Change the pieces that Typst does not accept so that it does; returns warnings."""
    warnings = []
    for piece in pieces:
        if setter.accepts(piece.code):
            continue
        for code, tex in piece.formulas:
            if code and not setter.accepts(code):
                piece.code = piece.code.replace(code, broken(tex))
                warnings.append(broken_formula(piece.where, tex))
        if not setter.accepts(piece.code):
            piece.code = listing(piece.source, "source")
            warnings.append(as_source(piece.where))
    return warnings


def pdf_at_all_costs(
    setter: Typesetter, whole: Callable[[], str], pieces: Sequence[Piece], warnings: list[str]
) -> bytes:
    """The PDF; with all texts as their source, if it is their sum that Typst does not accept."""
    try:
        return setter.pdf(whole())
    except TypesetError:
        for piece in pieces:
            if piece.source and not piece.code.startswith(("picture(", "listing(")):
                piece.code = listing(piece.source, "source")
        warnings.append("all texts are shown as their source, because together they cannot be set")
        return setter.pdf(whole())


def literals(code: str) -> str:
    """The texts in Typst code, to look for their characters in the fonts."""
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', code))
