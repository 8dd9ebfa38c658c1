"""The judge judged: submissions with the verdict that each must get; see `tests/cases.py`.

All cases are graded in one batch, with shorter limits of time.
"""

from __future__ import annotations

import dataclasses
import json
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder import results
from autograder.grade import Grader, Grading
from autograder.judge import sandbox, watch, wire
from cases import CASES, ROOT, submit
from homework import probing
from homework.verdict import ERROR, NOT_IMPLEMENTED
from judging import contents, open_all, problems

REPEATED = ("right_other_draws", "wrong_noise_of_luck", "wrong_trainers")


@dataclass
class Batch:
    """All cases, graded: by name, what came out, and what was there before."""

    gradings: dict[str, Grading]
    folder: Path
    before: dict[str, bytes]
    sandboxes: list[Path]


@pytest.fixture(scope="session")
def batch(hidden: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch]:
    """Every case, through the real intake, by one grader."""
    home = tmp_path_factory.mktemp("judge")
    folder, out = home / "handed-in", home / "out"
    folder.mkdir()
    out.mkdir()
    for case in CASES:
        submit(case, folder, {})
        results.write_fault(out / case.name, "it was ended before it was done.")
    submissions = open_all(folder, hidden)
    before = contents(home)
    gradings: dict[str, Grading] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch, "CASE_SECONDS", 2.5)
        patch.setattr(sandbox, "TASK_SECONDS", 8.0)
        private = [folder, out, ROOT / "solutions"]
        with Grader(hidden, jobs=2, private=private) as grader:
            sandboxes = [sandbox.folder for sandbox in grader.sandboxes]
            grader.grade_all(submissions, lambda g: gradings.update({g.submission.name: g}))
            again = [s for s in submissions if s.name in REPEATED]
            second: dict[str, Grading] = {}
            grader.grade_all(again, lambda g: second.update({g.submission.name: g}))
    gradings |= {f"{name} again": grading for name, grading in second.items()}
    yield Batch(gradings, home, before, sandboxes)


def test_every_case_is_found_and_graded(batch: Batch) -> None:
    assert {name for name in batch.gradings if not name.endswith(" again")} == {
        case.name for case in CASES
    }


def test_results_can_be_written_and_read(batch: Batch, tmp_path: Path) -> None:
    for name, grading in batch.gradings.items():
        results.write(tmp_path / name, results.gradescope(grading), results.feedback(grading))
        text = (tmp_path / name / "results.json").read_text(encoding="utf-8")
        assert json.loads(text)["score"] == grading.score


def test_the_parent_stays_small_and_leaves_nothing(batch: Batch) -> None:
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1.5e6  # KiB
    assert batch.sandboxes and not any(folder.exists() for folder in batch.sandboxes)


def test_nothing_outside_is_changed(batch: Batch) -> None:
    assert contents(batch.folder) == batch.before, "a file outside of the sandbox was changed"


@pytest.mark.parametrize("name", REPEATED)
def test_verdicts_repeat(name: str, batch: Batch) -> None:
    first, second = batch.gradings[name], batch.gradings[f"{name} again"]
    assert first.tasks == second.tasks


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path, batch: Batch) -> None:
    found = problems(case, batch.gradings[case.name])
    assert not found, "\n".join(found)


@pytest.mark.parametrize("dtype", [">f4", "longdouble", ">u2", "bool", "float16"])
def test_an_array_of_any_number_is_sent(dtype: str) -> None:
    value = probing.describe(np.ones((2, 3), dtype))
    assert value.array is not None
    ((_, arrays),) = wire.Reader().feed(wire.pack({}, {"image": value.array}))
    assert (arrays["image"] == np.ones((2, 3))).all() and arrays["image"].dtype == value.dtype


def test_stubs_and_what_cannot_be_spoiled_take_few_children(
    hidden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []
    run = sandbox.Sandbox._run

    def counted(self: sandbox.Sandbox, *arguments: Any) -> Any:
        runs.append(1)
        return run(self, *arguments)

    monkeypatch.setattr(sandbox.Sandbox, "_run", counted)
    (stub,) = open_all(ROOT / "student_src", hidden)
    code = stub.files["q1_vae.py"].decode().replace("NotImplementedError", "ValueError", 1)
    wrong = dataclasses.replace(stub, files=stub.files | {"q1_vae.py": code.encode()})
    with Grader(hidden, ["vae"]) as grader:
        # A wrong task ends its child; one more explains it.
        for submission, children in ((stub, 1), (wrong, 3)):
            runs.clear()
            statuses = [task.status for task in grader.grade(submission).tasks]
            assert len(runs) == children
            assert set(statuses[1:]) == {NOT_IMPLEMENTED}
    assert statuses[0] == ERROR
