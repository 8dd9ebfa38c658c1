"""How fast training is here, against the plain form, as ratios measured in one run.

    python benchmarks/training.py                   images per second, under 3 minutes
    python benchmarks/training.py --target 104      also the VAE's time to that validation loss

Plain: a DataLoader that transforms image by image, torch's own number of threads, full precision,
memory as the C library hands it out. Ours: `homework.datasets` and `homework.devices`. Between
them stands one row for each single change. Every row runs in a process of its own, because
threads and memory are settings of a process; the rows take turns, and the best of `--rounds`
counts. All rows have the same optimizer, Adam. Data are the full MNIST if HOMEWORK_DATA names it,
else the compact set.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [*(ROOT / "solutions").glob("*"), ROOT / "student_src"]
sys.path[:0] = list(map(str, SOURCES))  # not the stubs

OURS = {"loader": "tensor", "threads": 1, "keep_memory": True, "bfloat16": True}
PLAIN = {"loader": "per image", "threads": None, "keep_memory": False, "bfloat16": False}
ROWS: dict[str, dict[str, Any]] = {
    "plain": PLAIN,
    "plain, 1 thread": {**PLAIN, "threads": 1},
    "plain, images in a tensor": {**PLAIN, "loader": "tensor"},
    "ours, default threads": {**OURS, "threads": None},
    "ours, memory not kept": {**OURS, "keep_memory": False},
    "ours, full precision": {**OURS, "bfloat16": False},
    "ours": OURS,
}
SECONDS = 2.5  # measured per row, after a second of warming up


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", type=float, help="validation loss for the VAE to reach")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(run_one(json.loads(options.one))))
        return
    for model in ("vae", "ddpm", "cfg"):
        print_rates(model, options.rounds)
    if options.target:
        print_times_to_target(options.target)


def print_rates(model: str, rounds: int) -> None:
    best: dict[str, float] = {}
    rows = ROWS if model != "cfg" else {name: ROWS[name] for name in ("plain", "ours")}
    for _ in range(rounds):
        for name, settings in rows.items():
            rate = in_a_process({**settings, "model": model})["rate"]
            best[name] = max(rate, best.get(name, 0.0))
    from homework import profiles

    batch = profiles.settings(model, "cpu", device="cpu").batch_size
    title = f"{model}: training, batch {batch}"
    print(f"\n{title:36s}  images/s   ratio")
    for name, rate in best.items():
        print(f"  {name:34s} {rate:9,.0f} {rate / best['plain']:7.2f}")


def print_times_to_target(target: float) -> None:
    print(f"\nvae: to a validation loss of {target:g}      epochs   seconds   ratio")
    plain = None
    for name, settings in (("plain", PLAIN), ("ours", OURS)):
        found = in_a_process({**settings, "model": "vae", "target": target})
        plain = plain or found["seconds"]
        reached = f"{found['epochs']:7d}" if found["reached"] else f">{found['epochs']:6d}"
        print(f"  {name:34s} {reached} {found['seconds']:9.1f} {plain / found['seconds']:7.2f}")


def in_a_process(settings: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", json.dumps(settings)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{settings} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def run_one(settings: dict[str, Any]) -> dict[str, Any]:
    """Measure one row: {"rate"}, or with a target {"epochs", "seconds", "reached"}."""
    import torch

    from homework import devices, profiles

    if settings["threads"]:
        torch.set_num_threads(settings["threads"])
    if settings["keep_memory"]:
        devices.keep_freed_memory()
    torch.manual_seed(0)
    args = profiles.settings(settings["model"], "cpu", device="cpu")
    images = profiles.images(args, quiet=True)
    batches = make_batches(settings["loader"], images, args)
    step, validate = make_step(settings, args)
    if "target" in settings:
        return time_to_target(step, batches, lambda: validate(images.test), settings["target"])
    return {"rate": measure_rate(step, batches)}


def measure_rate(step: Callable[..., None], batches: Callable[[], Iterable[Any]]) -> float:
    started, count, begun = time.perf_counter(), 0, 0.0
    while True:
        for batch in batches():
            step(*batch)
            now = time.perf_counter()
            if not begun:
                begun = now if now - started > 1 else 0.0
                continue
            count += len(batch[0])
            if now - begun > SECONDS:
                return count / (now - begun)


def time_to_target(
    step: Callable[..., None],
    batches: Callable[[], Iterable[Any]],
    validate: Callable[[], float],
    target: float,
    most: int = 40,
) -> dict[str, Any]:
    seconds = 0.0
    for epoch in range(1, most + 1):
        started = time.perf_counter()
        for batch in batches():
            step(*batch)
        seconds += time.perf_counter() - started
        if validate() <= target:
            return {"epochs": epoch, "seconds": seconds, "reached": True}
    return {"epochs": most, "seconds": seconds, "reached": False}


def make_batches(loader: str, images: Any, args: Any) -> Callable[[], Iterable[Any]]:
    if loader == "tensor":
        return lambda: images.train.batches(args.batch_size)
    from PIL import Image
    from torch.utils.data import DataLoader, Dataset
    from torchvision import transforms

    steps: list[Any] = [transforms.ToTensor()]
    if args.scale == "signed":
        steps.append(transforms.Normalize(0.5, 0.5))
    transform = transforms.Compose(steps)

    class PerImage(Dataset):  # what torchvision.datasets.MNIST does for an item
        pixels, labels = images.train.pixels[:, 0].numpy(), images.train.labels.tolist()

        def __len__(self) -> int:
            return len(self.labels)

        def __getitem__(self, i: int) -> tuple[Any, int]:
            return transform(Image.fromarray(self.pixels[i])), self.labels[i]

    return lambda: DataLoader(PerImage(), args.batch_size, shuffle=True)


def make_step(settings: dict[str, Any], args: Any) -> tuple[Callable[..., None], Any]:
    """The training step of the reference solution, and the VAE's validation."""
    import torch

    from homework import devices
    from homework.unet import CFGUNet, DDPMUNet
    from homework.vae_model import VAE
    from homework.vae_training import validate
    from q1_train_vae import loss_function
    from q2_ddpm import DenoiseDiffusion
    from q3_cfg_diffusion import CFGDiffusion

    networks = {"ddpm": DDPMUNet.from_args, "cfg": CFGUNet.from_args}
    model: Any = networks.get(settings["model"], lambda args: VAE(args.latent, args.hidden))(args)
    if settings["loader"] != "tensor":  # the plain form knows no memory formats
        model = model.to(memory_format=torch.contiguous_format)
    if settings["model"] == "vae":

        def loss_of(x: Any, labels: Any) -> Any:
            recon_x, mu, logvar = model(x)
            return loss_function(recon_x, x, mu, logvar) / len(x)

    elif settings["model"] == "ddpm":
        ddpm = DenoiseDiffusion(model, args.n_steps, "cpu")

        def loss_of(x: Any, labels: Any) -> Any:
            return ddpm.loss(x)

    else:
        guided = CFGDiffusion(model, args.n_steps, "cpu")

        def loss_of(x: Any, labels: Any) -> Any:
            return guided.loss(x, labels)

    optimizer = torch.optim.Adam(model.parameters(), lr=args.learning_rate)
    mixed = settings["bfloat16"] and "latent" not in args

    def step(x: Any, labels: Any) -> None:
        model.train()
        with devices.autocast(torch.device("cpu"), mixed):
            loss = loss_of(x, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step, lambda test: validate(loss_function, model, test)


if __name__ == "__main__":
    main()
