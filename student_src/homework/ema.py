"""An exponential moving average of a network's weights.

The average forgets the jitter of single steps; diffusion models sample visibly better with it
(Ho et al. 2020, appendix B).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class EMA:
    """Average of the weights of `model`; `decay` near 1 looks back over 1 / (1 - decay) steps."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"decay must lie in [0, 1), got {decay}")
        self.decay = decay
        self.steps = 0
        self.weights = {name: value.clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take in the weights after a training step."""
        self.steps += 1
        # Young averages look back less far, or the random initial weights would linger.
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        floats, news = [], []
        for name, value in model.state_dict().items():
            mean = self.weights[name]
            if mean.is_floating_point():
                floats.append(mean)
                news.append(value)
            else:
                mean.copy_(value)
        torch._foreach_lerp_(floats, news, 1 - decay)

    @torch.no_grad()
    def exchange(self, model: nn.Module) -> None:
        """Swap the average with the weights in `model`; a second call swaps them back."""
        for name, value in model.state_dict().items():
            ours: Tensor = self.weights[name]
            theirs = value.clone()
            value.copy_(ours)
            ours.copy_(theirs)
