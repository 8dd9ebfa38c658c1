"""Rubric of flow matching, 27 points.

The path and its velocity are in `path.py`, the loss in `training.py`, the steps of the samplers in
`steps.py`.
"""

from __future__ import annotations

from autograder.rubric import Written

from .path import SAMPLE_XT, VELOCITY
from .steps import EULER_STEP, MIDPOINT_STEP
from .training import LOSS

TASKS = (
    SAMPLE_XT,
    VELOCITY,
    LOSS,
    EULER_STEP,
    MIDPOINT_STEP,
)
WRITTEN = (
    Written("q1.written_theory", "Flow matching and diffusion", 5),
    Written("q1.written_samplers", "Steps, evaluations, quality", 5),
)
