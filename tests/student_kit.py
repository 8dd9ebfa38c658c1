"""Builds a folder as a student gets it: stubs, provided code, public fixtures, notebooks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from autograder import build_fixtures, course, source
from autograder.rubric import Rubric
from cases import SOLUTIONS, reference_file

ROOT = Path(__file__).resolve().parents[1]


def build(folder: Path, assignments: Sequence[str] = ("vae",)) -> Path:
    """A fresh kit in `folder`, with the stubs in place."""
    code, resources = folder / "student_src", folder / "test_resources"
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "student_src" / "homework", code / "homework", ignore=skipped)
    shutil.copy(ROOT / "student_src" / "test_public.py", code)
    shutil.copy(ROOT / "collect_submission.sh", folder)
    resources.mkdir()
    (folder / "assignments").mkdir()
    for name in assignments:
        _add(folder, course.load(SOLUTIONS, name))
    return folder


def _add(folder: Path, item: Rubric) -> None:
    resources = folder / "test_resources"
    catalogue = build_fixtures.catalogue(item, public=True)
    (resources / f"{item.assignment}.json").write_text(json.dumps(catalogue), encoding="utf-8")
    shutil.copy(ROOT / "test_resources" / f"{item.assignment}.npz", resources)
    for file, text in catalogue["provided"].items():
        (folder / "student_src" / file).parent.mkdir(exist_ok=True)
        (folder / "student_src" / file).write_text(text, encoding="utf-8")
    for file in item.files:
        tasks = {task.name: task for task in item.tasks if task.file == file}
        text = source.stub(source.read(reference_file(file)), file, tasks)
        (folder / "student_src" / file).write_text(text, encoding="utf-8")
    write_notebook(folder / "assignments" / item.notebook, ["1 + 1"])


def write_notebook(path: Path, cells: Sequence[str], agreement: str = "") -> None:
    """A notebook of code cells; `agreement` is the source of a tagged cell."""
    from nbformat import v4, write

    nodes = [v4.new_code_cell(cell) for cell in cells]
    if agreement:
        words = "I confirm this by filling in my name."
        nodes.append(v4.new_markdown_cell(words, metadata={"tags": ["agreement"]}))
        nodes.append(v4.new_code_cell(agreement, metadata={"tags": ["agreement"]}))
    write(v4.new_notebook(cells=nodes), path)


def solve(kit: Path, file: str) -> None:
    """Put the reference in the place of a stub."""
    shutil.copy(reference_file(file), kit / "student_src" / file)


def write_task(kit: Path, body: str, top: str = "") -> None:
    """`q1_vae.py` with this body of `log_mean_exp`, the rest being the reference."""
    solve(kit, "q1_vae.py")
    path = kit / "student_src" / "q1_vae.py"
    text = path.read_text(encoding="utf-8")
    begin = text.index("### BEGIN SOLUTION", text.index("def log_mean_exp"))
    end = text.index("### END SOLUTION", begin)
    path.write_text(
        text[:begin] + body.replace("\n", "\n    ") + "\n    " + text[end:] + "\n" + top,
        encoding="utf-8",
    )


def look_at(kit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEWORK_FOLDER", str(kit / "student_src"))
    monkeypatch.setenv("HOMEWORK_RESOURCES", str(kit / "test_resources"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def run(
    arguments: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A command, with this Python first on the path and nothing of the kit's own environment."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "HOMEWORK"))}
    clean["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}"
    return subprocess.run(
        arguments,
        cwd=cwd,
        env=clean | {"OMP_NUM_THREADS": "1"} | dict(environment or {}),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=120,
    )


def check(kit: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m homework.check ...` from the kit's parent folder."""
    command = [sys.executable, "-m", "homework.check", *arguments]
    return run(command, kit.parent, {"PYTHONPATH": str(kit / "student_src"), **environment})


def check_json(kit: Path, *arguments: str, **environment: str) -> dict[str, Any]:
    """The object that `--json` prints, which must be all there is."""
    done = check(kit, *arguments, "--json", **environment)
    assert done.stderr == ""
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer | {"status": done.returncode}
