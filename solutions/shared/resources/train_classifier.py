"""Train the digit classifier in `test_resources` on the full MNIST.

    python solutions/resources/train_classifier.py FOLDER           train and write it
    python solutions/resources/train_classifier.py FOLDER --check   test the committed one only

FOLDER holds MNIST's four IDX files. The last 5,000 training images are held out to set the
temperature of the answers (Guo et al. 2017, arXiv:1706.04599, section 4.2): label smoothing makes
a better network but one that is never sure, and a mean top probability means something only if a
digit that is read right nine times in ten gets 0.9. Weights are stored as 16-bit floats, the
temperature in those of the last layer. What is printed is measured with the stored weights.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "student_src"))

from homework import classifier, datasets, devices  # noqa: E402
from homework.tensorfile import write_tensors  # noqa: E402

EPOCHS, BATCH, RATE = 12, 128, 4e-3
HELD_OUT = 5_000
WANTED = 0.99


def jitter(images: Tensor) -> Tensor:
    """Shift and turn the images of a batch a little, each differently."""
    batch = len(images)
    angle = (torch.rand(batch) - 0.5) * 0.35
    zoom = 1 + (torch.rand(batch) - 0.5) * 0.2
    shift = (torch.rand(batch, 2) - 0.5) * 0.25
    matrix = torch.stack(
        [
            torch.stack([zoom * angle.cos(), -zoom * angle.sin(), shift[:, 0]], dim=1),
            torch.stack([zoom * angle.sin(), zoom * angle.cos(), shift[:, 1]], dim=1),
        ],
        dim=1,
    )
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def train(images: datasets.ImageSet) -> classifier.DigitClassifier:
    torch.manual_seed(0)
    network = classifier.DigitClassifier().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-2)
    steps = EPOCHS * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for epoch in range(EPOCHS):
        started = time.perf_counter()
        for batch, labels in images.batches(BATCH):
            inputs = jitter(batch).contiguous(memory_format=torch.channels_last)
            loss = F.cross_entropy(network(inputs), labels, label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        seconds = time.perf_counter() - started
        print(f"epoch {epoch + 1}: loss {loss.item():.3f}, {seconds:.0f} s", flush=True)
    return network.eval()


@torch.no_grad()
def logits(network: classifier.DigitClassifier, images: datasets.ImageSet) -> tuple[Tensor, Tensor]:
    """Logits (count, 10) and the true labels (count,)."""
    pairs = [(network(batch), labels) for batch, labels in images.batches(500, shuffle=False)]
    answers, labels = zip(*pairs, strict=True)
    return torch.cat(answers), torch.cat(labels)


@torch.no_grad()
def calibrate(network: classifier.DigitClassifier, held_out: datasets.ImageSet) -> None:
    """Divide the logits by the temperature that makes the held-out labels most likely."""
    answers, labels = logits(network, held_out)
    temperatures = torch.linspace(0.2, 2.0, 181)
    losses = [F.cross_entropy(answers / temperature, labels) for temperature in temperatures]
    best = float(temperatures[torch.stack(losses).argmin()])
    print(f"temperature {best:.2f}: loss of held-out digits {min(losses):.4f}")
    network.answer.weight /= best
    network.answer.bias /= best


def calibration_error(answers: Tensor, labels: Tensor, bins: int = 15) -> float:
    """Mean gap between top probability and share right, over equally wide bins (ibid., eq. 3)."""
    sure, digit = answers.softmax(dim=1).max(dim=1)
    right = (digit == labels).float()
    place = (sure * bins).long().clamp(max=bins - 1)
    gaps = torch.zeros(bins).index_add(0, place, right - sure).abs()
    return float(gaps.sum()) / len(labels)


def train_and_write(images: datasets.ImageSet) -> None:
    pixels, digits, scale = images.pixels, images.labels, images.scale
    network = train(datasets.ImageSet(pixels[:-HELD_OUT], digits[:-HELD_OUT], scale))
    calibrate(network, datasets.ImageSet(pixels[-HELD_OUT:], digits[-HELD_OUT:], scale))
    weights = {
        name: value.half().contiguous() if value.is_floating_point() else value
        for name, value in network.state_dict().items()
    }
    write_tensors(classifier.WEIGHTS, weights)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    devices.prepare("cpu")
    images = datasets.load("mnist", folder=options.folder)
    if not options.check:
        train_and_write(images.train)
    answers, labels = logits(classifier.load_classifier(), images.test)
    reached = float((answers.argmax(dim=1) == labels).float().mean())
    sure = float(answers.softmax(dim=1).max(dim=1).values.mean())
    error = calibration_error(answers, labels)
    size = classifier.WEIGHTS.stat().st_size
    print(
        f"{classifier.WEIGHTS.name}: {size:,} bytes; test set: accuracy {reached:.4f}, "
        f"mean top probability {sure:.4f}, calibration error {error:.4f}"
    )
    return 0 if reached >= WANTED and size < 500_000 else 1


if __name__ == "__main__":
    sys.exit(main())
