"""Shows what a check found: as text, as HTML and as plain data.

Needs only the standard library. Everything that comes from a student's code (names of exceptions,
their messages, prints) is escaped: it is shown as text, whatever it holds.
"""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any

from homework.progress import in_notebook
from homework.verdict import (
    ERROR,
    FAILED,
    GRADER_FAULT,
    NOT_IMPLEMENTED,
    NOT_RUN,
    PASSED,
    TIMEOUT,
    TaskResult,
    Verdict,
)

CLOSING = "The grader runs these cases and more on other inputs."
# Names from formulas that are words of letters: they keep their case where a sentence begins.
SYMBOLS = {"alpha", "beta", "eps", "lambda", "logvar", "mu", "sigma", "std", "var", "xt"}


@dataclass
class Report:
    """What `check` found.

    Attributes:
        wanted: the name that was asked for; None for everything.
        results: one entry a task; its cases are the public ones.
        titles: the title of the assignment of each task, by the task's id.
        problem: why nothing could be checked, in one sentence; empty if something was.
        notice: something else to tell, such as an interruption.
        remarks: what works here, perhaps, but not where it is graded.
        printed: the beginning of what the student's code printed, if one task was asked for.
    """

    wanted: str | None = None
    results: list[TaskResult] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    notice: str = ""
    remarks: list[str] = field(default_factory=list)
    printed: str = ""
    _shown_in: int | None = field(default=None, repr=False)

    @property
    def passed(self) -> bool:
        """Whether something was checked and all of it passes."""
        return not self.problem and bool(self.results) and not self.failing

    @property
    def failing(self) -> list[TaskResult]:
        return [result for result in self.results if result.status != PASSED]

    @property
    def summary(self) -> str:
        """One sentence: how many tasks pass, or why none could be checked."""
        if self.problem:
            return self.problem
        right, total = len(self.results) - len(self.failing), len(self.results)
        if total == 1:
            ending = " passes its public cases." if right else f": {self.results[0].status}."
            return self.results[0].task + ending
        return f"{right} of {total} tasks pass their public cases."

    def require(self) -> None:
        """Raise an `AssertionError` that says what is wrong, unless everything passes.

        For cells that are graded automatically: `check("q0.mean").require()`.
        """
        if not self.passed:
            wrong = "\n".join(sentence(result) for result in self.failing)
            raise AssertionError(self.problem or wrong or "nothing was checked") from None

    def to_json(self) -> dict[str, Any]:
        """Plain data: what `python -m homework.check --json` prints."""
        return {
            "passed": self.passed,
            "summary": self.summary,
            "problem": self.problem,
            "notice": self.notice,
            "remarks": self.remarks,
            "tasks": [_task_json(result) for result in self.results],
        }

    def __repr__(self) -> str:
        return f"<check: {clean(self.summary, 200)}>"

    def _ipython_display_(self) -> None:
        """Called when a report ends a cell: shows it, unless `check` has just done so."""
        if self._shown_in is None or self._shown_in != execution_count():
            show(self)


def sentence(result: TaskResult) -> str:
    """What is wrong with a task, in one line: id, status, what was seen, what to do."""
    verdict = result.worst
    parts = [f"{result.task}: {verdict.status}", verdict.rationale + place(verdict), verdict.help]
    return clean(". ".join(part.rstrip(".") for part in parts if part) + ".", 1000)


def place(verdict: Verdict) -> str:
    """Where code raised, to be added to what it raised; empty if that says it already."""
    known = verdict.file and verdict.line and verdict.file not in verdict.rationale
    return f" at line {verdict.line} of {verdict.file}" if known else ""


def told_before(results: Sequence[TaskResult]) -> dict[str, str]:
    """For each task the first one with the same error in the same line, if that is another one."""
    first: dict[tuple[str, ...], str] = {}
    found = {}
    for result in results:
        errors = [case.verdict for case in result.cases if case.verdict.line]
        one = errors[0] if errors and result.status == ERROR else None
        key = (one.rationale, one.detail, one.file, str(one.line)) if one else (result.task,)
        earlier = first.setdefault(key, result.task)
        found[result.task] = "" if earlier == result.task else earlier
    return found


