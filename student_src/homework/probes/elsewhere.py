# Copied by `autograder release`; change the original:
# solutions/shared/diffusion/provided/homework/probes/elsewhere.py
"""Whether a student's model would work on a device other than the CPU, on a machine that has none.

The other device is played: tensors stay on the CPU, but those that are asked for there are known,
with all that is computed from them, and say so when asked for their device. An operation on tensors
of both devices would fail on a GPU. (torch's own "meta" takes seconds to load.)
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

OTHER = torch.device("meta")  # a name that torch knows
_LEAVING = ("cpu", "numpy", "tolist", "item")
_MOVING = ("to", "type_as")


class Mixed(Exception):
    """Tensors of two devices were combined."""


class OtherDevice(TorchFunctionMode):
    """Plays a device besides the CPU; raises `Mixed` where tensors of both are combined."""

    def __init__(self) -> None:
        super().__init__()
        self._there: dict[int, torch.Tensor] = {}  # kept alive, so that ids stay theirs

    def bring(self, found: Any) -> Any:
        """Count a tensor, or those of a tuple or list, as being on the other device."""
        for part in found if isinstance(found, (tuple, list)) else (found,):
            if isinstance(part, torch.Tensor):
                self._there[id(part)] = part
        return found

    def has(self, tensor: Any) -> bool:
        return id(tensor) in self._there

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func == torch.Tensor.device.__get__:  # type: ignore[attr-defined]
            return OTHER if self.has(args[0]) else func(*args)
        name = getattr(func, "__name__", "")
        if name == "_parse_to":  # of `Module.to`, which then moves each tensor by itself
            return func(*args, **kwargs)
        given = [*args, *kwargs.values()]
        given += [part for parts in given if isinstance(parts, (tuple, list)) for part in parts]
        tensors = [part for part in given if isinstance(part, torch.Tensor)]
        there = [part for part in tensors if self.has(part)]
        if there and name not in _MOVING and any(t.ndim and not self.has(t) for t in tensors):
            if any(t.ndim for t in there):
                raise Mixed
        out = func(*map(_played, args), **{key: _played(value) for key, value in kwargs.items()})
        asked = any(map(_is_other, given))
        stays = there and name not in _LEAVING
        return self.bring(out) if asked or stays else out


def _is_other(value: Any) -> bool:
    return isinstance(value, (str, torch.device)) and str(value) == str(OTHER)


def _played(value: Any) -> Any:
    return "cpu" if _is_other(value) else value


class _Network(nn.Module):
    def forward(self, x: torch.Tensor, *more: Any, **named: Any) -> torch.Tensor:
        return 0.5 * x


def note_device(model: Any, method: str, *arguments: torch.Tensor) -> dict[str, torch.Tensor]:
    """The output `note_device`: 1 if a model made for another device computes on the CPU as well.

    Whatever else goes wrong there tells nothing.
    """
    try:
        with OtherDevice() as device:
            moved = type(model)(_Network(), model.n_steps, OTHER)
            result = getattr(moved, method)(*(device.bring(x.clone()) for x in arguments))
        parts = result if isinstance(result, (tuple, list)) else [result]
        mixed = any(isinstance(x, torch.Tensor) and not device.has(x) for x in parts)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        mixed = isinstance(error, Mixed)
    return {"note_device": torch.tensor(int(mixed))}
