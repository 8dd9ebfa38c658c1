"""`check` as students meet it: in Python, from a shell, under pytest and in a real notebook."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import student_kit
from homework.check import Report, check, examine, main
from homework.report import as_html, as_text
from homework.verdict import ERROR, FAILED, GRADER_FAULT, NOT_IMPLEMENTED, PASSED

ALL = ("vae", "ddpm", "cfg")
BROADCAST = "return (y - y.amax(1, keepdim=True)).exp().mean(1).log() + y.amax(1, keepdim=True)"

write = student_kit.write_task


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return student_kit.build(tmp_path_factory.mktemp("built") / "a kit")


@pytest.fixture
def kit(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kit of one's own, which `check` in this process looks at too."""
    folder = tmp_path / "my kit"
    shutil.copytree(built, folder)
    student_kit.look_at(folder, monkeypatch)
    return folder


def statuses(report: Report) -> dict[str, str]:
    return {result.task: result.status for result in report.results}


# ------------------------------------------------------------------------------- what it finds


def test_stubs_and_the_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = student_kit.build(tmp_path / "kit", ALL)
    student_kit.look_at(kit, monkeypatch)
    report = examine()
    assert len(report.results) == 24
    assert set(statuses(report).values()) == {NOT_IMPLEMENTED} and not report.passed
    for result in report.results:
        assert f"TODO ({result.task})" in result.worst.help and result.worst.line
    for path in student_kit.SOLUTIONS.glob("*/q*.py"):
        student_kit.solve(kit, path.name)
    report = examine()
    assert report.passed, as_text(report)
    assert statuses(examine("ddpm")) == statuses(examine("q2")) != {}


def test_an_edit_counts_at_once(kit: Path) -> None:
    assert not examine("q1.log_mean_exp").passed
    write(kit, "return torch.logsumexp(y, 1) - math.log(y.shape[1])")
    assert examine("q1.log_mean_exp").passed
    write(kit, "return torch.logsumexp(y, 1)")
    assert examine("q1.log_mean_exp").results[0].status == FAILED


def test_a_mistake_is_named_with_values(kit: Path) -> None:
    write(kit, BROADCAST)
    result = examine("q1.log_mean_exp").results[0]
    assert result.status == FAILED and "broadcasts to (batch, batch)" in result.worst.rationale
    text = as_text(examine("q1.log_mean_exp"), 200)
    assert "Hint: " in text and "Got: [" in text and "Expected: [" in text


@pytest.mark.parametrize(
    ("top", "status", "said"),
    [
        ("def broken(:\n", ERROR, "SyntaxError"),
        ("import sys; sys.exit(3)\n", ERROR, "SystemExit"),
        ("raise GeneratorExit('no')\n", ERROR, "GeneratorExit"),
        ("import no_such_module\n", ERROR, "ModuleNotFoundError"),
        ("del log_mean_exp\n", ERROR, "no function or class named log_mean_exp"),
        ("class E(Exception):\n  def __str__(s): 1/0\nraise E\n", ERROR, "raised an E"),
    ],
)
def test_broken_files_get_a_sentence(kit: Path, top: str, status: str, said: str) -> None:
    write(kit, "return y", top)
    student_kit.solve(kit, "q1_train_vae.py")
    report = examine("q1")
    result = next(r for r in report.results if r.task == "q1.log_mean_exp")
    assert result.status == status and said in result.worst.rationale
    loss = next(r for r in report.results if r.task == "q1.loss_function")
    if "__str__" not in top:
        assert loss.status == PASSED  # the other file keeps its own


def test_a_missing_file_gets_a_sentence(kit: Path) -> None:
    (kit / "student_src" / "q1_vae.py").unlink()
    assert examine("q1.log_mean_exp").results[0].worst.rationale == "there is no file q1_vae.py"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (5, "named by a string"),
        ("q9", "there is no task 'q9'; there are: q1."),
        ("log_mean_exp", "did you mean q1.log_mean_exp?"),
        ("q1.log_maen_exp", "did you mean q1.log_mean_exp?"),
    ],
)
def test_bad_names_get_a_sentence(kit: Path, wanted: Any, said: str) -> None:
    report = examine(wanted)
    assert said in report.problem and not report.passed and report.results == []


