"""What `check` leaves alone: output, global state, interruptions; and a real notebook."""

from __future__ import annotations

import os
import random
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import student_kit
from homework.check import Report, check, examine
from homework.report import as_html, as_text
from homework.verdict import GRADER_FAULT, NOT_RUN, PASSED

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


def test_json_is_all_there_is(kit: Path) -> None:
    write(kit, "return y", NOISE + "import atexit, time; atexit.register(time.sleep, 100)\n")
    answer = student_kit.check_json(kit, "q1")
    assert answer["status"] == 1 and not answer["passed"]
    assert [task["status"] for task in answer["tasks"]].count("failed") == 1


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
