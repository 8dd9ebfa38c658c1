"""Turns a child's message into an `Outcome`, trusting none of its words.

A student's code may have written the message itself. Arrays are compared with answers, so they can
say what they like; but words end up in feedback, where they could carry the values of hidden cases
out. Only words that the kit itself uses are passed on.
"""

from __future__ import annotations

import builtins
import re
from typing import Any

import numpy as np

from autograder.judge.wire import DTYPES
from homework.outcome import Mishap, Outcome, Value

MESSAGE_LIMIT = 2000
_KINDS = {
    "tensor", "array", "number", "none", "tuple", "list", "dict", "set", "str", "bytes", "complex",
    "generator", "function", "method", "type", "module", "Parameter", "Size", "ellipsis", "slice",
    "range", "map", "zip", "dtype", "device", "Normal", "Independent", "ndarray",
    "NotImplementedType",
}  # fmt: skip
_ERRORS = {
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
} | {"OutOfMemoryError", "OutOfMemory", "LinAlgError", "SubmissionError", "BackendCompilerFailed"}
_DEVICES = {"cpu", "cuda", "mps", "meta"}
_MISSING = re.compile(
    r"q\d_?\w{0,30}(\.py)? has no function or class named [A-Za-z_]\w{0,40}"
    r"|the class has no method named [A-Za-z_]\w{0,40}"
    r"|there is no file q\d_?\w{0,30}\.py"
    r"|q\d_?\w{0,30}\.py is not (UTF-8 text; save it as UTF-8, or declare its encoding in line 1"
    r"|a Python file: it holds binary data)"
)
_FILE = re.compile(r"q\d_?[a-z_]{0,30}\.py")


def outcome(head: dict[str, Any], arrays: dict[str, np.ndarray]) -> Outcome:
    """The outcome that a message describes; whatever is malformed counts as nothing returned."""
    if head.get("mishap") is not None:
        return Outcome(mishap=_mishap(head["mishap"]))
    described = head.get("values")
    if not isinstance(described, dict):
        return Outcome()
    return Outcome({str(name): _value(d, arrays.get(name)) for name, d in described.items()})


def _value(description: Any, array: np.ndarray | None) -> Value:
    kind, dtype, device = (*_texts(description, 3), "", "", "")[:3]
    return Value(
        kind if kind in _KINDS else "value of another type",
        dtype if dtype in DTYPES or dtype in ("bfloat16", "int", "float") else "of another kind",
        device if device in _DEVICES else "another",
        array,
    )


def _mishap(description: Any) -> Mishap:
    kind, error, message, file = (*_texts(description, 4), "", "", "", "")[:4]
    line = description[4] if isinstance(description, list) and len(description) > 4 else 0
    if not isinstance(line, int) or isinstance(line, bool) or not 0 <= line < 100_000:
        line = 0
    if kind == "missing" and not _MISSING.fullmatch(message):
        kind = "error"
    if "can't allocate memory" in message:
        error = "OutOfMemory"
    return Mishap(
        kind if kind in ("not implemented", "missing") else "error",
        error if error in _ERRORS else "exception of its own kind",
        message[:MESSAGE_LIMIT],  # shown for public cases only
        file if _FILE.fullmatch(file) else "",
        line,
    )


def _texts(description: Any, count: int) -> list[str]:
    parts = description[:count] if isinstance(description, list) else []
    return [part if isinstance(part, str) else "" for part in parts]
