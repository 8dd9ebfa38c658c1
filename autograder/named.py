"""Reads Python text for names: which of some known ones does a function mention?

Looks into the function that is asked for and into whatever it names in the same file, and follows
the names that imports and plain assignments give. Runs nothing of what it reads, and needs nothing
but the standard library (see `read_text`).
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence

_TENSOR = "torch.Tensor"  # whose methods are known by name, for the text tells no types
_IMPORTERS = ("importlib.import_module", "import_module", "__import__")
Aliases = dict[str, str]  # what names stand for, in full
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def named(text: str, function: str, known: Sequence[str]) -> dict[str, int]:
    """The known names that a function mentions, each with the line that is first to do so.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: the text cannot be read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd literals
        return _Reader(ast.parse(text)).named(function, known)


class _Reader:
    """The functions of one file, and what names mean in it."""

    def __init__(self, tree: ast.Module) -> None:
        self.bodies: dict[str, list[ast.AST]] = {}  # of functions, and of values with a name
        for node in _walk(tree):
            if isinstance(node, _FUNCTIONS):
                self.bodies.setdefault(node.name, []).append(node)
        for node in tree.body:
            for name, value in _assigned(node):
                if isinstance(value, ast.Constant):  # as if it were handed over where it is named
                    value = ast.copy_location(ast.Call(value, [value], []), value)
                self.bodies.setdefault(name, []).append(value)
        self.classes = {node.name for node in _walk(tree) if isinstance(node, ast.ClassDef)}
        self.aliases = _aliases(tree.body, {})

    def named(self, function: str, wanted: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for node, aliases in self._reached(function):
            for known in wanted:
                if known not in found and _means(node, known, aliases):
                    found[known] = getattr(node, "lineno", 0)
        return found

    def _reached(self, function: str) -> Iterator[tuple[ast.AST, Aliases]]:
        """All nodes of a function and of what it names in this file, and what names mean there."""
        waiting, seen = [function], {function}
        while waiting:
            for body in self.bodies.get(waiting.pop(), []):
                nodes = list(_walk(body))
                aliases = _aliases(nodes, dict(self.aliases))
                for node in nodes:
                    yield node, aliases
                    name = _own_name(node, self.classes)
                    if name in self.bodies and name not in seen:
                        seen.add(name)
                        waiting.append(name)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Like `ast.walk`, but in the order of the text."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(list(ast.iter_child_nodes(node))))


def _own_name(node: ast.AST, classes: set[str]) -> str:
    """`f` for `f`, for `self.f` and for `Mine.f`."""
    if isinstance(node, ast.Attribute) and {*_names([node.value])} & {"self", "cls", *classes}:
        return node.attr
    return "".join(_names([node]))


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names that a plain assignment binds, and their values."""
    if isinstance(node, ast.AnnAssign) and node.value:
        yield from ((name, node.value) for name in _names([node.target]))
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = zip(target.elts, node.value.elts)
            else:
                pairs = zip([target], [node.value])
            yield from ((name, value) for one, value in pairs for name in _names([one]))


def _names(nodes: Iterable[ast.AST]) -> list[str]:
    return [node.id for node in nodes if isinstance(node, ast.Name)]


def _aliases(nodes: Iterable[ast.AST], known: Aliases) -> Aliases:
    """What imports and plain assignments make names stand for, added to what is known.

    `import *` is kept as a star before the module's name.
    """
    for node in nodes:
        if isinstance(node, ast.Import):
            for item in node.names:
                top = item.name.partition(".")[0]
                known[item.asname or top] = item.name if item.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for item in node.names:
                star = f"*{node.module}" if item.name == "*" else ""
                known[star or item.asname or item.name] = f"{node.module}.{item.name}"
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            full_names = ((name, _full_name(value, known)) for name, value in _assigned(node))
            known |= {name: full for name, full in full_names if full}
        elif isinstance(node, (ast.Try, ast.If, ast.With)):
            _aliases(ast.iter_child_nodes(node), known)
    return known


def _full_name(node: ast.AST, aliases: Aliases) -> str:
    """The full name of something that was imported; empty for anything else."""
    if isinstance(node, ast.Name):
        return aliases.get(node.id, "")
    if isinstance(node, ast.Attribute):
        owner = _full_name(node.value, aliases)
        return owner and f"{owner}.{node.attr}"
    if isinstance(node, ast.Call):
        return _looked_up(node, aliases)
    return ""


def _looked_up(call: ast.Call, aliases: Aliases) -> str:
    """What `getattr(x, "name")` and `import_module("name")` give, if the name is written out."""
    words = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    called = _full_name(call.func, aliases) or "".join(_names([call.func]))
    if words and called in _IMPORTERS:
        return words[0] if called != "__import__" else words[0].partition(".")[0]
    if words and called == "getattr":
        owner = _full_name(call.args[0], aliases)
        return owner and f"{owner}.{words[0]}"
    return ""


def _handed_over(node: ast.AST) -> Iterator[str]:
    """Names in texts that a call or an index gets: `"torch.a"` alone, or anywhere in a program."""
    given = node.args if isinstance(node, ast.Call) else []
    given = [node.slice] if isinstance(node, ast.Subscript) else given
    is_run = isinstance(node, ast.Call) and {*_names([node.func])} & {"eval", "exec"}
    for one in given:
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            words = re.findall(r"\w+", one.value)
            yield from words if is_run or re.fullmatch(r"[\w.]+", one.value) else ()


def _means(node: ast.AST, known: str, aliases: Aliases) -> bool:
    """Whether a node names `known`, also by the module inside a package where it is at home.

    A text that is handed to something is a name too, as in `vars(torch)["logsumexp"]`.
    """
    package, _, name = known.rpartition(".")
    if name in _handed_over(node):
        return any(f"{full}.".startswith(f"{package}.") for full in aliases.values())
    full = _full_name(node, aliases)
    if full:
        return full.rpartition(".")[2] == name and full.startswith(f"{package}.")
    if isinstance(node, ast.Attribute):
        return node.attr == name and package == _TENSOR
    starred = any(star.startswith(f"*{package}") for star in aliases)
    return isinstance(node, ast.Name) and node.id == name and starred
