"""Whether a student's model would work on a device other than the CPU, on a machine that has none.

torch's device "meta" knows shapes and holds no numbers. What mixes devices there does so on a GPU.
"""

from __future__ import annotations

from typing import Any

import torch

MIXED = ("same device", "expected device")  # in what torch says then


def note_device(model: Any, method: str, *arguments: torch.Tensor) -> dict[str, torch.Tensor]:
    """The output `note_device`: 1 if a model made for another device still computes on the CPU.

    Code that asks for a number, which this device does not have, is given the benefit of the doubt.
    """
    other = torch.device("meta")
    try:
        moved = type(model)(model.eps_model.copy_to(other), model.n_steps, other)
        result = getattr(moved, method)(*(argument.to(other) for argument in arguments))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        mixed = any(words in str(error) for words in MIXED)
    else:
        parts = result if isinstance(result, (tuple, list)) else [result]
        found = [part for part in parts if isinstance(part, torch.Tensor)]
        mixed = any(part.ndim and part.device != other for part in found)
    return {"note_device": torch.tensor(int(mixed))}
