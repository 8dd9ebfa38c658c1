"""What training is made of: averaged weights, the VAE, profiles, devices, figures."""

from __future__ import annotations

import pytest
import torch

from homework import devices, ema, plots, profiles
from homework.args import with_settings
from homework.fixtures import FixtureError
from homework.unet import CFGUNet, DDPMUNet
from homework.vae_model import VAE
from homework.vae_training import train_vae


@pytest.fixture(autouse=True)
def repeatable():
    torch.manual_seed(0)


def test_average_follows_and_exchanges():
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(network.weight)
    average = ema.EMA(network, 0.5)
    torch.nn.init.ones_(network.weight)
    average.update(network)
    kept = average.weights["weight"].item()
    assert 0.5 <= kept < 1
    average.exchange(network)
    assert network.weight.item() == kept and average.weights["weight"].item() == 1
    with pytest.raises(ValueError, match="decay"):
        ema.EMA(network, 1.0)


def vae_loss(recon_x, x, mu, logvar):
    bce = torch.nn.functional.binary_cross_entropy(recon_x, x.flatten(1), reduction="sum")
    return bce + 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum()


def test_vae_learns_validates_and_resumes(tmp_path, capsys):
    args = profiles.settings("vae", "smoke", device="cpu")
    run = train_vae(vae_loss, args, checkpoint=tmp_path / "vae")
    assert run.history[1]["validation_loss"] < run.history[0]["validation_loss"] < 600
    assert run.samples_by_epoch[2].shape == (25, 1, 28, 28)
    assert "validation" in capsys.readouterr().out
    again = train_vae(vae_loss, with_settings(args, epochs=3), checkpoint=tmp_path / "vae")
    assert len(again.history) == 3 and again.history[:2] == run.history


def test_vae_means_stay_inside_and_shapes_are_checked():
    model = VAE(latent=3, hidden=8)
    means = model.decode(1e4 * torch.randn(5, 3))
    assert ((means > 0) & (means < 1)).all() and means.shape == (5, 784)
    with pytest.raises(ValueError, match="784 pixels"):
        model(torch.zeros(2, 1, 32, 32))


@pytest.mark.parametrize("assignment", ("vae", "ddpm", "cfg"))
@pytest.mark.parametrize("profile", profiles.NAMES)
def test_profiles_are_complete(assignment, profile):
    args = profiles.settings(assignment, profile, device="cpu")
    assert args.profile == profile and args.epochs and args.device == "cpu"
    if assignment != "vae":
        network = (DDPMUNet if assignment == "ddpm" else CFGUNet).from_args(args)
        assert sum(p.numel() for p in network.parameters()) > 1000


def test_profile_is_chosen_by_variable_and_argument(monkeypatch):
    monkeypatch.setenv(profiles.VARIABLE, "smoke")
    assert profiles.name() == "smoke" and profiles.name("full") == "full"
    assert profiles.settings("ddpm", epochs=7).epochs == 7
    monkeypatch.setenv(profiles.VARIABLE, "quick")
    with pytest.raises(ValueError, match="smoke, cpu, full"):
        profiles.name()
    with pytest.raises(FixtureError, match="no fixtures for 'gan'"):
        profiles.settings("gan", "cpu")


def test_devices_that_are_not_there_are_explained():
    assert devices.choose_device("cpu").type == "cpu"
    with pytest.raises(ValueError, match="is no device"):
        devices.choose_device("gpu0")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="no CUDA GPU"):
            devices.choose_device("cuda")


def test_figures_are_drawn():
    figure = plots.show_images(torch.rand(7, 1, 8, 8), columns=3, column_labels="abc", title="t")
    assert figure.axes and plots.to_canvas(torch.rand(7, 1, 8, 8), 3).shape == (26, 26)
    history = [{"step": 3, "loss": 2.0, "validation_loss": 2.5}]
    assert plots.plot_losses([(1, 3.0), (2, 2.0), (3, 1.0)], history).axes
    assert plots.plot_losses([], history).axes
    with pytest.raises(ValueError, match="channels"):
        plots.to_canvas(torch.rand(8, 8))
