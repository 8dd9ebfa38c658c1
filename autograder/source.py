"""Reads solution files: their marked regions, stubs made from them, and planted mistakes.

A region runs from `### BEGIN SOLUTION` to `### END SOLUTION` and belongs to the task of the
function around it. Clearing is nbgrader's own `ClearSolutions`, so that files and notebooks follow
one set of rules; what nbgrader would let pass or report without a place is checked first.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.rubric import Mistake, Task

BEGIN, END = "BEGIN SOLUTION", "END SOLUTION"
_MARKER = re.compile(r"^\s*#{2,}\s*(BEGIN|END)\s+SOLUTION\s*$")
_ALMOST = re.compile(r"(BEGIN|END)[ _-]*SOLUTION", re.IGNORECASE)


class MarkerError(Exception):
    """A solution marker is nested, unclosed, stray or misspelt; names file and line."""


@dataclass(frozen=True)
class Region:
    """Lines `begin` to `end` (1-based, both markers included) inside the function `function`."""

    begin: int
    end: int
    function: str


def regions(text: str, name: str) -> list[Region]:
    """The marked regions of a Python file.

    Args:
        text: the source.
        name: the file's name, for messages.

    Raises:
        MarkerError: markers are nested, unclosed, stray, misspelt or outside of any function.
    """
    spans = marked_lines(text, name)
    functions = [
        (node.lineno, node.end_lineno or node.lineno, node.name)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    found = []
    for begin, end in spans:
        around = [f for f in functions if f[0] < begin and end <= _reach(f, functions, text)]
        if not around:
            raise MarkerError(f"{name}, line {begin}: this solution is outside of any function")
        found.append(Region(begin, end, max(around)[2]))
    return found


def _reach(function: tuple[int, int, str], functions: list[tuple[int, int, str]], text: str) -> int:
    """Last line up to which comments still belong to a function: before the next statement."""
    lines = text.splitlines()
    last = function[1]
    while last < len(lines) and (not lines[last].strip() or lines[last].lstrip().startswith("#")):
        last += 1
    return last


def marked_lines(text: str, name: str) -> list[tuple[int, int]]:
    """Line numbers of each pair of markers, in order; raises `MarkerError` as `regions` does."""
    spans, begin = [], 0
    for number, line in enumerate(text.splitlines(), start=1):
        marker = _MARKER.match(line)
        if marker is None:
            if line.lstrip().startswith("#") and _ALMOST.search(line):
                raise MarkerError(
                    f"{name}, line {number}: write `### {BEGIN}` or `### {END}`, "
                    f"not {line.strip()!r}"
                )
        elif marker[1] == "BEGIN":
            if begin:
                raise MarkerError(
                    f"{name}, line {number}: a solution begins inside the one of line {begin}"
                )
            begin = number
        elif not begin:
            raise MarkerError(f"{name}, line {number}: a solution ends that never began")
        else:
            spans.append((begin, number))
            begin = 0
    if begin:
        raise MarkerError(f"{name}, line {begin}: this solution has no `### {END}`")
    return spans


def stub(text: str, name: str, tasks: Mapping[str, Task]) -> str:
    """The students' version of a file: each region becomes a TODO that raises its task's id.

    Args:
        tasks: the file's tasks by function name.

    Raises:
        MarkerError: as `regions`, or a region belongs to no task, or a task has no region.
    """
    from nbformat.v4 import new_code_cell

    found = regions(text, name)
    missing = set(tasks) - {region.function for region in found}
    if missing:
        raise MarkerError(f"{name}: no solution is marked in {', '.join(sorted(missing))}")
    lines = text.splitlines()
    pieces, start = [], 0
    for region in found:
        if region.function not in tasks:
            raise MarkerError(f"{name}, line {region.begin}: no task is named {region.function}")
        cell = new_code_cell("\n".join(lines[start : region.end]))
        pieces.append(_cleared(cell, tasks[region.function]))
        start = region.end
    return "\n".join([*pieces, *lines[start:]]) + "\n"


def _cleared(cell: object, task: Task) -> str:
    from nbgrader.preprocessors import ClearSolutions

    todo = f'# TODO ({task.id}): {task.todo}\nraise NotImplementedError("{task.id}")'
    clear = ClearSolutions(code_stub={"python": todo}, enforce_metadata=False)
    cell, _ = clear.preprocess_cell(cell, {"language": "python"}, 0)
    return str(cell.source)  # type: ignore[attr-defined]


def plant(text: str, name: str, task: Task, mistake: Mistake) -> str:
    """The reference with one mistake planted in the region of `task`.

    Raises:
        MarkerError: the task has no region, or an edit's old text is not there exactly once.
    """
    lines = text.splitlines()
    own = [region for region in regions(text, name) if region.function == task.name]
    if not own:
        raise MarkerError(f"{name}: no solution is marked in {task.name}")
    region = own[0]
    inside = "\n".join(lines[region.begin : region.end - 1])
    if mistake.body:
        indent = re.match(r"\s*", lines[region.begin - 1])[0]  # type: ignore[index]
        inside = textwrap.indent(textwrap.dedent(mistake.body).strip("\n"), indent)
    for old, new in mistake.edits:
        if inside.count(old) != 1:
            raise MarkerError(
                f"{name}: mistake {mistake.id!r} of {task.id} wants {old!r} once in the solution; "
                f"it is there {inside.count(old)} times"
            )
        inside = inside.replace(old, new)
    return "\n".join([*lines[: region.begin], inside, *lines[region.end - 1 :]]) + "\n"


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
