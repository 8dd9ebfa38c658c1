"""What probes note beside the values: how the network was called, and on which device."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from autograder import counterparts
from cases import reference_file
from homework import compare, probing
from homework.calls import WRONG_CALLS, wrong_call
from homework.fixtures import Assignment, Case, public_folder
from homework.outcome import Outcome
from homework.student import Student


def run(folder: Path, assignment: str, task_id: str, edits: dict[str, str]) -> list[Outcome]:
    """The outcomes of a task's public cases, with edits of the reference."""
    known = Assignment(public_folder(), assignment)
    task = next(task for task in known.tasks if task.id == task_id)
    for file in known.files:
        text = reference_file(file).read_text(encoding="utf-8")
        for old, new in edits.items() if file == task.file else ():
            assert old in text
            text = text.replace(old, new)
        (folder / file).write_text(text, encoding="utf-8")
    student = Student(folder, known.stems)
    return [probing.run(student, c.probe, known.arrays(task, c).inputs) for c in task.cases]


def noted(outcome: Outcome) -> set[str]:
    """The keys of `WRONG_CALLS` that an outcome tells of."""
    if outcome.mishap is not None:
        return {wrong_call(outcome.mishap.message)}
    flags = outcome.values["note_calls"].array
    assert flags is not None and len(flags) == len(WRONG_CALLS)
    return {key for key, flag in zip(WRONG_CALLS, flags) if flag}


CALL = "self.eps_model(z, labels)"
TIMED = "self.eps_model(xt, t)"


@pytest.mark.parametrize(
    ("task", "edits", "wrong"),
    [
        ("q3.loss", {}, set()),
        ("q3.loss", {CALL: "z"}, {"never"}),
        ("q3.loss", {CALL: "self.eps_model(z, t)"}, {"time", "label-range"}),
        ("q3.loss", {CALL: "self.eps_model(z, t, labels)"}, {"time"}),
        ("q3.loss", {CALL: "self.eps_model(z, self.get_lambda(t))"}, {"time"}),
        ("q3.loss", {CALL: "self.eps_model(z, labels, t=t)"}, {"time"}),
        ("q3.loss", {CALL: "self.eps_model(z, class_labels=labels)"}, {"keyword"}),
        ("q3.loss", {CALL: "self.eps_model(z, torch.full((len(z),), 10))"}, {"label-range"}),
        ("q3.loss", {CALL: "self.eps_model(z)"}, {"no-labels"}),
        ("q3.loss", {CALL: "self.eps_model(self.eps_model(z, labels), labels)"}, {"own-result"}),
        ("q2.p_xt_prev_xt", {TIMED: "self.eps_model(xt)"}, {"no-time"}),
        ("q2.p_xt_prev_xt", {TIMED: "self.eps_model(xt, timesteps=t)"}, {"keyword"}),
        ("q2.p_xt_prev_xt", {"eps = self": "eps = xt  # self"}, {"never"}),
    ],
)
def test_wrong_calls_are_noted(
    tmp_path: Path, task: str, edits: dict[str, str], wrong: set[str]
) -> None:
    outcomes = run(tmp_path, "cfg" if task.startswith("q3") else "ddpm", task, edits)
    found = [noted(o) for o in outcomes if o.mishap or "note_calls" in o.values]
    assert found and set.union(*found) <= wrong
    assert not wrong or any(found)


ON_CPU = {"n_steps, device=device)": "n_steps)"}
MODULE = ON_CPU | {
    "class DenoiseDiffusion:": "class DenoiseDiffusion(nn.Module):",
    "self.eps_model = eps": "super().__init__(); self.eps_model = eps",
    "cumprod(self.alpha, dim=0)": "cumprod(self.alpha, dim=0); a = self.alpha_bar; "
    "del self.alpha_bar; self.register_buffer('alpha_bar', a); self.to(device)",
}
TABLE = "table = torch.linspace(20.0, -20.0, self.n_steps); return table[t].reshape(-1, 1, 1, 1)"


@pytest.mark.parametrize(
    ("task", "edits", "remarked"),
    [
        ("q2.q_xt_x0", {}, False),
        ("q2.q_xt_x0", ON_CPU, True),
        ("q2.q_xt_x0", {"n_steps, device=device)": "n_steps).to(device)"}, False),
        ("q2.q_xt_x0", MODULE, False),
        ("q2.p_xt_prev_xt", ON_CPU, True),
        ("q2.p_xt_prev_xt", {"(xt - ": "(xt * float(t.max() >= 0) - "}, False),  # cannot be told
        ("q3.get_lambda", {}, False),
        ("q3.get_lambda", {"u = t / self.n_steps": TABLE}, True),
    ],
)
def test_a_schedule_left_on_the_cpu_is_remarked_upon(
    tmp_path: Path, task: str, edits: dict[str, str], remarked: bool
) -> None:
    name = "cfg" if task.startswith("q3") else "ddpm"
    outcomes = run(tmp_path, name, task, edits)
    assignment = Assignment(public_folder(), name)
    known = next(t for t in assignment.tasks if t.id == task)
    for case, outcome in zip(known.cases, outcomes, strict=True):
        verdict = compare.judge(known, case, assignment.arrays(known, case), [outcome])
        assert ("on a GPU this would fail" in verdict.remark) == remarked
        assert "(no points lost)" in verdict.remark or not remarked


def inputs(n_steps: int, *shape: int) -> dict[str, np.ndarray]:
    return {"n_steps": np.array(n_steps), "t": np.zeros(shape[0]), "x0": np.zeros(shape)}


@pytest.mark.parametrize(
    ("public", "said"),
    [
        (inputs(13, 4, 2, 3, 3), []),
        (inputs(13, 5, 2, 3, 3), ["has the sizes of its public counterpart"]),
        (inputs(13, 4, 2, 3), ["has no public counterpart of its kind"]),
        (inputs(12, 4, 2, 3, 3), ["12 steps: cases of all of public, q2.q_xt_x0"]),
    ],
)
def test_hidden_cases_have_public_counterparts(
    public: dict[str, np.ndarray], said: list[str]
) -> None:
    hidden = Case("mixed", "mixed times", "q2.q_xt_x0", 1.0, False, 0.0, 0.0)
    copy = replace(hidden, name="public-mixed", public=True)
    arrays = {"mixed": inputs(12, 5, 2, 3, 3), "public-mixed": public}
    assignment: Any = SimpleNamespace(
        name="ddpm",
        tasks=[SimpleNamespace(id="q2.q_xt_x0", cases=[copy, hidden])],
        arrays=lambda task, case, drawn: SimpleNamespace(inputs=arrays[case.name]),
    )
    found = list(counterparts.problems(assignment))
    assert len(found) == len(said) and all(map(str.__contains__, found, said))
