"""Train the digit classifier in `test_resources` on the full MNIST.

    python solutions/resources/train_classifier.py FOLDER           train and write it
    python solutions/resources/train_classifier.py FOLDER --check   test the committed one only

FOLDER holds MNIST's four IDX files. Weights are stored as 16-bit floats. The test accuracy that
is printed, and stored with the weights, is that of the stored weights.
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


def train(images: datasets.Images) -> classifier.DigitClassifier:
    torch.manual_seed(0)
    network = classifier.DigitClassifier().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-2)
    steps = EPOCHS * -(-len(images.train) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for epoch in range(EPOCHS):
        started = time.perf_counter()
        for batch, labels in images.train.batches(BATCH):
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
def accuracy(network: classifier.DigitClassifier, test: datasets.ImageSet) -> float:
    right = [
        (network(batch).argmax(dim=1) == labels).float().sum()
        for batch, labels in test.batches(500, shuffle=False)
    ]
    return float(torch.stack(right).sum()) / len(test)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    devices.prepare("cpu")
    images = datasets.load("mnist", folder=options.folder)
    if not options.check:
        weights = {
            name: value.half().contiguous() if value.is_floating_point() else value
            for name, value in train(images).state_dict().items()
        }
        write_tensors(classifier.WEIGHTS, weights)
    reached = accuracy(classifier.load_classifier(), images.test)
    size = classifier.WEIGHTS.stat().st_size
    print(f"{classifier.WEIGHTS.name}: {size:,} bytes, test accuracy {reached:.4f}")
    return 0 if reached >= WANTED and size < 500_000 else 1


if __name__ == "__main__":
    sys.exit(main())
