"""Finds in a file's tree what it does when it is imported and cannot do where it is graded.

It reads or writes files that are not there, calls for the network or other programs, or stops
where there is no GPU. What may fail without harm, in a `try` or below a test, is left alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_CAUGHT = {"OSError", "IOError", "FileNotFoundError", "PermissionError", "Exception",
           "BaseException"}  # fmt: skip
# Below a test of these a file is read only where there is one.
_TESTS = {"exists", "is_file", "isfile", "is_dir", "isdir", "access", "modules", "environ",
          "getenv", "__name__", "TYPE_CHECKING", "is_available", "device_count"}  # fmt: skip
_READ = {
    "open", "io.open", "codecs.open", "gzip.open", "torch.load", "torch.jit.load", "numpy.load",
    "numpy.loadtxt", "numpy.genfromtxt", "numpy.fromfile", "numpy.memmap", "os.listdir",
    "os.scandir", "scipy.io.loadmat", "matplotlib.pyplot.imread", "PIL.Image.open",
    "torchvision.io.read_image", "runpy.run_path",
}  # fmt: skip
_READ_METHODS = {"open", "read_text", "read_bytes", "iterdir"}
_WRITE = {"mkdir", "makedirs", "save", "savetxt", "savez", "savefig", "write_text", "write_bytes",
          "FileHandler"}  # fmt: skip
_OUTSIDE = ("torchvision.datasets.", "torch.hub.", "urllib.request.", "http.client.",
            "subprocess.", "socket.", "os.system", "os.popen")  # fmt: skip
_IN_MEMORY = {"BytesIO", "StringIO", "devnull"}


def outside(tree: ast.Module, aliases: dict[str, str]) -> Iterator[tuple[int, str, str]]:
    """Lines, kinds (`reads`, `writes`, `calls`) and what is read, written or called."""
    handles = _handles(tree)
    for node in executed(tree):
        if not isinstance(node, ast.Call):
            continue
        name = full_name(node.func, aliases)
        first = node.args[0] if node.args else None
        if name.startswith(_OUTSIDE) and _is_call_out(name):
            yield node.lineno, "calls", f"{name[:60]}()"
        elif words(node) & _IN_MEMORY or (isinstance(first, ast.Name) and first.id in handles):
            continue
        elif _writes(name, node):
            if path := next(filter(_is_elsewhere, _texts(node)), ""):
                yield node.lineno, "writes", path
        elif name in _READ or name.rpartition(".")[2] in _READ_METHODS:
            if (read := _path(node)) is not None:
                yield node.lineno, "reads", read


def _is_call_out(name: str) -> bool:
    """Whether calling it reaches out, unlike making a request or naming a constant."""
    return name.rpartition(".")[2] not in ("Request", "CalledProcessError")


def _handles(tree: ast.Module) -> set[str]:
    """Names of files that are open already: reading from them is told where they are opened."""
    items = [item for node in ast.walk(tree) if isinstance(node, ast.With) for item in node.items]
    return {n.id for i in items for n in [i.optional_vars] if isinstance(n, ast.Name)}


def _writes(name: str, call: ast.Call) -> bool:
    last = name.rpartition(".")[2]
    return last in _WRITE or (last == "open" and bool(set(_mode(call)) & set("wax")))


def _mode(call: ast.Call) -> str:
    modes = [k.value for k in call.keywords if k.arg == "mode"] + call.args[:2][-1:]
    texts = [str(mode.value) for mode in modes if isinstance(mode, ast.Constant)]
    return next((text for text in texts if re.fullmatch("[rwaxbt+]{1,3}", text)), "r")


def _is_elsewhere(path: str) -> bool:
    """Whether a path leads out of the folder where graded code runs, in which it may write."""
    return path.startswith(("/", "~", "..")) and not path.startswith("/dev/") or path[1:3] == ":\\"


def _path(call: ast.Call) -> str | None:
    """The file that a call names, `a file` if it names none; None where that file is there."""
    texts = [text for text in _texts(call) if text != _mode(call)]
    path = texts[-1] if texts else ""
    if path.startswith(("/dev/", "/proc/")) or path.endswith(".py"):
        return None
    if not path and "__file__" in words(call):
        return None
    return path or "a file"


def _texts(call: ast.Call) -> list[str]:
    """Strings of one line that a call's function and arguments hold, but for options."""
    parts = [call.func, *call.args, *(k.value for k in call.keywords if k.arg in _NAMED)]
    nodes = [n for part in parts for n in ast.walk(part) if isinstance(n, ast.Constant)]
    texts = [n.value for n in nodes if isinstance(n.value, str) and n.value.isprintable()]
    return [text[:80] for text in texts if text]


_NAMED = ("file", "f", "fname", "path", "filename", "fp")


def without_gpu(tree: ast.Module) -> Iterator[tuple[int, bool]]:
    """Lines that stop where there is no GPU, and whether importing the file runs them."""
    at_import = {id(node) for node in executed(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and _wants_gpu(node.test):
            yield node.lineno, id(node) in at_import
        elif isinstance(node, ast.If) and _names_gpu(node.test) and any(map(_stops, node.body)):
            yield node.lineno, id(node) in at_import


def _wants_gpu(test: ast.expr) -> bool:
    return _names_gpu(test) and not isinstance(test, ast.UnaryOp)


def _names_gpu(test: ast.expr) -> bool:
    found = words(test)
    texts = [n.value for n in ast.walk(test) if isinstance(n, ast.Constant)]
    named = any(isinstance(text, str) and text.startswith("cuda") for text in texts)
    return named or "is_cuda" in found or "cuda" in found


def _stops(statement: ast.stmt) -> bool:
    calls = [n.func for n in ast.walk(statement) if isinstance(n, ast.Call)]
    ends = any(full_name(f, {}) in ("exit", "quit", "sys.exit", "os._exit") for f in calls)
    return ends or isinstance(statement, ast.Raise)


def executed(tree: ast.Module) -> Iterator[ast.AST]:
    """What importing a file runs: the functions too that it calls meanwhile by their names."""
    functions = {n.name: n for n in tree.body if isinstance(n, _FUNCTIONS)}
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called = functions.pop(node.func.id, None)
            waiting += called.body if called else []
        waiting += _run_inside(node)


def _run_inside(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, _FUNCTIONS):
        return [*node.decorator_list, *node.args.defaults]
    if isinstance(node, ast.Lambda):
        return []
    skipped: list[ast.stmt] = []
    if isinstance(node, ast.If) and (_is_false(node.test) or words(node.test) & _TESTS):
        skipped = [*node.body, *node.orelse]
    elif isinstance(node, ast.Try) and any(map(_catches, node.handlers)):
        skipped = node.body
    elif isinstance(node, ast.With) and any(words(i.context_expr) & _CAUGHT for i in node.items):
        skipped = node.body
    return [child for child in ast.iter_child_nodes(node) if child not in skipped]


def _is_false(test: ast.expr) -> bool:
    return isinstance(test, ast.Constant) and not test.value


def _catches(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or bool(words(handler.type) & _CAUGHT)


def words(node: ast.AST) -> set[str]:
    """Names and attributes in a tree."""
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return names | {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}


def full_name(node: ast.AST, aliases: dict[str, str]) -> str:
    """`pdb.set_trace` for what means it; of what a call gives only the methods' names."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(aliases.get(node.id, node.id))
    return ".".join(reversed(parts))


def import_names(tree: ast.Module) -> dict[str, str]:
    """What imported names stand for, in full."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {item.asname: item.name for item in node.names if item.asname}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            known |= {item.asname or item.name: f"{node.module}.{item.name}" for item in node.names}
    return known
