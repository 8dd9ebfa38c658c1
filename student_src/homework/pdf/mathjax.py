"""Rewrites TeX that MathJax sets and pandoc or Typst does not, into TeX and names that they know.

Pandoc reads less TeX than MathJax, and writes a few symbols by names that newer versions of Typst
no longer have. Each rule keeps what a reader sees: what only moves or colours things is dropped.
"""

from __future__ import annotations

import re

_DEEPEST = 6  # braces within braces of an argument
_INSIDE = r"[^{}]*+"
for _ in range(_DEEPEST - 1):
    _INSIDE = rf"(?:[^{{}}]++|\{{{_INSIDE}\}})*+"
BRACED = rf"(\{{{_INSIDE}\}})"
_ARGUMENT = rf"\s*{BRACED}"
_UNSEEN = r"(?:\{[^{}]*\}|-?[\d.]+\s*(?:em|ex|pt|mu|px|cm|mm|in))"  # a length or a colour
_ROUNDS = 8  # of rewriting what stands within itself


def _commands(*names: str) -> str:
    """A pattern for these commands, which no letter may follow."""
    return rf"(?<!\\)\\(?:{'|'.join(names)})(?![A-Za-z])"


def _environment(name: str) -> str:
    return rf"\\begin\{{{name}\}}(.*?)\\end\{{{name}\}}"


