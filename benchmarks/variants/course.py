"""The course whose reference is varied: its tasks, their solutions, and files with another one."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from autograder import source
from autograder.course import load_all
from autograder.rubric import Mistake, Rubric, Task

ROOT = Path(__file__).resolve().parents[2]
SOLUTIONS = ROOT / "solutions"


@dataclass(frozen=True)
class Variant:
    """Another solution of one task.

    Attributes:
        task: its id.
        made: how it was made, in words.
        body: what takes the place of the solution region.
        extra: module-level code, put at the end of the file.
    """

    task: str
    made: tuple[str, ...]
    body: str
    extra: str = ""


@cache
def rubrics() -> list[Rubric]:
    return load_all(SOLUTIONS)


@cache
def tasks() -> dict[str, tuple[Rubric, Task]]:
    return {task.id: (item, task) for item in rubrics() for task in item.tasks}


@cache
def solution(task_id: str) -> str:
    """The lines of a task's solution region, without indentation."""
    item, task = tasks()[task_id]
    text = source.read(item.folder / task.file)
    region = next(r for r in source.regions(text, task.file) if r.function == task.name)
    return textwrap.dedent("\n".join(text.splitlines()[region.begin : region.end - 1]))


@cache
def function(task_id: str) -> ast.FunctionDef:
    """The whole function or method of a task, as in the reference."""
    item, task = tasks()[task_id]
    tree = ast.parse(source.read(item.folder / task.file))
    return next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == task.name
    )


def parameters(task_id: str) -> list[str]:
    return [argument.arg for argument in function(task_id).args.args]


def files(variant: Variant) -> dict[str, str]:
    """The files of a student whose solution of one task is this one."""
    item, task = tasks()[variant.task]
    found = {name: source.read(item.folder / name) for name in item.files}
    planted = Mistake("variant", "", body=variant.body)
    text = source.plant(found[task.file], task.file, task, planted)
    found[task.file] = f"{text}\n\n{variant.extra}" if variant.extra else text
    return found


def write(variant: Variant, folder: Path) -> None:
    for name, text in files(variant).items():
        (folder / name).write_text(text, encoding="utf-8")


def parsed(body: str) -> ast.Module:
    return ast.parse(textwrap.dedent(body))


def unparsed(statements: Sequence[ast.stmt]) -> str:
    module = ast.Module(list(statements), [])
    return ast.unparse(ast.fix_missing_locations(module))


@cache
def names_outside(task_id: str) -> frozenset[str]:
    """Names that the function has outside of its solution region, arguments aside."""
    inside = {ast.dump(node) for node in parsed(solution(task_id)).body}

    class Without(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST | None:
            return None if ast.dump(node) in inside else super().generic_visit(node)

    around = Without().visit(ast.parse(ast.unparse(function(task_id))))
    nodes = [node for statement in around.body[0].body for node in ast.walk(statement)]
    loops = [node.target for node in nodes if isinstance(node, ast.comprehension)]
    return frozenset(_stored(nodes) - _stored(name for loop in loops for name in ast.walk(loop)))


def _stored(nodes: Iterable[ast.AST]) -> set[str]:
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


@cache
def in_loop(task_id: str) -> bool:
    """Whether the solution region stands inside a loop of the function."""
    return not isinstance(parsed(solution(task_id)).body[-1], ast.Return)
