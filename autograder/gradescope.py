"""Build the zip that an instructor uploads to Gradescope, with ``otter generate``.

Otter writes the zip (its configuration, a test folder, our files); `normalise` then gives it fixed
dates and an order, moves our code and the hidden fixtures out of ``files/`` (otter copies that
folder among the student's files), and puts our own ``setup.sh`` and ``run_autograder`` in place of
otter's. What happens when the zip is run is told in `autograder.gradescope_run`.

    run_autograder setup.sh run_otter.py    what Gradescope calls
    otter_config.json tests/ files/         otter's; an empty notebook and a test that never passes
    kit/autograder kit/student_src          the judge and the provided code
    kit/catalogue.json kit/test_resources   the assignment's tasks; its public fixtures
    kit/fixtures                            its hidden fixtures
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from autograder.gradescope_run import fault_results
from autograder.kit_files import KIT

TEMPLATES = Path(__file__).resolve().parent / "gradescope_files"
PLUGIN = "autograder.otter_plugin.SandboxedJudge"
# The oldest date a zip can hold; the content alone decides the bytes.
DATE = (1980, 1, 1, 0, 0, 0)
EXECUTABLE = {"run_autograder", "setup.sh"}
EMPTY_NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
# Otter wants at least one test file. Should the plugin ever be skipped, nobody gets points.
OTTER_TEST = '''"""Stands in for the judge; worth nothing and never passes."""

from otter.test_files import test_case

OK_FORMAT = False
name = "judge"
points = 0


@test_case(points=0, hidden=False)
def judge_has_run():
    assert False, "The judge did not run: a fault of the grader, not yours."
'''


def build_zip(
    assignment: str, fixtures_dir: Path, out_zip: Path, *, root: Path = KIT, kit: Path = KIT
) -> None:
    """Write the Gradescope zip of `assignment` to `out_zip`.

    `fixtures_dir` holds the hidden fixtures; entries whose name starts with the assignment's name
    go in. `root` is the folder of the course, `kit` that of the kit. The same inputs give the same
    bytes. Raises FileNotFoundError when the catalogue or the fixtures are missing. Changes the
    process's current folder for a moment (otter needs it), so call it from one thread.
    """
    with tempfile.TemporaryDirectory(prefix="gradescope-") as folder:
        stage = Path(folder).resolve()
        catalogue = _stage_kit(stage / "kit", root, kit, assignment, Path(fixtures_dir))
        (stage / "tests").mkdir()
        (stage / "tests" / "judge.py").write_text(OTTER_TEST, encoding="utf-8")
        # Named as the student's notebook: when `otter run` lays our files over the submission,
        # this one replaces theirs, so that otter finds one notebook and it is empty.
        notebook = str(catalogue["notebook"])
        (stage / notebook).write_text(json.dumps(EMPTY_NOTEBOOK) + "\n", encoding="utf-8")
        config = {"plugins": [PLUGIN], "logo": False, "print_summary": True, "pdf": False}
        (stage / "otter_config.json").write_text(json.dumps(config), encoding="utf-8")
        raw = stage / "otter.zip"
        _otter_generate(stage, raw, ["kit", notebook])
        out_zip.parent.mkdir(parents=True, exist_ok=True)
        partial = out_zip.with_name(f".{out_zip.name}.partial")
        normalise(raw, partial)
        os.replace(partial, out_zip)


def _stage_kit(
    staged: Path, root: Path, kit: Path, assignment: str, fixtures: Path
) -> dict[str, Any]:
    """Lay out the ``kit/`` folder of the zip from an allow-list; returns the catalogue."""
    source = root / "test_resources" / f"{assignment}.json"
    if not source.is_file():
        raise FileNotFoundError(f"No catalogue {source}: run `autograder release` first.")
    catalogue = json.loads(source.read_text(encoding="utf-8"))
    _copy_tree(kit / "autograder", staged / "autograder")
    _copy_tree(root / "student_src" / "homework", staged / "student_src" / "homework")
    shutil.copy(kit / "requirements.txt", staged)
    shutil.copy(source, staged / "catalogue.json")
    fault = json.dumps(fault_results(catalogue), indent=1)
    (staged / "grader_fault.json").write_text(fault, encoding="utf-8")
    if not _copy_named(root / "test_resources", staged / "test_resources", assignment):
        raise FileNotFoundError(f"No public fixtures of {assignment}: run `autograder release`.")
    if not _copy_named(fixtures, staged / "fixtures", assignment):
        raise FileNotFoundError(
            f"No hidden fixtures of {assignment} in {fixtures}: run `autograder release`."
        )
    return catalogue


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".*"))


def _copy_named(source: Path, target: Path, assignment: str) -> int:
    """Copy the entries of `source` that carry the assignment's name; returns how many."""
    if not source.is_dir():
        return 0
    entries = [entry for entry in source.iterdir() if entry.name.split(".")[0] == assignment]
    target.mkdir(parents=True)
    for entry in entries:
        if entry.is_dir():
            _copy_tree(entry, target / entry.name)
        else:
            shutil.copy(entry, target)
    return len(entries)


