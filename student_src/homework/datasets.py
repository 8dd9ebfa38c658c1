"""Real images, ready to train on: MNIST or Fashion-MNIST as two tensors on the training device.

`load("mnist")` looks in this order and says which one it used:
1. the given folder, or the one that the environment variable HOMEWORK_DATA names;
2. torchvision's download, kept in the folder `data` beside `student_src`;
3. for MNIST, the compact set shipped in `test_resources/digits.npz`: 6,000 training and
   1,000 test images, enough to see everything work, too few for the full result.

A set stays on the device as bytes, a quarter of the memory of floats. A batch is a slice of it,
scaled when it is taken: no worker processes and no Python work per image.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import socket
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

__all__ = ["ImageSet", "Images", "load"]

DATA_VARIABLE = "HOMEWORK_DATA"
ROOT = Path(__file__).resolve().parents[2]
DOWNLOADS = ROOT / "data"
COMPACT = ROOT / "test_resources" / "digits.npz"
TORCHVISION_NAMES = {"mnist": "MNIST", "fashion": "FashionMNIST"}
SCALES = {"unit": (1 / 255, 0.0), "signed": (2 / 255, -1.0)}
SECONDS_TO_WAIT = 15  # for an answer of the download server
CLASS_NAMES = {
    "mnist": tuple("0123456789"),
    "fashion": (
        "t-shirt",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "boot",
    ),
}


@dataclass(frozen=True)
class ImageSet:
    """Images with their labels, all on one device.

    pixels: (count, 1, height, width) uint8. labels: (count,) int64, 0 to 9.
    scale: "unit" for images in [0, 1], "signed" for [-1, 1].
    """

    pixels: Tensor
    labels: Tensor
    scale: str

    def __len__(self) -> int:
        return len(self.labels)

    def images(self, index: slice | Tensor = slice(None)) -> Tensor:
        """(n, 1, height, width) float32, the images of an index or of a slice."""
        factor, offset = SCALES[self.scale]
        return self.pixels[index].float().mul_(factor).add_(offset)

    def batches(
        self, batch_size: int, shuffle: bool = True, drop_last: bool = False
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Pairs (images, labels) that visit each image once, in a new order each time."""
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        count = len(self)
        # The order is drawn on the CPU, so that one seed gives one order on every device.
        order = torch.randperm(count) if shuffle else torch.arange(count)
        order = order.to(self.labels.device)
        for start in range(0, count, batch_size):
            index = order[start : start + batch_size]
            if drop_last and len(index) < batch_size:
                return
            yield self.images(index), self.labels[index]

    def first(self, count: int) -> ImageSet:
        """The first `count` images only; None or more than there are gives all."""
        return ImageSet(self.pixels[:count], self.labels[:count], self.scale)


@dataclass(frozen=True)
class Images:
    """A training and a test set, the name of their data set and where they came from.

    stands_for: the name of the set that was asked for, if these images take its place.
    """

    train: ImageSet
    test: ImageSet
    name: str
    source: str
    stands_for: str = ""

    @property
    def class_names(self) -> tuple[str, ...]:
        return CLASS_NAMES[self.name]

    @property
    def title(self) -> str:
        """What to write on a figure: `FashionMNIST`, or `MNIST in place of FashionMNIST`."""
        names = [TORCHVISION_NAMES[name] for name in (self.name, self.stands_for) if name]
        return " in place of ".join(names)


def load(
    name: str = "mnist",
    *,
    device: torch.device | str = "cpu",
    size: int = 28,
    scale: str = "unit",
    folder: str | os.PathLike[str] | None = None,
    download: bool = True,
    compact: bool = False,
    quiet: bool = False,
    stand_in: bool = False,
) -> Images:
    """Load a data set; print one line that says which.

    name: "mnist" or "fashion". size: 28, or 32 to pad with background. scale: "unit" for [0, 1]
    or "signed" for [-1, 1]. folder: where the IDX files lie (plain or .gz); then nothing else is
    tried. download: whether the network may be used. compact: take the shipped set at once.
    stand_in: where the set cannot be had and none of it is shipped, take the shipped digits; the
    line and `Images.title` say so.

    Raises ValueError for an unknown option, FileNotFoundError when the folder lacks the files,
    RuntimeError when nothing could be had.
    """
    _check_options(name, size, scale)
    stands_for = ""
    try:
        arrays, source = _find(name, folder, download, compact)
    except RuntimeError as error:
        if not stand_in:
            raise
        arrays, source = _compact("mnist", str(error).partition(":")[0])
        name, stands_for = "mnist", name
    train, test = (
        _to_set(arrays[f"{part}_images"], arrays[f"{part}_labels"], size, scale, device)
        for part in ("train", "test")
    )
    images = Images(train, test, name, source, stands_for)
    if not quiet:
        print(f"{images.title}: {len(train):,} + {len(test):,} images, {source}")
    return images


