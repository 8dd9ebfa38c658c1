"""Chooses the engine of a batch by its name."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from autograder.engines.engine import Engine, LocalEngine

ENGINES = ("local", "ray")


def make_engine(
    name: str,
    fixtures: Path,
    only: Sequence[str] | None,
    jobs: int | None,
    unsafe: bool,
    private: Sequence[Path],
    most: int = sys.maxsize,
    address: str | None = None,
    gpus: float = 0.0,
) -> Engine:
    """The engine called `name`, one of `ENGINES`, ready to grade; other arguments as of `Grader`.

    Args:
        jobs: submissions at a time; None for one, with Ray for as many as there are processors.
        most: how many submissions there are at most.
        address, gpus: as of `RayEngine`.

    Raises:
        FixtureError: there are no fixtures, or they are of another version.
        NoIsolation: nothing confines students' code here.
        SandboxError: no grading process could be started.
    """
    assert name in ENGINES, name
    if name == "ray":
        from autograder.engines.ray_engine import RayEngine

        return RayEngine(fixtures, only, jobs, unsafe, private, most, address, gpus)
    return LocalEngine(fixtures, only, min(jobs or 1, most), unsafe, private)
