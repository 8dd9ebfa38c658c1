"""Pictures: grids of images and curves of losses. Each function returns a matplotlib figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

INK, ACCENT, FAINT = "#1b2a41", "#c8553d", "#b8c4d6"
SMOOTH = 50  # steps that the thick loss curve averages over


def to_canvas(images: Tensor | np.ndarray, columns: int | None = None, gap: int = 1) -> np.ndarray:
    """One picture of many: (count, 1, height, width) to (rows * height, columns * width)."""
    pixels = torch.as_tensor(images).detach().float().cpu()
    if pixels.dim() != 4 or len(pixels) == 0:
        raise ValueError(
            f"images must be (count, channels, height, width), got {tuple(pixels.shape)}"
        )
    count, _, height, width = pixels.shape
    columns = columns or min(count, 10)
    rows = -(-count // columns)
    canvas = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for i, picture in enumerate(pixels.mean(1).numpy()):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        canvas[top : top + height, left : left + width] = picture
    return canvas


def show_images(
    images: Tensor | np.ndarray,
    scale: str = "signed",
    columns: int | None = None,
    title: str | None = None,
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    zoom: float = 2.0,
) -> Any:
    """A grid of images, (count, channels, height, width), ink dark on white.

    scale: "signed" for values in [-1, 1], "unit" for [0, 1]; values outside are clipped.
    """
    from matplotlib.figure import Figure

    canvas = to_canvas(images, columns)
    low = -1.0 if scale == "signed" else 0.0
    size = (canvas.shape[1] * zoom / 100 + 0.8, canvas.shape[0] * zoom / 100 + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.imshow(canvas, cmap="gray_r", vmin=low, vmax=1.0, interpolation="nearest")
    for spine in axes.spines.values():
        spine.set_visible(False)
    shape = torch.as_tensor(images).shape
    columns = columns or min(shape[0], 10)
    _label(axes.set_xticks, column_labels, shape[3], columns)
    _label(axes.set_yticks, row_labels, shape[2], -(-shape[0] // columns))
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=8)
    if title:
        axes.set_title(title, fontsize=10, color=INK)
    return figure


def _label(set_ticks: Any, labels: Sequence[str] | None, size: int, count: int) -> None:
    if labels is None:
        set_ticks([])
    else:
        places = [i * (size + 1) + size / 2 for i in range(count)]
        set_ticks(places[: len(labels)], list(labels)[:count])


def plot_losses(
    points: Sequence[tuple[int, float]], history: Sequence[Mapping[str, float]] = ()
) -> Any:
    """Loss by step, faint for single steps and thick for their running mean.

    points: (step, loss). history: of the training loop; where its entries hold a
    "validation_loss", that is drawn as dots.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    seen = []
    if points:
        steps, losses = (np.array(column) for column in zip(*points, strict=True))
        axes.plot(steps, losses, color=FAINT, linewidth=0.8, label="one step")
        window = min(SMOOTH, len(losses))
        mean = np.convolve(losses, np.ones(window) / window, mode="valid")
        axes.plot(steps[window - 1 :], mean, color=INK, label=f"mean of {window} steps")
        seen.append(mean)
    elif history:
        losses = np.array([entry["loss"] for entry in history])
        axes.plot([entry["step"] for entry in history], losses, color=INK, label="training")
        seen.append(losses)
    checked = [(e["step"], e["validation_loss"]) for e in history if "validation_loss" in e]
    if checked:
        axes.plot(*zip(*checked, strict=True), "o", color=ACCENT, markersize=3, label="validation")
        seen.append(np.array([loss for _, loss in checked]))
    _limit_to_last(axes, seen)
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.spines[["top", "right"]].set_visible(False)
    if seen:
        axes.legend(frameon=False, fontsize=8)
    return figure


def _limit_to_last(axes: Any, curves: Sequence[np.ndarray]) -> None:
    """Show the curves where they are flat: the first steps' huge losses would hide the rest."""
    values = np.concatenate([*curves]) if curves else np.zeros(0)
    values = values[np.isfinite(values)]
    if len(values) > 4:
        low, high = values.min(), np.quantile(values, 0.95)
        room = 0.1 * (high - low) + 1e-9
        axes.set_ylim(low - room, high + room)
