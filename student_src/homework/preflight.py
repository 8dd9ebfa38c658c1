"""Reads a student's file for what works at home and fails when graded, without running any of it.

Found are imports of packages that the grader lacks, syntax newer than its Python, and calls of a
debugger or of `input()`. The check, the collector and the grader all say it in the words of
`Finding.sentence`. Needs only the standard library. Hostile text can bring Python's parser down, so
the grader calls this in a bounded process (`autograder.static_checks`).
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from homework import helpers, newer_syntax
from homework.allowed import LISTED, PYTHON, is_taken
from homework.helpers import Helpers
from homework.newer_syntax import Newer

MOST = 8  # findings that are told of one file
_IMPORT_ERRORS = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")
_IMPORTERS = ("__import__", "importlib.import_module")
_DEBUGGERS = (
    "breakpoint",
    "pdb.post_mortem",
    "pdb.pm",
    "pdb.run",
    "IPython.embed",
    "IPython.start_ipython",
    "code.interact",
    "debugpy.breakpoint",
    "debugpy.wait_for_client",
)
_BUILTIN = ("breakpoint", "input", "__import__")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_TRIES = (ast.Try, ast.TryStar)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


@dataclass(frozen=True)
class Finding:
    """Something that fails or is of no use when graded.

    Attributes:
        sentence: what it is, with the file and the line.
        fatal: the file cannot even be imported where it is graded; if it is for a module, where
            that module is not installed.
        module: first part of the name of a module that is not on the list.
    """

    sentence: str
    line: int
    fatal: bool = False
    module: str = ""


@dataclass
class Survey:
    """What goes along with graded files, and what is to be told of each of all these files."""

    helpers: Helpers
    told: dict[str, list[str]]

    @property
    def sentences(self) -> list[str]:
        return [*self.helpers.notes, *(text for some in self.told.values() for text in some)]


def survey(
    graded: Mapping[str, bytes], expected: Iterable[str], provided: Mapping[str, str], folder: Path
) -> Survey:
    """Look at graded files in a student's folder and at the modules of their own that they import.

    Args:
        graded: contents by name.
        expected: names of all files that may be handed in.
        provided: texts of the modules that the student was given, by path.
    """
    own = helpers.choose(graded, [*expected], helpers.on_disk(folder, provided))
    names = helpers.modules([*expected, *provided, *own.files])
    told = {}
    for file, content in {**graded, **own.files}.items():
        text = content.decode("utf-8", errors="replace")
        told[file] = [finding.sentence for finding in findings(text, file, names)]
    return Survey(own, told)


def findings(
    text: str, file: str, own: Collection[str], python: tuple[int, int] = PYTHON
) -> list[Finding]:
    """What a file holds that will not work where it is graded, in the order of its lines.

    Args:
        own: first parts of the names of modules that are handed in beside the file.
        python: version under which the file must run.

    Text that no Python can read has no findings: its syntax error is told by whoever runs it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd literals
            tree = ast.parse(text, feature_version=python)
    except SyntaxError as error:
        return _too_new(newer_syntax.in_error(error, text, python), file, python)
    except (ValueError, RecursionError, MemoryError):
        return []
    found = _too_new(newer_syntax.in_tree(tree, text, python), file, python)
    found += [*_imports(tree, file, own), *_calls(tree, file)]
    return sorted(found, key=lambda finding: finding.line)[:MOST]


def _too_new(newer: Newer | None, file: str, python: tuple[int, int]) -> list[Finding]:
    if newer is None:
        return []
    (major, minor), (_, oldest) = newer.version, python
    return [
        Finding(
            f"line {newer.line} of {file} uses {newer.what}, which is new in Python "
            f"{major}.{minor}: graded code must run under Python {major}.{oldest}",
            newer.line,
            fatal=True,
        )
    ]


# ------------------------------------------------------------------------------------ imports


