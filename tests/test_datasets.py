"""Data: where it is looked for, what it looks like, and what is said when it is not there."""

from __future__ import annotations

import gzip
import socket
from pathlib import Path

import numpy as np
import pytest
import torch

from homework import datasets


def write_idx(folder: Path, name: str, array: np.ndarray, compress: bool = False) -> None:
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    content = head + array.astype(np.uint8).tobytes()
    folder.mkdir(parents=True, exist_ok=True)
    if compress:
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    else:
        (folder / name).write_bytes(content)


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """Neither variable nor earlier download nor network."""

    def refuse(*_args, **_kwargs):
        raise OSError("network is unreachable")

    monkeypatch.delenv(datasets.DATA_VARIABLE, raising=False)
    monkeypatch.setattr(datasets, "DOWNLOADS", tmp_path / "data")
    monkeypatch.setattr(datasets, "_download", refuse)


def fill(folder: Path, compress: bool = False, value: int = 7) -> Path:
    for key, name in datasets.FILES.items():
        count = 6 if key.startswith("train") else 4
        shape = (count, 28, 28) if key.endswith("images") else (count,)
        write_idx(folder, name, np.full(shape, value), compress)
    return folder


def test_compact_set_is_used_and_said_so_without_network(no_network, capsys):
    images = datasets.load("mnist")
    said = capsys.readouterr().out
    assert "compact set" in said and "network is unreachable" in said
    assert (len(images.train), len(images.test)) == (6000, 1000)
    assert torch.bincount(images.train.labels).tolist() == [600] * 10
    assert torch.bincount(images.test.labels).tolist() == [100] * 10


def test_compact_set_is_small_and_has_its_licence():
    assert datasets.COMPACT.stat().st_size < 1_500_000
    licence = datasets.COMPACT.with_name("digits.LICENSE.txt").read_text(encoding="utf-8")
    assert "CC BY-SA 3.0" in licence


@pytest.mark.parametrize("compress", [False, True])
def test_given_folder_is_read(tmp_path, compress, capsys):
    fill(tmp_path / "here", compress)
    images = datasets.load("fashion", folder=tmp_path / "here")
    assert (len(images.train), len(images.test)) == (6, 4)
    assert "read from" in capsys.readouterr().out
    assert images.class_names[9] == "boot"


def test_variable_folder_does_not_give_one_set_for_the_other(tmp_path, monkeypatch):
    fill(tmp_path / "MNIST" / "raw")
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(tmp_path))
    assert len(datasets.load("mnist", quiet=True).train) == 6
    with pytest.raises(FileNotFoundError, match="no FashionMNIST in .*unset .*HOMEWORK_DATA"):
        datasets.load("fashion")


def test_earlier_download_is_used_again(no_network, tmp_path):
    fill(tmp_path / "data" / "FashionMNIST" / "raw")
    assert len(datasets.load("fashion", quiet=True).test) == 4


def test_refused_download_leaves_the_socket_settings_alone(monkeypatch, tmp_path):
    import sys
    import types

    def refuse(*_args, **_kwargs):
        raise RuntimeError("Error downloading train-images-idx3-ubyte.gz")

    fake = types.ModuleType("torchvision")
    fake.datasets = types.SimpleNamespace(MNIST=refuse)
    monkeypatch.setitem(sys.modules, "torchvision", fake)
    monkeypatch.delenv(datasets.DATA_VARIABLE, raising=False)
    monkeypatch.setattr(datasets, "DOWNLOADS", tmp_path / "data")
    before = socket.getdefaulttimeout()
    assert "compact" in datasets.load("mnist", quiet=True).source
    assert socket.getdefaulttimeout() == before


def test_missing_folder_says_what_is_expected(tmp_path):
    with pytest.raises(FileNotFoundError, match="train-images-idx3-ubyte"):
        datasets.load("mnist", folder=tmp_path)


def test_fashion_without_network_says_what_to_do(no_network):
    with pytest.raises(RuntimeError, match="pass folder="):
        datasets.load("fashion")


def test_digits_that_stand_in_say_so(no_network, capsys):
    images = datasets.load("fashion", stand_in=True)
    assert images.title == "MNIST in place of FashionMNIST"
    assert images.title in capsys.readouterr().out
    assert images.class_names[3] == "3" and len(images.train) == 6000


@pytest.mark.parametrize("content", [b"", b"\0\0\x08", b"<html>", b"\0\0\x08\x01\0\0\0\x05ab"])
def test_damaged_file_is_named(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match=r"file is damaged"):
        datasets.read_idx(tmp_path / "file")


@pytest.mark.parametrize("content", [b"<html>", gzip.compress(b"data" * 50, mtime=0)[:-9], b""])
def test_damaged_compressed_file_is_named(tmp_path, content):
    (tmp_path / "file.gz").write_bytes(content)
    with pytest.raises(ValueError, match=r"file\.gz is damaged"):
        datasets.read_idx(tmp_path / "file")


@pytest.mark.parametrize(
    "options", [{"name": "cifar"}, {"scale": "half"}, {"size": 20}, {"size": 31}]
)
def test_unknown_options_are_refused(options):
    with pytest.raises(ValueError, match="must be"):
        datasets.load(**{"name": "mnist", "compact": True, **options})


def test_padding_and_scaling():
    plain = datasets.load("mnist", compact=True, quiet=True).test.images(slice(0, 3))
    padded = datasets.load("mnist", compact=True, size=32, scale="signed", quiet=True)
    wide = padded.test.images(slice(0, 3))
    assert plain.shape == (3, 1, 28, 28) and wide.shape == (3, 1, 32, 32)
    assert plain.min() == 0 and plain.max() <= 1
    torch.testing.assert_close(wide[:, :, 2:-2, 2:-2], 2 * plain - 1)
    assert (wide[:, :, :2] == -1).all() and (wide[..., -2:] == -1).all()


def test_batches_visit_each_image_once():
    images = datasets.ImageSet(
        torch.arange(10, dtype=torch.uint8).view(10, 1, 1, 1), torch.arange(10), "unit"
    )
    seen = list(images.batches(4))
    assert [len(batch) for batch, _ in seen] == [4, 4, 2]
    labels = torch.cat([labels for _, labels in seen])
    assert sorted(labels.tolist()) == list(range(10))
    values = torch.cat([batch for batch, _ in seen]).flatten() * 255
    torch.testing.assert_close(values, labels.float())
    assert [len(batch) for batch, _ in images.batches(4, drop_last=True)] == [4, 4]
    ordered = torch.cat([labels for _, labels in images.batches(4, shuffle=False)])
    assert ordered.tolist() == list(range(10))
    with pytest.raises(ValueError, match="batch_size"):
        next(images.batches(0))
