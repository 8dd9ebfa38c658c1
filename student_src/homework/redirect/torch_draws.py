"""Redirection of torch's random functions, by a `TorchFunctionMode`.

The mode sees every call, also of names imported with `from torch import randn`, of methods such as
`Tensor.normal_`, and of what `torch.distributions` calls. Each handler lets torch make a tensor of
the asked shape, dtype and device, and then overwrites its values.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from homework.redirect.streams import Streams, active

Values = Callable[[Streams, torch.Tensor, tuple[Any, ...], dict[str, Any]], Any]


class TorchDraws(TorchFunctionMode):
    """Answers torch's random functions from `streams` while the mode is entered."""

    def __init__(self, streams: Streams) -> None:
        super().__init__()
        self.streams = streams

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in _DROPOUTS:
            return _dropout(self.streams, *args, **kwargs)
        values = _VALUES.get(name)
        if values is None:
            return func(*args, **kwargs)
        streams = _streams_of(self.streams, kwargs.get("generator"))
        out = func(*args, **kwargs)
        with torch.no_grad():
            numbers = values(streams, out, args, kwargs)
            out.data.copy_(torch.as_tensor(numbers, device=out.device).reshape(out.shape))
        return out


def _streams_of(streams: Streams, generator: torch.Generator | None) -> Streams:
    if generator is None:
        return streams
    # Draws are a function of the generator's state, so that re-seeding it repeats them. Integers
    # stay in the common stream: a time drawn with a generator is as good as any other.
    state = zlib.crc32(generator.get_state().numpy().tobytes())
    return streams.seeded(("generator", state), share_discrete=True)


def _argument(
    args: tuple[Any, ...], kwargs: dict[str, Any], position: int, name: str, default: Any
) -> Any:
    if name in kwargs:
        return kwargs[name]
    return args[position] if len(args) > position else default


def _flat(value: Any, out: torch.Tensor) -> np.ndarray:
    """A parameter (number or tensor) as float64 values, one for each entry of `out`."""
    tensor = torch.as_tensor(value, dtype=torch.float64, device="cpu")
    return tensor.detach().expand(out.shape).reshape(-1).numpy()


def _standard_normal(s: Streams, out: torch.Tensor, args: Any, kwargs: Any) -> np.ndarray:
    return s.normal(out.numel())


def _standard_uniform(s: Streams, out: torch.Tensor, args: Any, kwargs: Any) -> np.ndarray:
    return s.uniform(out.shape)


def _normal(s: Streams, out: torch.Tensor, args: Any, kwargs: Any) -> np.ndarray:
    mean = _argument(args, kwargs, 0, "mean", 0.0)
    std = _argument(args, kwargs, 1, "std", 1.0)
    return _flat(mean, out) + _flat(std, out) * s.normal(out.numel())


def _normal_(s: Streams, out: torch.Tensor, args: Any, kwargs: Any) -> np.ndarray:
    return _normal(s, out, args[1:], kwargs)


def _log_normal_(s: Streams, out: torch.Tensor, args: Any, kwargs: Any) -> np.ndarray:
    mean, std = _argument(args, kwargs, 1, "mean", 1.0), _argument(args, kwargs, 2, "std", 2.0)
    return np.exp(mean + std * s.normal(out.numel()))


def _uniform_(s: Streams, out: torch.Tensor, args: Any, kwargs: Any) -> np.ndarray:
    low, high = _argument(args, kwargs, 1, "from", 0.0), _argument(args, kwargs, 2, "to", 1.0)
    return low + (high - low) * s.uniform(out.shape)


def _randint(s: Streams, out: torch.Tensor, args: Any, kwargs: Any) -> np.ndarray:
    # randint(high, size) or randint(low, high, size), with any of them by name
    bounds = [int(a) for a in args if not isinstance(a, (tuple, list, torch.Size))]
    low, high = kwargs.get("low"), kwargs.get("high")
    if high is None:
        high = bounds.pop()
    if low is None:
        low = bounds.pop() if bounds else 0
    return s.integers(int(low), int(high), out.numel())


def _randint_like(s: Streams, out: torch.Tensor, args: Any, kwargs: Any) -> np.ndarray:
    return _randint(s, out, args[1:] if args else (), kwargs)


