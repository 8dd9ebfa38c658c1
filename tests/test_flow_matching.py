"""The example of a course outside the kit: what its README promises, by the real command line.

Everything is made in a copy of the course's folder: nothing generated is kept in the checkout.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import nbformat
import pytest

from cases import ROOT
from notebook_kit import code_cells, errors, execute, pictures, printed
from test_course import autograder

EXAMPLE = ROOT / "examples" / "flow_matching"
PICTURES = {
    "path": 1,
    "crossing": 1,
    "train": 1,
    "loss-curve": 1,
    "samples-by-epoch": 1,
    "way": 2,
    "methods-images": 2,
    "methods-errors": 1,
}
REFERENCE = (EXAMPLE / "solutions" / "flow" / "q1_flow.py").read_text(encoding="utf-8")
MIDDLE = "        middle = x_t + 0.5 * dt * velocity\n"
# As right as the reference: by the student's own Euler step, with times made in another way.
OTHERWISE = REFERENCE.replace(MIDDLE, "        middle = self.euler_step(x_t, t, dt / 2)\n").replace(
    "torch.full((len(x_t), 1, 1, 1), t, device=x_t.device)", "t + 0 * x_t[:, :1, :1, :1]"
)
WRONG = {  # by submission: an edit, the points that are left, and words of the hint
    "backwards": ("(1.0 - t) * x0 + t * x1", "t * x0 + (1.0 - t) * x1", 15, "runs the other way"),
    "flipped": ("return x1 - x0", "return x0 - x1", 15, "velocity from noise to data"),
    "pixels": ("flatten(start_dim=1).sum(dim=1).mean()", "mean()", 12, "It is a squared norm: sum"),
    "floats": ("times)\n        return", "t)\n        return", 14, "A Python float was handed on"),
    "one": (MIDDLE, "        return x_t + dt * velocity\n", 12, "step of Euler's method"),
}  # fmt: skip


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the course, released."""
    root = tmp_path_factory.mktemp("elsewhere") / "course"
    shutil.copytree(EXAMPLE / "solutions", root / "solutions")
    done = autograder(root, "release", "--sets", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    return root


def test_it_is_sound(course: Path) -> None:
    assert autograder(course, "release", "--check").returncode == 0
    done = autograder(course, "verify")
    assert done.returncode == 0 and "The release is sound" in done.stdout, done.stdout
    assert "flow in all" in done.stdout and " 27 " in done.stdout


def test_right_work_gets_all_points_and_wrong_work_its_hint(course: Path, tmp_path: Path) -> None:
    texts = {"right": REFERENCE, "otherwise": OTHERWISE}
    for name, (old, new, *_) in WRONG.items():
        assert REFERENCE.count(old) == 1, name
        texts[name] = REFERENCE.replace(old, new)
    for name, text in texts.items():
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "q1_flow.py").write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    done = autograder(course, "grade", str(tmp_path / "in"), "--out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    scores = {n: json.loads((out / n / "results.json").read_text())["score"] for n in texts}
    expected = {name: left for name, (*_, left, _) in WRONG.items()}
    assert scores == {"right": 17, "otherwise": 17} | expected
    for name, (*_, words) in WRONG.items():
        assert words in " ".join((out / name / "feedback.md").read_text().split()), name


def test_the_notebook_runs(course: Path, tmp_path: Path) -> None:
    """In the smoke profile, as students get it, with the reference filled in."""
    with zipfile.ZipFile(course / "build" / "students" / "flow.zip") as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "flow"
    (folder / "student_src" / "q1_flow.py").write_text(REFERENCE, encoding="utf-8")
    notebook = nbformat.read(folder / "assignments" / "01_flow.ipynb", 4)
    done = execute(notebook, folder / "assignments")
    assert errors(done) == []
    cells = {cell.id: cell for cell in code_cells(done)}
    assert pictures(done) == PICTURES
    assert "MNIST in place of FashionMNIST" in printed(cells["profile"])
    assert "5 of 5 tasks pass" in printed(cells["check-all"])