def _imports(tree: ast.Module, file: str, own: Collection[str]) -> Iterator[Finding]:
    seen = set()
    aliases = _aliases(tree)
    for node, certain, guarded in _graded(tree):
        for module in [] if guarded else _imported(node, aliases):
            top = module.partition(".")[0]
            if top not in seen and top not in own and not is_taken(top):
                seen.add(top)
                line = getattr(node, "lineno", 0)
                yield Finding(
                    f"line {line} of {file} imports {top[:60]}, which is not on the list of "
                    f"what graded code may import: {LISTED}",
                    line,
                    certain,
                    top,
                )


def _imported(node: ast.AST, aliases: dict[str, str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [item.name for item in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module]
    if isinstance(node, ast.Call) and _full_name(node.func, aliases) in _IMPORTERS:
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return [first.value]
    return []


def _graded(tree: ast.Module) -> Iterator[tuple[ast.AST, bool, bool]]:
    """All nodes that grading may run.

    Each comes with whether importing the file is certain to run it, and whether the failure of an
    import is caught there.
    """
    waiting: list[tuple[ast.AST, bool, bool]] = [(tree, True, False)]
    while waiting:
        node, certain, guarded = waiting.pop()
        yield node, certain, guarded
        caught = guarded or _catches(node)
        surely = certain and not isinstance(node, (*_FUNCTIONS, *_LOOPS, ast.If, ast.IfExp))
        for name, value in ast.iter_fields(node):
            if name == "body" and isinstance(node, ast.If) and _is_for_others(node.test):
                continue
            inside = caught and name == "body"
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    in_handler = isinstance(node, ast.ExceptHandler)
                    waiting.append((child, surely and not in_handler, guarded or inside))


def _catches(node: ast.AST) -> bool:
    """Whether the body of a statement may fail to import something without harm."""
    if isinstance(node, _TRIES):
        return any(h.type is None or _names_import_error(h.type) for h in node.handlers)
    if isinstance(node, ast.With):
        return any(_names_import_error(item.context_expr) for item in node.items)
    return False


def _names_import_error(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Name) and n.id in _IMPORT_ERRORS for n in ast.walk(node))


def _is_for_others(test: ast.expr) -> bool:
    """`if TYPE_CHECKING:` and `if __name__ == "__main__":`, whose bodies are not graded."""
    if isinstance(test, ast.Compare):
        return isinstance(test.ops[0], ast.Eq) and "__name__" in _words(test)
    return not isinstance(test, ast.UnaryOp) and "TYPE_CHECKING" in _words(test)


def _words(node: ast.AST) -> set[str]:
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return names | {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}


# -------------------------------------------------------------------------------------- calls


def _calls(tree: ast.Module, file: str) -> Iterator[Finding]:
    """Calls of a debugger, and of `input`."""
    aliases = _aliases(tree)
    own = _bound(tree)
    for node, _, _ in _graded(tree):
        if not isinstance(node, ast.Call):
            continue
        name, line = _full_name(node.func, aliases), node.lineno
        if name in own or not name:
            continue
        if name in _DEBUGGERS or name.rpartition(".")[2] == "set_trace":
            yield Finding(
                f"a call of the debugger, {name[:60]}(), is left in line {line} of {file}: "
                "remove it",
                line,
            )
        elif name == "input":
            yield Finding(
                f"line {line} of {file} calls input(), which fails when graded: nobody is there "
                "to answer",
                line,
            )


def _aliases(tree: ast.Module) -> dict[str, str]:
    """What imported names stand for, in full."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {item.asname: item.name for item in node.names if item.asname}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            known |= {item.asname or item.name: f"{node.module}.{item.name}" for item in node.names}
    return known


def _bound(tree: ast.Module) -> set[str]:
    """Names of built-in functions that the file gives another meaning."""
    found = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and _is_stored(n)}
    found |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    found |= {n.name for n in ast.walk(tree) if isinstance(n, _FUNCTIONS[:2])}
    return found & set(_BUILTIN)


def _is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _full_name(node: ast.AST, aliases: dict[str, str]) -> str:
    """`pdb.set_trace` for what means it; of what a call gives only the methods' names."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(aliases.get(node.id, node.id))
    return ".".join(reversed(parts))
