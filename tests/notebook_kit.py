"""What the tests of the notebooks share: a student's folder, and kernels that run a notebook."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from nbclient import NotebookClient
from nbgrader.validator import Validator

from autograder import course, notebooks, source
from autograder.rubric import Rubric
from cases import SOLUTIONS, reference_file

ROOT = Path(__file__).resolve().parents[1]
RUBRICS = course.load_all(SOLUTIONS)
SECONDS = 240  # for one cell, on a busy machine


def each() -> Any:
    return pytest.mark.parametrize("item", RUBRICS, ids=lambda item: item.assignment)


def master_of(item: Rubric) -> Path:
    return item.folder / "notebook.py"


def setup_source(item: Rubric) -> str:
    cells = notebooks.master_notebook(item).cells
    return str(next(cell.source for cell in cells if cell.id == "setup"))


def lay_out(folder: Path, item: Rubric, answers: str) -> Path:
    """A student's folder with the "reference" or with "stubs"; returns its notebook's path."""
    sources = folder / "student_src"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "student_src" / "homework", sources / "homework", ignore=ignore)
    shutil.copytree(ROOT / "test_resources", folder / "test_resources")
    for file in item.files:
        text = source.read(reference_file(file))
        if answers == "stubs":
            tasks = {task.name: task for task in item.tasks if task.file == file}
            text = source.stub(text, file, tasks)
        (sources / file).write_text(text, encoding="utf-8")
    (folder / "assignments").mkdir()
    path = folder / "assignments" / item.notebook
    path.write_text(notebooks.build(item), encoding="utf-8")
    return path


def environment(**more: str) -> dict[str, str]:
    """Of a kernel: as a student's, in the profile that takes seconds."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HOMEWORK", "PYTHONPATH"))}
    return {**kept, "HOMEWORK_PROFILE": "smoke", "OMP_NUM_THREADS": "1", **more}


def execute(notebook: Any, folder: Path) -> Any:
    client = NotebookClient(
        notebook, timeout=SECONDS, allow_errors=True, resources={"metadata": {"path": str(folder)}}
    )
    return client.execute(env=environment())


@dataclass
class Validated:
    """A master that `nbgrader validate` has executed: what it complains of, and the outputs."""

    complaints: dict[str, Any]
    notebook: Any
    folder: Path


class _Keeping(Validator):
    """nbgrader's validator; it keeps the notebook that it executes, so that we need not again."""

    def _preprocess(self, nb: Any) -> Any:
        self.config.Execute.timeout = SECONDS
        self.executed = super()._preprocess(nb)
        return self.executed


def validate(folder: Path, item: Rubric) -> Validated:
    """Run nbgrader's validation on the master, with the reference solution beside it."""
    path = lay_out(folder, item, "reference")
    path.write_text(notebooks.as_text(notebooks.master_notebook(item)), encoding="utf-8")
    validator = _Keeping()
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(environment()):
            patch.delenv(name)
        for name, value in environment().items():
            patch.setenv(name, value)
        complaints = validator.validate(str(path))
    return Validated(complaints, validator.executed, folder)


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def errors(notebook: Any) -> list[str]:
    return [
        f"{cell.id}: {output.ename}: {output.evalue}"
        for cell in code_cells(notebook)
        for output in cell.outputs
        if output.output_type == "error"
    ]


def printed(cell: Any) -> str:
    """What a cell printed or displayed, as text."""
    # What is printed comes in pieces, cut wherever the kernel happened to send it.
    streams = "".join(output.get("text", "") for output in cell.outputs)
    shown = [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "\n".join([streams, *shown])


def pictures(notebook: Any) -> dict[str, int]:
    """How many pictures each cell shows, of those that show any."""
    counts = {
        cell.id: sum("image/png" in output.get("data", {}) for output in cell.outputs)
        for cell in code_cells(notebook)
    }
    return {name: count for name, count in counts.items() if count}
