"""Build the compact set of real digits in `test_resources` from the full MNIST.

    python solutions/resources/build_digits.py FOLDER           write it
    python solutions/resources/build_digits.py FOLDER --check   fail if the committed one differs

FOLDER holds MNIST's four IDX files. Of each digit the first 600 training and the first 100 test
images are kept, in MNIST's order, so every build gives the same arrays.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "student_src"))

from homework import datasets  # noqa: E402

PER_DIGIT = {"train": 600, "test": 100}
LARGEST = 1_500_000  # bytes


def compact(folder: Path) -> dict[str, np.ndarray]:
    """The arrays of the compact set: {train,test}_{images,labels}."""
    files = datasets.FILES
    arrays = {}
    for part, count in PER_DIGIT.items():
        images = datasets.read_idx(folder / files[f"{part}_images"])
        labels = datasets.read_idx(folder / files[f"{part}_labels"])
        firsts = [np.flatnonzero(labels == digit)[:count] for digit in range(10)]
        kept = np.sort(np.concatenate(firsts))
        arrays[f"{part}_images"], arrays[f"{part}_labels"] = images[kept], labels[kept]
    return arrays


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    arrays = compact(options.folder)
    if options.check:
        with np.load(datasets.COMPACT, allow_pickle=False) as archive:
            same = set(archive) == set(arrays) and all(
                np.array_equal(archive[name], array) for name, array in arrays.items()
            )
        print("digits.npz is up to date" if same else "digits.npz is stale: build it again")
        return 0 if same else 1
    np.savez_compressed(datasets.COMPACT, **arrays)
    size = datasets.COMPACT.stat().st_size
    print(f"{datasets.COMPACT.name}: {size:,} bytes")
    return 0 if size <= LARGEST else 1


if __name__ == "__main__":
    sys.exit(main())
