"""What came out of running a probe: plain values, or the mishap that kept it from giving any."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Value:
    """One thing that a student's code returned.

    `kind` is "tensor", "array", "number", "none", or the name of another type; `array` is there for
    the first three.
    """

    kind: str
    dtype: str = ""
    device: str = ""
    array: np.ndarray | None = None


@dataclass(frozen=True)
class Mishap:
    """Why a probe has no result.

    `kind` is "not implemented", "missing" (file, function or method), or "error"; `line` is the
    line of `file` in the student's folder that raised, 0 if none did. `left_out` is the place to
    blame where a name was missed that importing a file left out.
    """

    kind: str
    error: str = ""
    message: str = ""
    file: str = ""
    line: int = 0
    left_out: tuple[str, int] = ("", 0)


@dataclass
class Outcome:
    """The values that a probe returned by name, or the mishap that kept it from returning any.

    `notes` are codes of what to remark on how the code was run; see `homework.remarks`. `reason`
    is a key of `sentences.REASONS`: how NaN or infinity came about, and `place` the file and line
    where it did.
    """

    values: dict[str, Value] = field(default_factory=dict)
    mishap: Mishap | None = None
    notes: tuple[str, ...] = ()
    reason: str = ""
    place: tuple[str, int] = ("", 0)
