"""Compares what a student's code gave with what is expected, and says what is wrong.

The order is: nothing returned, wrong type, wrong shape, wrong dtype or device, not finite, wrong
value. Sentences say what kind of difference it is and never hold a number of the case, so that
they may be shown for hidden cases too; `Verdict.detail` holds numbers. Needs only numpy: the same
code serves the notebook and the judge, which keeps torch away from the answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from homework.allowed import LISTED
from homework.diagnose import difference, noise_problem, pattern
from homework.fixtures import Case, CaseArrays, Task
from homework.outcome import Mishap, Outcome, Value
from homework.verdict import ERROR, FAILED, NOT_IMPLEMENTED, PASSED, Verdict

FLOATS = ("float32", "float64")
REAL = "fiub"  # kinds of dtypes that can be compared
MOST_AXES, MOST_SIZE = 5, 2000  # of shapes that are told


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
        problem = _check(name, task, case, answers, outcome.values, device)
        if problem is not None:
            mistake = _planted(case, answers, outcome.values)
            hint = task.mistakes.get(mistake, "")
            return Verdict(FAILED, problem[0], hint, problem[1], mistake)
    return Verdict(PASSED)


def _rank(name: str) -> tuple[int, str]:
    """What is looked at first: results, then gradients, then what else a call must not do."""
    prefixes = ("grad_", "noise_", "second", "left_", "after_")
    for rank, prefix in enumerate(prefixes, start=1):
        if name.startswith(prefix):
            return rank, name
    return (-1 if name == "number_of_images" else 0), name


def _mishap_verdict(task: Task, mishap: Mishap) -> Verdict:
    if mishap.kind == "not implemented":
        if mishap.message and mishap.message != task.id:
            said = f"it calls {mishap.message[:60]}, which is not implemented yet"
            return Verdict(
                NOT_IMPLEMENTED,
                "it calls something that is not implemented yet",
                "implement what it calls first",
                said,
                file=mishap.file,
                line=mishap.line,
            )
        return Verdict(NOT_IMPLEMENTED, "this task is not implemented yet",
                       f"look for `# TODO ({task.id})` in {task.file}",
                       file=mishap.file, line=mishap.line)  # fmt: skip
    if mishap.kind == "missing":
        said = mishap.message or "something is missing"
        return Verdict(ERROR, said, "names must stay as they are in the file that you were given")
    where = f" at line {mishap.line} of {mishap.file}" if mishap.line else ""
    rationale = f"your code raised {_article(mishap.error)}{where}"
    return Verdict(
        ERROR,
        rationale,
        ERROR_HELP.get(mishap.error, ""),
        mishap.message,
        file=mishap.file,
        line=mishap.line,
    )


def _article(name: str) -> str:
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"


ERROR_HELP = {
    "SyntaxError": "Python cannot read the file; look at that line and the one before it",
    "IndentationError": "check the indentation of that line and the one before it",
    "TabError": "the file mixes tabs and spaces; use spaces only",
    "ModuleNotFoundError": f"graded code may import {LISTED}",
    "EOFError": "do not call input(): nobody is there to answer when your code is graded",
    "ImportError": "check the names that the file imports",
    "SystemExit": "do not call exit() or sys.exit() in the file",
    "MemoryError": "your code asks for far more memory than the task needs; check the shapes",
    "OutOfMemory": "your code asks for far more memory than the task needs; check the shapes",
    "RecursionError": "a function calls itself without end",
    "PermissionError": "code that is graded may read and write only its own folder; "
    "it has no network and starts no processes",
    "NotImplementedError": "torch has no such operation for these inputs: check their dtypes",
    "NameError": "check the spelling of that name, and that it is defined before it is used",
}


def _check(
    name: str,
    task: Task,
    case: Case,
    answers: CaseArrays,
    values: Mapping[str, Value],
    device: str,
) -> tuple[str, str] | None:
    """What is wrong with one output: a sentence and numbers; None if it is right."""
    what = _called(name)
    value = values.get(name)
    target = answers.mean[name] if name in answers.mean else answers.expected[name]
    if value is None or value.kind == "none":
        return _nothing(name, what), ""
    problem = _kind_problem(name, value, target, device)
    if problem:
        return f"{what} {problem}", ""
    if value.array is None:
        return _nothing(name, what), ""
    if value.array.dtype.kind not in REAL:
        return f"{what} has dtype {value.array.dtype}, expected {target.dtype}", ""
    if name not in answers.mean and _same(value.array, target):
        return None  # half of what is compared are inputs that must be unchanged
    actual, expected = _aligned(name, task, answers, value.array, target)
    if actual is None or expected is None:
        shapes = f"{_shape(value.array.shape)}, expected {target.shape}"
        return f"{what} has {shapes}{_shape_hint(value.array, target)}", shapes
    finite = np.isfinite(actual)
    if not finite.all():
        return f"{what} holds NaN or infinite values", difference(actual, expected)
    if name in answers.mean:
        return noise_problem(what, actual, answers.mean[name], answers.std[name])
    if np.allclose(actual, expected, rtol=case.rtol, atol=case.atol):
        return None
    return _wrong_value(name, what, actual, expected, answers, case)


def _wrong_value(
    name: str,
    what: str,
    actual: np.ndarray,
    expected: np.ndarray,
    answers: CaseArrays,
    case: Case,
) -> tuple[str, str]:
    if name.startswith("after_"):
        sentence = f"your code changes its input `{name.removeprefix('after_')}` in place"
    elif name.startswith("second"):
        sentence = (
            "a second call with other values of the same shape gives a wrong result, though the "
            "first call was right: something is remembered between calls"
        )
    else:
        sentence = f"{what} {pattern(actual, expected, answers.inputs, case.rtol, case.atol)}"
    return sentence, difference(actual, expected)


def _called(name: str) -> str:
    """How sentences call an output."""
    if name == "value":
        return "the result"
    if name.startswith("grad_"):
        return f"the gradient with respect to `{name.removeprefix('grad_')}`"
    if name.startswith("second_"):
        return f"the `{name.removeprefix('second_')}` of a second call"
    if name == "second":
        return "the result of a second call"
    if name.startswith("after_"):
        return f"the input `{name.removeprefix('after_')}` after the call"
    if name.startswith("left_"):
        return "what the call leaves behind in the network"
    if name == "number_of_images":
        return "the number of images in the list"
    if name == "different_labels":
        return "whether images get labels of their own"
    if name.startswith("image_"):
        return f"image {name.removeprefix('image_')} of the list"
    if name.startswith("noise_"):
        return "the noise"
    return f"the `{name}`"


def _nothing(name: str, what: str) -> str:
    if name == "value":
        return "the function returned nothing; is there a `return`?"
    if name.startswith("grad_"):
        return f"no gradient flows back to `{name.removeprefix('grad_')}`"
    if name.startswith("noise_"):
        return "the function returned nothing, or did not call the model it was given"
    return f"{what} is missing from what was returned"


def _kind_problem(name: str, value: Value, target: np.ndarray, device: str) -> str:
    """Wrong type, dtype or device; shape and value are looked at later."""
    if name == "number_of_images":
        return "" if value.kind == "number" else f"cannot be told: a {value.kind} was returned"
    kinds = ("tensor", "array") if name.startswith("image_") else ("tensor",)
    if value.kind not in kinds:
        wanted = "a numpy array" if name.startswith("image_") else "a torch tensor"
        return f"is {_kind_name(value)}, not {wanted}"
    if target.dtype.kind == "f" and value.dtype not in FLOATS:
        return f"has dtype {value.dtype}, expected float32"
    if value.kind == "tensor" and not name.startswith("image_") and value.device != device:
        return f"is on the device {value.device}, but the inputs were on {device}"
    return ""


def _kind_name(value: Value) -> str:
    if value.kind == "array":
        return "a numpy array"
    if value.kind == "number":
        return f"a Python number ({value.dtype})"
    return _article(value.kind)


def _same(actual: np.ndarray, target: np.ndarray) -> bool:
    """Whether both have the same shape and the same finite values."""
    if actual.shape != target.shape or not (actual == target).all():
        return False
    return bool(np.isfinite(actual).all())


def _aligned(
    name: str, task: Task, answers: CaseArrays, actual: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
    """Both arrays in one shape as float64; None if the contract does not allow the shape."""
    shape = target.shape
    if actual.shape != shape:
        scalar = target.size == 1 and target.ndim == 0 and actual.size == 1
        if scalar:
            actual = actual.reshape(())
        elif name.removeprefix("second_") in task.broadcasts:
            beside = answers.expected.get("mean", target)
            shape = np.broadcast_shapes(target.shape, beside.shape)
            if not _broadcasts(actual.shape, shape):
                return None, None
        else:
            return None, None
    return (
        np.broadcast_to(actual, shape).astype(np.float64),
        np.broadcast_to(target, shape).astype(np.float64),
    )


def _shape(shape: tuple[int, ...]) -> str:
    """A shape in words; one that no honest mistake gives might carry a message out."""
    if len(shape) > MOST_AXES or max(shape, default=0) > MOST_SIZE:
        return "another shape"
    return f"shape {shape}"


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False


def _shape_hint(actual: np.ndarray, target: np.ndarray) -> str:
    batch = target.shape[0] if target.ndim else 0
    if target.ndim == 1 and actual.ndim == 0:
        return ": it was reduced over the batch too, but each row has its own result"
    if target.ndim == 1 and actual.shape == (batch, batch):
        return ": (batch, 1) and (batch,) were combined, which broadcasts to (batch, batch)"
    if target.ndim == 1 and actual.ndim == 2 and actual.shape == (batch, 1):
        return ": drop the last axis"
    if target.ndim < actual.ndim and actual.shape[: target.ndim] == target.shape:
        return ": a sum or mean over the remaining axes is missing"
    if actual.shape == target.shape[::-1] and actual.ndim == 2:
        return ": it is transposed"
    return ""


def _planted(case: Case, answers: CaseArrays, values: Mapping[str, Value]) -> str:
    """Id of the planted mistake that gives exactly these values, or an empty string."""
    # Where one mistake shows in a part of what another shows in, the other explains more.
    by_extent = sorted(answers.mistakes.items(), key=lambda item: -len(item[1]))
    for mistake, arrays in by_extent:
        if arrays and all(_equals(values.get(n), a, case) for n, a in arrays.items()):
            return mistake
    return ""


def _equals(value: Value | None, array: np.ndarray, case: Case) -> bool:
    if value is None or value.array is None or value.array.shape != array.shape:
        return False
    if value.array.dtype.kind not in REAL:
        return False
    return np.allclose(
        value.array.astype(np.float64),
        array.astype(np.float64),
        rtol=case.rtol,
        atol=case.atol,
        equal_nan=True,
    )
