"""Spreads work on the reference over processes, each of one thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

Result = TypeVar("Result")
FEW = 8  # pieces of work that are not worth starting processes with torch for


def spread(
    function: Callable[..., Result], work: Sequence[tuple[Any, ...]], jobs: int | None = None
) -> Iterator[Result]:
    """What `function(*arguments)` returns for each of `work`, in its order.

    Args:
        function: of a module, since it is called in processes that are started afresh: a fork of
            one that has computed with several threads may hang.
        jobs: the number of processes; one for each processor if None.
    """
    jobs = jobs or len(os.sched_getaffinity(0))
    if jobs < 2 or len(work) < FEW:
        yield from (function(*arguments) for arguments in work)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=_take_one_thread) as processes:
        yield from processes.map(function, *zip(*work, strict=True))


def _take_one_thread() -> None:
    import torch

    torch.set_num_threads(1)
