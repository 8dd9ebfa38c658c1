"""Turns a child's message into an `Outcome`, trusting none of its words.

A student's code may have written the message itself. Arrays are compared with answers, so they can
say what they like; but words end up in feedback, where they could carry the values of hidden cases
out. Only words that the kit itself uses are passed on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from autograder.judge.wire import DTYPES
from homework import definitions, remarks
from homework.outcome import Mishap, Outcome, Value
from homework.sentences import ERRORS, REASONS

MESSAGE_LIMIT = 2000
_KINDS = {
    "tensor", "array", "number", "none", "tuple", "list", "dict", "set", "str", "bytes", "complex",
    "generator", "function", "method", "type", "module", "Parameter", "Size", "ellipsis", "slice",
    "range", "map", "zip", "dtype", "device", "Normal", "Independent", "ndarray",
    "NotImplementedType",
}  # fmt: skip
_DEVICES = {"cpu", "cuda", "mps", "meta"}
_MISSING = re.compile(
    r"(?:(?P<stem>\w+)\.py has no function or class|the class has no method) named (?P<name>\w+)"
    r"|there is no file (?P<absent>\w+)\.py"
    r"|(?P<text>\w+)\.py is not (?:UTF-8 text; save it as UTF-8, or declare its encoding in line 1"
    r"|a Python file: it holds binary data)"
)


def outcome(
    head: dict[str, Any],
    arrays: dict[str, np.ndarray],
    lines: Mapping[str, int],
    names: Collection[str],
) -> Outcome:
    """The outcome that a message describes; whatever is malformed counts as nothing returned.

    Args:
        lines: how many lines each of the assignment's files has, 0 for one that is not there.
        names: of functions and classes that may be said to be missing.
    """
    notes = _notes(head.get("notes"), lines)
    if head.get("mishap") is not None:
        return Outcome(mishap=_mishap(head["mishap"], lines, names), notes=notes)
    described = head.get("values")
    if not isinstance(described, dict):
        return Outcome(notes=notes)
    reason = head.get("reason")
    return Outcome(
        {str(name): _value(d, arrays.get(name)) for name, d in described.items()},
        notes=notes,
        reason=reason if isinstance(reason, str) and reason in REASONS else "",
        place=_place(head.get("place"), lines),
    )


def _notes(codes: Any, files: Mapping[str, int]) -> tuple[str, ...]:
    """Those that say something; the rest of the words are not the kit's."""
    texts = [code for code in codes if isinstance(code, str)] if isinstance(codes, list) else []
    known = {code: remarks.parts(code, files) for code in texts}
    return tuple(code for code, said in known.items() if said and said[2] <= files.get(said[1], 0))


def _place(said: Any, lines: Mapping[str, int]) -> tuple[str, int]:
    """A file and a line of it, if there is such a line."""
    file, line = said if isinstance(said, list) and len(said) == 2 else ("", 0)
    if not isinstance(file, str) or type(line) is not int or not 0 < line <= lines.get(file, 0):
        return "", 0
    return file, line


def _value(description: Any, array: np.ndarray | None) -> Value:
    kind, dtype, device = (*_texts(description, 3), "", "", "")[:3]
    return Value(
        kind if kind in _KINDS else "value of another type",
        dtype if dtype in DTYPES or dtype in ("bfloat16", "int", "float") else "of another kind",
        device if device in _DEVICES else "another",
        array,
    )


def names(probe: str, classes: Iterable[str] = ()) -> list[str]:
    """The functions and classes that one may be said to lack when a probe was run.

    Args:
        classes: that students of the assignment write.
    """
    words = probe.rpartition(".")[2].split("_")
    return [*classes, *("_".join(words[:end]) for end in range(1, len(words) + 1))]


def _names_nothing_else(message: str, lines: Mapping[str, int], names: Collection[str]) -> bool:
    """Whether a sentence on something missing has names only that the kit itself would put in."""
    said = _MISSING.fullmatch(message)
    if said is None:
        return message in map(definitions.too_slow, lines)
    files = {f"{said[group]}.py" for group in ("stem", "absent", "text") if said[group]}
    name = said["name"]
    return files <= set(lines) and (name is None or name in names)


def _mishap(description: Any, lines: Mapping[str, int], names: Collection[str]) -> Mishap:
    kind, error, message = (*_texts(description, 3), "", "", "")[:3]
    places = description[3:] if isinstance(description, list) else []
    file, line = _place(places[:2], lines)
    if kind == "missing" and not _names_nothing_else(message, lines, names):
        kind = "error"
    if "can't allocate memory" in message:
        error = "MemoryError"
    return Mishap(
        kind if kind in ("not implemented", "missing") else "error",
        error if error in ERRORS else "",
        message[:MESSAGE_LIMIT],  # shown for public cases only
        file,
        line,
        _place((*places[2:3], None)[0], lines),
    )


def _texts(description: Any, count: int) -> list[str]:
    parts = description[:count] if isinstance(description, list) else []
    return [part if isinstance(part, str) else "" for part in parts]
