"""The reference on every device that is here: its cases pass, and it trains and samples."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from cases import SOLUTIONS
from homework import compare, datasets, probing, profiles
from homework.fixtures import assignments, public_folder
from homework.student import Student
from homework.verdict import PASSED

DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=[
            pytest.mark.gpu,
            pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
        ],
    ),
]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", ["vae", "ddpm", "cfg"])
def test_the_reference_passes_its_public_cases(name: str, device: str) -> None:
    (assignment,) = (a for a in assignments(public_folder()) if a.name == name)
    seen = 0
    for task in assignment.tasks:
        for case in task.cases:
            answers = assignment.arrays(task, case)
            student = Student(SOLUTIONS / assignment.name, assignment.stems, device)
            outcome = probing.run(student, case.probe, answers.inputs)
            verdict = compare.judge(task, case, answers, [outcome], device)
            assert verdict.status == PASSED, f"{task.id}, {case.name}: {verdict}"
            seen += 1
    assert seen >= len(assignment.tasks)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", ["ddpm", "cfg"])
def test_the_reference_trains_and_samples(
    name: str, device: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(SOLUTIONS / name))
    if name == "ddpm":
        from homework.unet import DDPMUNet as Network
        from q2_ddpm import DenoiseDiffusion as Diffusion
        from q2_trainer_ddpm import Trainer
    else:
        from homework.unet import CFGUNet as Network
        from q3_cfg_diffusion import CFGDiffusion as Diffusion
        from q3_trainer_cfg import Trainer
    args = profiles.settings(name, "smoke", device=device, train_images=64, n_samples=4)
    images: datasets.Images = profiles.images(args)
    network = Network.from_args(args)
    trainer = Trainer(args, network, Diffusion(network, args.n_steps, args.device))
    history = trainer.train(images, checkpoint=tmp_path / "run.safetensors", show=False)
    assert len(history) == args.epochs and all(entry["loss"] > 0 for entry in history)
    samples = trainer.sample()
    assert samples.shape == (4, 1, 32, 32) and samples.device.type == device
    assert torch.isfinite(samples).all()
