"""Training: it learns, it can be stopped and resumed, and it says what is wrong."""

from __future__ import annotations

import math

import pytest
import torch

from homework import (
    checkpoints,
    datasets,
    muon,
    sampling,
    tensorfile,
)
from homework.args import Args, with_settings
from homework.loop import TrainingError
from homework.training import TrainerBase
from homework.unet import CFGUNet, DDPMUNet

SMALL = {"image_size": 8, "batch_size": 16, "epochs": 2, "n_samples": 4, "n_steps": 20}


@pytest.fixture(autouse=True)
def repeatable():
    torch.manual_seed(0)


@pytest.fixture
def images():
    torch.manual_seed(0)
    pixels = torch.zeros(64, 1, 8, 8, dtype=torch.uint8)
    labels = torch.arange(64) % 2
    pixels[labels == 0, :, :4] = 255
    pixels[labels == 1, :, 4:] = 255
    return datasets.ImageSet(pixels, labels, "signed")


class Diffusion:
    """A straight noising process, enough to train on."""

    def __init__(self, eps_model, n_steps=20):
        self.eps_model, self.n_steps = eps_model, n_steps
        self.beta = torch.linspace(1e-4, 0.02, n_steps)
        self.alpha = 1 - self.beta
        self.alpha_bar = self.alpha.cumprod(0)
        self.sigma2 = self.beta
        self.calls = []

    def loss(self, x0, noise=None):
        t = torch.randint(0, self.n_steps, (len(x0),))
        noise = torch.randn_like(x0)
        alpha_bar = self.alpha_bar[t][:, None, None, None]
        x = alpha_bar.sqrt() * x0 + (1 - alpha_bar).sqrt() * noise
        return (self.eps_model(x, t) - noise).square().flatten(1).sum(1).mean()


class Guided(Diffusion):
    def loss(self, x0, labels, noise=None):
        self.calls.append(labels is None)
        return (self.eps_model(x0, labels) - 1).square().flatten(1).sum(1).mean()


class Trainer(TrainerBase):
    def sample(self, n_steps=None):
        args = self.args
        x = torch.randn(args.n_samples, 1, args.image_size, args.image_size)
        for t in reversed(range(n_steps or args.n_steps)):
            x = x - 0.01 * self.diffusion.eps_model(x, torch.full((len(x),), t))
        return x.detach()


def make(kind=Diffusion, **settings):
    args = Args(**{**SMALL, "ema_decay": 0.9, "show_every_n_epochs": 1, **settings})
    network = (CFGUNet if kind is Guided else DDPMUNet)(width=16, blocks=1)
    return Trainer(args, network, kind(network))


@pytest.mark.parametrize("with_muon", [False, True])
def test_training_learns_and_keeps_history_and_samples(images, with_muon):
    settings = {"epochs": 20, "decay_rate": True, "learning_rate": 1e-2, "muon": with_muon}
    trainer = make(show_every_n_epochs=10, **settings)
    history = trainer.train(images, show=False)
    assert [entry["epoch"] for entry in history] == list(range(1, 21))
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]
    assert history[-1]["step"] == 80 and history[-1]["images_per_second"] > 0
    assert set(trainer.samples_by_epoch) == {10, 20}
    assert trainer.samples_by_epoch[20].shape == (4, 1, 8, 8)
    assert all(o.param_groups[0]["lr"] < 1e-4 for o in trainer.loop.optimizers)


def test_a_dataloader_works_too(images):
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(images.images(), images.labels), batch_size=32
    )
    assert make().train(loader, epochs=1, show=False)[0]["step"] == 2
    with pytest.raises(TypeError, match="ImageSet"):
        make().train(iter([1]), show=False)


def test_guided_training_drops_some_labels(images):
    trainer = make(Guided, show_every_n_epochs=0)
    trainer.train(images, epochs=30, show=False)
    share = sum(trainer.diffusion.calls) / len(trainer.diffusion.calls)
    assert 0.02 < share < 0.25


