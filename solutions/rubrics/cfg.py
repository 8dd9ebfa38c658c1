"""Rubric of assignment 3: classifier-free guidance, 55 points.

Noise levels are in `cfg_levels.py`, the moments of a step in `cfg_steps.py`, what draws and the
loss in `cfg_draws.py`, the sampler of the trainer in `cfg_sampling.py`.
"""

from __future__ import annotations

from autograder.rubric import Rubric, Written
from cfg_draws import LOSS, P_SAMPLE, Q_SAMPLE
from cfg_levels import ALPHA_LAMBDA, GET_LAMBDA, SIGMA_LAMBDA
from cfg_sampling import SAMPLE
from cfg_steps import MU_P_THETA, SIGMA_Q, SIGMA_Q_X, VAR_P_THETA

RUBRIC = Rubric(
    assignment="cfg",
    title="Classifier-free guidance",
    files=("q3_cfg_diffusion.py", "q3_trainer_cfg.py"),
    provided=tuple(f"cfg_utils/{name}.py" for name in ("__init__", "args", "dataset", "unet")),
    notebook="03_cfg.ipynb",
    tasks=(
        GET_LAMBDA,
        ALPHA_LAMBDA,
        SIGMA_LAMBDA,
        Q_SAMPLE,
        SIGMA_Q,
        SIGMA_Q_X,
        MU_P_THETA,
        VAR_P_THETA,
        P_SAMPLE,
        LOSS,
        SAMPLE,
    ),
    written=(
        Written("q3.written_elbo", "From the ELBO to the noise-prediction loss", 10),
        Written("q3.written_guidance", "What guidance changes", 10),
        Written("q3.written_report", "Samples by label and guidance weight", 5),
    ),
)
