"""A rehearsal in the zygote: what every child would else do for the first time, slowly.

torch finds its kernels, Python specialises the byte code of the probes, memory is taken. The code
that is rehearsed is rough on purpose: it has the shapes of a submission and none of its answers.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

ROUNDS = 4  # Python 3.11 and later specialise a function after some calls
FILES = {
    "q1_vae": """
import math
import torch
import torch.nn.functional as F
from homework import randomizer

def rough(*tensors):
    flat = [x.reshape(len(x), -1) for x in tensors]
    total = sum(x.exp().clamp(max=9.0).log1p() - 0.5 * x**2 / (1 + x.abs()).sqrt() for x in flat)
    top = total.max(dim=1, keepdim=True).values
    return (torch.exp(total - top).mean(dim=1).log() + math.pi) / 2 + top.squeeze(1)

log_likelihood_bernoulli = log_likelihood_normal = log_mean_exp = rough

def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    many = [x.unsqueeze(1).expand(-1, num_samples, -1) for x in (mu_q, logvar_q, mu_p, logvar_p)]
    drawn = many[0] + many[1] * torch.randn_like(many[0]) + randomizer.normal_like(many[0])
    return (drawn - many[2]).sum(dim=2).mean(dim=1)
""",
    "q2_ddpm": """
import torch
from torch import nn
from homework import randomizer

class DenoiseDiffusion:
    def __init__(self, eps_model, n_steps, device):
        self.eps_model, self.n_steps = eps_model, n_steps
        self.table = torch.linspace(0.1, 0.9, n_steps).to(device).cumprod(dim=0)

    def p_sample(self, xt, t):
        level = self.table.gather(-1, t).reshape(-1, 1, 1, 1)
        mixed = level.sqrt() * xt + (1 - level) ** 0.5 * self.eps_model(xt, t)
        return torch.where(level > 0.5, mixed, mixed.flip(0) + randomizer.normal_like(xt))

    def loss(self, x0, noise=None):
        t = randomizer.integers(0, self.n_steps, (len(x0),), device=x0.device)
        noise = torch.randn_like(x0) if noise is None else noise
        return ((self.p_sample(x0, t) - noise) ** 2).sum(dim=(1, 2, 3)).mean()
""",
}


def run() -> list[str]:
    """Run some probes on rough code, a few times; what failed, which is worth a test only."""
    from homework import probing
    from homework.student import Student

    # A generator of its own: a child must not find the state of the usual one moved.
    random = np.random.default_rng(0)
    names = "y mu logvar z target mu_q logvar_q mu_p logvar_p".split()
    inputs = {name: random.random((4, 3), dtype=np.float32) for name in names}
    inputs |= {"weight": random.random(4, dtype=np.float32), "num_samples": np.array(5)}
    inputs |= {"constant": np.array(0.5), "seed": np.array(1), "n_steps": np.array(6)}
    images = random.random((4, 1, 4, 4), dtype=np.float32)
    pictures = inputs | {"weight": random.random((2, 1), dtype=np.float32), "x0": images}
    pictures |= {"xt": images, "t": np.array([0, 1, 3, 5])}
    pictures |= {f"given_q_xt_x0.{term}": np.ones(6, np.float32) for term in ("x0", "second")}
    two = ("log_likelihood_bernoulli", "log_likelihood_normal", "log_mean_exp")
    probes = [f"q1.{name}{ending}" for name in two for ending in ("", "_gradient")]
    probes += ["q1.kl_gaussian_gaussian_mc", "q1.kl_gaussian_gaussian_mc_spread"]
    work = [(probe, inputs) for probe in probes]
    work += [(f"q2.{name}", pictures) for name in ("p_sample", "p_sample_draws", "loss")]
    failed = []
    with tempfile.TemporaryDirectory(dir=os.getcwd()) as folder:  # which the parent removes
        for stem, text in FILES.items():
            (Path(folder) / f"{stem}.py").write_text(text)
        for _ in range(ROUNDS):
            for probe, given in work:
                student = Student(Path(folder), list(FILES))
                outcome = probing.run(student, probe, given)
                if outcome.mishap is not None:
                    failed.append(f"{probe}: {outcome.mishap}")
    return failed
