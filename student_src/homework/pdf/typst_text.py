"""Writes texts as Typst code.

Nothing that a student wrote becomes Typst code: texts go in as string literals, and formulas as
strings that Typst reads as mathematics only. A `Piece` is a part of the report that is set by
itself, with what to show instead should Typst not accept it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

LONG_WORD, CODE_COLUMNS = 24, 102
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ue000\ue001\ufdd0-\ufdef\ufffe\uffff]")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


@dataclass
class Piece:
    """A part of the report.

    Attributes:
        code: Typst code that gives its content.
        source: what is shown as plain text if Typst does not accept the code.
        where: names the place for warnings.
        formulas: the code of each formula in `code`, with its TeX.
    """

    code: str
    source: str = ""
    where: str = ""
    formulas: list[tuple[str, str]] = field(default_factory=list)


def clean(text: str) -> str:
    """The text without control characters and halves of characters."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def literal(text: str) -> str:
    """The text as a Typst string literal."""
    return '"' + "".join(_ESCAPES.get(char, char) for char in clean(text)) + '"'


def call(name: str, *arguments: str, **named: str) -> str:
    """A call in Typst code; arguments are code."""
    options = [f"{key.replace('_', '-')}: {value}" for key, value in named.items()]
    return f"{name}({', '.join([*options, *arguments])})"


def block(parts: Sequence[str]) -> str:
    """Code that joins the contents of its parts."""
    return "{ " + "; ".join(parts) + " }" if parts else "[]"


def breakable(text: str) -> str:
    """The text with places where a line may end inside of very long words."""
    return re.sub(rf"(\S{{{LONG_WORD}}})(?=\S)", "\\1\u200b", text)


def as_text(text: str) -> str:
    return literal(breakable(text))


def formula(code: str, displayed: bool) -> str:
    """A formula, given in Typst's mathematics."""
    return call("display-math" if displayed else "inline-math", literal(code))


def columns(text: str) -> int:
    """How many columns a text takes in a font of fixed width."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def folded(text: str, limit: int = CODE_COLUMNS) -> str:
    """Code or output with lines that are too long cut in parts; each further part is marked."""
    result = []
    for line in text.expandtabs(4).split("\n"):
        mark, here = "", 0
        # A part of it alone is looked at, since a line may have a million characters.
        while (
            columns(rest := mark + line[here : here + 4 * limit]) > limit
            or len(line) - here > 4 * limit
        ):
            end = limit
            while columns(rest[:end]) > limit:
                end -= max(1, (columns(rest[:end]) - limit) // 2)
            space = max(rest.rfind(char, limit // 2, end) for char in " ,")
            end = space + 1 if space > 0 and rest[:space].strip() else end
            result.append(rest[:end])
            here += end - len(mark)
            mark = "  ↪ "
        result.append(mark + line[here:])
    return "\n".join(result)


def listing(text: str, kind: str = "plain", lang: str = "") -> str:
    """Code, output or source, set in a font of fixed width.

    Args:
        kind: `code`, `plain`, `error` or `source`.
        lang: what to colour it as; only `python` is.
    """
    tongue = '"python"' if lang == "python" else "none"
    return call("listing", literal(folded(clean(text)).rstrip("\n")), f'"{kind}"', lang=tongue)


def note(text: str) -> str:
    """A sentence of ours inside of a student's answer."""
    return call("note", as_text(text))