def _otter_generate(stage: Path, out: Path, files: list[str]) -> None:
    """Run ``otter generate`` in `stage` (it takes only files below the current folder)."""
    # Imported late: otter takes seconds to import, and only a release needs it here.
    from otter.generate import main as otter_generate

    with contextlib.chdir(stage):
        otter_generate(
            tests_dir="tests",
            output_path=str(out),
            config="otter_config.json",
            no_requirements=True,
            no_environment=True,
            files=files,
        )


def normalise(raw: Path, out: Path) -> None:
    """Turn otter's zip into ours: our scripts, our layout, fixed dates, rights and order.

    Stored, not compressed: the bytes then do not depend on the version of zlib either.
    """
    with zipfile.ZipFile(raw) as archive:
        entries = {
            _place(name): archive.read(name) for name in archive.namelist() if _is_kept(name)
        }
    for template in sorted(TEMPLATES.iterdir()):
        if template.is_file():
            # A checkout may have CRLF line ends, which no shell on Gradescope can run.
            entries[template.name] = template.read_bytes().replace(b"\r\n", b"\n")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, DATE)
            info.create_system = 3  # Unix, whatever machine builds it
            info.external_attr = _rights(name) << 16
            archive.writestr(info, entries[name])


def _place(name: str) -> str:
    return name.removeprefix("files/") if name.startswith("files/kit/") else name


def _is_kept(name: str) -> bool:
    # Otter's conda environment is not used: setup.sh installs our pinned requirements.
    return not name.endswith("/") and name != "environment.yml"


def _rights(name: str) -> int:
    if name in EXECUTABLE:
        return 0o100755
    return 0o100600 if name.startswith("kit/fixtures/") else 0o100644


def run_as_gradescope(zip_path: Path, submission: Path, root: Path) -> dict[str, Any]:
    """Do in `root` what Gradescope does in ``/autograder``; returns ``results.json``.

    `submission` is a folder or a zip. The current Python stands in for the one setup.sh installs.
    """
    for name in ("source", "submission", "results"):
        (root / name).mkdir(parents=True)
    with zipfile.ZipFile(zip_path) as archive:
        archive.extractall(root / "source")
    if submission.is_dir():
        shutil.copytree(submission, root / "submission", symlinks=True, dirs_exist_ok=True)
    else:
        with zipfile.ZipFile(submission) as archive:
            archive.extractall(root / "submission")
    (root / "submission_metadata.json").write_text("{}", encoding="utf-8")
    shutil.copy(root / "source" / "run_autograder", root)
    environment = {
        **os.environ,
        "AUTOGRADER_ROOT": str(root),
        "AUTOGRADER_PYTHON": os.environ.get("AUTOGRADER_PYTHON", sys.executable),
    }
    subprocess.run(
        ["bash", str(root / "run_autograder")],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return json.loads((root / "results" / "results.json").read_text(encoding="utf-8"))
