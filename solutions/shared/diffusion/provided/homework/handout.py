"""What the public course handout provides beside its questions, built from this kit's parts.

Files written for the handout import these names from modules of the handout's own; an assignment
gives students modules that pass them on.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from homework.args import Args

__all__ = ["MNISTDataset", "load_weights", "settings"]


def settings() -> Args:
    """The kit's settings, with the handout's place for weights and the best device there is."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return Args(device=device, MODEL_PATH=os.path.join(os.getcwd(), "eps_model.pkl"))


class MNISTDataset(Dataset[Any]):
    """Training digits of MNIST, (1, 32, 32) in [0, 1]; with `labels`, pairs (image, label)."""

    def __init__(self, labels: bool = False) -> None:
        from homework.datasets import load

        self.labels, self.digits = labels, load("mnist", size=32).train

    def __len__(self) -> int:
        return len(self.digits)

    def __getitem__(self, index: int) -> Tensor | tuple[Tensor, int]:
        image = self.digits.images(slice(index, index + 1))[0]
        return (image, int(self.digits.labels[index])) if self.labels else image


def load_weights(eps_model: nn.Module, path: str | os.PathLike[str]) -> nn.Module:
    """`eps_model` with the weights that the handout's trainer has saved there, if it has."""
    if Path(path).is_file():
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        eps_model.load_state_dict(checkpoint["model_state_dict"])
        return eps_model.eval()
    print("No weights to load")
    return eps_model
