"""The network, under the handout's name."""

from typing import Any

import torch  # noqa: F401
import torch.nn as nn  # noqa: F401
import torch.nn.functional as F  # noqa: F401

from homework.handout import load_weights  # noqa: F401
from homework.unet import CFGUNet


class UNet_conditional(CFGUNet):
    """`CFGUNet`, made as the handout makes its network; `other` settings mean nothing here."""

    def __init__(self, c_in: int = 1, c_out: int = 1, num_classes: int = 10, **other: Any) -> None:
        super().__init__(image_channels=c_in, num_classes=num_classes)
