"""The Gradescope zip, really built by ``otter generate`` and really run, in both ways.

Most tests use a stand-in for the judge, so that they are about the zip and not about the judge:
it gives each task its points when the student's file is there, and lists what it was shown.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("otter", reason="otter-grader is not installed")

from autograder import gradescope, gradescope_run  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
# Otter's own use of pandas; not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")
MOCK_CATALOGUE: dict[str, Any] = {
    "assignment": "vae",
    "title": "VAE",
    "files": ["q1_vae.py", "q1_train_vae.py"],
    "notebook": "01_vae.ipynb",
    "points": 68,
    "tasks": [
        {"id": "q1.log_mean_exp", "title": "Log-mean-exp", "points": 8, "file": "q1_vae.py"},
        {"id": "q1.loss_function", "title": "Loss", "points": 6, "file": "q1_train_vae.py"},
    ],
    "written": [],
}
MOCK_JUDGE = """
import json, os, sys, time
from pathlib import Path

def grade_to_results(submission, assignment, fixtures_dir):
    mode = os.environ.get("MOCK_JUDGE", "")
    if mode == "crash":
        os._exit(7)
    if mode == "raise":
        raise RuntimeError("boom")
    if mode == "hang":
        time.sleep(60)
    assert (fixtures_dir / "vae.npz").read_bytes() == b"secret"
    catalogue = json.loads((Path(__file__).parents[1] / "catalogue.json").read_text())
    found = sorted(str(p.relative_to(submission)) for p in submission.rglob("*"))
    names = {Path(f).name for f in found}
    tests = []
    for task in catalogue["tasks"]:
        good = task["file"] in names
        tests.append({
            "number": task["id"], "name": task["title"], "max_score": float(task["points"]),
            "score": float(task["points"]) * 0.5 if good else 0.0,
            "status": "passed" if good else "failed",
            "output": "**well done** <b>" if good else "The file is missing.",
            "output_format": "md", "visibility": "visible", "tags": [],
            "extra_data": {"found": found},
        })
    total = float("nan") if mode == "nan" else sum(t["score"] for t in tests)
    return {"score": total, "output": "From the judge.", "output_format": "md",
            "visibility": "visible", "stdout_visibility": "hidden", "execution_time": 0.5,
            "tests": tests}
"""


# ---------------------------------------------------------------- the zip and its two ways to run


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kit's folder with the real Gradescope code and a stand-in for the judge."""
    root = tmp_path_factory.mktemp("kit")
    package = root / "autograder"
    package.mkdir()
    for name in ("gradescope.py", "gradescope_run.py", "otter_plugin.py"):
        shutil.copy(ROOT / "autograder" / name, package)
    (package / "__init__.py").write_text("")
    (package / "grade.py").write_text(MOCK_JUDGE)
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "grade.cpython-311.pyc").write_bytes(b"solution")
    (root / "student_src" / "homework").mkdir(parents=True)
    (root / "student_src" / "homework" / "__init__.py").write_text("")
    (root / "requirements.txt").write_text("torch==2.11.0\n")
    (root / "test_resources").mkdir()
    (root / "test_resources" / "vae.json").write_text(json.dumps(MOCK_CATALOGUE))
    (root / "test_resources" / "cfg.json").write_text("{}")
    (root / "hidden").mkdir()
    (root / "hidden" / "vae.npz").write_bytes(b"secret")
    (root / "hidden" / "cfg.npz").write_bytes(b"secret of another assignment")
    (root / "hidden" / "seed.txt").write_text("the term's secret")
    return root


@pytest.fixture(scope="session")
def autograder_zip(kit: Path) -> Path:
    out = kit / "out" / "vae.zip"
    gradescope.build_zip("vae", kit / "hidden", out, root=kit, kit=kit)
    return out


def otter_run(zip_path: Path, submission: Path, out: Path) -> dict[str, Any]:
    """What ``otter run`` does, in this process: otter takes seconds to import. The result."""
    from otter.run import main

    out.mkdir()
    main(str(submission), autograder=str(zip_path), output_dir=str(out), no_logo=True)
    return json.loads((out / "results.json").read_text())


