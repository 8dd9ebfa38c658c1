"""Muon, an optimizer that brings these networks to the same loss in half of Adam's time or less.

The averaged gradient of a weight matrix, U S V^T, has a few large singular values and many small
ones, so that most directions hardly move. Muon (Jordan et al. 2024,
https://kellerjordan.github.io/posts/muon) steps along U V^T instead: equally far in all directions.
U V^T is found without a decomposition, by a few steps of a polynomial that pulls all singular
values towards 1. A convolution's weight counts as a matrix with a row for each output channel.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

__all__ = ["Muon", "matrices"]

POLYNOMIAL = (3.4445, -4.7750, 2.0315)  # x to a x + b x^3 + c x^5: Jordan's, steep at 0
STEPS = 5
SIZE = 0.2  # root mean square of a step at rate 1, about Adam's (Liu et al. 2025, arXiv:2502.16982)


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, made orthogonal. Takes weights of two or more axes, no biases."""

    def __init__(self, parameters: Iterable[Tensor], lr: float, momentum: float = 0.95) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            means = []
            for weight in weights:
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                mean = state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                means.append(weight.grad.lerp(mean, group["momentum"]).flatten(1))
            for weight, step in zip(weights, orthogonal(means), strict=True):
                size = SIZE * max(step.shape) ** 0.5
                weight.add_(step.reshape(weight.shape), alpha=-group["lr"] * size)


def matrices(model: nn.Module) -> list[Tensor]:
    """The weights that Muon is for: of all linear layers and convolutions."""
    layers = (nn.Linear, nn.modules.conv._ConvNd)
    return [module.weight for module in model.modules() if isinstance(module, layers)]


def orthogonal(many: list[Tensor]) -> list[Tensor]:
    """For each matrix U S V^T about U V^T: singular values between 0.7 and 1.2, except tiny ones.

    The polynomial acts on singular values alone, so it is worked out for the small square matrix
    M M^T and applied to M at the end; matrices of equal height go together.
    """
    lying = [matrix.mT if matrix.shape[0] > matrix.shape[1] else matrix for matrix in many]
    lying = [matrix.float() / (matrix.norm() + 1e-7) for matrix in lying]
    done: list[Tensor] = [torch.empty(0)] * len(many)
    for height in {matrix.shape[0] for matrix in lying}:
        which = [i for i, matrix in enumerate(lying) if matrix.shape[0] == height]
        factors = _polynomial(torch.stack([lying[i] @ lying[i].mT for i in which]))
        for i, factor in zip(which, factors, strict=True):
            step = factor @ lying[i]
            done[i] = step.mT if many[i].shape != step.shape else step
    return done


def _polynomial(gram: Tensor) -> Tensor:
    """(count, n, n) matrices M M^T to the factors F for which F M is nearly orthogonal."""
    a, b, c = POLYNOMIAL
    one = torch.eye(gram.shape[1], device=gram.device)
    factor = one
    for step in range(STEPS):
        once = a * one + b * gram + c * gram @ gram
        factor = once @ factor if step else once
        if step < STEPS - 1:
            gram = once @ gram @ once
    return factor
