"""Rubric of assignment 2: denoising diffusion probabilistic model, 45 points.

The forward process and the loss are in `forward.py`, the reverse process in
`reverse.py`, the samplers of the trainer in `sampling.py`.
"""

from __future__ import annotations

from autograder.rubric import Written

from .forward import LOSS, Q_SAMPLE, Q_XT_X0
from .reverse import P_SAMPLE, P_XT_PREV_XT
from .sampling import INTERMEDIATE, SAMPLE

TASKS = (
    Q_XT_X0,
    Q_SAMPLE,
    P_XT_PREV_XT,
    P_SAMPLE,
    LOSS,
    SAMPLE,
    INTERMEDIATE,
)
WRITTEN = (
    Written("q2.written_trained", "Trained within 20 epochs", 10),
    Written("q2.written_samples", "Samples", 5),
    Written("q2.written_reverse_process", "The reverse process, step by step", 5),
)
