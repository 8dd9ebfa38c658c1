"""Compares what a student's code gave in one case with what is expected.

The order is: nothing returned, wrong type, wrong dtype or device, wrong shape, not finite, wrong
value. What is said comes from `homework.sentences`; numbers go to `Verdict.detail`. What explains
all cases of a task together is found by `homework.explain`. Needs only numpy: the same code serves
the notebook and the judge, which keeps torch away from the answers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from homework import sentences as say
from homework import verdict as kinds
from homework.diagnose import difference, noise_problem
from homework.fixtures import Case, CaseArrays, Task
from homework.outcome import Mishap, Outcome, Value
from homework.verdict import ERROR, FAILED, NOT_IMPLEMENTED, PASSED, Verdict

FLOATS = ("float32", "float64")
MOST_AXES, MOST_SIZE = 5, 2000  # of shapes that are told
REAL = "fiub"  # kinds of dtypes that can be compared


@dataclass(frozen=True)
class Problem:
    """What is wrong with one output: one of `verdict.KINDS`, a sentence, numbers, what to do."""

    kind: str
    rationale: str
    detail: str = ""
    help: str = ""


def judge(
    task: Task, case: Case, answers: CaseArrays, outcomes: list[Outcome], device: str = "cpu"
) -> Verdict:
    """Verdict on one case.

    Args:
        outcomes: what the probe gave on the student's own code, and, for a task that builds on
            others, what it gave in isolation. One right outcome is enough.
        device: type of the device on which results have to be.
    """
    with np.errstate(all="ignore"):  # what overflows here is wrong, and nobody needs a warning
        verdicts = [
            replace(
                _judge_one(task, case, answers, outcome, device), remark=_remark(outcome.values)
            )
            for outcome in outcomes
        ]
    for verdict in verdicts:
        if verdict.status == PASSED:
            return verdict
    # In isolation nothing but the task itself can be wrong, so that verdict says more.
    return verdicts[-1]


def _remark(values: Mapping[str, Value]) -> str:
    note = values.get("note_device")
    if note is None or note.array is None or not note.array.any():
        return ""
    return (
        "on a GPU this would fail, because it computes with tensors of the CPU: make all tensors "
        "on the `device` that the class is given (no points lost)"
    )


def _judge_one(
    task: Task, case: Case, answers: CaseArrays, outcome: Outcome, device: str
) -> Verdict:
    if outcome.mishap is not None:
        return _mishap_verdict(task, outcome.mishap)
    for name in sorted((*answers.expected, *answers.mean), key=_rank):
        found = _check(name, task, case, answers, outcome, device)
        if found is not None:
            place = outcome.place if found.kind == kinds.NOT_FINITE else ("", 0)
            return Verdict(
                FAILED, found.rationale, found.help, found.detail, "", *place, found.kind, name
            )
    return Verdict(PASSED)


def _rank(name: str) -> tuple[int, str]:
    """What is looked at first: results, then gradients, then what else a call must not do."""
    prefixes = ("grad_", "noise_", "second", "left_", "after_")
    for rank, prefix in enumerate(prefixes, start=1):
        if name.startswith(prefix):
            return rank, name
    return (-1 if name == "number_of_images" else 0), name


def _mishap_verdict(task: Task, mishap: Mishap) -> Verdict:
    place = mishap.file, mishap.line
    if mishap.kind == "not implemented" and mishap.message in ("", task.id):
        text = say.STUB_HELP.format(task=task.id, file=task.file)
        return Verdict(NOT_IMPLEMENTED, say.STUB, text, "", "", *place)
    if mishap.kind == "not implemented":
        detail = f"it calls {mishap.message[:60]}, which is not implemented yet"
        return Verdict(NOT_IMPLEMENTED, say.CALLS_STUB, say.CALLS_STUB_HELP, detail, "", *place)
    if mishap.kind == "missing":
        return Verdict(ERROR, mishap.message, _left_out(mishap) or say.MISSING_HELP)
    rationale = say.RAISED.format(error=say.error_name(mishap.error))
    meant = [text for words, text in say.MEANINGS.items() if words in mishap.message]
    text = _left_out(mishap) or (*meant, say.ERRORS.get(mishap.error, ""))[0]
    return Verdict(ERROR, rationale, text, mishap.message, "", *place)


def _left_out(mishap: Mishap) -> str:
    file, line = mishap.left_out
    return say.LEFT_OUT.format(file=file, line=line) if line else ""


def _check(
    name: str,
    task: Task,
    case: Case,
    answers: CaseArrays,
    outcome: Outcome,
    device: str,
) -> Problem | None:
    """What is wrong with one output; None if it is right."""
    what, value = say.called(name), outcome.values.get(name)
    target = answers.mean[name] if name in answers.mean else answers.expected[name]
    if value is None or value.kind == "none":
        return _no_gradient(answers, outcome) if name.startswith("grad_") else _nothing(name, what)
    problem = _type_problem(name, what, value, target, device)
    if problem or value.array is None:
        return problem or _nothing(name, what)
    if name not in answers.mean and _same(value.array, target):
        return None  # half of what is compared are inputs that must be unchanged
    actual, expected = aligned(name, task, answers, value.array, target)
    if actual is None or expected is None:
        detail = f"{_shape(value.array.shape)}, expected {target.shape}"
        hint = say.SHAPE_HINTS[_shape_hint(value.array, target, answers.inputs)]
        return Problem(kinds.SHAPE, say.SHAPE.format(what=what, hint=hint), detail)
    if not np.isfinite(actual).all():
        rationale = say.NOT_FINITE.format(what=what, reason=say.REASONS.get(outcome.reason, ""))
        return Problem(kinds.NOT_FINITE, rationale, difference(actual, expected))
    if name in answers.mean:
        noise, detail = noise_problem(actual, answers.mean[name], answers.std[name])
        rationale = say.NOISE.format(what=what, noise=say.NOISES[noise]) if noise else ""
        return Problem(kinds.NOISE, rationale, detail) if noise else None
    if np.allclose(actual, expected, rtol=case.rtol, atol=case.atol):
        return None
    return _wrong_value(name, what, difference(actual, expected))


def _wrong_value(name: str, what: str, detail: str) -> Problem:
    if name.startswith("after_"):
        changed = say.CHANGED.format(name=name.removeprefix("after_"))
        return Problem(kinds.INPUTS, changed, detail)
    if name.startswith("second"):
        return Problem(kinds.MEMORY, say.REMEMBERED, detail)
    return Problem(kinds.VALUE, say.VALUE.format(what=what, pattern=say.PATTERNS[""]), detail)


def _nothing(name: str, what: str) -> Problem:
    if name == "value":
        rationale = say.NOTHING
    elif name.startswith("noise_"):
        rationale = say.NO_NOISE
    else:
        rationale = say.MISSING.format(what=what)
    return Problem(kinds.NOTHING, rationale)


def _no_gradient(answers: CaseArrays, outcome: Outcome) -> Problem:
    """Names all inputs that no gradient comes to."""
    wanted = [name for name in answers.expected if name.startswith("grad_")]
    given = [name for name, value in outcome.values.items() if value.kind != "none"]
    names = [f"`{name.removeprefix('grad_')}`" for name in wanted if name not in given]
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    rationale = say.NO_GRADIENT.format(names=listed)
    return Problem(kinds.NO_GRADIENT, rationale, help=say.NO_GRADIENT_HELP)


def _type_problem(
    name: str, what: str, value: Value, target: np.ndarray, device: str
) -> Problem | None:
    """Wrong type, dtype or device; shape and value are looked at later."""
    image, number = name.startswith("image_"), name == "number_of_images"
    right = ("number",) if number else ("tensor", "array") if image else ("tensor",)
    if value.kind not in right:
        wanted = say.WANTED[2 if number else 1 if image else 0]
        kind = say.KINDS.get(value.kind, say.OTHER_KIND)
        return Problem(kinds.TYPE, say.TYPE.format(what=what, kind=kind, wanted=wanted))
    real = value.array is None or value.array.dtype.kind in REAL
    if not real or (target.dtype.kind == "f" and value.dtype not in FLOATS and not number):
        dtype = value.dtype if value.dtype in say.DTYPES else say.OTHER_DTYPE
        expected = say.EXPECTED_DTYPES[0 if target.dtype.kind == "f" else 1]
        return Problem(kinds.TYPE, say.DTYPE.format(what=what, dtype=dtype, expected=expected))
    if value.kind == "tensor" and not image and value.device != device:
        known = {"cpu": 0, "cuda": 1, "meta": 2}
        where = say.DEVICES[known.get(value.device, 3)]
        return Problem(kinds.TYPE, say.DEVICE.format(what=what, device=where))
    return None


def _same(actual: np.ndarray, target: np.ndarray) -> bool:
    """Whether both have the same shape and the same finite values."""
    if actual.shape != target.shape or not (actual == target).all():
        return False
    return bool(np.isfinite(actual).all())


def aligned(
    name: str, task: Task, answers: CaseArrays, actual: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
    """Both arrays in one shape as float64; None if the contract does not allow the shape."""
    shape = target.shape
    if actual.shape != shape:
        scalar = target.size == 1 and target.ndim == 0 and actual.size == 1
        if scalar:
            actual = actual.reshape(())
        elif name.removeprefix("second_") in task.broadcasts:
            beside = answers.expected.get("mean", target).shape
            shape = beside if _broadcasts(shape, beside) else shape
            if not _broadcasts(actual.shape, shape):
                return None, None
        else:
            return None, None
    return (
        np.broadcast_to(actual, shape).astype(np.float64),
        np.broadcast_to(target, shape).astype(np.float64),
    )


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False


def _shape_hint(
    actual: np.ndarray, target: np.ndarray, inputs: Mapping[str, np.ndarray] | None = None
) -> str:
    """A key of `sentences.SHAPE_HINTS`."""
    batch = target.shape[0] if target.ndim else 0
    if target.ndim == 1 and actual.ndim == 0:
        return "reduced"
    if target.ndim == 1 and actual.shape == (batch, batch):
        return "squared"
    if target.ndim == 1 and actual.ndim == 2 and actual.shape == (batch, 1):
        return "column"
    if target.ndim < actual.ndim and actual.shape[: target.ndim] == target.shape:
        return "unreduced"
    if actual.shape == target.shape[::-1] and actual.ndim == 2:
        return "transposed"
    if batch and actual.ndim and actual.shape in _without_batch(inputs or {}, batch):
        return "over batch"
    return ""


def _without_batch(inputs: Mapping[str, np.ndarray], batch: int) -> set[tuple[int, ...]]:
    """Shapes that a sum or mean over the batch leaves: of inputs, flat or not, and of samples."""
    rows = [a.shape[1:] for a in inputs.values() if a.ndim > 1 and len(a) == batch]
    flat = {shape for row in rows for shape in (row, (math.prod(row),))}
    counts = [1] + [int(a) for a in inputs.values() if a.ndim == 0 and a.dtype.kind in "iu"]
    return flat | {shape for n in counts for shape in ((n,), *((n, *row) for row in flat))}


def first_values(values: Mapping[str, Value], answers: CaseArrays, output: str) -> list[str]:
    """What was returned and what is expected, from the beginning: lines for a public case."""
    value, expected = values.get(output), answers.expected.get(output)
    if value is None or value.array is None or expected is None:
        return []
    if value.array.ndim == expected.ndim == 0:
        return []  # the difference has told them
    return [f"got {_first(value.array)}", f"expected {_first(expected)}"]


def _first(array: np.ndarray) -> str:
    if not array.ndim:
        return f"{array:.5g}"
    numbers = ", ".join(f"{number:.5g}" for number in array.reshape(-1)[:6])
    more = ", ..." if array.size > 6 else ""
    return f"[{numbers}{more}] of {_shape(array.shape)}"


def _shape(shape: tuple[int, ...]) -> str:
    """A shape in words; one that no honest mistake gives might carry a message out."""
    if len(shape) > MOST_AXES or max(shape, default=0) > MOST_SIZE:
        return "another shape"
    return f"shape {shape}"
