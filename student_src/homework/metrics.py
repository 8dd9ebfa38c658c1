"""How good are generated digits? Numbers from the digit classifier, each with an uncertainty.

All take images of (count, 1, 28 or 32, same). `accuracy`: share recognised as the asked digit.
`confidence`: mean of the classifier's largest probability. `diversity`: entropy of the digits it
sees, 1 when all ten are equally frequent. `frechet`: distance between the clouds of features of
generated and real images, as in FID (Heusel et al. 2017, arXiv:1706.08500, eq. 6) but with this
classifier's 64 features: compare it with nothing but itself.

The classifier is calibrated on real digits: of those that it gives 0.9, nine in ten are what it
says, and the mean is 0.996. What it makes of shapes that are no digits is anybody's guess, and
often too high: look at the images, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from homework.classifier import FEATURES, DigitClassifier, load_classifier

RESAMPLES = 200  # bootstrap
Z = 1.96  # 95 % of a normal distribution lie within so many standard deviations


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Report:
    """What `measure` found. `accuracy` is None without asked labels."""

    count: int
    accuracy: Estimate | None
    confidence: Estimate
    diversity: Estimate
    frechet: Estimate | None

    def __str__(self) -> str:
        rows = {
            "recognised as asked": self.accuracy,
            "mean top probability": self.confidence,
            "diversity of digits (1: even)": self.diversity,
            "Frechet distance": self.frechet,
        }
        lines = [f"{name:30s} {value}" for name, value in rows.items() if value is not None]
        return "\n".join([f"{self.count} images: value [95 % interval]", *lines])


@torch.no_grad()
def features_and_probabilities(
    images: Tensor, scale: str = "signed", classifier: DigitClassifier | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(count, 64) features and (count, 10) probabilities of the ten digits, in float64.

    scale: "signed" for images in [-1, 1], "unit" for [0, 1]; values outside are clipped, as they
    are when the image is shown. Raises ValueError for NaN or an unknown scale.
    """
    if scale not in ("signed", "unit"):
        raise ValueError(f'scale must be "signed" or "unit", got {scale!r}')
    if not bool(torch.isfinite(images).all()):
        raise ValueError("the images hold NaN or infinity: look at the sampling first")
    if len(images) == 0:
        raise ValueError("there are no images to measure")
    network = classifier or load_classifier()
    device = next(network.parameters()).device
    features, probabilities = [], []
    for batch in images.split(500):
        batch = batch.to(device, torch.float32)
        batch = (batch * 0.5 + 0.5 if scale == "signed" else batch).clamp(0, 1)
        embedded = network.embed(batch)
        features.append(embedded.double().cpu().numpy())
        probabilities.append(network.answer(embedded).double().softmax(1).cpu().numpy())
    return np.concatenate(features), np.concatenate(probabilities)


def measure(
    images: Tensor,
    labels: Tensor | None = None,
    real: Tensor | None = None,
    scale: str = "signed",
) -> Report:
    """All numbers at once. labels: (count,) the asked digits. real: images to compare with."""
    features, probabilities = features_and_probabilities(images, scale)
    accuracy = None
    if labels is not None:
        if labels.shape != (len(images),):
            raise ValueError(
                f"labels must be ({len(images)},), one for each image, got {tuple(labels.shape)}"
            )
        asked = labels.cpu().numpy()
        accuracy = share(int((probabilities.argmax(1) == asked).sum()), len(images))
    distance = None
    if real is not None:
        distance = frechet(features, features_and_probabilities(real, scale)[0])
    return Report(
        len(images),
        accuracy,
        bootstrap(probabilities.max(axis=1), np.mean),
        bootstrap(probabilities.argmax(axis=1), even_share),
        distance,
    )


def share(successes: int, count: int) -> Estimate:
    """A share with Wilson's interval, which is sound near 0 and 1 too."""
    p, n = successes / count, count
    middle = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return Estimate(p, min(p, middle - half), max(p, middle + half))


def even_share(digits: np.ndarray) -> float:
    """Entropy of the digits' frequencies over that of ten equal ones: 0 (one digit) to 1."""
    p = np.bincount(digits, minlength=10) / len(digits)
    return float(-(p[p > 0] * np.log(p[p > 0])).sum() / math.log(10))


def bootstrap(values: np.ndarray, statistic: Callable[[np.ndarray], float]) -> Estimate:
    """The statistic of the values, with the interval of its bootstrap distribution."""
    random = np.random.default_rng(0)
    again = [statistic(random.choice(values, len(values))) for _ in range(RESAMPLES)]
    low, high = np.quantile(again, [0.025, 0.975])
    return Estimate(float(statistic(values)), float(low), float(high))


def frechet(generated: np.ndarray, real: np.ndarray) -> Estimate | None:
    """Frechet distance between two clouds of features, each (count, features).

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). Few images overstate it, so compare equal counts.
    The interval comes from drawing the generated images again; the overstatement grows with every
    such draw, so only the spread is taken from it. None when there are too few images for a
    covariance (fewer than twice the number of features).
    """
    if min(len(generated), len(real)) < 2 * FEATURES:
        return None
    value = _frechet(generated, real)
    random = np.random.default_rng(0)
    again = [
        _frechet(generated[random.integers(0, len(generated), len(generated))], real)
        for _ in range(RESAMPLES // 4)
    ]
    half = Z * float(np.std(again))
    return Estimate(value, max(0.0, value - half), value + half)


def _frechet(one: np.ndarray, two: np.ndarray) -> float:
    c1, c2 = np.cov(one, rowvar=False), np.cov(two, rowvar=False)
    # tr (C1 C2)^(1/2) is the sum of the singular values of C1^(1/2) C2^(1/2).
    cross = np.linalg.svd(_root(c1) @ _root(c2), compute_uv=False).sum()
    means = ((one.mean(0) - two.mean(0)) ** 2).sum()
    return float(max(0.0, means + np.trace(c1) + np.trace(c2) - 2 * cross))


def _root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
