"""Reads a student's file for what works at home and fails when graded, without running any of it.

Found are imports of packages that the grader lacks, syntax newer than its Python, files that are
read at import, what stops without a GPU, commands of notebooks, and calls of a debugger or of
`input()`. The check, the collector and the grader all say it in the words of
`Finding.sentence`. Needs only the standard library. Hostile text can bring Python's parser down, so
the grader calls this in a bounded process (`autograder.static_checks`).
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from homework import helpers, newer_syntax
from homework.allowed import BEYOND, KIT, LISTED, PYTHON, beyond, is_taken
from homework.helpers import Helpers
from homework.newer_syntax import Newer
from homework.reaching import full_name, import_names, outside, without_gpu, words

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
_UNLISTED = f"which is not on the list of what graded code may import: {LISTED}"
_MAY = f"graded code may import only {LISTED}"
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
        seen: the judge sees it itself, if it makes a difference.
    """

    sentence: str
    line: int
    fatal: bool = False
    module: str = ""
    seen: bool = False


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
        command = _notebook_command(error, text, file)
        return command or _too_new(newer_syntax.in_error(error, text, python), file, python)
    except (ValueError, RecursionError, MemoryError):
        return []
    found = _too_new(newer_syntax.in_tree(tree, text, python), file, python)
    if not tree.body:
        return [Finding(f"{file} is empty: save your work in it", 0, fatal=True)]
    found += [*_imports(tree, file, own), *_calls(tree, file), *_at_import(tree, file)]
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


def _notebook_command(error: SyntaxError, text: str, file: str) -> list[Finding]:
    lines, number = text.splitlines(), error.lineno or 0
    line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    if not re.match(r"[!%]{1,2}[ ]?[\w.]", line):
        return []
    said = (
        f"line {number} of {file} begins with `{line[0]}`: it is a command of notebooks, not "
        "Python, so remove it"
    )
    return [Finding(said, number, fatal=True)]


# ------------------------------------------------------------------------------------ imports


def _imports(tree: ast.Module, file: str, own: Collection[str]) -> Iterator[Finding]:
    seen = set()
    aliases = import_names(tree)
    for node, certain, guarded in _graded(tree):
        for module in [] if guarded else _imported(node, aliases):
            top, part = module.partition(".")[0], beyond(module)
            lacking = BEYOND.get(part, top)
            if lacking not in seen and (part or (top not in own and not is_taken(top))):
                seen.add(lacking)
                line = getattr(node, "lineno", 0)
                package = _package(module, own)  # nowhere to be found, whatever is installed
                why = f"{top[:60]}, {package or _UNLISTED}"
                why = f"{part}, which needs {lacking}: {_MAY}" if part else why
                lacking = "" if package else lacking
                yield Finding(f"line {line} of {file} imports {why}", line, certain, lacking)


def _package(module: str, own: Collection[str]) -> str:
    """What to say of an import of a graded file, or of one beside it, by the folder it is in."""
    parts = module.split(".")
    for place, part in enumerate(parts[1:], 1):
        if part in own or part in KIT:
            folder = ".".join(parts[:place])
            return (
                "but graded files lie beside each other in a folder without a name: leave "
                f"`{folder[:60]}.` out"
            )
    return ""


def _imported(node: ast.AST, aliases: dict[str, str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [item.name for item in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [f"{node.module}.{item.name}" for item in node.names]
    if isinstance(node, ast.Call) and full_name(node.func, aliases) in _IMPORTERS:
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
        return isinstance(test.ops[0], ast.Eq) and "__name__" in words(test)
    return not isinstance(test, ast.UnaryOp) and "TYPE_CHECKING" in words(test)


# -------------------------------------------------------------------------------------- calls


def _calls(tree: ast.Module, file: str) -> Iterator[Finding]:
    """Calls of a debugger, and of `input`."""
    aliases = import_names(tree)
    own = _bound(tree)
    for node, _, _ in _graded(tree):
        if not isinstance(node, ast.Call):
            continue
        name, line = full_name(node.func, aliases), node.lineno
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
                f"line {line} of {file} calls input(), which returns an empty string when checked "
                "and graded: nobody is there to answer",
                line,
            )


_REACHES = {
    "reads": "which is not there when graded: put what it holds into the code, or read it in a "
    "function that no task calls",
    "writes": "where graded code may not write: name a file without folders, or write in a "
    "function that no task calls",
    "calls": "which needs files, the network or programs that are not there when graded: call it "
    "in a function that no task calls",
}


def _at_import(tree: ast.Module, file: str) -> Iterator[Finding]:
    """What a file reaches for when it is imported."""
    for line, kind, what in outside(tree, import_names(tree)):
        said = f"line {line} of {file}, run at import, {kind} {what}, {_REACHES[kind]}"
        yield Finding(said, line, seen=True)
    for line, certain in without_gpu(tree):
        yield Finding(
            f"line {line} of {file} stops where there is no GPU, and there is none when graded: "
            "take the device of the inputs",
            line,
            certain,
        )


def _bound(tree: ast.Module) -> set[str]:
    """Names of built-in functions that the file gives another meaning."""
    found = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and _is_stored(n)}
    found |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    found |= {n.name for n in ast.walk(tree) if isinstance(n, _FUNCTIONS[:2])}
    return found & set(_BUILTIN)


def _is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)
