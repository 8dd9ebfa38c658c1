"""The classifier, the numbers drawn from it, and their uncertainty."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from homework import classifier, datasets, metrics, tensorfile


@pytest.fixture(scope="module")
def digits():
    return datasets.load("mnist", compact=True, size=32, scale="signed", quiet=True).test


def test_classifier_file_is_small_and_holds_tensors_only():
    assert classifier.WEIGHTS.stat().st_size < 500_000
    tensors = tensorfile.read_tensors(classifier.WEIGHTS)
    assert set(tensors) == set(classifier.DigitClassifier().state_dict())


def test_classifier_recognises_real_digits_at_both_sizes(digits):
    report = metrics.measure(digits.images(), digits.labels, digits.images())
    assert report.accuracy.value >= 0.985
    assert report.confidence.value > 0.98 and report.diversity.value > 0.99
    # Calibrated: on average it is as sure as it is right.
    assert abs(report.confidence.value - report.accuracy.value) < 0.01
    assert report.frechet.value < 1e-3
    small = digits.images()[:, :, 2:-2, 2:-2]
    again = metrics.measure(small, digits.labels)
    assert again.accuracy.value == report.accuracy.value and again.frechet is None
    assert "recognised as asked" in str(report) and "Frechet" not in str(again)


def test_unit_and_signed_scales_agree(digits):
    some = digits.images(slice(0, 50))
    one = metrics.features_and_probabilities(some, "signed")[0]
    two = metrics.features_and_probabilities(some * 0.5 + 0.5, "unit")[0]
    np.testing.assert_allclose(one, two, atol=1e-4)


def test_noise_is_far_from_digits(digits):
    noise = torch.randn(200, 1, 32, 32)
    real = digits.images(slice(0, 500))
    far = metrics.measure(noise, real=real).frechet
    near = metrics.measure(digits.images(slice(500, 1000)), real=real).frechet
    assert far.value > 5 * near.value
    assert near.low <= near.value <= near.high


def test_one_digit_only_has_no_diversity(digits):
    threes = digits.images()[digits.labels == 3]
    report = metrics.measure(threes, torch.full((len(threes),), 3))
    assert report.diversity.value < 0.15 and report.accuracy.value > 0.95


def test_share_has_wilsons_interval():
    estimate = metrics.share(90, 100)
    assert estimate.value == 0.9
    assert math.isclose(estimate.low, 0.8256, abs_tol=1e-3)
    assert math.isclose(estimate.high, 0.9448, abs_tol=1e-3)
    assert metrics.share(10, 10).low < 0.8 and metrics.share(0, 10).high > 0.2


def test_bootstrap_interval_has_the_right_width():
    values = np.random.default_rng(1).normal(size=1000)
    estimate = metrics.bootstrap(values, np.mean)
    assert 0.08 < estimate.high - estimate.low < 0.17  # 2 * 1.96 / sqrt(1000) = 0.124
    assert estimate.low < estimate.value < estimate.high


def test_frechet_of_known_gaussians():
    random = np.random.default_rng(2)
    one = random.normal(size=(20_000, 64))
    two = 2 * random.normal(size=(20_000, 64)) + 1
    # |m1 - m2|^2 = 64, and each axis adds (2 - 1)^2
    assert math.isclose(metrics.frechet(one, two).value, 128, rel_tol=0.02)
    assert metrics.frechet(one[:100], two) is None


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (torch.zeros(2, 1, 30, 30), {}, "28 or 32"),
        (torch.zeros(2, 3, 32, 32), {}, "28 or 32"),
        (torch.full((2, 1, 32, 32), float("nan")), {}, "NaN"),
        (torch.zeros(0, 1, 32, 32), {}, "no images"),
        (torch.zeros(2, 1, 32, 32), {"scale": "half"}, "scale"),
        (torch.zeros(2, 1, 32, 32), {"labels": torch.zeros(3)}, "one for each image"),
    ],
)
def test_bad_input_is_named(images, options, message):
    with pytest.raises(ValueError, match=message):
        metrics.measure(images, **options)


def test_missing_weights_say_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="unpack"):
        classifier.load_classifier(tmp_path / "none.safetensors")


def test_tensor_files_survive_a_round_trip(tmp_path):
    tensors = {
        "a": torch.randn(2, 3).t(),
        "empty": torch.zeros(0, 4),
        "scalar": torch.tensor(3),
        "half": torch.randn(5).half(),
        "flags": torch.tensor([True, False]),
    }
    path = tmp_path / "deep" / "file.safetensors"
    tensorfile.write_tensors(path, tensors, {"note": "hello"})
    again = tensorfile.read_tensors(path)
    assert set(again) == set(tensors)
    for name, value in tensors.items():
        assert again[name].dtype == value.dtype and torch.equal(again[name], value)
    assert tensorfile.read_metadata(path) == {"note": "hello"}
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_tensor_files_are_safetensors(tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    tensors = {"a": torch.randn(2, 3), "b": torch.arange(4)}
    tensorfile.write_tensors(tmp_path / "ours", tensors)
    theirs = safetensors.load_file(tmp_path / "ours")
    assert all(torch.equal(theirs[name], tensors[name]) for name in tensors)
    safetensors.save_file(tensors, tmp_path / "theirs")
    ours = tensorfile.read_tensors(tmp_path / "theirs")
    assert all(torch.equal(ours[name], tensors[name]) for name in tensors)


def one_tensor(entry):
    text = b'{"a":{' + entry + b"}}"
    return len(text).to_bytes(8, "little") + text + bytes(8)


DAMAGED = [
    b"",
    b"abc",
    b"\xff" * 20,
    b"\x02" + b"\0" * 7 + b"[]",
    one_tensor(b'"dtype":"F99","shape":[2],"data_offsets":[0,8]'),
    one_tensor(b'"dtype":"F32","shape":[3],"data_offsets":[0,8]'),
    one_tensor(b'"dtype":"F32","shape":[2],"data_offsets":[1,8]'),
    one_tensor(b'"dtype":"F32","data_offsets":[0,8]'),
]


@pytest.mark.parametrize("content", DAMAGED)
def test_damaged_tensor_files_are_named(tmp_path, content):
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(ValueError, match=r"bad is damaged"):
        tensorfile.read_tensors(tmp_path / "bad")


def test_cut_off_tensor_file_is_named(tmp_path):
    tensorfile.write_tensors(tmp_path / "cut", {"a": torch.randn(100)})
    content = (tmp_path / "cut").read_bytes()
    (tmp_path / "cut").write_bytes(content[:-10])
    with pytest.raises(ValueError, match="damaged"):
        tensorfile.read_tensors(tmp_path / "cut")
