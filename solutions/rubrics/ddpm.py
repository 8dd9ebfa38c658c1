"""Rubric of assignment 2: denoising diffusion probabilistic model, 45 points.

The forward process and the loss are in `ddpm_forward.py`, the reverse process in
`ddpm_reverse.py`, the samplers of the trainer in `ddpm_sampling.py`.
"""

from __future__ import annotations

from autograder.rubric import Rubric, Written
from ddpm_forward import LOSS, Q_SAMPLE, Q_XT_X0
from ddpm_reverse import P_SAMPLE, P_XT_PREV_XT
from ddpm_sampling import INTERMEDIATE, SAMPLE

RUBRIC = Rubric(
    assignment="ddpm",
    title="Denoising diffusion probabilistic model",
    files=("q2_ddpm.py", "q2_trainer_ddpm.py"),
    provided=tuple(f"ddpm_utils/{name}.py" for name in ("__init__", "args", "dataset", "unet")),
    notebook="02_ddpm.ipynb",
    tasks=(
        Q_XT_X0,
        Q_SAMPLE,
        P_XT_PREV_XT,
        P_SAMPLE,
        LOSS,
        SAMPLE,
        INTERMEDIATE,
    ),
    written=(
        Written("q2.written_trained", "Trained within 20 epochs", 10),
        Written("q2.written_samples", "Samples", 5),
        Written("q2.written_reverse_process", "The reverse process, step by step", 5),
    ),
)
