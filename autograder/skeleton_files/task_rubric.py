"""The task `@PREFIX@.@TASK@`."""

from __future__ import annotations

from typing import Any

from autograder.rubric import Case, Mistake, Task
from autograder.rubric_inputs import Random, values


def _rows(batch: int, features: int, shift: float = 0.0) -> Any:
    """Draws the inputs of a case. FILL IN: what matters for this task."""

    def inputs(random: Random) -> dict[str, Any]:
        return {"x": values(random, batch, features, shift=shift)}

    return inputs


TASK = Task(
    id="@PREFIX@.@TASK@",
    title="@TASK_TITLE@",  # FILL IN
    points=2,  # FILL IN
    file="@FILE@",
    todo="FILL IN: one line that tells students what to do",
    # Each case: a name, what is special about it, how hidden inputs are drawn, and how their public
    # counterparts are, in other sizes. No two axes of one case should be equally long.
    cases=(
        Case("ordinary", "several rows", _rows(5, 7), _rows(4, 6)),
        Case("wide", "more features than rows", _rows(3, 11), _rows(2, 9)),
        Case("shifted", "features far from 0", _rows(4, 3, shift=5.0), _rows(5, 2, shift=5.0)),
    ),
    # What students get wrong: an edit of the reference, and the hint it deserves.
    mistakes=(
        Mistake(
            "summed",
            "FILL IN: this is the sum over the features; the mean is asked for.",
            edits=((".mean(dim=1)", ".sum(dim=1)"),),
        ),
        Mistake(
            "wrong-axis",
            "FILL IN: the mean runs over the batch; each row has a number of its own.",
            edits=((".mean(dim=1)", ".mean(dim=0)"),),
        ),
        Mistake(
            "not-squared",
            "FILL IN: the numbers are not squared.",
            body="return x.mean(dim=1)",
        ),
    ),
)
