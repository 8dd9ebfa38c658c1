"""Checkpoints of a training run: weights, their averages, optimizer, history, samples in a file.

The file is a safetensors file, so loading one runs no code from it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from homework.tensorfile import read_metadata, read_tensors, write_tensors

if TYPE_CHECKING:
    from homework.loop import Loop

ADVICE = "make the network with the settings of the checkpoint, or delete the file"
NUMBERS = {"epoch", "step", "seconds", "averaged", "history"}  # see `save`


def save(path: str | os.PathLike[str], loop: Loop) -> bool:
    """Write a checkpoint of a loop. A full disk is told, not raised: training goes on.

    Must be called while the model holds the weights in training. Returns whether it was written.
    """
    tensors = {f"model.{name}": value for name, value in loop.model.state_dict().items()}
    if loop.ema:
        tensors |= {f"average.{name}": value for name, value in loop.ema.weights.items()}
    for optimizer in loop.optimizers:
        prefix = _prefix(optimizer)
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"{prefix}{index}.{name}": value for name, value in state.items()}
    tensors |= {f"samples.{epoch}": images for epoch, images in loop.samples.items()}
    numbers = {
        "epoch": loop.epoch,
        "step": loop.step,
        "seconds": loop.seconds,
        "averaged": loop.ema.steps if loop.ema else 0,
        "history": loop.history,
    }
    try:
        write_tensors(Path(path), tensors, {"loop": json.dumps(numbers)})
    except OSError as error:
        print(
            f"The checkpoint {path} could not be written ({error.strerror or error}). Training "
            "goes on without it; free some disk space or choose another folder."
        )
        return False
    return True


def load(path: str | os.PathLike[str], loop: Loop) -> None:
    """Continue `loop` from a checkpoint; afterwards its model holds the averaged weights.

    Raises FileNotFoundError, or ValueError when the file is damaged, or of another network or
    optimizer; then the loop is as it was.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}: train first, or check the name")
    tensors = read_tensors(path)
    numbers = _numbers(path)
    check_fits(path, _under(tensors, "model."), loop.model)
    states = [_optimizer_state(path, optimizer, tensors) for optimizer in loop.optimizers]
    loop.model.load_state_dict(_under(tensors, "model."))
    for optimizer, state in zip(loop.optimizers, states, strict=True):
        optimizer.load_state_dict(state)
    loop.epoch, loop.step = numbers["epoch"], numbers["step"]
    loop.seconds, loop.history[:] = numbers["seconds"], numbers["history"]
    loop.samples |= {int(epoch): x for epoch, x in _under(tensors, "samples.").items()}
    if loop.ema:
        average = _under(tensors, "average.") or _under(tensors, "model.")
        for name, value in average.items():
            loop.ema.weights[name].copy_(value)
        loop.ema.steps = numbers["averaged"]
        if loop.ema.steps:
            loop.ema.exchange(loop.model)
    loop.model.eval()


def _numbers(path: Path) -> dict[str, Any]:
    """Where the run was: what `save` wrote beside the tensors."""
    try:
        numbers = json.loads(read_metadata(path)["loop"])
        if NUMBERS <= set(numbers):
            return numbers
    except (KeyError, ValueError, TypeError):
        pass
    raise ValueError(
        f"{path} holds tensors but is no checkpoint of a training run: name another file, "
        "or delete it"
    )


def check_fits(path: Path, weights: dict[str, Tensor], model: nn.Module) -> None:
    """Raise ValueError, naming the first difference, unless the weights are those of `model`."""
    own = model.state_dict()
    for name, value in own.items():
        if name not in weights:
            raise ValueError(f"{path} is of another network: it has no {name}; {ADVICE}")
        if weights[name].shape != value.shape:
            raise ValueError(
                f"{path} is of another network: {name} is {tuple(weights[name].shape)} in it and "
                f"{tuple(value.shape)} here; {ADVICE}"
            )
    extra = sorted(set(weights) - set(own))
    if extra:
        raise ValueError(f"{path} is of another network: {extra[0]} is not in yours; {ADVICE}")


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def _prefix(optimizer: torch.optim.Optimizer) -> str:
    return f"optimizer.{type(optimizer).__name__}."


def _optimizer_state(
    path: Path, optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]
) -> dict[str, Any]:
    """What `load_state_dict` takes. Raises ValueError unless it is of these very weights."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in _under(tensors, _prefix(optimizer)).items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = value if value.dim() else torch.tensor(value.item())
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    shapes = {i: weight.shape for i, weight in enumerate(weights)}
    kept = {i: value.shape for i, s in state.items() for value in s.values() if value.dim()}
    if kept and kept != shapes:
        raise ValueError(f"{path} is of a run with another optimizer: {ADVICE}")
    return {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
