"""The noise predictors: shapes, what they listen to, and how they refuse wrong inputs."""

from __future__ import annotations

import copy
import subprocess
import sys

import pytest
import torch

from homework import unet
from homework.noise_gauge import NoiseGauge
from homework.unet import CFGUNet, DDPMUNet


@pytest.fixture(scope="module")
def ddpm():
    torch.manual_seed(0)
    return waken(DDPMUNet(width=16, blocks=1))


@pytest.fixture(scope="module")
def cfg():
    torch.manual_seed(0)
    return waken(CFGUNet(width=16, blocks=1))


def waken(network):
    """Give the layers that start at zero some weight, so that outputs depend on inputs."""
    for parameter in network.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.1)
    return network.eval()


@pytest.mark.parametrize(("channels", "height", "width"), [(1, 32, 32), (3, 28, 20), (2, 4, 8)])
def test_output_has_the_shape_of_the_input(channels, height, width):
    x = torch.randn(2, channels, height, width)
    assert DDPMUNet(channels, width=16)(x, torch.tensor([0, 999])).shape == x.shape
    network = CFGUNet(channels, num_classes=4, width=16)
    assert network(x, torch.tensor([0, 3])).shape == x.shape
    assert network(x).shape == x.shape


def test_default_networks_are_small():
    for network in (DDPMUNet(), CFGUNet()):
        assert 0.3e6 < sum(p.numel() for p in network.parameters()) < 2e6