def capitalized(text: str) -> str:
    """A sentence with a full stop and, unless it begins with a symbol or a name, a capital."""
    text = text.strip()
    if not text:
        return ""
    first = re.split(r"[\s,:;]", text)[0]
    if first.isalpha() and (len(first) > 1 or first == "a") and first not in SYMBOLS:
        text = text[0].upper() + text[1:]
    return text + ("" if text[-1] in ".?!" else ".")


def _task_json(result: TaskResult) -> dict[str, Any]:
    head = {"id": result.task, "title": result.title, "status": result.status}
    worst = asdict(result.worst)
    del worst["status"]
    return {**head, **worst, "cases": [asdict(case) for case in result.cases]}


# ------------------------------------------------------------------------------ what is shown


def show(report: Report) -> None:
    """Show a report: a table in a notebook, text on stdout elsewhere. Never raises."""
    report._shown_in = execution_count()
    if in_notebook():
        from IPython.display import display

        display({"text/html": as_html(report), "text/plain": as_text(report, 100)}, raw=True)
    else:
        say(as_text(report))


def say(text: str) -> None:
    """Print text on a stream that perhaps cannot show all characters."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def execution_count() -> int | None:
    """The number of the cell that runs; None outside of IPython."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return getattr(get_ipython(), "execution_count", None)


def clean(text: str, limit: int) -> str:
    """One line of at most `limit` characters, without control characters."""
    line = re.sub(r"[^\S ]+", " ", re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text))
    line = "".join(c if c.isprintable() else "?" for c in line)
    return line if len(line) <= limit else line[: limit - 3] + "..."


def _lines(result: TaskResult, full: bool, told: str = "") -> list[tuple[str, str]]:
    """What is said of a task, as (label, text); `full` adds what only one task has room for."""
    verdict = result.worst
    notes = [("Note", clean(remark, 1000)) for remark in result.remarks]
    if told:
        return [("", f"The same error as for {told}."), *notes]
    if verdict.status == PASSED and not full:
        return notes
    rationale = capitalized(verdict.rationale + place(verdict))
    said = [
        ("", rationale),
        ("", capitalized(verdict.formula)),
        ("Hint", capitalized(verdict.help)),
    ]
    if verdict.status == NOT_IMPLEMENTED and not verdict.detail and not full:
        said = []  # the status says it all, for many tasks at once
    details = _details(verdict)
    said += details if full else details[:1]
    said.append(("Cases", _cases(result, full)))
    return [(label, clean(text, 1000 if full else 300)) for label, text in said if text] + notes


def _details(verdict: Verdict) -> list[tuple[str, str]]:
    """Labelled lines of a verdict's detail: the message of an exception, or values."""
    if verdict.status != FAILED:
        return [("Message", verdict.detail)]
    labels = {"got": "Got", "expected": "Expected"}
    lines = []
    for line in verdict.detail.split("\n"):
        word, _, rest = line.partition(" ")
        lines.append((labels[word], rest) if word in labels else ("Values", line))
    return lines


def _cases(result: TaskResult, full: bool) -> str:
    if full:
        return "; ".join(f"{case.verdict.status}: {case.about}" for case in result.cases)
    if len(result.failing) == len(result.cases):
        return ""
    return f"{len(result.failing)} of the {len(result.cases)} public cases do not pass"


def _groups(report: Report) -> list[tuple[str, list[TaskResult]]]:
    """Results by the title of their assignment, in order."""
    groups: dict[str, list[TaskResult]] = {}
    for result in report.results:
        groups.setdefault(report.titles.get(result.task, ""), []).append(result)
    return list(groups.items())


def _ending(report: Report) -> list[str]:
    lines = [f"When graded: {remark}." for remark in report.remarks]
    lines += [report.notice, report.summary]
    if report.results and not report.problem:
        lines.append(CLOSING)
    return [line for line in lines if line]


# -------------------------------------------------------------------------------------- text