def otter_run_command(zip_path: Path, submission: Path, out: Path) -> dict[str, Any]:
    """``otter run``, as an instructor calls it."""
    out.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "otter", "run", "-a", str(zip_path), str(submission)]
    done = subprocess.run(
        [*command, "-o", str(out)], cwd=out, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "q1.log_mean_exp" in done.stdout
    return json.loads((out / "results.json").read_text())


def make_zip(path: Path, files: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def notebook(source: str, **metadata: Any) -> str:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    return json.dumps({"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def scores(results: dict[str, Any]) -> dict[str, float]:
    return {test["number"]: test["score"] for test in results["tests"]}


FULL = {"q1.log_mean_exp": 4.0, "q1.loss_function": 3.0}
STUDENT = {"q1_vae.py": "", "q1_train_vae.py": "", "01_vae.ipynb": notebook("1 + 1")}


# ---------------------------------------------------------------------------------- building


def test_two_builds_are_the_same_bytes(kit: Path, autograder_zip: Path, tmp_path: Path) -> None:
    second = tmp_path / "again.zip"
    gradescope.build_zip("vae", kit / "hidden", second, root=kit, kit=kit)
    assert second.read_bytes() == autograder_zip.read_bytes()


def test_zip_holds_what_it_should(autograder_zip: Path) -> None:
    with zipfile.ZipFile(autograder_zip) as archive:
        rights = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
        content = {name: archive.read(name) for name in rights}
    assert list(rights) == sorted(rights)
    top = {name for name in rights if "/" not in name}
    assert top == {"run_autograder", "setup.sh", "run_otter.py", "otter_config.json"}
    assert {n for n in rights if n.startswith("files/")} == {"files/01_vae.ipynb"}
    assert {n for n in rights if n.startswith("kit/fixtures/")} == {"kit/fixtures/vae.npz"}
    assert rights["kit/fixtures/vae.npz"] & 0o077 == 0
    assert rights["run_autograder"] & 0o111 and rights["setup.sh"] & 0o111
    assert not [name for name in rights if name.endswith(".pyc") or "cfg" in name]
    everything = b"".join(content.values())
    assert b"another assignment" not in everything and b"term's secret" not in everything
    assert b"\r\n" not in content["run_autograder"]


@pytest.mark.parametrize("missing", ["catalogue", "fixtures"])
def test_missing_parts_say_what_to_do(kit: Path, tmp_path: Path, missing: str) -> None:
    assignment = "ddpm" if missing == "catalogue" else "vae"
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FileNotFoundError, match="autograder release"):
        gradescope.build_zip(assignment, empty, tmp_path / "x.zip", root=kit, kit=kit)
    assert not (tmp_path / "x.zip").exists()


def test_committed_files_name_no_download_address() -> None:
    files = [ROOT / "environment.yml", *(ROOT / "autograder" / "gradescope_files").iterdir()]
    for path in files:
        assert not re.search(r"https?://|\.org\b|\.com\b|\.io\b", path.read_text()), path


@pytest.mark.parametrize("script", ["setup.sh", "run_autograder"])
def test_shell_scripts_parse(script: str) -> None:
    path = ROOT / "autograder" / "gradescope_files" / script
    subprocess.run(["bash", "-n", str(path)], check=True)


# ------------------------------------------------------------------------------ running


def test_both_ways_give_the_judges_results(autograder_zip: Path, tmp_path: Path) -> None:
    submission = make_zip(tmp_path / "ada lovelace.zip", STUDENT)
    by_otter = otter_run_command(autograder_zip, submission, tmp_path / "out")
    by_gradescope = gradescope.run_as_gradescope(autograder_zip, submission, tmp_path / "ag")
    assert scores(by_otter) == scores(by_gradescope) == FULL
    assert by_otter["score"] == by_gradescope["score"] == 7.0
    assert "fault" not in by_gradescope["output"]
    for mine, theirs in zip(by_otter["tests"], by_gradescope["tests"], strict=True):
        assert {**mine, "extra_data": 0} == {**theirs, "extra_data": 0}
        assert mine["output"] == "**well done** <b>" and mine["output_format"] == "md"
        assert mine["visibility"] == "visible" and mine["status"] == "passed"
    found = by_gradescope["tests"][0]["extra_data"]["found"]
    assert sorted(found) == sorted(STUDENT)  # untouched, and nothing of otter's beside it
    assert set(by_otter["tests"][0]["extra_data"]["found"]) <= set(found)


class _Canary:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


def hostile_files(canary: Path) -> dict[str, str | bytes]:
    """Every file by which otter could be made to run or believe the student's."""
    code = f"import os\nos.makedirs({str(canary)!r}, exist_ok=True)\n"
    test = "OK_FORMAT = False\nname = 'judge'\npoints = 100\n" + code
    top = {"score": 1000, "tests": [{"name": "all", "score": 1000, "max_score": 1000}]}
    shadows = ["otter", "ipykernel_launcher", "traitlets", "nbformat", "json", "logging", "pickle"]
    shadows += ["sitecustomize", "usercustomize", "torch", "autograder", "homework", "__init__"]
    return {
        **{f"{name}.py": code for name in shadows},
        "otter/__init__.py": code,
        "ipykernel/__init__.py": code,
        "kit/autograder/grade.py": code,
        "autograder/__init__.py": code,
        "autograder/otter_plugin.py": code,
        "tests/judge.py": test,
        "tests/extra.py": test,
        ".OTTER_LOG": pickle.dumps(_Canary(canary)),
        "results.pkl": pickle.dumps(_Canary(canary)),
        "results.json": json.dumps(top),
        "results/results.json": json.dumps(top),
        "../results/results.json": json.dumps(top),
        "../source/otter_config.json": json.dumps({"plugins": []}),
        "../../../escaped": "x",
        "otter_config.json": json.dumps({"plugins": ["evil.Plugin"], "pdf": True}),
        "submission_metadata.json": "[]",
        "run_autograder": f"#!/bin/sh\nmkdir {canary}\n",
        "grader_fault.json": "{",
        ".ipython/profile_default/startup/00.py": code,
        "ipython_config.py": code,
        "jupyter_config.py": code,
        "01_vae.ipynb": notebook(
            code,
            otter={"assignment_name": "x", "tests": {"judge": {}}, "OK_FORMAT": True},
            kernelspec={"name": "evil", "display_name": "evil", "language": "sh"},
        ),
        "q1_vae.py": code,
    }


@pytest.mark.parametrize("way", ["otter run", "gradescope"])
def test_nothing_of_the_students_is_run_or_believed(
    autograder_zip: Path, tmp_path: Path, way: str
) -> None:
    canary = tmp_path / "canary"
    submission = make_zip(tmp_path / "evil.zip", hostile_files(canary))
    if way == "otter run":
        results = otter_run(autograder_zip, submission, tmp_path / "out")
    else:
        results = gradescope.run_as_gradescope(autograder_zip, submission, tmp_path / "ag")
    assert not canary.exists()
    assert "fault" not in results["output"]
    assert scores(results) == {"q1.log_mean_exp": 4.0, "q1.loss_function": 0.0}
    found = results["tests"][0]["extra_data"]["found"]
    assert {"q1_vae.py", ".OTTER_LOG", "ipykernel_launcher.py"} <= set(found)


# What otter alone would refuse, or trip over, and no student should lose points for.
ODD = {
    "no notebook": {"q1_vae.py": "", "q1_train_vae.py": ""},
    "nested": {f"my work/{name}": text for name, text in STUDENT.items()},
    "broken notebook": {**STUDENT, "01_vae.ipynb": "{ not json"},
}
# What `otter run` refuses before any plugin is asked; Gradescope's way has no trouble with it.
REFUSED = {
    "several notebooks": {**STUDENT, "Copy of 01_vae.ipynb": notebook("2"), "x.ipynb": "["},
    "a folder called notebook": {"q1_vae.py": "", "q1_train_vae.py": "", "01_vae.ipynb/x": ""},
    "a file called tests": {**STUDENT, "tests": ""},
    "a folder called __init__.py": {**STUDENT, "__init__.py/x": ""},
}


@pytest.mark.parametrize("case", [*ODD])
def test_otter_run_copes_with(autograder_zip: Path, tmp_path: Path, case: str) -> None:
    submission = make_zip(tmp_path / "odd.zip", ODD[case])
    assert scores(otter_run(autograder_zip, submission, tmp_path / "out")) == FULL


def test_gradescope_copes_with_all_at_once(autograder_zip: Path, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {}
    for number, case in enumerate([*ODD.values(), *REFUSED.values()]):
        files.update({f"{number}/{name}": text for name, text in case.items()})
    files.update(REFUSED["several notebooks"])
    files["tests"] = ""
    files["__init__.py/x"] = ""
    submission = make_zip(tmp_path / "odd.zip", files)
    results = gradescope.run_as_gradescope(autograder_zip, submission, tmp_path / "ag")
    assert scores(results) == FULL and results["output"] == "From the judge."


def test_otter_run_refuses_two_notebooks_in_words(autograder_zip: Path, tmp_path: Path) -> None:
    submission = make_zip(tmp_path / "odd.zip", REFUSED["several notebooks"])
    with pytest.raises(RuntimeError, match="More than one .ipynb file found in submission"):
        otter_run(autograder_zip, submission, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


# ------------------------------------------------------------------------------ faults


@pytest.mark.parametrize("mode", ["crash", "raise", "nan", "hang"])
def test_a_broken_judge_is_a_fault_of_the_grader(
    autograder_zip: Path, tmp_path: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOCK_JUDGE", mode)
    monkeypatch.setenv("AUTOGRADER_JUDGE_SECONDS", "2")
    submission = make_zip(tmp_path / "s.zip", STUDENT)
    results = gradescope.run_as_gradescope(autograder_zip, submission, tmp_path / "ag")
    assert_fault(results)
    assert len(list((tmp_path / "ag" / "results").iterdir())) == 1  # no half-written file beside


def test_otter_run_reports_a_broken_judge(
    autograder_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOCK_JUDGE", "crash")
    submission = make_zip(tmp_path / "s.zip", STUDENT)
    assert_fault(otter_run(autograder_zip, submission, tmp_path / "out"))


def test_a_missing_python_is_a_fault_of_the_grader(
    autograder_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGRADER_PYTHON", str(tmp_path / "no" / "python"))
    submission = make_zip(tmp_path / "s.zip", STUDENT)
    assert_fault(gradescope.run_as_gradescope(autograder_zip, submission, tmp_path / "ag"))


def test_a_broken_otter_costs_nobody_points(
    autograder_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGRADER_OTTER_SECONDS", "0.1")
    submission = make_zip(tmp_path / "s.zip", STUDENT)
    results = gradescope.run_as_gradescope(autograder_zip, submission, tmp_path / "ag")
    assert scores(results) == FULL
    assert "fault of the grader" in results["output"] and "From the judge." in results["output"]


def assert_fault(results: dict[str, Any]) -> None:
    assert "fault of the grader, not yours" in results["output"]
    assert scores(results) == {"q1.log_mean_exp": 0.0, "q1.loss_function": 0.0}
    assert sum(test["max_score"] for test in results["tests"]) == 14.0
    assert all(test["status"] == "failed" for test in results["tests"])


@pytest.mark.parametrize(
    "change",
    [
        {"score": 1e9},
        {"tests": None},
        {"tests": [{"name": "x"}]},
        {
            "score": 9,
            "tests": [
                dict.fromkeys(("number", "name", "output", "status"), "x")
                | {"score": 9, "max_score": 3}
            ],
        },
    ],
)
def test_results_are_checked_before_they_are_believed(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"score": 0, "tests": [], **change}))
    with pytest.raises(gradescope_run.GraderFault):
        gradescope_run.load_results(path)


# ------------------------------------------------------------------------------ environment


def _pins(lines: list[str]) -> dict[str, str]:
    pins = {}
    for line in lines:
        match = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?={1,2}([^\s;#]+).*", line.strip())
        if match:
            pins[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2]
    return pins


def test_conda_environment_is_the_same_set_as_requirements() -> None:
    yaml = pytest.importorskip("yaml")
    requirements = ROOT / "requirements.txt"
    if not requirements.is_file():
        pytest.skip("no requirements.txt yet")
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = [d for d in environment["dependencies"] if isinstance(d, str)]
    pip = [p for d in environment["dependencies"] if isinstance(d, dict) for p in d["pip"]]
    # conda-forge calls the CPU build of torch pytorch-cpu.
    named = {"pytorch-cpu": "torch", "matplotlib-base": "matplotlib"}
    ours = {named.get(name, name): v for name, v in {**_pins(conda), **_pins(pip)}.items()}
    python = ours.pop("python")
    assert python in {"3.11", "3.12", "3.13"}
    assert ours == _pins(requirements.read_text().splitlines())


# ------------------------------------------------------------------------------ memory


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux")
def test_memory_of_a_whole_process_tree_is_counted() -> None:
    hold = "import time; held = bytearray(60_000_000); time.sleep(1)"
    both = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {hold!r}]); {hold}"
    command = [sys.executable, str(ROOT / "benchmarks" / "memory.py"), "--json", "--"]
    done = subprocess.run(
        [*command, sys.executable, "-c", both], capture_output=True, text=True, check=True
    )
    (peak,) = json.loads(done.stdout).values()
    assert 120e6 < peak["pss"] < 200e6 and peak["processes"] >= 2
