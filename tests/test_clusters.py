"""Equal wrong results are one behaviour, which an instructor can explain to all who show it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli import main
from cases import reference_file

TASK = "q1.log_likelihood_normal"
# The same wrong formula in three ways of writing, which round differently; and another one.
SAME = {
    "ann": "return -0.7 * (logvar + (z - mu) ** 2 * torch.exp(-logvar)).sum(dim=1)",
    "bob": "return -(0.7 * logvar + 0.7 * ((z - mu) / torch.exp(logvar / 2)) ** 2).sum(1)",
    "cyd": """a = torch.einsum("bi,bi->b", (mu - z) ** 2, 1 / logvar.exp())
    return -0.7 * a - 0.7 * logvar.double().sum(-1).float()""",
}
OTHER = {"dan": "return (0.3 * logvar - torch.tanh(z * mu)).sum(dim=1)"}
SENTENCE = "You weigh all terms with 0.7; where does that number come from?"


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    head = reference_file("q1_vae.py").read_text(encoding="utf-8")
    for name, body in (SAME | OTHER).items():
        (tmp_path / "in" / name).mkdir(parents=True)
        text = f"{head}\n\ndef log_likelihood_normal(mu, logvar, z):\n    {body}\n"
        (tmp_path / "in" / name / "q1_vae.py").write_text(text, encoding="utf-8")
    return tmp_path / "in"


def _grade(handed_in: Path, hidden: Path) -> str:
    out = str(handed_in.parent / "out")
    command = ["grade", str(handed_in), "--out", out, "--fixtures", str(hidden), "-t", TASK]
    found = CliRunner().invoke(main, [*command, "--unsafe"])
    assert found.exit_code == 0, found.output
    return found.output


@pytest.mark.slow
def test_a_sentence_for_a_cluster_reaches_all_who_behave_so(handed_in: Path, hidden: Path) -> None:
    out = handed_in.parent / "out"
    listed = re.findall(rf"(\d+) x {TASK} (\w+): (.*)", _grade(handed_in, hidden))
    assert [int(count) for count, _, _ in listed] == [3, 1]
    assert "ann" in listed[0][2] and "dan" in listed[1][2]
    before = (out / "dan" / "feedback.md").read_text(encoding="utf-8")
    for name in SAME:
        assert listed[0][1] not in (out / name / "feedback.md").read_text(encoding="utf-8")

    (out / "sentences.toml").write_text(f'{listed[0][1]} = "{SENTENCE}"\n', encoding="utf-8")
    again = _grade(handed_in, hidden)
    assert "4 unchanged" in again  # no student's code is run for it
    assert re.findall(rf"(\d+) x {TASK} (\w+)", again) == [listed[1][:2]]
    for name in SAME:
        assert (out / name / "feedback.md").read_text(encoding="utf-8").count(SENTENCE) == 1
        results = json.loads((out / name / "results.json").read_text(encoding="utf-8"))
        assert SENTENCE in results["tests"][0]["output"]
    assert (out / "dan" / "feedback.md").read_text(encoding="utf-8") == before

    (out / "sentences.toml").write_text("", encoding="utf-8")
    assert "3 x" in _grade(handed_in, hidden)
    assert SENTENCE not in (out / "ann" / "feedback.md").read_text(encoding="utf-8")
