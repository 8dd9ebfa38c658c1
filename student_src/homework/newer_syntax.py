"""Tells which construct of a newer Python a text holds, read by whatever Python runs.

A Python that is itself too old to read the text says little in its error, so the line is looked at.
One that is new enough reads it by the grammar of the older one (`ast.parse(feature_version=...)`),
which lets pass nothing but quotation marks inside of f-strings.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

Version = tuple[int, int]

# Beginnings of lines that an older Python refuses; the first that matches the line counts.
_NEWER = (
    ((3, 15), "a lazy import", r"\s*lazy\s+(?:import|from)\b"),
    ((3, 14), "`except` with several exceptions and no parentheses", r"\s*except\*?\s+[\w.]+\s*,"),
    ((3, 14), "a template string", r"(?:.*\W)?[tT][rR]?[\"']"),
    ((3, 13), "defaults of type parameters", r"\s*(?:(?:async\s+)?def|class)\s+\w+\[[^]=]*\w\s*="),
    ((3, 12), "type parameters in square brackets", r"\s*(?:(?:async\s+)?def|class)\s+\w+\s*\["),
    ((3, 12), "a `type` statement", r"\s*type\s+\w+\s*(?:\[[^]]*\])?\s*="),
)
_NESTED_SINCE = (3, 12)
_NESTED = "an f-string whose braces hold a backslash or the quotation mark that encloses it"
_SUPPORTED = re.compile(r"(.*?) (?:is|are) only supported in Python 3\.(\d+)")


@dataclass(frozen=True)
class Newer:
    """A construct, the version that brought it, and the line where it is used."""

    what: str
    version: Version
    line: int


def in_error(error: SyntaxError, text: str, python: Version) -> Newer | None:
    """The construct that a syntax error is about, if it is about one that `python` lacks."""
    number = error.lineno or 0
    said = _SUPPORTED.match(str(error.msg))
    if said:
        return Newer(said[1][0].lower() + said[1][1:], (3, int(said[2])), number)
    lines = text.splitlines()
    line = lines[number - 1][:1000] if 0 < number <= len(lines) else ""
    for version, what, pattern in _NEWER:
        if version > python and re.match(pattern, line):
            return Newer(what, version, number)
    starts = [match.start() for match in re.finditer(r"\b[fF][rR]?[\"']", line)]
    if python < _NESTED_SINCE and any(_is_nested(line[start:]) for start in starts):
        return Newer(_NESTED, _NESTED_SINCE, number)
    return None


def in_tree(tree: ast.Module, text: str, python: Version) -> Newer | None:
    """The first f-string that `python` could not read, of a text that this Python has read.

    Before Python 3.12 it could not have been read; and since then places in f-strings are exact.
    """
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    if python >= _NESTED_SINCE or not strings:
        return None
    lines = text.splitlines(keepends=True)
    for node in strings:
        first = lines[node.lineno - 1].encode()[node.col_offset :].decode("utf-8", "replace")
        if _is_nested(first + "".join(lines[node.lineno : node.end_lineno])):
            return Newer(_NESTED, _NESTED_SINCE, node.lineno)
    return None


def _is_nested(text: str) -> bool:
    """Whether an f-string at the start of `text` has in braces what ended it before Python 3.12."""
    opening = re.match(r"[a-zA-Z]{1,2}(\"\"\"|'''|\"|')", text)
    if not opening:
        return False
    quote, at, depth, spec = opening[1], opening.end(), 0, False
    while at < len(text) and not text.startswith(quote, at):
        here = text[at]
        if depth == 0 and (here == "\\" or text[at : at + 2] in ("{{", "}}")):
            at += 1  # the next one is not looked at either
        elif depth and not spec and here in "\"'":
            end = text.find(here, at + 1)
            if end < 0 or quote in text[at:end] or "\\" in text[at:end]:
                return True
            at = end
        elif depth and not spec and here == "\\":
            return True
        elif depth or here == "{":
            depth += (here in "([{") - (here in ")]}")
            spec = depth == 1 and (spec or here == ":")
        at += 1
    return depth > 0 and at < len(text)
