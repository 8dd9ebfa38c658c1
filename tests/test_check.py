"""`check` as students meet it: in Python, from a shell, under pytest and in a real notebook."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import student_kit
from homework.check import Report, check, examine, main
from homework.report import as_html, as_text
from homework.verdict import ERROR, FAILED, GRADER_FAULT, NOT_IMPLEMENTED, NOT_RUN, PASSED

ALL = ("vae", "ddpm", "cfg")
BROADCAST = "return (y - y.amax(1, keepdim=True)).exp().mean(1).log() + y.amax(1, keepdim=True)"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return student_kit.build(tmp_path_factory.mktemp("built") / "a kit")


@pytest.fixture
def kit(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kit of one's own, which `check` in this process looks at too."""
    folder = tmp_path / "my kit"
    shutil.copytree(built, folder)
    look_at(folder, monkeypatch)
    return folder


def look_at(kit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEWORK_FOLDER", str(kit / "student_src"))
    monkeypatch.setenv("HOMEWORK_RESOURCES", str(kit / "test_resources"))


def write(kit: Path, body: str, top: str = "") -> None:
    """`q1_vae.py` with this body of `log_mean_exp`, the rest being the reference."""
    student_kit.solve(kit, "q1_vae.py")
    path = kit / "student_src" / "q1_vae.py"
    text = path.read_text(encoding="utf-8")
    begin = text.index("### BEGIN SOLUTION", text.index("def log_mean_exp"))
    end = text.index("### END SOLUTION", begin)
    path.write_text(
        text[:begin] + body.replace("\n", "\n    ") + "\n    " + text[end:] + "\n" + top,
        encoding="utf-8",
    )


def statuses(report: Report) -> dict[str, str]:
    return {result.task: result.status for result in report.results}


# ------------------------------------------------------------------------------- what it finds


def test_stubs_and_the_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = student_kit.build(tmp_path / "kit", ALL)
    look_at(kit, monkeypatch)
    report = examine()
    assert len(report.results) == 24
    assert set(statuses(report).values()) == {NOT_IMPLEMENTED} and not report.passed
    for result in report.results:
        assert f"TODO ({result.task})" in result.worst.help and result.worst.line
    for path in student_kit.SOLUTIONS.glob("q*.py"):
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
        ("class E(Exception):\n  def __str__(s): 1/0\nraise E\n", ERROR, "an E at line"),
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
    assert report.results[0].status == GRADER_FAULT and "get it anew" in as_text(report)
    (resources / "vae.json").write_text('{"format": 1, "title": "x"}', encoding="utf-8")
    assert "damaged" in examine("q1").problem
    for path in resources.iterdir():
        path.unlink()
    assert "there are no fixtures in" in examine().problem


# ------------------------------------------------------------------------- what it leaves alone

NOISE = """
import logging, os, sys, warnings
print("said once"); sys.stderr.write("<b>shouted</b>\\n"); warnings.warn("careful")
os.write(1, b"below"); os.write(2, b"below"); os.system("echo child; echo child >&2")
logging.warning("logged"); sys.__stderr__.write("deep\\n"); sys.__stdout__.write("deep\\n")
from tqdm.auto import tqdm
for _ in tqdm(range(3)): pass
print("x" * 100000)
"""


def test_nothing_of_the_students_gets_out(kit: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(kit, "return y", NOISE)
    capfd.readouterr()
    report = check("q1.log_mean_exp")
    out, err = capfd.readouterr()
    assert err == ""
    assert out.strip() == as_text(report).strip() and len(out) < 3000
    assert "said once" in out and "<b>shouted</b>" in out and "and more" in out
    assert "below" not in out and "deep" not in out and "child" not in out
    assert "<b>shouted" not in as_html(report)
    check("q1")
    out, err = capfd.readouterr()
    assert err == "" and "said once" not in out


MEDDLING = """
import os, random, sys, warnings
import numpy as np
torch.manual_seed(1); np.random.seed(1); random.seed(1)
torch.set_default_dtype(torch.float64); torch.set_grad_enabled(False); np.seterr(all="raise")
torch.set_default_device("meta")
warnings.simplefilter("error"); os.chdir("/"); sys.path.clear(); sys.argv[:] = ["x"]
"""


def test_global_state_is_put_back(kit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import types

    mine = types.ModuleType("q1_vae")
    monkeypatch.setitem(sys.modules, "q1_vae", mine)
    monkeypatch.chdir(kit)
    write(kit, "return torch.logsumexp(y, 1) - math.log(y.shape[1])", MEDDLING)

    def state() -> list[Any]:
        return [
            torch.get_rng_state().tolist(),
            str(np.random.get_state()),
            random.getstate(),
            torch.get_default_dtype(),
            torch.get_default_device(),
            torch.is_grad_enabled(),
            np.geterr(),
            list(warnings.filters),
            os.getcwd(),
            list(sys.path),
            list(sys.argv),
        ]

    before = state()
    examine("q1.log_mean_exp")
    assert state() == before
    assert sys.modules["q1_vae"] is mine


def test_settings_of_the_notebook_do_not_matter(kit: Path) -> None:
    student_kit.solve(kit, "q1_vae.py")
    student_kit.solve(kit, "q1_train_vae.py")
    torch.set_default_dtype(torch.float64)
    try:
        with torch.inference_mode(), np.errstate(all="raise"), warnings.catch_warnings():
            warnings.simplefilter("error")
            report = examine("q1")
    finally:
        torch.set_default_dtype(torch.float32)
    assert report.passed, as_text(report)


def test_an_interruption_is_told(kit: Path) -> None:
    student_kit.solve(kit, "q1_train_vae.py")
    write(kit, "raise KeyboardInterrupt")
    report = examine("q1")
    found = statuses(report)
    assert found["q1.log_likelihood_normal"] == PASSED
    assert found["q1.log_mean_exp"] == found["q1.loss_function"] == NOT_RUN
    assert "Interrupted during q1.log_mean_exp" in as_text(report)


def test_a_check_inside_a_checked_file(kit: Path) -> None:
    write(kit, "return y", "from homework.check import check\nREPORT = check()\nprint(REPORT)\n")
    assert "a check is running already" in examine("q1.log_mean_exp").printed


def test_a_fault_of_ours_is_a_sentence(kit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from homework import compare, fixtures

    def boom(*args: Any) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(compare, "judge", boom)
    assert statuses(examine("q1.log_mean_exp")) == {"q1.log_mean_exp": GRADER_FAULT}
    monkeypatch.setattr(fixtures, "public_folder", boom)
    assert "not the fault of your code" in check("q1").problem


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


def test_json_is_all_there_is(kit: Path) -> None:
    write(kit, BROADCAST, NOISE + "import atexit, time; atexit.register(time.sleep, 100)\n")
    answer = student_kit.check_json(kit, "q1")
    assert answer["status"] == 1 and not answer["passed"]
    assert [task["status"] for task in answer["tasks"]].count(FAILED) == 1


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


# --------------------------------------------------------------------------------- the notebook

FIRST = """
import sys
sys.path.insert(0, {code!r})
import q1_vae, torch
from homework.check import check
import matplotlib.pyplot as plt
torch.manual_seed(0)
check("q1.log_mean_exp")
"""
THEN = """
path = {code!r} + "/q1_vae.py"
text = open(path).read().replace("def log_mean_exp(y: torch.Tensor) -> torch.Tensor:",
    "def log_mean_exp(y):\\n"
    "    import matplotlib.pyplot as plt, sys, tqdm.auto; plt.plot([1, 2]); plt.show()\\n"
    "    plt.figure(); print('inside', file=sys.stderr); list(tqdm.auto.tqdm(range(2)))\\n"
    "    return torch.logsumexp(y, 1) - math.log(y.shape[1])")
with open(path, "w") as file:
    file.write(text)
report = check("q1.log_mean_exp")
report
"""
AFTER = "print(torch.rand(1).item(), plt.get_fignums(), report.passed, 'def' in q1_vae.__doc__)"


def test_a_real_notebook_from_another_folder(kit: Path, tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    from nbformat import v4

    code = str(kit / "student_src")
    graded = 'check("q1").require()'
    cells = [FIRST.format(code=code), THEN.format(code=code), AFTER, "report", graded]
    notebook = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    client = nbclient.NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=100,
        allow_errors=True,
        resources={"metadata": {"path": str(elsewhere)}},
    )
    client.execute()
    first, then, after, again, failing = (cell.outputs for cell in notebook.cells)
    assert [o.output_type for o in first] == ["display_data"], first
    assert "not implemented" in first[0].data["text/html"]
    assert "q1.log_mean_exp" in first[0].data["text/plain"]
    assert [o.output_type for o in then] == ["display_data"], then
    assert "passed" in then[0].data["text/html"] and "inside" in then[0].data["text/html"]
    torch.manual_seed(0)
    assert after[0].text.split()[0] == str(torch.rand(1).item())
    assert after[0].text.split()[1:3] == ["[]", "True"]
    assert "passed" in again[0].data["text/html"]
    assert [o.output_type for o in failing] == ["display_data", "error"]
    assert failing[1].ename == "AssertionError" and "q1.loss_function" in failing[1].evalue
    outputs = [o for cell in notebook.cells for o in cell.outputs]
    assert not [o for o in outputs if o.get("name") == "stderr"]


def test_in_notebook_shows_once(kit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Report] = []
    from homework import report as module

    fake: Callable[[Report], None] = shown.append
    monkeypatch.setattr(module, "show", fake)
    monkeypatch.setattr(module, "execution_count", lambda: 4)
    item = Report(_shown_in=4)
    item._ipython_display_()
    assert shown == []
    item._shown_in = 3
    item._ipython_display_()
    assert shown == [item]
