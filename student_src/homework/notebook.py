"""What the notebooks need around their cells: a start, fresh imports, and sentences for errors.

`start()` is called by the setup cell. `fresh("q0_toy")` imports one of your files as it is on disk
now. `points(check("q0.mean"))` checks a task. `with when_ready():` runs an experiment; when
something it needs is not there yet, it says so in a sentence, and the cells below still run.
"""

from __future__ import annotations

import importlib
import platform
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from homework.report import Report

T = TypeVar("T")
FILES_OF_CHECKPOINTS = ("homework.checkpoints", "homework.tensorfile")
SOURCES = Path(__file__).resolve().parents[1]  # the folder student_src


def start() -> None:
    """Set up this kernel: edits of .py files count at once, pictures appear; print versions."""
    # Bytecode is compared with its source by size and whole second: a quick edit would be missed.
    sys.dont_write_bytecode = True
    shell = _shell()
    if shell is not None:
        shell.run_line_magic("load_ext", "autoreload")
        shell.run_line_magic("autoreload", "2")
        shell.run_line_magic("matplotlib", "inline")
    print(versions())


def versions() -> str:
    """Which Python, torch, numpy, matplotlib and device run here."""
    import matplotlib
    import numpy
    import torch

    from homework import devices

    device = devices.prepare("auto")
    return (
        f"Python {platform.python_version()}, torch {torch.__version__}, "
        f"numpy {numpy.__version__}, matplotlib {matplotlib.__version__}, "
        f"device: {devices.describe(device)}"
    )


def fresh(stem: str) -> types.ModuleType:
    """Import `<stem>.py` from `student_src` again, with those of your files that it imports.

    Objects made before keep the code they were made with: make them again after an edit.
    """
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).parent == SOURCES:
            del sys.modules[name]
    importlib.invalidate_caches()
    return importlib.import_module(stem)


def points(report: Report) -> float:
    """The points of a report's tasks, by their public cases: the value of a check's cell.

    nbgrader reads a number that ends a cell as its score.
    """
    return sum(result.score for result in report.results)


def need(value: T, sentence: str) -> T:
    """`value`, unless it is empty: then `when_ready` prints the sentence and ends its cell."""
    if not value:
        raise NotReady(sentence)
    return value


class NotReady(RuntimeError):
    """What a cell shows is not there yet; the message says when it will be."""


class when_ready:  # noqa: N801 - read as a statement: with when_ready():
    """Turns "not there yet" into a sentence: a task to fill, a cell to run, training that stopped.

    A checkpoint that does not fit is told in a sentence, too.
    All other errors keep their traceback: it shows where in your code to look.
    """

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> bool:
        sentence = None if error is None else _sentence(error, trace)
        if sentence:
            print(sentence)
            if "matplotlib.pyplot" in sys.modules:  # a half-drawn picture would appear after it
                sys.modules["matplotlib.pyplot"].close("all")
        return sentence is not None


def _sentence(error: BaseException, trace: types.TracebackType | None) -> str | None:
    if isinstance(error, NotImplementedError):
        what = str(error) or "one of your functions"
        return (
            f"Not implemented yet: {what}. Fill it in, run its check, and then run this cell again."
        )
    if isinstance(error, NameError) and _where(trace) == "__main__":
        return (
            f"`{error.name}` is not there yet: an earlier cell makes it. "
            "Run the cells above first, and do what they ask for."
        )
    if isinstance(error, NotReady):
        return f"Nothing to show yet. {error}"
    if type(error).__name__ == "TrainingError":
        return f"Training has stopped. {error}"
    if isinstance(error, (ValueError, OSError)) and _where(trace) in FILES_OF_CHECKPOINTS:
        return f"The checkpoint cannot be used. {error}"
    return None


def _where(trace: types.TracebackType | None) -> str:
    """Name of the module in which an error was raised; "__main__" for a cell."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else str(trace.tb_frame.f_globals.get("__name__"))


def _shell() -> Any:
    """The running IPython, or None outside of one."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return get_ipython()