def test_samples_come_from_averaged_weights_and_training_goes_on_from_its_own(images):
    trainer = make(ema_decay=0.99)
    trainer.train(images, epochs=1, show=False)
    averaged = {name: value.clone() for name, value in trainer.eps_model.state_dict().items()}
    own = {name: value.clone() for name, value in trainer.loop.ema.weights.items()}
    assert any(not torch.equal(averaged[name], own[name]) for name in own)
    trainer.loop._exchange_weights()
    assert all(torch.equal(v, own[k]) for k, v in trainer.eps_model.state_dict().items())


def test_progress_is_shown_on_stdout_only(images, capsys):
    make().train(images)
    shown = capsys.readouterr()
    assert "epoch 2" in shown.out and "loss=" in shown.out and not shown.err


def test_interruption_keeps_what_was_reached_and_training_goes_on(images, capsys, tmp_path):
    trainer = make(epochs=3)
    loss, count = trainer.diffusion.loss, [0]

    def interrupted(x0, noise=None):
        count[0] += 1
        if count[0] == 6:
            raise KeyboardInterrupt
        return loss(x0)

    trainer.diffusion.loss = interrupted
    trainer.train(images, checkpoint=tmp_path / "run.safetensors", show=False)
    assert "Stopped by you at step 5, in epoch 2" in capsys.readouterr().out
    assert (tmp_path / "run.safetensors").is_file()
    assert len(trainer.train(images, show=False)) == 3


@pytest.mark.parametrize("with_muon", [False, True])
def test_resuming_gives_the_same_as_going_on(images, tmp_path, with_muon):
    path = tmp_path / "run.safetensors"
    first = make(muon=with_muon)
    first.train(images, epochs=1, checkpoint=path, show=False)
    second = make(muon=with_muon)
    second.load(path)
    assert second.history == first.history
    assert torch.equal(second.samples_by_epoch[1], first.samples_by_epoch[1])
    for trainer in (first, second):
        torch.manual_seed(5)
        trainer.train(images, epochs=2, show=False)
    for a, b in zip(first.eps_model.parameters(), second.eps_model.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    third = make(show_every_n_epochs=0, muon=with_muon)
    assert len(third.train(images, epochs=2, checkpoint=path, show=False)) == 2
    with pytest.raises(ValueError, match="another optimizer"):
        make(muon=not with_muon).load(path)


def test_orthogonal_evens_out_singular_values():
    wide = torch.randn(8, 40) * torch.logspace(0, -2, 8)[:, None]
    for matrix in (wide, wide.mT):
        done = muon.orthogonal([matrix, torch.randn(5, 5)])[0]
        values = torch.linalg.svdvals(done)
        assert done.shape == matrix.shape and 0.6 < values.min() and values.max() < 1.3
        u, _, vt = torch.linalg.svd(matrix, full_matrices=False)
        assert (done * (u @ vt)).sum() / done.norm() / 8**0.5 > 0.95
    assert not muon.orthogonal([torch.zeros(3, 4)])[0].any()


def test_checkpoint_of_another_network_is_refused(images, tmp_path):
    path = tmp_path / "run.safetensors"
    make().train(images, epochs=1, checkpoint=path, show=False)
    other = Trainer(Args(**SMALL), network := DDPMUNet(width=32), Diffusion(network))
    with pytest.raises(ValueError, match="another network: .* make the network with"):
        other.load(path)
    with pytest.raises(ValueError, match="another network"):
        make(Guided).load(path)
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        other.load(tmp_path / "none")
    tensors = tensorfile.read_tensors(path)
    for metadata in ({}, {"loop": "{"}, {"loop": '{"epoch": 1}'}):
        tensorfile.write_tensors(path, tensors, metadata)
        with pytest.raises(ValueError, match="no checkpoint of a training run: name another"):
            make().load(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="damaged"):
        make().load(path)


def test_full_disk_does_not_end_training(images, tmp_path, monkeypatch, capsys):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "write_tensors", full)
    assert len(make().train(images, checkpoint=tmp_path / "run", show=False)) == 2
    assert "No space left on device" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda loss: loss * math.nan, "nan at step 1.*learning rate"),
        (lambda loss: loss.to(torch.complex64), "yours is complex"),
        (lambda loss: loss.expand(3), r"one number.*\(3,\)"),
        (lambda loss: loss.item(), "of type float"),
        (lambda loss: None, "of type NoneType"),
        (lambda loss: loss.detach(), "does not depend"),
    ],
)
def test_wrong_losses_stop_with_a_sentence(images, wrong, message):
    trainer = make()
    right = trainer.diffusion.loss
    trainer.diffusion.loss = lambda x0, noise=None: wrong(right(x0))
    with pytest.raises(TrainingError, match=message):
        trainer.train(images, show=False)
    assert all(p.isfinite().all() for p in trainer.eps_model.parameters())


