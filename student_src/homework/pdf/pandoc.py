"""Calls pandoc, which comes with the wheel `pypandoc_binary`: Markdown, HTML and TeX formulas.

Pandoc runs in its sandbox (it reads no files), with limits of time and memory. Markdown is read as
CommonMark with GitHub's tables and without any way to write raw Typst; formulas are taken out
before and put back afterwards, as Jupyter does, so that `$a_1 * b_1$` is not taken for emphasis.
"""

from __future__ import annotations

import json
import math
import re
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from homework.pdf.mathjax import BRACED, renamed, repaired

OLDEST = (3, 1, 9)  # a pandoc of the system: older ones write Typst differently
SECONDS = 15  # for one text
MOST_TEX = 4_000, 20_000_000  # characters of a formula; of all of a text, with their macros
DEEPEST = 40  # brackets within brackets in a formula; many more crash Typst
MARKDOWN = "commonmark+pipe_tables+strikeout+task_lists+autolink_bare_uris+footnotes-raw_attribute"
HTML = "html-native_spans"
OPEN, CLOSE = "\ue000", "\ue001"  # around the number of a formula that was taken out
MARK = re.compile(f"{OPEN}(\\d+){CLOSE}")

_PARTS = re.compile(
    r"""
    (?P<code>^(?:[ \t>]|[-*+]\ |\d+[.)]\ )*(?P<fence>`{3,}|~{3,})[^\n]*\n
             (?:.*?^[ \t>]*(?P=fence)[`~]*[ \t]*$|.*\Z)
           |(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n[ \t]*\n).)+?(?<!`)(?P=ticks)(?!`))
    |\\\\\((?P<round>(?:(?!\\\\\().)+?)\\\\\)
    |\\\\\[(?P<square>(?:(?!\\\\\[).)+?)\\\\\]
    |(?P<bare>\\begin\{(?P<env>(?:equation|align|gather|multline|eqnarray)\*?)\}
             (?:(?!\\begin\{(?P=env)\}).)*?\\end\{(?P=env)\})
    |(?P<escape>\\.)
    |\$\$(?P<display>(?:\\.|(?!\n[ \t]*\n)[^$\\])+?)\$\$
    |\$(?P<inline>(?:\\.|(?!\n[ \t]*\n)[^$\\])+?)\$
    """,
    re.M | re.S | re.X,
)
_MACRO = re.compile(
    r"\\(?:(?:re)?newcommand\*?|DeclareMathOperator\*?|def)\s*(?:\{\\[A-Za-z]+\}|\\[A-Za-z]+)"
    r"\s*(?:\[\d\])?\s*" + BRACED
)
_BIG = r"\\(?:big|Big|bigg|Bigg)"
_OPENERS, _CLOSERS = r"\(|\[|\\\{|\\langle", r"\)|\]|\\\}|\\rangle"
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
_HARMLESS = re.compile(r"\\#|#box\(stroke: black, inset: 3pt, \[|#hide\[|#h\([\d.]+em\)")


class PandocError(Exception):
    """Pandoc does not understand a text, or took too long over it."""


_end = math.inf  # of the time for all texts of a report, by `time.monotonic`


def allow(seconds: float) -> None:
    """From now on, for all texts together; beyond that they cannot be converted."""
    global _end
    _end = time.monotonic() + seconds


def seconds_left() -> float:
    """Raises `PandocError` if there are none."""
    left = _end - time.monotonic()
    if left <= 0:
        raise PandocError("the report's texts take too long")
    return left


@cache
def program() -> str:
    """The path of pandoc; raises ImportError or OSError where there is none that will do."""
    import pypandoc

    for name in ("pandoc", "pandoc.exe"):  # the one in the wheel
        path = Path(pypandoc.__file__).parent / "files" / name
        if path.is_file():
            return str(path)
    version = tuple(int(part) for part in re.findall(r"\d+", pypandoc.get_pandoc_version())[:3])
    if version < OLDEST:
        raise OSError("pandoc is too old")
    return str(pypandoc.get_pandoc_path())


