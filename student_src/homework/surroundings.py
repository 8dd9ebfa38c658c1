"""What students' code finds around it: the same in `check` and when it is graded.

A student's machine compiles functions, starts worker processes, opens windows, stops in a debugger
and asks at the keyboard; the grader can do none of that. Inside `surroundings` such calls do the
same work in this process, or nothing, and settings that the code changes are put back afterwards.
"""

from __future__ import annotations

import bdb
import builtins
import concurrent.futures
import decimal
import functools
import importlib
import inspect
import multiprocessing
import multiprocessing.dummy
import os
import pdb
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from homework.redirect import devices

Replacement = tuple[Any, str, Any]
_ABSENT = object()


@contextmanager
def surroundings(text: bytes, device: str, notes: set[str]) -> Iterator[None]:
    """Run the block in the surroundings of graded code.

    Args:
        text: the files that will run; what they do not name is not prepared.
        device: where probes put their inputs; other devices that the code names become this one.
        notes: gets what its author should be told, as codes of `homework.remarks`.
    """
    if b"matplotlib" in text or b"pylab" in text:
        with suppress(ImportError):  # or a backend chosen at import would be looked for
            importlib.import_module("matplotlib.pyplot")
    settings = Settings()
    with replaced((*_replacements(), *_plots())), devices.redirected(text, device, notes):
        torch.jit._state.disable()
        try:
            yield
        finally:
            torch.jit._state.enable()
            settings.apply()


@contextmanager
def replaced(replacements: Iterable[Replacement]) -> Iterator[None]:
    """Set attributes inside the block: (owner, name, value)."""
    saved = []
    try:
        for owner, name, value in replacements:
            saved.append((owner, name, vars(owner).get(name, _ABSENT)))
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in reversed(saved):
            if value is not _ABSENT:
                setattr(owner, name, value)
            elif name in vars(owner):
                delattr(owner, name)


class Settings:
    """Settings of torch, numpy and Python that code may change, as they are now.

    States of generators and forms of printing are not among them: they decide no result.
    """

    def __init__(self) -> None:
        self._plain = [get() for get, _ in _SETTINGS]
        self._device = _device_context()
        self._kept = [(container, container.copy()) for container in _containers()]

    def apply(self) -> None:
        """Make them so again."""
        for (get, set_), value in zip(_SETTINGS, self._plain, strict=True):
            if get() != value:
                with suppress(OSError):  # of a folder that is gone
                    set_(value)
        if _device_context() is not self._device:
            torch.set_default_device(None if self._device is None else self._device.device)
        torch.set_flush_denormal(False)  # nothing tells whether it is on
        for container, contents in self._kept:
            if container != contents:
                refill(container, contents)
                getattr(warnings, "_filters_mutated", lambda: None)()


def _containers() -> Iterator[Any]:
    """What is changed in place."""
    yield from (warnings.filters, sys.path, *_HOOKS)


_HOOKS = [  # of all modules
    value
    for name, value in vars(nn.modules.module).items()
    if name.startswith("_global_") and isinstance(value, dict)
]


def refill(container: Any, contents: Any) -> None:
    """Give a dictionary, list or set other contents."""
    container.clear()
    fill = container.extend if hasattr(container, "extend") else container.update
    fill(contents)


def _folder() -> str:
    with suppress(OSError):
        return os.getcwd()
    return ""


def _decimals() -> tuple[Any, ...]:
    context = decimal.getcontext()
    return context.prec, context.rounding, context.Emin, context.Emax


def _environment() -> dict[Any, Any]:
    return dict(os.environ._data)  # type: ignore[attr-defined]  # decoding it takes long


def _set_environment(to: dict[Any, Any]) -> None:
    os.environ.clear()
    os.environ.update({os.environ.decodekey(k): os.environ.decodevalue(v) for k, v in to.items()})


def _deterministic() -> tuple[bool, bool]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )


_SETTINGS: list[tuple[Callable[[], Any], Callable[[Any], Any]]] = [
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.is_grad_enabled, torch.set_grad_enabled),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (np.geterr, lambda to: np.seterr(**to)),
    (_decimals, lambda to: decimal.setcontext(decimal.Context(*to))),
    (sys.getrecursionlimit, sys.setrecursionlimit),
    (sys.gettrace, sys.settrace),
    (sys.getprofile, sys.setprofile),
    (_folder, os.chdir),
    (_environment, _set_environment),
    (_deterministic, lambda to: torch.use_deterministic_algorithms(to[0], warn_only=to[1])),
]


def _device_context() -> Any:
    return getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)


def _nothing(*args: Any, **kwargs: Any) -> None:
    pass


def _uncompiled(model: Any = None, **options: Any) -> Any:
    """`torch.compile`, which returns what it is given: the results are the same."""
    return model if model is not None else lambda function: function


def _in_this_process(original: Callable[..., None]) -> Callable[..., None]:
    """`DataLoader.__init__` without worker processes."""
    signature = inspect.signature(original)

    @functools.wraps(original)
    def initialise(*args: Any, **kwargs: Any) -> None:
        bound = signature.bind(*args, **kwargs)
        for name in _OF_WORKERS:
            bound.arguments.pop(name, None)
        original(*bound.args, **bound.kwargs)

    return initialise


_OF_WORKERS = (
    "num_workers", "prefetch_factor", "persistent_workers", "multiprocessing_context", "timeout",
    "pin_memory",
)  # fmt: skip


class _Threads(concurrent.futures.ThreadPoolExecutor):
    """A `ProcessPoolExecutor` that starts no processes."""

    def __init__(self, max_workers: int | None = None, *args: Any, **kwargs: Any) -> None:
        names = {"initializer", "initargs"}
        super().__init__(max_workers or 2, **{n: kwargs[n] for n in names & kwargs.keys()})


class _Notebook:
    """What `get_ipython()` gives: magics and shell commands of an exported notebook do nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _nothing

    def getoutput(self, *args: Any, **kwargs: Any) -> list[str]:
        return []


@functools.cache
def _replacements() -> tuple[Replacement, ...]:
    return (
        (torch, "compile", _uncompiled),
        (DataLoader, "__init__", _in_this_process(DataLoader.__init__)),
        (multiprocessing, "Pool", multiprocessing.dummy.Pool),
        (concurrent.futures, "ProcessPoolExecutor", _Threads),
        (sys, "breakpointhook", _nothing),
        (bdb.Bdb, "set_trace", _nothing),
        (pdb, "set_trace", _nothing),
        (pdb, "post_mortem", _nothing),
        (builtins, "input", lambda prompt="": ""),
        (builtins, "get_ipython", _Notebook),
        (builtins, "display", _nothing),
    )


def _plots() -> Iterator[Replacement]:
    """Figures are made and saved, but no window is opened."""
    matplotlib, pyplot = sys.modules.get("matplotlib"), sys.modules.get("matplotlib.pyplot")
    if matplotlib is not None:
        yield matplotlib, "use", _nothing
    if matplotlib is not None and pyplot is not None:
        matplotlib.get_backend()  # settles which it is, where that has been left open
        switch = pyplot.switch_backend  # which pyplot calls itself, to begin with
        yield pyplot, "switch_backend", lambda name: switch(matplotlib.rcParams["backend"])
        yield pyplot, "show", _nothing
        yield pyplot, "pause", _nothing
