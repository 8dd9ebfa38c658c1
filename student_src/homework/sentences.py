"""Everything that is said about cases, as data.

It is found out from public cases. Of a hidden case students read what is said of its public copy,
if that is wrong as well, and else one of the few sentences in `HIDDEN`.
"""

from __future__ import annotations

from homework.allowed import LISTED

# ------------------------------------------------------------------- code that gave no result

STUB = "this task is not implemented yet"
CALLS_STUB = "it calls something that is not implemented yet"
RAISED = "your code raised {error}"
OWN_ERROR = "an error of its own kind"

ARGPARSE = "SystemExit in argparse"
LEFT_OUT = (
    "that name is missing because line {line} of {file}, which defines it, failed or was left out "
    "when the file was imported: where code is graded there are no other files, no network and no "
    "other programs"
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
    "ModuleNotFoundError": f"graded code may import {LISTED}",
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
    ARGPARSE: "argparse ended the program, as an option is missing or unknown: move parse_args() "
    'below `if __name__ == "__main__":`, or give each option a default and use parse_known_args()',
    "TabError": "the file mixes tabs and spaces; use spaces only",
    "TypeError": "check what each function takes, and in which order",
    "UnboundLocalError": "a variable is used before it is given a value",
    "ValueError": "",
    "ZeroDivisionError": "",
}

# What messages of torch mean here, by words that they hold.
MEANINGS = {
    "in-place operation": "an operation that changes its input in place, such as `clamp_()` or "
    "`+=`, cannot be used on an input: compute a new tensor, as `clamp()` does",
    "inplace operation": "a tensor is changed in place (`clamp_()`, `+=`) that the gradient still "
    "needs: compute a new tensor instead",
    "numpy() on": "numpy cuts the gradient, and so does detach(): use functions of torch instead",
    "does not require grad": "the gradient was cut: look on the way for .detach(), .item(), "
    "torch.no_grad() or numpy",
    "NVIDIA driver": "there is no GPU when graded: take the device of the inputs",
    "CUDA enabled": "there is no GPU when graded: take the device of the inputs",
    "CUDA GPUs": "there is no GPU when graded: take the device of the inputs",
    "CUDA device": "there is no GPU when graded: take the device of the inputs, or map_location",
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
SLOW_CASE = "one case took more than 5 seconds"
SLOW_TASK = "the cases of this task took more than 15 seconds together"
SLOW = {
    SLOW_CASE: "is there a loop that never ends?",
    SLOW_TASK: "is there a loop that takes far more steps than the task needs?",
}
SLOW_FILE_HELP = "move what takes long into functions"
SPENT = "the time that one submission may take was used up"
SPENT_HELP = "is there a loop that never ends, or work at import that belongs into a function?"
TIME_GONE = "not run: the other cases of this task used up its time"
# Of a hidden case whose public copy is right, by status, with what to do about it.
_OTHERWISE = "does something depend on how large the inputs are, or on numbers of the public cases?"
HIDDEN = {
    "failed": (
        "your result is right for the public copy of this case and wrong for other numbers or "
        "sizes",
        _OTHERWISE,
    ),
    "error": (
        "your code works for the public copy of this case and stops with an error for other "
        "numbers or sizes",
        _OTHERWISE,
    ),
    "timeout": (
        "your code is fast enough for the public copy of this case and takes too long for other "
        "numbers or sizes, or for all cases together",
        "one case may take 5 seconds, and all cases of a task 15",
    ),
}
WITHHELD = "this counts once an ordinary case is right"

# ------------------------------------------------------------------------ results that differ

NOTHING = "the function returned nothing; is there a `return`?"
NO_GRADIENT = "no gradient flows back to {names}"
NO_GRADIENT_HELP = (
    "look on the way from there to the result for .detach(), .item(), torch.no_grad(), numpy, or a "
    "tensor that is made from numbers"
)
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
    "over batch": ": it was reduced over the batch (axis 0), but each row has its own result",
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
    "multiple of numbers": "is a multiple of what is expected, by the same factor in every case",
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
    "left out": "is left out for some images of a batch; each image needs its own",
    "skipped": "is left out in some calls or steps; each needs its own",
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
    if output.startswith("left_"):
        return "what the call leaves behind in the network"
    return {
        "value": "the result",
        "second": "the result of a second call",
        "number_of_images": "the number of images in the list",
        "different_labels": "whether images get labels of their own",
    }.get(output, f"the `{output}`")
