"""Rubric of assignment 2: denoising diffusion probabilistic model, 45 points.

The forward process and the loss are in `ddpm_forward.py`, the reverse process in
`ddpm_reverse.py`, the samplers of the trainer in `ddpm_sampling.py`.
"""

from __future__ import annotations

from pathlib import Path
from runpy import run_path

from autograder.rubric import Rubric, Written

# Rubrics are loaded by path, so their parts are too.
_forward, _reverse, _sampling = (
    run_path(str(Path(__file__).with_name(f"ddpm_{part}.py")))
    for part in ("forward", "reverse", "sampling")
)

RUBRIC = Rubric(
    assignment="ddpm",
    title="Denoising diffusion probabilistic model",
    files=("q2_ddpm.py", "q2_trainer_ddpm.py"),
    notebook="02_ddpm.ipynb",
    tasks=(
        _forward["Q_XT_X0"],
        _forward["Q_SAMPLE"],
        *_reverse["TASKS"],
        _forward["LOSS"],
        *_sampling["TASKS"],
    ),
    written=(
        Written("q2.written_trained", "Trained within 20 epochs", 10),
        Written("q2.written_samples", "Samples", 5),
        Written("q2.written_reverse_process", "The reverse process, step by step", 5),
    ),
)
