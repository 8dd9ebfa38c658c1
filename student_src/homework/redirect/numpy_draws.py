"""Redirection of numpy's random functions and of Python's `random` module.

Module functions are replaced by wrappers, and `default_rng`, `Generator` and `RandomState` by
subclasses; all of them ask the active streams, and without any behave as the originals.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from homework.redirect.streams import Streams, active

_Generator = np.random.Generator
_RandomState = np.random.RandomState
_default_rng = np.random.default_rng


def _count(size: Any) -> int:
    return 1 if size is None else int(np.prod(size))


def _axes(size: Any) -> tuple[int, ...]:
    return () if size is None else tuple(int(n) for n in np.atleast_1d(size))


def _shaped(values: np.ndarray, size: Any) -> Any:
    return values.reshape(size) if size is not None else values.reshape(-1)[0]


def _size_of(size: Any, *parameters: Any) -> Any:
    """numpy's rule: without a size, the broadcast shape of the parameters; None for numbers."""
    if size is not None:
        return size
    shape = np.broadcast_shapes(*(np.shape(p) for p in parameters))
    return shape if shape else None


def _normal(s: Streams, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
    size = _size_of(size, loc, scale)
    return np.asarray(loc) + np.asarray(scale) * _shaped(s.normal(_count(size)), size)


def _standard_normal(s: Streams, size: Any = None, dtype: Any = np.float64, out: Any = None) -> Any:
    values = _shaped(s.normal(_count(size if out is None else out.shape)), size)
    return _into(out, values, dtype)


def _uniform(s: Streams, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
    size = _size_of(size, low, high)
    return np.asarray(low) + (np.asarray(high) - low) * _shaped(s.uniform(_axes(size)), size)


def _random(s: Streams, size: Any = None, dtype: Any = np.float64, out: Any = None) -> Any:
    values = _shaped(s.uniform(_axes(size if out is None else out.shape)), size)
    return _into(out, values, dtype)


def _into(out: Any, values: Any, dtype: Any) -> Any:
    if out is None:
        return values.astype(dtype)
    out[...] = np.reshape(values, out.shape)
    return out


def _integers(
    s: Streams,
    low: Any,
    high: Any = None,
    size: Any = None,
    dtype: Any = None,
    endpoint: bool = False,
) -> Any:
    if high is None:
        low, high = 0, low
    size = _size_of(size, low, high)
    span = np.asarray(high) + int(endpoint) - low
    if span.ndim == 0 and np.ndim(low) == 0:
        values = _shaped(s.integers(int(low), int(low + span), _count(size)), size)
    else:
        draws = _shaped(s.fresh_uniform(_count(size), "integers"), size)
        values = np.asarray(low) + np.floor(draws * span)
    return values.astype(dtype or np.int64)


def _permutation(s: Streams, x: Any, axis: int = 0) -> Any:
    items = np.arange(x) if np.ndim(x) == 0 else np.asarray(x)
    order = np.argsort(s.fresh_uniform(items.shape[axis], "permutation"), kind="stable")
    return np.take(items, order, axis=axis)


def _choice(s: Streams, a: Any, size: Any = None, replace: bool = True, p: Any = None) -> Any:
    items = np.arange(a) if np.ndim(a) == 0 else np.asarray(a)
    n = _count(size)
    if not replace:
        index = np.argsort(s.fresh_uniform(len(items), "permutation"), kind="stable")[:n]
    elif p is None:
        index = s.integers(0, len(items), n)
    else:
        index = np.searchsorted(np.cumsum(p), s.fresh_uniform(n, "categories"), side="right")
    return _shaped(items[index], size)


_METHODS: dict[str, Callable[..., Any]] = {
    "normal": _normal,
    "standard_normal": _standard_normal,
    "uniform": _uniform,
    "random": _random,
    "integers": _integers,
    "randint": _integers,
    "permutation": _permutation,
    "choice": _choice,
    "random_sample": _random,
    "ranf": _random,
    "sample": _random,
    "randn": lambda s, *shape: _standard_normal(s, shape or None),
    "rand": lambda s, *shape: _random(s, shape or None),
    "random_integers": lambda s, low, high=None, size=None: _integers(
        s, 1 if high is None else low, low if high is None else high, size, endpoint=True
    ),
}


def _redirected(name: str, base: type) -> Callable[..., Any]:
    original, answer = getattr(base, name), _METHODS[name]

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        streams = self.streams()
        return (
            original(self, *args, **kwargs) if streams is None else answer(streams, *args, **kwargs)
        )

    method.__name__ = name
    return method


class _Replayed:
    """Mixed into numpy's generators: draws come from the active streams, if there are any.

    A generator that was given a seed has streams of its own, begun again for each `replay`.
    """

    _seed: Any = None  # of `default_rng(seed)` and `RandomState(seed)`
    _own: tuple[Streams, Streams] | None = None

    def streams(self) -> Streams | None:
        main = active()
        if main is None or self._seed is None:
            return main
        if self._own is None or self._own[0] is not main:
            self._own = (main, main.seeded(("numpy", repr(self._seed))))
        return self._own[1]


def _remember_seed(self: Any, seed: Any = None) -> None:
    _RandomState.__init__(self, seed)
    self._seed = seed


def _subclass(base: type, **methods: Any) -> type:
    methods |= {n: _redirected(n, base) for n in _METHODS if hasattr(base, n)}
    return type(base.__name__, (_Replayed, base), methods)


ReplayedGenerator: Any = _subclass(_Generator)
ReplayedRandomState: Any = _subclass(_RandomState, __init__=_remember_seed)


def _replayed_default_rng(seed: Any = None) -> Any:
    if isinstance(seed, _Generator):
        return seed
    generator = ReplayedGenerator(_default_rng(seed).bit_generator)
    generator._seed = seed if isinstance(seed, (int, np.integer, list, tuple)) else None
    return generator


def _module_function(
    original: Callable[..., Any], answer: Callable[..., Any]
) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        streams = active()
        return original(*args, **kwargs) if streams is None else answer(streams, *args, **kwargs)

    return function


def _seeding(original: Callable[..., Any]) -> Callable[..., Any]:
    def seed(value: Any = None, *args: Any, **kwargs: Any) -> Any:
        streams = active()
        if streams is not None and value is not None:
            streams.restart(("seed", repr(value)))
        return original(value, *args, **kwargs)

    return seed


_PYTHON: dict[str, Callable[..., Any]] = {
    "random": lambda s: float(s.uniform(())[0]),
    "uniform": lambda s, a, b: a + (b - a) * float(s.uniform(())[0]),
    "gauss": lambda s, mu=0.0, sigma=1.0: mu + sigma * float(s.normal(1)[0]),
    "normalvariate": lambda s, mu=0.0, sigma=1.0: mu + sigma * float(s.normal(1)[0]),
    "randint": lambda s, a, b: int(s.integers(a, b + 1, 1)[0]),
    "randrange": lambda s, a, b=None: int(s.integers(*((0, a) if b is None else (a, b)), 1)[0]),
}


def _replacements() -> list[tuple[Any, str, Any]]:
    functions = [
        (module, name, _module_function(getattr(module, name), answer))
        for module, answers in ((np.random, _METHODS), (random, _PYTHON))
        for name, answer in answers.items()
        if hasattr(module, name)
    ]
    return [
        *functions,
        (np.random, "seed", _seeding(np.random.seed)),
        (random, "seed", _seeding(random.seed)),
        (np.random, "default_rng", _replayed_default_rng),
        (np.random, "Generator", ReplayedGenerator),
        (np.random, "RandomState", ReplayedRandomState),
    ]


@contextmanager
def patched() -> Iterator[None]:
    """Replace the functions inside the block; a nested block changes nothing more."""
    if np.random.default_rng is _replayed_default_rng:
        yield
        return
    replacements = _replacements()
    saved = [(module, name, getattr(module, name)) for module, name, _ in replacements]
    for module, name, replacement in replacements:
        setattr(module, name, replacement)
    try:
        yield
    finally:
        for module, name, original in saved:
            setattr(module, name, original)
