"""Rubric of assignment 3: classifier-free guidance, 55 points.

Noise levels are in `cfg_levels.py`, the moments of a step in `cfg_steps.py`, what draws and the
loss in `cfg_draws.py`, the sampler of the trainer in `cfg_sampling.py`.
"""

from __future__ import annotations

from pathlib import Path
from runpy import run_path

from autograder.rubric import Rubric, Written

# Rubrics are loaded by path, so their parts are too.
_levels, _steps, _draws, _sampling = (
    run_path(str(Path(__file__).with_name(f"cfg_{part}.py")))
    for part in ("levels", "steps", "draws", "sampling")
)

RUBRIC = Rubric(
    assignment="cfg",
    title="Classifier-free guidance",
    files=("q3_cfg_diffusion.py", "q3_trainer_cfg.py"),
    notebook="03_cfg.ipynb",
    tasks=(
        _levels["GET_LAMBDA"],
        _levels["ALPHA_LAMBDA"],
        _levels["SIGMA_LAMBDA"],
        _draws["Q_SAMPLE"],
        _steps["SIGMA_Q"],
        _steps["SIGMA_Q_X"],
        _steps["MU_P_THETA"],
        _steps["VAR_P_THETA"],
        _draws["P_SAMPLE"],
        _draws["LOSS"],
        _sampling["SAMPLE"],
    ),
    written=(
        Written("q3.written_elbo", "Question: from the ELBO to the noise-prediction loss", 10),
        Written("q3.written_guidance", "Question: what guidance changes", 10),
        Written("q3.written_report", "Samples by label and guidance weight", 5),
    ),
)
