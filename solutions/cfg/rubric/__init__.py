"""Rubric of assignment 3: classifier-free guidance, 55 points.

Noise levels are in `schedule.py`, the moments of a step in `steps.py`, what draws and the
loss in `draws.py`, the sampler of the trainer in `sampling.py`.
"""

from __future__ import annotations

from autograder.rubric import Written

from .draws import LOSS, P_SAMPLE, Q_SAMPLE
from .sampling import SAMPLE
from .schedule import ALPHA_LAMBDA, GET_LAMBDA, SIGMA_LAMBDA
from .steps import MU_P_THETA, SIGMA_Q, SIGMA_Q_X, VAR_P_THETA

TASKS = (
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
)
WRITTEN = (
    Written("q3.written_elbo", "From the ELBO to the noise-prediction loss", 10),
    Written("q3.written_guidance", "What guidance changes", 10),
    Written("q3.written_report", "Samples by label and guidance weight", 5),
)