def as_text(report: Report, width: int = 0) -> str:
    """The report as lines of text; statuses are words, so no colour is needed."""
    width = width or min(100, max(50, shutil.get_terminal_size().columns))
    full, told = len(report.results) == 1, told_before(report.results)
    lines: list[str] = []
    for title, results in _groups(report):
        lines += [clean(title, width), ""] if title else []
        column = max(len(result.task) for result in results)
        for result in results:
            head = f"{result.status:<16}{result.task:<{column}}  {clean(result.title, 200)}"
            lines += _wrapped(head, width, "  ", 4 + 16 + column)
            for label, text in _lines(result, full, told[result.task]):
                lines += _wrapped(f"{label}: {text}" if label else text, width, " " * 6, 8)
        lines.append("")
    if report.printed:
        lines += ["Your code printed:", *_printed(report.printed, width), ""]
    for ending in _ending(report):
        lines += _wrapped(clean(ending, 2000), width, "", 0)
    return "\n".join(lines)


def _wrapped(text: str, width: int, indent: str, hanging: int) -> list[str]:
    after = " " * hanging
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=after) or [indent]


def _printed(text: str, width: int) -> list[str]:
    return [f"  | {clean(line, width - 4)}" for line in text.split("\n")[:12]]


# -------------------------------------------------------------------------------------- HTML

# Colours carry no meaning of their own: each badge says its status in a word. Text keeps the colour
# of the page, light or dark; badges bring both of their colours along.
_BADGES = {
    PASSED: ("&#10003;", "#1a7f37"),
    FAILED: ("&#10007;", "#b42318"),
    ERROR: ("&#10007;", "#b42318"),
    TIMEOUT: ("&#10007;", "#b42318"),
    NOT_IMPLEMENTED: ("&#8230;", "#57606a"),
    NOT_RUN: ("&#8230;", "#57606a"),
    GRADER_FAULT: ("!", "#8a4b00"),
}
_TABLE = "border-collapse:collapse;margin:0;font-size:inherit;color:inherit"
_CELL = (
    "text-align:left;vertical-align:top;padding:6px 10px;background:transparent;color:inherit;"
    "border:0;border-top:1px solid rgba(128,128,128,.45);white-space:normal"
)
_PRE = (
    "white-space:pre-wrap;font-family:monospace;background:transparent;color:inherit;"
    "margin:2px 0 2px 1em"
)
_BADGE = (
    "display:inline-block;white-space:nowrap;padding:1px 8px;border-radius:9px;color:#fff;"
    "font-size:90%;background:"
)


def as_html(report: Report) -> str:
    """The report as one HTML element with styles of its own; it needs no script or style sheet."""
    full, told = len(report.results) == 1, told_before(report.results)
    parts = []
    for title, results in _groups(report):
        if title:
            parts.append(f'<div style="font-weight:600;margin:6px 0">{_text(title)}</div>')
        rows = "".join(_row(result, full, told[result.task]) for result in results)
        parts.append(f'<table style="{_TABLE}">{rows}</table>')
    if report.printed:
        parts.append(f"<div>Your code printed:</div>{_pre(report.printed)}")
    parts += [f'<div style="margin-top:6px">{_text(line)}</div>' for line in _ending(report)]
    return f'<div style="color:inherit;line-height:1.45;max-width:60em">{"".join(parts)}</div>'


def _row(result: TaskResult, full: bool, told: str) -> str:
    mark, colour = _BADGES.get(result.status, _BADGES[NOT_RUN])
    badge = f'<span style="{_BADGE}{colour}">{mark} {_text(result.status)}</span>'
    said = "".join(_said(label, text) for label, text in _lines(result, full, told))
    about = f"<div><code>{_text(result.task)}</code> &nbsp;{_text(result.title)}</div>{said}"
    return f'<tr><td style="{_CELL}">{badge}</td><td style="{_CELL}">{about}</td></tr>'


def _said(label: str, text: str) -> str:
    name = f'<span style="opacity:.75">{_text(label)}:</span> ' if label else ""
    shown = _marked(text) if label in ("", "Hint") else _text(text)
    return f'<div style="margin-top:2px">{name}{shown}</div>'


def _pre(text: str) -> str:
    lines = "\n".join(clean(line, 200) for line in text.split("\n")[:12])
    return f'<pre style="{_PRE}">{_text(lines)}</pre>'


def _text(text: str) -> str:
    # Dollar signs would start mathematics, which notebooks typeset in HTML too.
    return escape(clean(text, 2000) if "\n" not in text else text).replace("$", "&#36;")


def _marked(text: str) -> str:
    """Sentences of the kit, in which names from code stand between backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _text(text))