def test_mixed_devices_are_explained(images):
    trainer = make()

    def mixed(x0, noise=None):
        return (x0 + torch.ones(x0.shape, device="meta")).sum()

    trainer.diffusion.loss = mixed
    with pytest.raises(TrainingError, match="images are on cpu.*device=x0.device"):
        trainer.train(images, show=False)


def test_unwritten_functions_stay_recognisable(images):
    trainer = make()

    def unwritten(*_args, **_kwargs):
        raise NotImplementedError("q2.loss")

    trainer.sample = unwritten
    assert len(trainer.train(images, epochs=1, show=False)) == 1  # the loss is written
    trainer.diffusion.loss = unwritten
    with pytest.raises(NotImplementedError, match=r"q2\.loss"):
        trainer.train(images, epochs=2, show=False)


def test_time_limit_ends_training_with_the_rate_at_zero(images, tmp_path):
    trainer = make(epochs=1000, minutes=1 / 60, decay_rate=True, show_every_n_epochs=0)
    trainer.args.save_every_n_epochs = 1000  # what was reached is saved all the same
    history = trainer.train(images, checkpoint=tmp_path / "run.safetensors", show=False)
    assert (tmp_path / "run.safetensors").is_file()
    assert 1 <= history[-1]["seconds"] < 3 and len(history) < 1000
    assert all(o.param_groups[0]["lr"] < 1e-4 for o in trainer.loop.optimizers)


def test_respaced_diffusion_keeps_its_noise_levels():
    network = torch.nn.Linear(1, 1)
    network.forward = lambda x, t: t.float()
    whole = Diffusion(network, 1000)
    fewer = sampling.respace(whole, 10)
    assert fewer.alpha_bar[0] == whole.alpha_bar[0] and fewer.alpha_bar[-1] == whole.alpha_bar[-1]
    torch.testing.assert_close(fewer.alpha.cumprod(0), fewer.alpha_bar)
    torch.testing.assert_close(fewer.beta, 1 - fewer.alpha)
    assert fewer.eps_model(None, torch.tensor([0, 9])).tolist() == [0, 999]
    same = sampling.respace(whole, 1000)
    torch.testing.assert_close(same.beta, whole.beta, rtol=1e-3, atol=1e-6)
    assert whole.n_steps == 1000
    with pytest.raises(ValueError, match=r"2\.\.1000"):
        sampling.respace(whole, 1)


def test_draw_batches_and_restores(monkeypatch):
    monkeypatch.setattr(sampling, "BATCH", 3)
    trainer = make()
    args, diffusion = trainer.args, trainer.diffusion
    assert sampling.draw(trainer, 7, n_steps=5).shape == (7, 1, 8, 8)
    assert trainer.args is args and trainer.diffusion is diffusion and args.n_samples == 4

    class Labelled(Trainer):
        def sample(self, labels=None, cfg_scale=3.0, n_steps=None):
            return labels.float()[:, None] * 10 + cfg_scale + self.args.n_steps * 100

    guided = Labelled(args, trainer.eps_model, diffusion)
    drawn = sampling.draw(guided, 4, n_steps=5, labels=torch.tensor([3, 1, 0, 2]), cfg_scale=2.0)
    assert drawn.flatten().tolist() == [532.0, 512.0, 502.0, 522.0]


def test_with_settings_leaves_the_original_alone():
    args = Args(n_steps=5)
    assert with_settings(args, n_steps=7).n_steps == 7 and args.n_steps == 5
