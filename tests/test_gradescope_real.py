"""The Gradescope zips with the real judge: `otter run`, Gradescope and our own command agree."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("otter", reason="otter-grader is not installed")

from autograder import gradescope  # noqa: E402
from autograder.grade import grade_to_results  # noqa: E402
from cases import ROOT, submit  # noqa: E402
from test_gradescope import otter_run  # noqa: E402

# Otter's own use of pandas; not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")
COMPARED = ("number", "name", "score", "max_score", "status", "output", "output_format")


@pytest.mark.parametrize(
    "assignment, case",
    [("vae", "broken_exception"), ("ddpm", "wrong_ddpm_steps"), ("cfg", "wrong_cfg_moments")],
)
def test_all_ways_agree(assignment: str, case: str, hidden: Path, tmp_path: Path) -> None:
    built = tmp_path / f"{assignment}.zip"
    gradescope.build_zip(assignment, hidden, built, root=ROOT)
    submit(ROOT / "tests" / "submissions" / case, tmp_path, {})
    direct = grade_to_results(tmp_path / case, assignment, hidden)
    assert 0 < direct["score"] < sum(test["max_score"] for test in direct["tests"])
    by_otter = otter_run(built, zipped(tmp_path / case), tmp_path / "otter")
    by_gradescope = gradescope.run_as_gradescope(built, tmp_path / case, tmp_path / "ag")
    for results in (by_otter, by_gradescope):
        assert results["score"] == direct["score"]
        for ours, theirs in zip(direct["tests"], results["tests"], strict=True):
            assert {key: ours[key] for key in COMPARED} == {key: theirs[key] for key in COMPARED}


def zipped(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder), "zip", folder))
