"""Everything that may be said about a case whose inputs nobody is to learn, as data.

What a student reads about a hidden case is one of the texts below, filled in from the short lists
below. So it cannot carry the inputs of that case out, whatever the student's code does: `possible`
lists all of it, and the grader says nothing else. Numbers, shapes, lines and messages belong in
`Verdict.detail`, which is shown for public cases only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING

from homework.probes.notes import NOTES

if TYPE_CHECKING:
    from homework.fixtures import Task

# ------------------------------------------------------------------- code that gave no result

STUB = "this task is not implemented yet"
CALLS_STUB = "it calls something that is not implemented yet"
RAISED = "your code raised {error}"
OWN_ERROR = "an error of its own kind"

NO_SUCH_NAME = "{file} has no function or class named {name}"
NO_SUCH_METHOD = "the class has no method named {name}"
UNREADABLE = (
    "there is no file {file}",
    "{file} is not UTF-8 text; save it as UTF-8, or declare its encoding in line 1",
    "{file} is not a Python file: it holds binary data",
)

# Errors that are called by their names, with what to do about them.
ERRORS = {
    "AssertionError": "",
    "AttributeError": "check the spelling, and what kind of object it is",
    "EOFError": "remove calls of input(): nobody answers while code is graded",
    "FileNotFoundError": "code that is graded finds only the files of this assignment",
    "ImportError": "check the names that the file imports",
    "IndentationError": "check the indentation of that line and the one before it",
    "IndexError": "an index is out of range; check the shapes",
    "KeyError": "",
    "MemoryError": "your code asks for far more memory than the task needs; check the shapes",
    "ModuleNotFoundError": "hand in code that needs only torch, torchvision, numpy, matplotlib, "
    "tqdm and the files of this assignment",
    "NameError": "check the spelling of that name, and that it is defined before it is used",
    "NotImplementedError": "torch has no such operation for these inputs: check their dtypes",
    "OSError": "",
    "OverflowError": "",
    "PermissionError": "code that is graded may read and write only its own folder; it has no "
    "network and starts no processes",
    "RecursionError": "a function calls itself without end",
    "RuntimeError": "",
    "StopIteration": "",
    "SyntaxError": "Python cannot read the file; look at that line and the one before it",
    "SystemExit": "do not call exit() or sys.exit() in the file",
    "TabError": "the file mixes tabs and spaces; use spaces only",
    "TypeError": "check what each function takes, and in which order",
    "UnboundLocalError": "a variable is used before it is given a value",
    "ValueError": "",
    "ZeroDivisionError": "",
}

# How a process ended before it had answered, with what to do about it.
EXITED = "your code ended the process"
CRASHED = "the process crashed"
FAULTED = "the process crashed (segmentation fault)"
OVERTIME = "your code used up the processor time of the task"
TOO_MUCH_MEMORY = "your code took too much memory"
KILLED = "the process was ended; perhaps it took too much memory"
LARGE_FILE = "your code wrote a larger file than any task needs"
MANY_FILES = "your code wrote more files than any task needs"
TOO_MUCH_DATA = "your code returned more data than any task needs"
INTERFERES = "your code interferes with how its results are sent to the grader"
ENDS = {
    EXITED: "do not end the process; return or raise instead",
    CRASHED: "",
    FAULTED: "Python itself crashed: is there a recursion without end?",
    OVERTIME: "is there a loop that never ends?",
    TOO_MUCH_MEMORY: "check the shapes: does something grow far larger than the inputs?",
    KILLED: "check the shapes: does something grow far larger than the inputs?",
    LARGE_FILE: "write no files while the task runs",
    MANY_FILES: "write no files while the task runs",
    TOO_MUCH_DATA: "check the shape of what you return",
    INTERFERES: "do not close file descriptors or replace functions of Python's own modules",
}
SLOW_IMPORT = "importing the file and running the first case took more than 10 seconds"
SLOW_CASE = "one case took more than 5 seconds"
SLOW_TASK = "the cases of this task took more than 15 seconds together"
SLOW = {
    SLOW_IMPORT: "move work that runs on import into a function; or is there a loop without end?",
    SLOW_CASE: "is there a loop that never ends?",
    SLOW_TASK: "is there a loop that takes far more steps than the task needs?",
}
TIME_GONE = "not run: the other cases of this task used up its time"
WITHHELD = "this counts once an ordinary case is right"
OTHER = "something else went wrong"

# ------------------------------------------------------------------------ results that differ

NOTHING = "the function returned nothing; is there a `return`?"
NO_GRADIENT = "no gradient flows back to `{name}`"
NO_NOISE = "nothing was drawn, or the model that was given was not called"
MISSING = "{what} is missing from what was returned"
TYPE = "{what} is {kind}, not {wanted}"
WANTED = ("a torch tensor", "a numpy array", "a list")
KINDS = {
    "array": "a numpy array",
    "tensor": "a torch tensor",
    "number": "a Python number",
    "none": "None",
    "list": "a list",
    "tuple": "a tuple",
    "dict": "a dict",
    "str": "a string",
    "function": "a function",
    "generator": "a generator",
}
OTHER_KIND = "an object of another type"
DTYPE = "{what} has {dtype}, expected {expected}"
DTYPES = (
    "bfloat16", "bool", "complex64", "float16", "float32", "float64", "int32", "int64", "uint8",
)  # fmt: skip
OTHER_DTYPE = "another dtype"
EXPECTED_DTYPES = ("float32", "int64")
DEVICE = "{what} is on {device}, but the inputs were on another"
DEVICES = ("the CPU", "a GPU", "the device meta", "another device")
SHAPE = "{what} has the wrong shape{hint}"
SHAPE_HINTS = {
    "": "",
    "reduced": ": it was reduced over the batch too, but each row has its own result",
    "squared": ": (batch, 1) and (batch,) were combined, which broadcasts to (batch, batch)",
    "column": ": drop the last axis",
    "unreduced": ": a sum or mean over the remaining axes is missing",
    "transposed": ": it is transposed",
}
NOT_FINITE = "{what} holds NaN or infinite values{reason}"
CHANGED = "your code changes its input `{name}` in place"
REMEMBERED = (
    "a second call with other values of the same shape gives a wrong result, though the first call "
    "was right: something is remembered between calls"
)
VALUE = "{what} {pattern}"
PATTERNS = {
    "": "differs from what is expected",
    "sign": "has the wrong sign",
    "offset": "is off by the same amount everywhere",
    "twice": "is twice what is expected, everywhere",
    "half": "is half of what is expected, everywhere",
    "times batch": "is what is expected times the batch size",
    "by batch": "is what is expected divided by the batch size",
    "times features": "is what is expected times the number of values per sample",
    "by features": "is what is expected divided by the number of values per sample",
    "times all": "is what is expected times the number of values in the batch",
    "by all": "is what is expected divided by the number of values in the batch",
    "multiple": "is a multiple of what is expected, by the same factor everywhere",
    "square": "is the square of what is expected",
    "root": "is the square root of what is expected",
    "transposed": "is transposed: rows and columns are swapped",
    "only t0": "is right only where t = 0",
    "not t0": "is wrong where t = 0, and right everywhere else",
    "first row": "is right for the first row of the batch only",
    "some rows": "is right in some rows of the batch and wrong in others",
}
NOISE = "{what} {noise}"
NOISES = {
    "constant": "is the same number everywhere; each draw has to be independent",
    "images": "is one number for a whole image; each pixel needs its own",
    "columns": "is shared by the columns of an image; each pixel needs its own",
    "rows": "is shared by the rows of an image; each pixel needs its own",
    "channels": "is shared by the channels of an image; each channel needs its own",
    "batch": "is shared by the images of a batch; each image needs its own",
    "few": "is shared by rows of the batch; each row needs its own",
    "repeats": "repeats from one call to the next: is a generator re-seeded, or the noise kept?",
    "mean": "does not average to zero around the right mean",
    "large": "is spread too widely",
    "small": "is not spread widely enough",
    "unclear": "cannot be judged before the values are right",
}

# --------------------------------------------------------------- what was seen while code ran

# Reasons for NaN or infinity: the first operation that made one of finite numbers.
REASONS = {
    "log": ": the logarithm of 0 or of a negative number is taken",
    "sqrt": ": the square root of a negative number is taken",
    "divide": ": something is divided by 0",
    "exp": ": exp of a large number overflows",
    "power": ": a power of 0 or of a negative number is taken",
    "other": "",
}
STUB_HELP = "look for `# TODO ({task})` in {file}"
CALLS_STUB_HELP = "implement what it calls first"
MISSING_HELP = "keep the names as they are in the file that you were given"


def error_name(name: str) -> str:
    """`an IndexError`; words for one that has no name here (see `judge.untrusted`)."""
    return article(name) if name else OWN_ERROR


def article(name: str) -> str:
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"


def called(output: str) -> str:
    """How sentences call an output of a probe."""
    for prefix, text in (
        ("grad_", "the gradient with respect to `{}`"),
        ("second_", "the `{}` of a second call"),
        ("after_", "the input `{}` after the call"),
        ("image_", "image {} of the list"),
    ):
        if output.startswith(prefix):
            return text.format(output.removeprefix(prefix))
    if output.startswith("noise_"):
        return "the noise"
    return {
        "value": "the result",
        "second": "the result of a second call",
        "number_of_images": "the number of images in the list",
    }.get(output, f"the `{output}`")


def possible(
    task: Task, files: Iterable[str], names: Iterable[str], outputs: Iterable[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """All rationales, and all helps, that a hidden case of a task may have.

    Args:
        files: names of the assignment's files.
        names: names of functions and classes that one may be said to lack.
        outputs: names of what the task's probes return.
    """
    rationales = {
        STUB, CALLS_STUB, NOTHING, REMEMBERED, TIME_GONE, WITHHELD, OTHER, NO_NOISE,
        *ENDS, *SLOW,
        *_filled(RAISED, error=(*map(article, ERRORS), OWN_ERROR)),
        *_filled(NO_SUCH_NAME, file=files, name=names),
        *_filled(NO_SUCH_METHOD, name=names),
    }  # fmt: skip
    for text in UNREADABLE:
        rationales.update(_filled(text, file=files))
    for output in outputs:
        rationales.update(_about(output))
    helps = {
        "", STUB_HELP.format(task=task.id, file=task.file), CALLS_STUB_HELP, MISSING_HELP,
        *ERRORS.values(), *ENDS.values(), *SLOW.values(), *NOTES.values(), *task.mistakes.values(),
    }  # fmt: skip
    return frozenset(rationales), frozenset(helps)


def _about(output: str) -> Iterator[str]:
    """Everything that may be said of one output."""
    what = (called(output),)
    name = (output.partition("_")[2],)
    if output.startswith("noise_"):
        yield from _filled(NOISE, what=what, noise=NOISES.values())
    if output.startswith("after_"):
        yield from _filled(CHANGED, name=name)
    if output.startswith("grad_"):
        yield from _filled(NO_GRADIENT, name=name)
    yield from _filled(MISSING, what=what)
    yield from _filled(TYPE, what=what, kind=(*KINDS.values(), OTHER_KIND), wanted=WANTED)
    yield from _filled(DTYPE, what=what, dtype=(*DTYPES, OTHER_DTYPE), expected=EXPECTED_DTYPES)
    yield from _filled(DEVICE, what=what, device=DEVICES)
    yield from _filled(SHAPE, what=what, hint=SHAPE_HINTS.values())
    yield from _filled(NOT_FINITE, what=what, reason=REASONS.values())
    yield from _filled(VALUE, what=what, pattern=PATTERNS.values())


def _filled(text: str, **choices: Iterable[str]) -> Iterator[str]:
    lists: Mapping[str, list[str]] = {key: list(values) for key, values in choices.items()}
    for chosen in product(*lists.values()):
        yield text.format(**dict(zip(lists, chosen)))