_RULES = tuple(
    (re.compile(pattern, re.S), new)
    for pattern, new in (
        (r"\\def\s*(\\[A-Za-z]+)\s*(?=\{)", r"\\newcommand{\1}"),
        # Numbers and names of equations.
        (r"\\label\s*\{[^{}]*\}|\\(?:nonumber|notag)(?![A-Za-z])", ""),
        (r"\\tag\*?\s*\{([^{}]*)\}", r"\\qquad \\text{(\1)}"),
        (r"\\(?:eq)?ref\s*\{([^{}]*)\}", r"\\text{(\1)}"),
        # Spaces and invisible things.
        (r"(?<!\\)\\!", " "),
        (_commands("negthinspace", "allowbreak", "hfill", "strut", "mathstrut"), ""),
        (_commands("thinspace"), r"\\,"),
        (_commands("kern", "mkern", "rule") + rf"\s*{_UNSEEN}\s*(?:{_UNSEEN})?", ""),
        (_commands("vphantom") + _ARGUMENT, ""),
        (_commands("hphantom"), r"\\phantom"),
        # What is only coloured, linked, moved or classed keeps its content.
        (
            _commands("textcolor", "href", "class", "cssId", "style") + rf"\s*{_UNSEEN}{_ARGUMENT}",
            r"\1",
        ),
        (_commands("colorbox") + rf"\s*{_UNSEEN}{_ARGUMENT}", r"\\text\1"),
        (_commands("fcolorbox") + rf"\s*{_UNSEEN}\s*{_UNSEEN}{_ARGUMENT}", r"\\boxed{\\text\1}"),
        (
            _commands(
                "smash", "mathinner", "mathnormal", "bbox", "rlap", "llap", "mathrlap", "mathllap",
                "mathclap", "lower", "raise", "raisebox",
            ) + rf"\s*(?:\[[^\]]*\])?\s*(?:{_UNSEEN}(?=\s*\{{))?{_ARGUMENT}",
            r"\1",
        ),
        (_commands("mathchoice") + _ARGUMENT * 4, r"\1"),
        # Other names for what is known.
        (r"\{\s*\\(rm|bf|it|cal)\s+([^{}]*)\}", r"\\math\1{\2}"),
        (_commands("cfrac") + r"(?:\[[lrc]\])?", r"\\frac"),
        (_commands("tbinom", "dbinom"), r"\\binom"),
        (_commands("bcancel", "xcancel", "sout"), r"\\cancel"),
        (_commands("bold"), r"\\mathbf"),
        (_commands("Bbb", "mathbbm"), r"\\mathbb"),
        (_commands("hbox", "textnormal"), r"\\text"),
        (_commands("thickapprox"), r"\\approx "),
        (_commands("thicksim"), r"\\sim "),
        (_commands("varlimsup"), r"\\limsup "),
        (_commands("varliminf"), r"\\liminf "),
        (_commands("vcentcolon"), ":"),
        (_commands("bmod"), r"\\mathbin{\\text{mod}}"),
        (_commands("surd"), r"\\text{√}"),
        (_commands("degree"), r"{}^{\\circ}"),
        (_commands("S"), r"\\text{§}"),
        (_commands("P"), r"\\text{¶}"),
        (_commands("copyright"), r"\\text{©}"),
        (_commands("xlongequal", "xequal") + _ARGUMENT, r"\\overset\1{=}"),
        (_commands("xRightarrow") + _ARGUMENT, r"\\overset\1{\\Rightarrow}"),
        (_commands("xLeftarrow") + _ARGUMENT, r"\\overset\1{\\Leftarrow}"),
        (_commands("xhookrightarrow") + _ARGUMENT, r"\\overset\1{\\hookrightarrow}"),
        (_commands("prescript") + _ARGUMENT * 3, r"{}^\1_\2\3"),
        (_commands("sideset") + r"\s*\{\}\s*\{([^{}]*)\}\s*(\\[A-Za-z]+)", r"{\2}\1"),
        (r"\{([^{}]*?)\\over(?![A-Za-z])([^{}]*)\}", r"\\frac{\1}{\2}"),
        (r"\{([^{}]*?)\\atop(?![A-Za-z])([^{}]*)\}", r"\\substack{\1\\\\\2}"),
        # Environments.
        (r"\\(begin|end)\{dcases\}", r"\\\1{cases}"),
        (_environment("rcases"), r"\\left.\\begin{array}{ll}\1\\end{array}\\right\\}"),
        (_environment("vmatrix"), r"\\left|\\begin{matrix}\1\\end{matrix}\\right|"),
        (r"\\begin\{subarray\}\{[lcr]\}(.*?)\\end\{subarray\}", r"\\substack{\1}"),
    )
)  # fmt: skip
_UNICODE = re.compile(r"\\unicode\s*(?:\[[^\]]*\])?\s*\{\s*(?:x([0-9A-Fa-f]{1,5})|(\d{1,6}))\s*\}")
# What pandoc writes, and what Typst 0.14 and later call it.
_RENAMED = (
    (re.compile(r"\b(dot|times|minus|dash|plus|div|eq|ast|compose)\.circle\b"), r"\1.o"),
    (re.compile(r"\bsect\b"), "inter"),
    # As a relation, the double bar of a norm would carry its exponent on top of itself.
    (re.compile(r"\bparallel\b"), 'class("normal", bar.v.double)'),
)
_DOUBLE_BARS = 'delim: "||"', 'delim: "‖"'  # around a matrix: Typst wants one character


def repaired(tex: str) -> str:
    """The same formula in TeX that pandoc reads."""
    tex = _UNICODE.sub(_character, tex)
    for _ in range(_ROUNDS):
        before = tex
        for pattern, new in _RULES:
            tex = pattern.sub(new, tex)
        if tex == before:
            break
    return tex


def _character(found: re.Match[str]) -> str:
    number = int(found[1], 16) if found[1] else int(found[2])
    char = chr(number) if 0xA0 <= number < 0xD800 or 0xE010 <= number < 0x110000 else "?"
    return rf"\text{{{char}}}"


def renamed(code: str, strings: str) -> str:
    """Typst's mathematics with the names that Typst has now, and the double bar of a norm.

    Args:
        strings: a pattern for string literals, which stay as they are.
    """
    parts = re.split(f"({strings})", code.replace(*_DOUBLE_BARS))
    for pattern, new in _RENAMED:
        parts[::2] = [pattern.sub(new, part) for part in parts[::2]]
    return "".join(parts)
