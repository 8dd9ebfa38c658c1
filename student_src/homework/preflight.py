"""Reads a student's file for what works at home and fails when graded, without running any of it.

Found are imports of packages that the grader lacks, syntax newer than its Python, and calls of a
debugger or of `input()`. The check, the collector and the grader all say it in the words of
`Finding.sentence`. Needs only the standard library. Hostile text can bring Python's parser down, so
the grader calls this in a bounded process (`autograder.static_checks`).
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from homework.allowed import LISTED, PYTHON, is_taken

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

# Beginnings of lines that an older Python refuses; the first that matches the line counts.
_NEWER = (
    ((3, 15), "a lazy import", r"\s*lazy\s+(?:import|from)\b"),
    ((3, 14), "`except` with several exceptions and no parentheses", r"\s*except\*?\s+[\w.]+\s*,"),
    ((3, 14), "a template string", r"(?:.*\W)?[tT][rR]?[\"']"),
    ((3, 13), "defaults of type parameters", r"\s*(?:(?:async\s+)?def|class)\s+\w+\[[^]=]*\w\s*="),
    ((3, 12), "type parameters in square brackets", r"\s*(?:(?:async\s+)?def|class)\s+\w+\s*\["),
    ((3, 12), "a `type` statement", r"\s*type\s+\w+\s*(?:\[[^]]*\])?\s*="),
)
_NESTED = "an f-string whose braces hold a backslash or the quotation mark that encloses it"
_SUPPORTED = re.compile(r"(.*?) (?:is|are) only supported in Python 3\.(\d+)")


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


def findings(
    text: str | bytes, file: str, own: Collection[str], python: tuple[int, int] = PYTHON
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
        source = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        found = _newer_syntax(error, source, file, python)
        return [found] if found else []
    except (ValueError, RecursionError, MemoryError):
        return []
    found = [*_nested_quotes(tree, text, file, python), *_imports(tree, file, own)]
    return sorted([*found, *_calls(tree, file)], key=lambda finding: finding.line)[:MOST]


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
        calls = [
            item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)
        ]
        return any(any(_names_import_error(a) for a in call.args) for call in calls)
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
    known = {}
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


# ------------------------------------------------------------------------------------- syntax


def _newer_syntax(
    error: SyntaxError, text: str, file: str, python: tuple[int, int]
) -> Finding | None:
    """The construct of a newer Python that an error is about, if it is about one."""
    said = _SUPPORTED.match(str(error.msg))
    number = error.lineno or 0
    if said:
        what = said[1][0].lower() + said[1][1:]
        return _too_new(what, (3, int(said[2])), number, file, python)
    lines = text.splitlines()
    line = lines[number - 1][:1000] if 0 < number <= len(lines) else ""
    for version, what, pattern in _NEWER:
        if version > python and re.match(pattern, line):
            return _too_new(what, version, number, file, python)
    starts = [match.start() for match in re.finditer(r"\b[fF][rR]?[\"']", line)]
    if python < (3, 12) and any(_is_nested(line[start:]) for start in starts):
        return _too_new(_NESTED, (3, 12), number, file, python)
    return None


def _nested_quotes(
    tree: ast.Module, text: str | bytes, file: str, python: tuple[int, int]
) -> Iterator[Finding]:
    """F-strings that only Python 3.12 reads: of all newer syntax what `feature_version` lets pass.

    Before Python 3.12 such a file is not read at all; and since then places in f-strings are exact.
    """
    source = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    if python >= (3, 12) or not strings:
        return
    lines = source.splitlines(keepends=True)
    for node in strings:
        first = lines[node.lineno - 1 : node.lineno]
        start = "".join(first).encode()[node.col_offset :].decode("utf-8", "replace")
        if _is_nested(start + "".join(lines[node.lineno : node.end_lineno])):
            yield _too_new(_NESTED, (3, 12), node.lineno, file, python)
            return


def _is_nested(text: str) -> bool:
    """Whether an f-string at the start of `text` has in braces what ended it before Python 3.12."""
    opening = re.match(r"[a-zA-Z]{1,2}(\"\"\"|'''|\"|')", text)
    if not opening:
        return False
    quote, at, depth, spec = opening[1], opening.end(), 0, False
    while at < len(text) and not text.startswith(quote, at):
        here = text[at]
        if depth == 0 and (here == "\\" or text[at : at + 2] in ("{{", "}}")):
            at += 1  # the next one is not looked at either
        elif depth and not spec and here in "\"'":
            end = text.find(here, at + 1)
            if end < 0 or quote in text[at:end] or "\\" in text[at:end]:
                return True
            at = end
        elif depth and not spec and here == "\\":
            return True
        elif depth or here == "{":
            depth += (here in "([{") - (here in ")]}")
            spec = depth == 1 and (spec or here == ":")
        at += 1
    return depth > 0 and at < len(text)


def _too_new(
    what: str, version: tuple[int, int], line: int, file: str, python: tuple[int, int]
) -> Finding:
    return Finding(
        f"line {line} of {file} uses {what}, which is new in Python {version[0]}.{version[1]}: "
        f"graded code must run under Python {python[0]}.{python[1]}",
        line,
        fatal=True,
    )
