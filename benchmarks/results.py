"""Train the reference solution in a profile and measure what comes out: the README's table.

    python benchmarks/results.py cfg --profile cpu --out runs/cfg

Writes to the folder `--out`: result.json, samples.png, by_epoch.png, small.png (the README's
picture) and a checkpoint. When the checkpoint is there already, training goes on from it (or is
over at once).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [*(ROOT / "solutions").glob("*"), ROOT / "student_src"]
sys.path[:0] = list(map(str, SOURCES))  # not the stubs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("assignment", choices=["vae", "ddpm", "cfg"])
    parser.add_argument("--profile", choices=["smoke", "cpu", "full"])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()

    import torch

    from homework import devices, profiles

    torch.manual_seed(0)
    changes = {name: json.loads(value) for name, value in (s.split("=", 1) for s in options.set)}
    args = profiles.settings(options.assignment, options.profile, **changes)
    device = devices.prepare(args.device)
    images = profiles.images(args)
    options.out.mkdir(parents=True, exist_ok=True)
    run = measure_vae if options.assignment == "vae" else measure_diffusion
    result = {
        "assignment": options.assignment,
        "profile": args.profile,
        "device": devices.describe(device),
        "torch": torch.__version__,
        "images": f"{images.name}, {len(images.train):,} + {len(images.test):,}",
        **run(args, images, options.out),
    }
    (options.out / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def measure_vae(args: Any, images: Any, out: Path) -> dict[str, Any]:
    from homework import metrics
    from homework.plots import show_images
    from homework.vae_training import train_vae
    from q1_train_vae import loss_function

    busy = time.process_time()
    run = train_vae(loss_function, args, images, checkpoint=out / "vae.safetensors")
    worked = time.process_time() - busy
    samples = run.model.sample(args.metric_samples)
    real = images.test.images(slice(0, len(samples)))
    report = metrics.measure(samples, real=real, scale="unit")
    show_images(samples[:100], "unit").savefig(out / "samples.png", dpi=80)
    save_small(samples[:50], out / "small.png", low=0.0)
    return {
        "training_seconds": round(run.history[-1]["seconds"], 1),
        "cpu_seconds": round(worked, 1),  # less than the line above on a busy machine
        "loss": round(run.history[-1]["loss"], 3),
        "validation_loss": round(run.validation_loss, 3),
        **as_texts(report),
    }


def measure_diffusion(args: Any, images: Any, out: Path) -> dict[str, Any]:
    import torch

    from homework import devices, metrics
    from homework.plots import show_images
    from homework.sampling import draw

    if args.assignment == "ddpm":
        from homework.unet import DDPMUNet as Network
        from q2_ddpm import DenoiseDiffusion as Diffusion
        from q2_trainer_ddpm import Trainer
    else:
        from homework.unet import CFGUNet as Network  # type: ignore[assignment]
        from q3_cfg_diffusion import CFGDiffusion as Diffusion  # type: ignore[assignment]
        from q3_trainer_cfg import Trainer  # type: ignore[assignment]
    network = Network.from_args(args)
    trainer = Trainer(args, network, Diffusion(network, args.n_steps, args.device))
    started, busy = time.perf_counter(), time.process_time()
    history = trainer.train(images, checkpoint=out / f"{args.assignment}.safetensors")
    trained, worked = time.perf_counter() - started, time.process_time() - busy
    if trainer.samples_by_epoch:  # none when the checkpoint was complete
        rows = torch.cat([pictures[:10] for pictures in trainer.samples_by_epoch.values()])
        show_images(rows, columns=10).savefig(out / "by_epoch.png", dpi=80)
    real = images.test.images(slice(0, args.metric_samples))
    labels = torch.arange(args.metric_samples) % 10
    result: dict[str, Any] = {
        "training_seconds": round(history[-1]["seconds"], 1),
        "seconds_with_previews": round(trained, 1),
        "cpu_seconds_with_previews": round(worked, 1),  # less than the line above on a busy machine
        "epochs": len(history),
        "steps": history[-1]["step"],
        "images_per_second": round(history[-1]["images_per_second"]),
        "loss_per_pixel": round(history[-1]["loss"], 4),
    }
    for weight in [None] if args.assignment == "ddpm" else [args.cfg_scale, 0.0]:
        started, busy = time.perf_counter(), time.process_time()
        samples = draw(trainer, args.metric_samples, args.sample_steps, labels, weight)
        devices.synchronize(trainer.device)
        name = "samples" if weight is None else f"samples_guidance_{weight:g}"
        report = metrics.measure(samples, labels if weight is not None else None, real)
        seconds = round(time.perf_counter() - started, 1)
        result[name] = {
            "steps": args.sample_steps or args.n_steps,
            "seconds": seconds,
            "cpu_seconds": round(time.process_time() - busy, 1),
            **as_texts(report),
        }
        show_images(samples[:100]).savefig(out / f"{name}.png", dpi=80)
        if weight is None:
            save_small(samples[:50], out / "small.png")
        elif weight:  # a row for each digit, not a column
            rows = samples[:100].unflatten(0, (-1, 10)).transpose(0, 1)
            save_small(rows.flatten(0, 1), out / "small.png")
        print(name, result[name], flush=True)
    return result


def save_small(images: Any, path: Path, low: float = -1.0) -> None:
    """Ten images a row, ink dark on white, in 16 greys: a few kilobytes."""
    import numpy as np
    from PIL import Image

    from homework.plots import to_canvas

    ink = (np.nan_to_num(to_canvas(images, 10, gap=2), nan=low) - low) / (1 - low)
    picture = Image.fromarray(np.uint8(255 - 255 * ink.clip(0, 1)))
    picture.quantize(16).save(path, optimize=True)


def as_texts(report: Any) -> dict[str, str]:
    names = ("accuracy", "confidence", "diversity", "frechet")
    return {name: str(getattr(report, name)) for name in names if getattr(report, name)}


if __name__ == "__main__":
    main()
