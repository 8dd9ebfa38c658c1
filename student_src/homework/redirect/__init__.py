"""Redirects every random draw of a block of code to frozen, repeatable streams.

Why: neither torch nor CUDA promises equal random numbers between versions or devices, and a
solution may draw with any function, in any order. Inside `replay(seed)`, whatever is asked of
torch, `torch.distributions`, numpy or `random` is answered from NumPy `RandomState` streams,
which never change (NEP 19). There is one stream for each family of draws, so drawing times before
or after noise, or beside a coin that is tossed for something else, makes no difference.

`replay(seed, constant=c)` answers every normal draw with c and every uniform draw with Phi(c):
then not even the layout of the draws matters. Integer draws stay random.

Re-seeding (`torch.manual_seed`, `np.random.seed`, a seeded generator) restarts the normal and
uniform streams, just as it restarts the real generators, so code that re-seeds at every step is
seen to repeat its noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from homework.redirect import numpy_draws, torch_draws
from homework.redirect.streams import Streams, activate

__all__ = ["Streams", "forced_constant", "patched", "replay"]

_forced: list[float] = []


@contextmanager
def patched() -> Iterator[None]:
    """Make numpy's and `random`'s functions, and torch's seeding, replayable inside the block.

    Files of students are imported inside it, so that what they bind at import (`from numpy.random
    import normal`, `rng = default_rng(0)`) can be redirected later. Without an active `replay` the
    replaced functions behave as ever. Nesting is harmless.
    """
    with numpy_draws.patched(), torch_draws.patched_seeding():
        yield


@contextmanager
def replay(seed: int, constant: float | None = None) -> Iterator[Streams]:
    """Answer all random draws inside the block from the frozen streams of `seed`.

    Args:
        seed: any non-negative integer.
        constant: value of every normal draw; uniform draws become Phi(constant).
    """
    streams = Streams(seed, _forced[-1] if _forced else constant)
    with patched(), activate(streams), torch_draws.TorchDraws(streams):
        yield streams


@contextmanager
def forced_constant(constant: float) -> Iterator[None]:
    """Give every `replay` inside the block this constant; finds the moments of draws."""
    _forced.append(constant)
    try:
        yield
    finally:
        _forced.pop()