def _random_(s: Streams, out: torch.Tensor, args: Any, kwargs: Any) -> np.ndarray:
    bounds = list(args[1:])
    high = kwargs.get("to", bounds.pop() if bounds else 2**24)
    low = kwargs.get("from", bounds.pop() if bounds else 0)
    return s.integers(int(low), int(high), out.numel())


def _randperm(s: Streams, out: torch.Tensor, args: Any, kwargs: Any) -> np.ndarray:
    return np.argsort(s.fresh_uniform(out.numel(), "permutation"), kind="stable")


def _bernoulli(s: Streams, out: torch.Tensor, args: Any, kwargs: Any) -> np.ndarray:
    p = _argument(args, kwargs, 1, "p", None)
    p = args[0] if p is None else p
    return (s.fresh_uniform(out.numel(), "coins") < _flat(p, out)).astype(np.float64)


def _bernoulli_(s: Streams, out: torch.Tensor, args: Any, kwargs: Any) -> np.ndarray:
    p = _argument(args, kwargs, 1, "p", 0.5)
    return (s.fresh_uniform(out.numel(), "coins") < _flat(p, out)).astype(np.float64)


def _exponential_(s: Streams, out: torch.Tensor, args: Any, kwargs: Any) -> np.ndarray:
    rate = _argument(args, kwargs, 1, "lambd", 1.0)
    return -np.log1p(-s.uniform(out.shape)) / rate


def _multinomial(s: Streams, out: torch.Tensor, args: Any, kwargs: Any) -> np.ndarray:
    weights = torch.as_tensor(_argument(args, kwargs, 0, "input", None)).double().cpu().numpy()
    rows = np.atleast_2d(weights)
    count = out.shape[-1]
    if _argument(args, kwargs, 2, "replacement", False):
        edges = np.cumsum(rows, axis=1) / rows.sum(axis=1, keepdims=True)
        points = s.fresh_uniform(out.numel(), "categories").reshape(len(rows), count)
        return np.stack([np.searchsorted(e, p, side="right") for e, p in zip(edges, points)])
    # Without replacement: the first arrivals of exponential clocks (Efraimidis & Spirakis 2006).
    clocks = -np.log1p(-s.fresh_uniform(rows.size, "clocks")).reshape(rows.shape)
    with np.errstate(divide="ignore"):
        return np.argsort(clocks / rows, axis=1, kind="stable")[:, :count]


def _dropout(
    s: Streams, input: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> torch.Tensor:
    if not training or p == 0.0:
        return input
    keep = torch.as_tensor(s.fresh_uniform(input.numel(), "dropout") >= p, device=input.device)
    return input * keep.reshape(input.shape).to(input.dtype) / max(1.0 - p, 1e-12)


_DROPOUTS = {"dropout"}
_VALUES: dict[str, Values] = {
    "randn": _standard_normal,
    "randn_like": _standard_normal,
    "rand": _standard_uniform,
    "rand_like": _standard_uniform,
    "normal": _normal,
    "normal_": _normal_,
    "log_normal_": _log_normal_,
    "uniform_": _uniform_,
    "randint": _randint,
    "randint_like": _randint_like,
    "random_": _random_,
    "randperm": _randperm,
    "bernoulli": _bernoulli,
    "bernoulli_": _bernoulli_,
    "exponential_": _exponential_,
    "multinomial": _multinomial,
}

_SEEDERS = (
    (torch, "manual_seed"),
    (torch.random, "manual_seed"),
    (torch.cuda, "manual_seed"),
    (torch.cuda, "manual_seed_all"),
)


@contextmanager
def patched_seeding() -> Iterator[None]:
    """Tell the active streams of calls such as `torch.manual_seed(0)` inside the block."""
    saved = [(module, name, getattr(module, name)) for module, name in _SEEDERS]
    for module, name, original in saved:
        if not hasattr(original, "tells_streams"):
            setattr(module, name, _telling(original))
    try:
        yield
    finally:
        for module, name, original in saved:
            setattr(module, name, original)


def _telling(original: Callable[[int], Any]) -> Callable[[int], Any]:
    def manual_seed(seed: int) -> Any:
        streams = active()
        if streams is not None:
            streams.restart(("seed", int(seed)))
        return original(seed)

    manual_seed.__doc__ = original.__doc__
    manual_seed.tells_streams = True  # type: ignore[attr-defined]
    return manual_seed
