"""Finds an author's mistakes before anything is written: a sentence each, with file and line."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from autograder import notebooks, source
from autograder.rubric import Rubric, Task
from autograder.source import MarkerError

OF_SETUP = {"HOME", "check", "fresh", "need", "points", "start", "when_ready"}


def problems(rubrics: Iterable[Rubric]) -> list[str]:
    """What is wrong with the files of assignments whose descriptions and rubrics are sound."""
    return list(dict.fromkeys(problem for item in rubrics for problem in _of_assignment(item)))


def _of_assignment(item: Rubric) -> Iterator[str]:
    yield from _probes(item)
    for file in item.files:
        found = list(_reference(item, file))
        yield from found
        for task in item.tasks if not found else ():
            if task.file == file:
                yield from _mistakes(item, task)
    for path in (*item.provided.values(), *item.folder.glob("rehearsal/*.py")):
        yield from _private_imports(item, path)
    if not item.master.is_file():
        yield f"{item.shown(item.master)} is not there"
        return
    try:
        cells = notebooks.master_notebook(item).cells
    except MarkerError as error:
        yield str(error)
    else:
        yield from _taken_names(item, cells)


def _taken_names(item: Rubric, cells: Iterable[Any]) -> Iterator[str]:
    """Cells that give another meaning to what the set-up cell has imported for all cells."""
    for cell in cells:
        if cell.cell_type != "code" or cell.id == "setup":
            continue
        with contextlib.suppress(SyntaxError):  # of a line that only a notebook understands
            nodes = ast.walk(ast.parse(cell.source))
            stored = {
                n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            }
            for name in sorted(stored & OF_SETUP):
                yield (
                    f"{item.shown(item.master)}, cell {cell.id}: {name} is a "
                    "name of the set-up cell, which later cells need; choose another"
                )


def _where(item: Rubric, literal: str) -> str:
    """Where in the rubric a text stands, such as `solutions/toy/rubric/sums.py, line 7`."""
    for path in sorted((item.folder / "rubric").glob("*.py")):
        for number, line in enumerate(source.read(path).splitlines(), start=1):
            if f'"{literal}"' in line:
                return f"{item.shown(path)}, line {number}"
    return item.shown(item.folder / "rubric")


def _probes(item: Rubric) -> Iterator[str]:
    path = item.folder / "probes.py"
    if not path.is_file():
        yield f"{item.shown(path)} is not there"
        return
    tree = ast.parse(source.read(path))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for task in item.tasks:
        for probe in sorted({case.probe or task.id for case in task.cases}):
            module, _, name = probe.partition(".")
            if module != item.prefix or name not in functions:
                yield (
                    f"{_where(item, probe)}: {task.id} is driven by the probe {probe}, and "
                    f"{item.shown(path)} has no function {name}"
                )


def _reference(item: Rubric, file: str) -> Iterator[str]:
    path = item.folder / file
    tasks = {task.name: task for task in item.tasks if task.file == file}
    try:
        source.stub(source.read(path), item.shown(path), tasks)
    except MarkerError as error:
        yield str(error)
    except SyntaxError as error:
        yield f"{item.shown(path)}, line {error.lineno}: {error.msg}"


def _mistakes(item: Rubric, task: Task) -> Iterator[str]:
    text = source.read(item.folder / task.file)
    for mistake in task.mistakes:
        try:
            ast.parse(source.plant(text, task.file, task, mistake))
        except MarkerError as error:
            yield f"{_where(item, mistake.id)}: {error}"
        except SyntaxError as error:
            yield f"{_where(item, mistake.id)}: mistake {mistake.id!r} is no Python: {error.msg}"


def _private_imports(item: Rubric, path: Path) -> Iterator[str]:
    """What students get must not lean on parts of the core that may change."""
    own = {name.removesuffix(".py").replace("/", ".") for name in item.provided}
    for node in ast.walk(ast.parse(source.read(path))):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("homework"):
            continue
        for alias in node.names:
            if alias.name.startswith("_") and node.module not in own:
                yield (
                    f"{item.shown(path)}, line {node.lineno}: {alias.name} is private to "
                    f"{node.module}; use what it has without an underscore"
                )