def test_a_task_is_not_held_up_by_another(kit: Path) -> None:
    student_kit.solve(kit, "q1_train_vae.py")
    write(kit, "return y", "def kl_gaussian_gaussian_analytic(*a): open('called', 'w')\n")
    assert examine("q1.loss_function").passed
    assert not Path("called").exists()


def test_missing_and_damaged_fixtures(kit: Path) -> None:
    resources = kit / "test_resources"
    (resources / "vae.npz").write_bytes(b"no zip")
    report = examine("q1.log_mean_exp")
    assert report.results[0].status == GRADER_FAULT
    assert "download it again" in " ".join(as_text(report).split())
    (resources / "vae.json").write_text('{"format": 1, "title": "x"}', encoding="utf-8")
    assert "damaged" in examine("q1").problem
    for path in resources.iterdir():
        path.unlink()
    assert "there are no fixtures in" in examine().problem


# ---------------------------------------------------------------------------------- the report


def test_markup_is_escaped(kit: Path) -> None:
    write(kit, 'raise ValueError("<script>alert(1)</script> $x$ \\x1b[31mred \\ud800")')
    report = examine("q1.log_mean_exp")
    html = as_html(report)
    assert "<script>" not in html and "&lt;script&gt;" in html and "$" not in html
    assert "\x1b" not in as_text(report) and "\x1b" not in html
    html.encode("utf-8")


def test_require_is_for_graded_cells(kit: Path) -> None:
    student_kit.solve(kit, "q1_vae.py")
    check("q1.log_mean_exp").require()
    with pytest.raises(AssertionError, match="q1.loss_function: not implemented"):
        check("q1").require()
    with pytest.raises(AssertionError, match="there is no task"):
        check("q7").require()
    assert repr(check("q1")) == "<check: 5 of 6 tasks pass their public cases.>"


# ------------------------------------------------------------------------------------ the shell


def test_exit_codes(kit: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["q1.log_mean_exp"]) == 1
    student_kit.solve(kit, "q1_vae.py")
    assert main(["q1.log_mean_exp"]) == 0
    assert main(["q1.nothing"]) == 2
    out, err = capfd.readouterr()
    assert err == "" and "not implemented" in out and "there is no task 'q1.nothing'" in out


def test_an_odd_terminal(kit: Path) -> None:
    write(kit, 'raise ValueError("caf\\u00e9")')
    done = student_kit.check(kit, "q1.log_mean_exp", PYTHONIOENCODING="ascii", COLUMNS="20")
    assert (done.returncode, done.stderr) == (1, "") and "caf\\xe9" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_a_hanging_check_ends_when_asked(kit: Path) -> None:
    write(kit, "open('here', 'w').close()\nwhile True: pass")
    process = subprocess.Popen(
        [sys.executable, "-m", "homework.check", "q1", "--json"],
        cwd=kit / "student_src",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    for _ in range(600):
        if (kit / "student_src" / "here").exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert err == b"" and process.returncode == 1
    answer = json.loads(out)
    assert "Interrupted during q1.log_mean_exp" in answer["notice"]
    assert answer["tasks"][0]["status"] == PASSED


def test_pytest_runs_the_public_cases(kit: Path) -> None:
    write(kit, BROADCAST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "my kit/student_src"]
    done = student_kit.run([*command, "-k", "log_mean_exp"], kit.parent)
    assert done.returncode == 1 and "1 failed" in done.stdout
    assert "test_public[q1.log_mean_exp]" in done.stdout
    assert "broadcasts to" in done.stdout and "Traceback" not in done.stdout
    assert "examine(" not in done.stdout  # none of our own lines
