"""A small network that reads digits, to judge generated ones.

`load_classifier()` gives the trained network shipped in `test_resources`. Its answers and its
features are what `homework.metrics` measures with. It was trained with label smoothing, and then
its temperature was set on digits that it had not seen, so that it is as sure as it is right.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WEIGHTS = Path(__file__).resolve().parents[2] / "test_resources" / "digit_classifier.safetensors"
FEATURES = 64
MARGIN = 2  # padding of a 32 x 32 picture around the 28 x 28 one


class DigitClassifier(nn.Module):
    """28 x 28 digits to 10 logits through three convolutions and a layer of 64 features."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, 2 * width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(2 * width)
        self.conv3 = nn.Conv2d(2 * width, 2 * width, 3, padding=1, bias=False)
        self.norm3 = nn.BatchNorm2d(2 * width)
        self.features = nn.Linear(2 * width * 9, FEATURES)
        self.dropout = nn.Dropout(0.3)
        self.answer = nn.Linear(FEATURES, 10)

    def embed(self, images: Tensor) -> Tensor:
        """images: (batch, 1, 28, 28) in [0, 1], or 32 x 32 whose margin is cut off.

        Returns (batch, 64) features, not negative. Raises ValueError for another shape.
        """
        h = F.relu(self.norm1(self.conv1(_crop(images))))
        h = F.max_pool2d(h, 2)
        h = F.max_pool2d(F.relu(self.norm2(self.conv2(h))), 2)
        h = F.max_pool2d(F.relu(self.norm3(self.conv3(h))), 2)
        return F.relu(self.features(h.flatten(1)))

    def forward(self, images: Tensor) -> Tensor:
        """Logits (batch, 10) of the ten digits; `images` as in `embed`."""
        return self.answer(self.dropout(self.embed(images)))


def load_classifier(path: Path = WEIGHTS, device: torch.device | str = "cpu") -> DigitClassifier:
    """The trained network, ready to judge (in eval mode). Nothing is unpickled.

    Raises FileNotFoundError when its file is missing.
    """
    from homework.tensorfile import read_tensors

    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: unpack the assignment's zip again, with its folders"
        )
    network = DigitClassifier()
    network.load_state_dict({name: value.float() for name, value in read_tensors(path).items()})
    return network.eval().requires_grad_(False).to(device)


def _crop(images: Tensor) -> Tensor:
    shape = tuple(images.shape)
    if shape[1:] == (1, 32, 32):
        return images[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]
    if shape[1:] != (1, 28, 28):
        raise ValueError(f"the classifier reads (batch, 1, 28 or 32, same), got {shape}")
    return images