def test_time_and_label_matter_and_samples_do_not_mix(ddpm, cfg):
    x = torch.randn(3, 1, 32, 32)
    early, late = torch.tensor([3, 3, 3]), torch.tensor([3, 900, 3])
    a, b = ddpm(x, early), ddpm(x, late)
    torch.testing.assert_close(a[[0, 2]], b[[0, 2]], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(a[1], b[1], atol=1e-3)
    zero, one, none = (
        cfg(x, torch.tensor([0, 0, 0])),
        cfg(x, torch.tensor([0, 1, 0])),
        cfg(x, None),
    )
    torch.testing.assert_close(zero[[0, 2]], one[[0, 2]], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(zero[1], one[1], atol=1e-3)
    assert not torch.allclose(none, zero, atol=1e-3)


def test_input_is_not_changed_and_copies_work(cfg):
    x = torch.randn(2, 1, 32, 32)
    before = x.clone()
    labels = torch.tensor([1, 2])
    expected = cfg(x, labels)
    assert torch.equal(x, before)
    torch.testing.assert_close(copy.deepcopy(cfg)(x, labels), expected)


def test_gradients_reach_every_weight(ddpm, cfg):
    x = torch.randn(2, 1, 32, 32)
    for network, extra in ((ddpm, torch.tensor([1, 2])), (cfg, torch.tensor([1, 2]))):
        network.zero_grad()
        network(x, extra).square().sum().backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("value", [0.0, -1.0, 1e-8, 100.0])
def test_flat_and_extreme_pictures_give_finite_noise(cfg, value):
    x = torch.full((2, 1, 32, 32), value, requires_grad=True)
    out = cfg(x, None)
    out.sum().backward()
    assert out.isfinite().all() and x.grad.isfinite().all()


def stroke(count):
    """Pictures with a stroke that reaches into the frame, but not into the padding."""
    x = torch.full((count, 1, 32, 32), -1.0)
    x[:, :, 3:20, 14:17] = 1.0
    return x


def clothes(count):
    """Grey areas that reach the edge of their 28 x 28 pixels, as in Fashion-MNIST."""
    x = torch.full((count, 1, 32, 32), -1.0)
    for picture in x:
        left, right = 2 + torch.randint(0, 7, (2,))
        grey = 1.6 * torch.rand(()) - 0.6 + 0.25 * torch.randn(28, 32 - left - right)
        picture[0, 2:30, left : 32 - right] = grey.clamp(-1, 1)
    return x


def noisy(level, count=200, draw=stroke):
    x, level = draw(count), torch.as_tensor(level)
    return torch.sigmoid(level).sqrt() * x + torch.sigmoid(-level).sqrt() * torch.randn_like(x)


@pytest.mark.parametrize("draw", [stroke, clothes])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("level", [-1.5, 0.0, 3.0, 8.0])
def test_gauge_reads_the_noise_level(training, level, draw):
    torch.manual_seed(0)
    found = NoiseGauge().train(training)(noisy(level, draw=draw))
    assert found.shape == (200,)
    assert abs(found.mean() - level) < 0.3
    assert found.std() < (0.5 if training else 0.7)


def test_gauge_reads_a_tiny_picture():
    assert NoiseGauge()(torch.randn(2, 1, 4, 8)).isfinite().all()


def test_gauge_reads_late_pictures_as_noisy_in_sampling_only():
    """A picture without its signal: the mean would have the process wait for ever."""
    torch.manual_seed(0)
    z = torch.randn(100, 1, 32, 32) + 0.1
    gauge = NoiseGauge()
    assert gauge(z).mean() < -7
    assert gauge.eval()(z).min() > NoiseGauge.LEAST


def test_gradient_counts_heavy_noise_more_but_the_loss_stays(ddpm):
    torch.manual_seed(0)
    x, t = noisy(-3.0, 8), torch.full((8,), 450)
    with torch.no_grad():
        expected = ddpm(x, t).square().sum()
    loss = ddpm(x, t).square().sum()
    torch.testing.assert_close(loss.detach(), expected)
    bias = ddpm.body.leave.bias
    raised = torch.autograd.grad(loss, bias)[0]
    level = ddpm.levels[450]
    plain = torch.autograd.grad(_without_hooks(ddpm, x, t).square().sum(), bias)[0]
    weight = min(1 / torch.sigmoid(level).item(), unet.MOST_WEIGHT)
    torch.testing.assert_close(raised, weight * plain, rtol=1e-3, atol=1e-3)


def _without_hooks(network, x, t):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unet, "MOST_WEIGHT", 1.0)
        return network(x, t)


def test_time_beyond_the_schedule_is_its_end():
    torch.manual_seed(0)
    network = waken(DDPMUNet(width=16, n_steps=50))
    assert network(torch.randn(2, 1, 8, 8), torch.tensor([49, 999])).isfinite().all()


def test_float64_network_works():
    x = torch.randn(2, 1, 8, 8, dtype=torch.float64)
    assert CFGUNet(width=16).double()(x, torch.tensor([0, 1])).dtype == torch.float64
    assert DDPMUNet(width=16).double()(x, torch.tensor([0, 1])).dtype == torch.float64


X = torch.zeros(2, 1, 32, 32)
WRONG_LABELS = [
    ([1, 2], TypeError, "torch.Tensor"),
    (3, TypeError, "torch.Tensor"),
    (torch.tensor([1.0, 2.0]), TypeError, r"integers.*\.long\(\)"),
    (torch.tensor([True, False]), TypeError, "integers"),
    (torch.tensor([0, 10]), ValueError, r"0\.\.9, got values from 0 to 10"),
    (torch.tensor([-1, 3]), ValueError, "labels=None"),
    (torch.tensor(3), ValueError, "one entry a picture"),
    (torch.tensor([1]), ValueError, "one entry a picture"),
    (torch.tensor([[1], [2]]), ValueError, "one entry a picture"),
    (torch.eye(10)[:2], ValueError, "one-hot"),
    (torch.zeros(2, dtype=torch.long, device="meta"), ValueError, "device|on meta"),
]


@pytest.mark.parametrize(("labels", "error", "message"), WRONG_LABELS)
def test_wrong_labels_are_refused_before_any_kernel(cfg, labels, error, message):
    with pytest.raises(error, match=message):
        cfg(X, labels)


WRONG_PICTURES = [
    (X.numpy(), TypeError, "torch.Tensor"),
    (X.long(), TypeError, "floats"),
    (X.double(), TypeError, "float64 but the network is torch.float32"),
    (X[0], ValueError, r"\(batch, 1, height, width\)"),
    (X.expand(2, 3, 32, 32), ValueError, r"\(batch, 1, height, width\)"),
    (X[..., :30], ValueError, "multiples of 4"),
    (torch.zeros(2, 1, 32, 32, device="meta"), ValueError, "is on meta"),
]


@pytest.mark.parametrize(("x", "error", "message"), WRONG_PICTURES)
def test_wrong_pictures_are_refused(ddpm, cfg, x, error, message):
    with pytest.raises(error, match=message):
        cfg(x, None)
    with pytest.raises(error, match=message):
        ddpm(x, torch.tensor([0, 1]))


@pytest.mark.parametrize(
    ("t", "error", "message"),
    [
        (5, TypeError, "torch.Tensor"),
        (torch.tensor(5), ValueError, "one entry a picture"),
        (torch.tensor([[1], [2]]), ValueError, "one entry a picture"),
        (torch.tensor([-1, 3]), ValueError, "negative"),
        (torch.tensor([True, True]), TypeError, "time steps"),
    ],
)
def test_wrong_times_are_refused(ddpm, t, error, message):
    with pytest.raises(error, match=message):
        ddpm(X, t)


def test_empty_batch(ddpm, cfg):
    x = X[:0]
    none = torch.zeros(0, dtype=torch.long)
    assert cfg(x, none).shape == x.shape and ddpm(x, none).shape == x.shape


def test_imports_are_light():
    code = (
        "import sys, homework.unet, homework.training\n"
        "heavy = {'torchvision', 'matplotlib', 'torch._dynamo', 'IPython'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
