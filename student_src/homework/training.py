"""skeleton, being written"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class TrainerBase:
    """Base of the students' `Trainer`."""

    def __init__(self, args: Any, eps_model: nn.Module, diffusion_model: Any) -> None:
        self.args = args
        self.device = torch.device(args.device)
        self.eps_model = eps_model.to(self.device)
        self.diffusion = diffusion_model
        self.current_epoch = 0