def _check_options(name: str, size: int, scale: str) -> None:
    if name not in TORCHVISION_NAMES:
        raise ValueError(f"name must be one of {', '.join(TORCHVISION_NAMES)}, got {name!r}")
    if scale not in SCALES:
        raise ValueError(f"scale must be one of {', '.join(SCALES)}, got {scale!r}")
    if size < 28 or size % 2:
        raise ValueError(f"size must be 28, or larger and even (32 is usual), got {size}")


def _to_set(
    images: np.ndarray, labels: np.ndarray, size: int, scale: str, device: torch.device | str
) -> ImageSet:
    pixels = torch.from_numpy(images)[:, None]  # (count, 1, 28, 28)
    pad = (size - 28) // 2
    pixels = torch.nn.functional.pad(pixels, (pad, pad, pad, pad))
    return ImageSet(pixels.to(device), torch.from_numpy(labels).long().to(device), scale)


def _find(
    name: str, folder: str | os.PathLike[str] | None, download: bool, compact: bool
) -> tuple[dict[str, np.ndarray], str]:
    if compact:
        return _compact(name, "as asked")
    if folder is not None:
        return _read_folder(_folder_with_files(name, Path(folder), named=True))
    variable = os.environ.get(DATA_VARIABLE)
    if variable:
        try:
            found = _folder_with_files(name, Path(variable), named=False)
        except FileNotFoundError as error:
            advice = f"correct or unset the environment variable {DATA_VARIABLE}"
            raise FileNotFoundError(f"{error}; {advice}") from None
        return _read_folder(found)
    with contextlib.suppress(FileNotFoundError):
        return _read_folder(_folder_with_files(name, DOWNLOADS, named=False))
    if not download:
        return _compact(name, "since downloading is switched off")
    try:
        _download(name)
        return _read_folder(_folder_with_files(name, DOWNLOADS, named=False))
    except (OSError, RuntimeError, ImportError) as error:  # no network, no disk space, no package
        return _compact(name, f"since the download failed ({_brief(error)})")


def _brief(error: Exception) -> str:
    first = str(error).strip().splitlines()
    return first[0][:80].rstrip(": ") if first else type(error).__name__


def _compact(name: str, why: str) -> tuple[dict[str, np.ndarray], str]:
    if name != "mnist":
        raise RuntimeError(
            f"{TORCHVISION_NAMES[name]} is not shipped and could not be had, {why}: put its four "
            f"IDX files in a folder and pass folder=..., or use load('mnist')"
        )
    if not COMPACT.is_file():
        raise RuntimeError(
            f"{COMPACT} is missing: unpack the assignment's zip again, with its folders"
        )
    with np.load(COMPACT, allow_pickle=False) as archive:
        return dict(archive), f"the compact set shipped with the assignment, {why}"


def _download(name: str) -> None:
    from torchvision import datasets

    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SECONDS_TO_WAIT)
    try:
        getattr(datasets, TORCHVISION_NAMES[name])(str(DOWNLOADS), train=True, download=True)
    finally:
        socket.setdefaulttimeout(patience)


FILES = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}


def _folder_with_files(name: str, folder: Path, named: bool) -> Path:
    """The folder at or below `folder` that holds all four files of the data set.

    Both sets have files of the same names, so unless the caller `named` this very folder, its
    path must say which set it is.
    """
    marker = TORCHVISION_NAMES[name]
    below = [folder / marker / "raw", folder / marker]
    here = [folder / "raw", folder]
    candidates = below + (here if named or marker in folder.resolve().parts else [])
    for candidate in candidates:
        if all(_present(candidate / file) for file in FILES.values()):
            return candidate
    raise FileNotFoundError(
        f"no {marker} in {folder}: expected {', '.join(FILES.values())} "
        f"(plain or .gz) there or in {marker}/raw below it"
    )


def _present(path: Path) -> bool:
    return path.is_file() or path.with_name(path.name + ".gz").is_file()


def _read_folder(folder: Path) -> tuple[dict[str, np.ndarray], str]:
    return {key: read_idx(folder / file) for key, file in FILES.items()}, f"read from {folder}"


def read_idx(path: Path) -> np.ndarray:
    """An array of bytes from an IDX file, or from the same with .gz at its end.

    The format: two zero bytes, 8 for "unsigned byte", the number of axes, then each axis' length
    as a big-endian 32-bit integer, then the bytes. Raises ValueError when the file is not that.
    """
    if path.is_file():
        content = path.read_bytes()
    else:
        path = path.with_name(path.name + ".gz")
        try:
            content = gzip.decompress(path.read_bytes())
        except (gzip.BadGzipFile, EOFError, zlib.error):
            content = b""  # as good as nothing: told below
    axes = content[3] if content[:3] == b"\0\0\x08" and len(content) > 3 else 0
    shape = np.frombuffer(content, ">u4", axes, offset=4).astype(int) if axes else np.zeros(1, int)
    if not axes or len(content) != 4 + 4 * axes + shape.prod():
        raise ValueError(f"{path} is damaged or no IDX file: delete it and download it again")
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape).copy()
