"""Runs a student's code without a trace: nothing printed, nothing drawn, no state changed.

Prints, progress bars and warnings are caught, on both streams and below Python; what a notebook
would display is dropped. Random generators, defaults of torch and a few other global settings are
put back afterwards, so that a check in the middle of a notebook changes nothing that follows.
"""

from __future__ import annotations

import io
import logging
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

LIMIT = 500  # characters of a student's prints that are kept


class Printed:
    """The beginning of what was printed, and how many bytes there were in all."""

    def __init__(self) -> None:
        self.kept = bytearray()
        self.size = 0

    @property
    def text(self) -> str:
        """Up to `LIMIT` characters; of a bar that rewrites its line, only the last state."""
        whole = self.kept.decode("utf-8", "replace").replace("\r\n", "\n")
        lines = [line.rstrip("\r").rsplit("\r", 1)[-1] for line in whole.split("\n")]
        text = "\n".join(lines).strip()
        cut = len(text) > LIMIT or self.size > len(self.kept)
        return text[:LIMIT] + ("\n[... and more]" if cut else "")


class _Sink(io.RawIOBase):
    """A binary stream that keeps the beginning of what is written."""

    def __init__(self, printed: Printed) -> None:
        super().__init__()
        self._printed = printed

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        room = 8 * LIMIT - len(self._printed.kept)
        if room > 0:
            self._printed.kept += bytes(memoryview(data).cast("B")[:room])
        self._printed.size += size
        return size

    def fileno(self) -> int:
        return 1  # code that wants a real descriptor gets the one that is silenced below


@contextmanager
def quiet() -> Iterator[Printed]:
    """Catch all output of the block and put back what it changed; yields what was printed."""
    import torch

    printed = Printed()
    with ExitStack() as stack:
        for undo in (_random_states, _torch_defaults, _settings, _figures):
            stack.callback(undo())
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("default")  # a notebook's "error" would change what the code does
        warnings.showwarning = _show_warning  # nor may a hook of the notebook's own show it
        stack.enter_context(_streams(printed))
        yield printed


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: Any = None,
    line: str | None = None,
) -> None:
    sys.stderr.write(warnings.formatwarning(message, category, filename, lineno))


@contextmanager
def _streams(printed: Printed) -> Iterator[None]:
    """Redirect Python's streams, the descriptors below them, and a notebook's displays."""
    saved = sys.stdout, sys.stderr
    sink: Any = _Sink(printed)
    stream = io.TextIOWrapper(sink, encoding="utf-8", errors="replace", write_through=True)
    _flush(*saved, sys.__stdout__, sys.__stderr__)
    descriptors = _silence_descriptors()
    show_again = _silence_displays()
    sys.stdout = sys.stderr = stream
    try:
        yield
    finally:
        sys.stdout, sys.stderr = saved
        show_again()
        _flush(stream, sys.__stdout__, sys.__stderr__)
        for number, copy in descriptors:
            os.dup2(copy, number)
            os.close(copy)


def _flush(*streams: Any) -> None:
    for stream in streams:
        with suppress(Exception):
            stream.flush()


def _silence_descriptors() -> list[tuple[int, int]]:
    """Point descriptors 1 and 2 nowhere; returns (number, copy of what it was)."""
    copies = []
    with suppress(OSError):
        null = os.open(os.devnull, os.O_WRONLY)
        for number in (1, 2):
            with suppress(OSError):  # a program without a terminal may lack them
                copies.append((number, os.dup(number)))
                os.dup2(null, number)
        os.close(null)
    return copies


def _silence_displays() -> Callable[[], None]:
    """Drop what would be displayed in a notebook: figures, widgets of progress bars."""
    if "IPython" not in sys.modules:
        return lambda: None
    try:
        from IPython import get_ipython
        from IPython.core.displaypub import CapturingDisplayPublisher

        shell: Any = get_ipython()
        if shell is None:
            return lambda: None
        publisher = shell.display_pub
        shell.display_pub = CapturingDisplayPublisher()
    except Exception:  # another version of IPython: a stray bar is all that can happen
        return lambda: None

    def undo() -> None:
        shell.display_pub = publisher

    return undo


def _random_states() -> Callable[[], None]:
    import numpy as np
    import torch

    python, numpy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []

    def undo() -> None:
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(cpu)
        if gpus:
            torch.cuda.set_rng_state_all(gpus)

    return undo


def _torch_defaults() -> Callable[[], None]:
    """Give the block torch's usual defaults, which are those of the grader."""
    import torch

    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    torch.set_default_dtype(torch.float32)
    grad = torch.is_grad_enabled()
    if device.type != "cpu":
        torch.set_default_device(None)

    def undo() -> None:
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad)
        if torch.get_default_device() != device:
            torch.set_default_device(device if device.type != "cpu" else None)

    return undo


def _settings() -> Callable[[], None]:
    import numpy as np

    folder = None
    with suppress(OSError):  # the folder may have been deleted
        folder = os.getcwd()
    path, arguments = list(sys.path), list(sys.argv)
    errors, level = np.geterr(), logging.root.manager.disable
    sys.argv = arguments[:1] or [""]  # a kernel's or pytest's options are not for the student
    logging.disable(logging.CRITICAL)  # a handler may hold on to the real stderr

    def undo() -> None:
        logging.disable(level)
        np.seterr(**errors)
        sys.argv = arguments
        sys.path[:] = path
        with suppress(OSError):
            if folder is not None:
                os.chdir(folder)

    return undo


def _figures() -> Callable[[], None]:
    """Close the figures that the block opens, or a notebook would show them after the cell."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    before = set(pyplot.get_fignums()) if pyplot else set()

    def undo() -> None:
        module: Any = sys.modules.get("matplotlib.pyplot")
        if module is not None:
            with suppress(Exception):
                for number in set(module.get_fignums()) - before:
                    module.close(number)

    return undo
