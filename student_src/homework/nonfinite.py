"""Finds where NaN or infinity came from: the first operation that made it of finite numbers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_LOGS = ("log", "log2", "log10", "logit", "xlogy")
_DIVISIONS = ("div", "divide", "true_divide", "__truediv__", "__div__", "__rdiv__", "__rtruediv__",
              "reciprocal", "rsqrt")  # fmt: skip
_POWERS = ("pow", "__pow__", "float_power")


class Watch(TorchFunctionMode):
    """Looks at what each operation of torch gives; slow, so to be used once something is wrong.

    Attributes:
        reason: a key of `sentences.REASONS`; empty as long as everything is finite.
        place: file and line in `folder` where it was made; ("", 0) if it was not there.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = str(folder)
        self.reason = ""
        self.place = ("", 0)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if not self.reason and _not_finite(result) and not any(map(_not_finite, args)):
            self.reason = _reason(getattr(func, "__name__", "").rstrip("_"), args, result)
            self.place = self._place()
        return result

    def _place(self) -> tuple[str, int]:
        frame = sys._getframe(2)
        while frame.f_back is not None:
            path = Path(frame.f_code.co_filename)
            if str(path.parent) == self.folder:
                return path.name, frame.f_lineno
            frame = frame.f_back
        return "", 0


def _not_finite(value: Any) -> bool:
    if not isinstance(value, torch.Tensor) or not value.is_floating_point() or value.is_meta:
        return False
    return not bool(torch.isfinite(value.detach()).all())


def _reason(name: str, args: tuple[Any, ...], result: torch.Tensor) -> str:
    """Named only if it is so: a function that is called like one of torch may do other things."""
    first, last = (args or (None,))[0], (args or (None,))[-1]
    if name in _LOGS and _any(first, lambda x: x <= 0):
        return "log"
    if name == "sqrt" and _any(first, lambda x: x < 0):
        return "sqrt"
    names = (name, f"{name}__")  # the underscores of a method in place are cut off as well
    divisor = first if name.startswith(("__r", "reciprocal", "rsqrt")) else last
    if set(names) & set(_DIVISIONS) and _any(divisor, lambda x: x == 0):
        return "divide"
    if name in ("exp", "exp2", "expm1") and bool(torch.isinf(result).any()):
        return "exp"
    if set(names) & set(_POWERS) and _any(first, lambda x: x <= 0):
        return "power"
    return "other"


def _any(value: Any, holds: Callable[[Any], Any]) -> bool:
    if isinstance(value, torch.Tensor):
        return bool(holds(value.detach()).any())
    return isinstance(value, (int, float)) and bool(holds(value))