def run(text: str, source: str, target: str) -> str:
    """Convert; raises `PandocError` if that fails."""
    try:
        done = subprocess.run(
            [program(), "--sandbox", "-f", source, "-t", target, "--wrap=none"]
            + ["+RTS", "-M1g", "-RTS"],
            input=text.encode("utf-8", "replace"),
            capture_output=True,
            timeout=min(SECONDS, seconds_left()),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PandocError(str(error)) from None
    if done.returncode:
        raise PandocError(done.stderr.decode("utf-8", "replace")[-300:])
    return done.stdout.decode("utf-8", "replace")


@cache
def _api() -> list[int]:
    version: list[int] = json.loads(run("", MARKDOWN, "json"))["pandoc-api-version"]
    return version


def blocks(text: str, reader: str = MARKDOWN) -> list[dict[str, Any]]:
    """The blocks of a text, as pandoc's JSON tree; raises `PandocError`."""
    try:
        parsed: list[dict[str, Any]] = json.loads(run(text, reader, "json"))["blocks"]
    except (ValueError, KeyError, RecursionError) as error:
        raise PandocError(str(error)) from None
    return parsed


# ------------------------------------------------------------------------------- formulas


def take_formulas(text: str) -> tuple[str, list[tuple[str, bool]]]:
    """Replace each formula by a mark with its number.

    Returns:
        The text with marks, and for each formula its TeX and whether it is displayed.
    """
    formulas: list[tuple[str, bool]] = []

    def mark(tex: str, displayed: bool) -> str:
        formulas.append((tex.strip(), displayed))
        return f"{OPEN}{len(formulas) - 1}{CLOSE}"

    def replace(found: re.Match[str]) -> str:
        for kind in ("display", "square", "bare", "inline", "round"):
            if found[kind] is not None:
                return mark(found[kind], kind in ("display", "square", "bare"))
        return found[0]

    seconds_left()
    text = text.replace(OPEN, "").replace(CLOSE, "")
    return _PARTS.sub(replace, text), formulas


def put_back(text: str, formulas: Sequence[tuple[str, bool]]) -> str:
    """The text with its formulas in the place of their marks, as they were written."""

    def source(found: re.Match[str]) -> str:
        tex, displayed = formulas[int(found[1])]
        return f"$${tex}$$" if displayed else f"${tex}$"

    return MARK.sub(source, text)


def macros(texts: Sequence[str]) -> str:
    """Definitions of macros in formulas: they hold everywhere in a notebook."""
    found = (
        match[0]
        for text in texts
        if "\\newcommand" in text or "\\def" in text or "\\Decl" in text or "\\renew" in text
        for tex, _ in take_formulas(text)[1]
        for match in _MACRO.finditer(tex[: MOST_TEX[0]])
    )
    with suppress(PandocError):
        return "".join(dict.fromkeys(found))
    return ""


def typst_formulas(formulas: Sequence[str], definitions: str = "") -> list[str | None]:
    """Each TeX formula as Typst's mathematics, None where it cannot be understood."""
    if not formulas:
        return []
    tries = [(index, text) for index, tex in enumerate(formulas) if len(tex) <= MOST_TEX[0]
             for text in _candidates(tex)]  # fmt: skip
    if len(tries) * len(definitions) > MOST_TEX[1]:
        definitions = ""
    definitions = repaired(definitions)
    paragraphs: list[dict[str, Any]] = []
    for _, text in tries:
        math = {"t": "Math", "c": [{"t": "InlineMath"}, definitions + text]}
        paragraphs += [{"t": "Para", "c": [math]}, {"t": "Para", "c": [{"t": "Str", "c": OPEN}]}]
    document = {"pandoc-api-version": _api(), "meta": {}, "blocks": paragraphs}
    answers = run(json.dumps(document), "json", "typst").split(OPEN)
    result: list[str | None] = [None] * len(formulas)
    for (index, text), answer in zip(tries, answers):
        if result[index] is None and _depth(text) <= DEEPEST:
            result[index] = _checked(answer.strip())
    return result


def _candidates(tex: str) -> list[str]:
    """Ways to write a formula, the best first."""
    tex = repaired(tex)
    plain = re.sub(_BIG + r"[lrm]?(?![A-Za-z])", "", tex)
    found = [plain]
    if plain != tex:  # delimiters that grow with what they enclose
        grown = re.sub(rf"{_BIG}[lm]?\s*({_OPENERS})", r"\\left\1", tex)
        grown = re.sub(rf"{_BIG}[rm]?\s*({_CLOSERS})", r"\\right\1", grown)
        found.insert(0, re.sub(_BIG + r"[lrm]?(?![A-Za-z])", "", grown))
    if "\\\\" in plain or "&" in plain:
        found.append(rf"\begin{{aligned}}{plain}\end{{aligned}}")
    return found


def _checked(answer: str) -> str | None:
    """The formula inside of the dollars, if pandoc has made one and it holds no code."""
    if len(answer) < 2 or answer[0] != "$" or answer[-1] != "$":
        return None
    body = answer[1:-1]
    code = _STRINGS.sub("", body)
    if "#" in _HARMLESS.sub("", code) or _depth(code) > DEEPEST:
        return None
    return renamed(body.strip(), _STRINGS.pattern)


def _depth(code: str) -> int:
    depth = deepest = 0
    for char in code:
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    return deepest
