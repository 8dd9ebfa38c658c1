"""Executes of a file what defines something: for files that also work when they are imported.

Imports, functions, classes and assignments are executed one by one, `if` and `try` if they hold
nothing else. An assignment or a function that fails is left out, and so is each that needs it: then
its name does not exist, as if it had not been written. Everything else is left out from the start.
What is left out is known by its names, so that whoever misses one can be told why.
"""

from __future__ import annotations
import __future__

import ast
import traceback
from collections.abc import Iterator
from types import CodeType, ModuleType

WHOLE_SECONDS = 30.0  # to execute a file as a whole
SECONDS = 10.0  # to execute what defines something
_IMPORTS = (ast.Import, ast.ImportFrom)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
_FUTURE = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
# They reach for files, the network or other programs, and may say so by errors of their own.
_OUTSIDE = ("torchvision.datasets.", "urllib.", "http.", "requests.", "subprocess.", "socket.")


def too_slow(file: str) -> str:
    """What is said of a file whose definitions alone took too long."""
    return f"importing {file} took more than {WHOLE_SECONDS:.0f} seconds"


def needs_outside(error: BaseException | None) -> bool:
    """Whether an exception is one of files, the network or other programs."""
    seen: set[int] = set()  # causes can go round in a circle
    if isinstance(error, ImportError):
        return False
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        names = [f"{frame.f_globals.get('__name__', '')}." for frame in frames]
        if names and names[-1].startswith("importlib._bootstrap"):
            return False  # a module was looked for in a folder that may not be read
        if isinstance(error, OSError) or any(name.startswith(_OUTSIDE) for name in names):
            return True
        error = error.__cause__ or error.__context__
    return False


def line_in(error: BaseException, file: str) -> int:
    """The line at a file's top level that was executed when an exception was raised, or 0."""
    frames = traceback.walk_tb(error.__traceback__)
    return next((line for frame, line in frames if frame.f_code.co_filename == file), 0)


def execute(
    code: CodeType, text: str, module: ModuleType, too_long: type[BaseException]
) -> dict[str, int]:
    """Execute what defines something.

    Args:
        code: of the whole file, for what it imports from `__future__`.
        too_long: what is raised when time is over; from then on nothing is called any more.

    Returns:
        The names that were left out, each with the line to blame for it.

    Raises:
        ImportError: an import fails.
    """
    left_out: dict[str, int] = {}
    module.__doc__ = ast.get_docstring(tree := ast.parse(text))
    is_over = False
    for statement in tree.body:
        if not _defines(statement) or (is_over and _calls(statement)):
            left_out |= dict.fromkeys(_names(statement), statement.lineno)
            continue
        part = ast.Module([statement], [])
        whole = compile(part, str(module.__file__), "exec", code.co_flags & _FUTURE, True)
        try:
            exec(whole, module.__dict__)
        except ImportError:
            raise
        except too_long:
            is_over = True
            left_out |= dict.fromkeys(_names(statement), statement.lineno)
        except Exception as error:
            line = line_in(error, whole.co_filename) or statement.lineno
            missed = str(error.name) if isinstance(error, NameError) else ""
            left_out |= dict.fromkeys(_names(statement), left_out.get(missed, line))
    return left_out


def _names(statement: ast.stmt) -> set[str]:
    """Names that a statement gives a value, but for those inside functions and classes."""
    if isinstance(statement, _DEFINITIONS):
        return {statement.name}
    nodes = [n for n in ast.walk(statement) if isinstance(n, ast.Name)]
    inside = [n.name for n in ast.walk(statement) if isinstance(n, _DEFINITIONS)]
    return {n.id for n in nodes if isinstance(n.ctx, ast.Store)}.union(inside)


def _defines(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.If | ast.Try):
        return all(map(_defines, _inside(statement)))
    return isinstance(statement, (*_IMPORTS, *_DEFINITIONS, *_ASSIGNMENTS, ast.Pass))


def _inside(statement: ast.If | ast.Try) -> Iterator[ast.stmt]:
    yield from (*statement.body, *statement.orelse)
    if isinstance(statement, ast.Try):
        yield from statement.finalbody
        for handler in statement.handlers:
            yield from handler.body


def _calls(statement: ast.stmt) -> bool:
    """Whether it may take long: an assignment, plain or below an `if`, that calls something."""
    if isinstance(statement, (*_IMPORTS, *_DEFINITIONS)):
        return False
    return any(isinstance(node, ast.Call) for node in ast.walk(statement))
