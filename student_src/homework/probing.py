"""Runs one probe on one case and records what came out, without judging it.

The same code runs in a notebook's `check`, in the sandboxed child of the judge, and on the
reference when a release is built. What comes out is plain: arrays with a description, or a
description of what went wrong and in which line of the student's file.
"""

from __future__ import annotations

import importlib
import re
import time
import traceback
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from homework.loading import SubmissionError
from homework.outcome import Mishap, Outcome, Value
from homework.sentences import ARGPARSE
from homework.student import Student
from homework.surroundings import surroundings

AGAIN_SECONDS = 1.0  # what takes longer is not run once more to explain it
_STUB = re.compile(r"|\w+\.\w+")  # what stubs raise, or nothing


def run(student: Student, probe: str, inputs: Mapping[str, np.ndarray]) -> Outcome:
    """Run the probe `q0.mean` (module and function of `homework.probes`) once.

    `KeyboardInterrupt` passes through; anything else that the student's code raises becomes a
    `Mishap`.
    """
    import torch

    from homework import nonfinite

    module, name = probe.split(".")
    function = getattr(importlib.import_module(f"homework.probes.{module}"), name)
    plain = {key: torch.from_numpy(np.array(array)) for key, array in inputs.items()}
    began, notes = time.monotonic(), student.loader.notes
    try:
        outcome = _once(student, function, plain)
        if not _finite(outcome) and time.monotonic() - began < AGAIN_SECONDS:
            watch = nonfinite.Watch(student.folder)
            with watch:  # once more, slowly
                _once(student, function, plain)
            outcome.reason, outcome.place = watch.reason, watch.place
        outcome.notes = tuple(sorted(notes))
        return outcome
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        found = mishap(error, student.folder, student.stems)
        found = replace(found, left_out=student.loader.left_out(_missed(error)))
        return Outcome(mishap=found, notes=tuple(sorted(notes)))


def _once(
    student: Student, function: Callable[..., dict[str, Any]], plain: dict[str, Any]
) -> Outcome:
    import torch

    with student, surroundings(student.loader.text(), student.device, student.loader.notes):
        with torch.enable_grad():
            tensors = {key: tensor.to(student.device) for key, tensor in plain.items()}
            values = function(student, tensors)
            return Outcome({key: describe(value) for key, value in values.items()})


def _finite(outcome: Outcome) -> bool:
    arrays = [value.array for value in outcome.values.values() if value.array is not None]
    return all(np.isfinite(array).all() for array in arrays)


def describe(value: Any) -> Value:
    """A `Value` for anything a student's function may return."""
    import torch

    if value is None:
        return Value("none")
    if isinstance(value, torch.Tensor):
        plain = value.detach().to("cpu")
        dtype = str(plain.dtype).removeprefix("torch.")
        if plain.dtype == torch.bfloat16:
            plain = plain.float()
        array = plain.resolve_conj().resolve_neg().contiguous().numpy()
        return Value("tensor", dtype, value.device.type, np.array(array))
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        array = _plain(value)
        return Value("array", str(array.dtype), "cpu", array)
    if isinstance(value, (bool, int, float, np.number)):
        return Value("number", type(value).__name__, "cpu", np.array(value, dtype=np.float64))
    return Value(type(value).__name__)


def _plain(array: np.ndarray) -> np.ndarray:
    """A copy in this machine's byte order, and in no more than double precision."""
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        return np.array(array, dtype=np.float64)
    return np.array(array, dtype=array.dtype.newbyteorder("="))


def mishap(error: BaseException, folder: Path, stems: Collection[str] = ()) -> Mishap:
    """Say what an exception means: its kind, and the student's line that it came from.

    Args:
        stems: of the files that are graded.
    """
    name = "MemoryError" if "OutOfMemory" in type(error).__name__ else type(error).__name__
    message = _text(error)
    if isinstance(error, SystemExit) and (said := _said_by_argparse(error)) is not None:
        name, message = ARGPARSE, said
    if isinstance(error, SubmissionError):
        return Mishap("missing", name, message)
    file, line = _place(error, folder, stems)
    # torch raises the same type for dtypes that an operation lacks, with a text of its own.
    if type(error) is NotImplementedError and _STUB.fullmatch(message):
        return Mishap("not implemented", name, message, file, line)
    return Mishap("error", name, message, file, line)


def _missed(error: BaseException) -> str:
    """The name that was missing, if that is what an exception says."""
    if isinstance(error, NameError | AttributeError | SubmissionError):
        return str(error.name or "")
    found = isinstance(error, ImportError) and re.match(r"cannot import name '(\w+)'", _text(error))
    return found[1] if found else ""


def _said_by_argparse(error: SystemExit) -> str | None:
    """The message with which argparse ended the program; None if it did not."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    mine = [frame for frame in frames if frame.f_globals.get("__name__") == "argparse"]
    said = [frame.f_locals.get("message") for frame in mine if frame.f_code.co_name == "error"]
    return str((*said, "")[0]) if mine else None


def _text(error: BaseException) -> str:
    try:
        return str(error)[:2000]
    except Exception:
        return "(its message could not be read)"


def _place(error: BaseException, folder: Path, stems: Collection[str]) -> tuple[str, int]:
    if isinstance(error, SyntaxError) and error.filename:
        path = Path(error.filename)
        if path.parent == folder:
            return path.name, error.lineno or 0
    places = [
        (path.name, frame.lineno or 0)
        for frame in traceback.extract_tb(error.__traceback__)
        if (path := Path(frame.filename)).parent == folder
    ]
    if places and places[-1][0].removesuffix(".py") in stems:
        # Of the file that was called: what it calls in another may be right, and called wrongly.
        places = [place for place in places if place[0] == places[0][0]]
    return places[-1] if places else ("", 0)
