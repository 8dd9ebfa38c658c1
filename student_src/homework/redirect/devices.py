"""Redirection of the devices that code names: `.cuda()` and `device="cuda"` mean the probe's own.

A `TorchFunctionMode` sees tensors that are made or moved; what else takes a device is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache, partial
from typing import Any
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._device import DeviceContext

NOTE = "gpu"
_KINDS = ("cuda", "mps", "xpu")
_NAMED = re.compile(rb"\b(cuda|mps|xpu)\b")
_OLD_TYPES = ("Float", "Double", "Half", "Long", "Int", "Short", "Byte", "Char", "Bool")


class _Here(TorchFunctionMode):
    """Puts on `device` what is asked for on a device of another kind."""

    def __init__(self, device: str, notes: set[str]) -> None:
        super().__init__()
        self.device, self.notes = device, notes
        self.others = set(_KINDS) - {torch.device(device).type}

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        name = getattr(func, "__name__", "")
        if name in self.others:  # Tensor.cuda
            self.note()
            return args[0].to(self.device)
        args = tuple(map(self.here, args))
        kwargs = {key: self.here(value) for key, value in (kwargs or {}).items()}
        return func(*args, **kwargs)

    def here(self, value: Any) -> Any:
        """A device of another kind, or its name, becomes this one; anything else stays."""
        if isinstance(value, torch.device):
            named = value.type
        elif isinstance(value, str):
            named = value.removeprefix("torch.").partition(":")[0].partition(".")[0]
        else:
            return value
        if named not in self.others:
            return value
        self.note()
        is_type = isinstance(value, str) and value.startswith("torch.")  # torch.cuda.FloatTensor
        return value.replace(f".{named}", "", 1) if is_type else self.device

    def note(self) -> None:
        if not torch.cuda.is_available():
            self.notes.add(NOTE)


@contextmanager
def redirected(text: bytes, device: str, notes: set[str]) -> Iterator[None]:
    """Redirect devices inside the block; nothing is done for a text that names none."""
    if not _names_one(text):
        yield
        return
    mode = _Here(device, notes)
    with ExitStack() as stack:
        original = DeviceContext.__init__

        def context(self: DeviceContext, named: Any) -> None:
            original(self, mode.here(named))

        stack.enter_context(mock.patch.object(DeviceContext, "__init__", context))
        stack.enter_context(mock.patch.object(torch, "Generator", _generator(mode)))
        if not torch.cuda.is_available():
            for name, value in _without_cuda():
                stack.enter_context(mock.patch.object(torch.cuda, name, value))
        stack.enter_context(mode)
        yield


@lru_cache(maxsize=4)  # asked for each case of the same files
def _names_one(text: bytes) -> bool:
    return _NAMED.search(text) is not None


def _generator(mode: _Here) -> type[torch.Generator]:
    class Generator(torch.Generator):
        def __new__(cls, device: Any = "cpu") -> Any:
            return super().__new__(cls, mode.here(device))  # type: ignore[call-arg]

    return Generator


def _without_cuda() -> Iterator[tuple[str, Any]]:
    """What functions of `torch.cuda` that need a GPU do without one."""
    for name in ("set_device", "synchronize", "reset_peak_memory_stats"):
        yield name, lambda *args, **kwargs: None
    yield "current_device", lambda: 0
    yield "get_device_name", lambda device=None: "no GPU"
    for kind in _OLD_TYPES:
        yield f"{kind}Tensor", partial(getattr(torch, f"{kind}Tensor"))
