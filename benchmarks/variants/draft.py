"""A solution on its way to an equivalent one."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable

from benchmarks.variants import course

Step = Callable[["Draft", random.Random], bool]


class Draft:
    """A solution on its way: its statements, and module-level code that it needs."""

    def __init__(self, task_id: str, body: str) -> None:
        self.task = task_id
        self.tree = course.parsed(body)
        self.extra: list[str] = []
        self.arguments = course.parameters(task_id)
        self.in_loop = course.in_loop(task_id)

    @property
    def body(self) -> str:
        return course.unparsed(self.tree.body)

    def stored(self) -> list[str]:
        """Names that the statements assign and that nothing outside of them uses."""
        outside = course.names_outside(self.task)
        names = {
            node.id
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        return sorted(names - outside - set(self.arguments))


def changed(draft: Draft, state: random.Random, change: Callable, share: float = 0.6) -> bool:
    """Offer each expression to `change`, which gives another one or None; whether any changed."""
    done = []

    class Walk(ast.NodeTransformer):
        def generic_visit(self, node: ast.AST) -> ast.AST:
            super().generic_visit(node)
            if isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", None), ast.Store):
                return node
            new = change(node) if state.random() < share else None
            if new is None:
                return node
            done.append(new)
            return new

    draft.tree = Walk().visit(draft.tree)
    return bool(done)


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
