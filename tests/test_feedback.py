"""Right rewrites keep their points, and wrong edits are told nothing false: a part of the bench."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import feedback


@pytest.fixture(scope="module")
def terms(hidden: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [hidden, feedback.fixtures(tmp_path_factory.mktemp("other"), feedback.SEEDS[1])]


@pytest.mark.slow
def test_right_rewrites_get_full_marks(terms: list[Path]) -> None:
    found = feedback.examine_right(100, 1, terms, jobs=1)
    assert len(found) == 100
    lost = [f"{v.task} {v.made}\n{v.body}\n{said.text}" for v, said in found if said.kind]
    assert not lost, "\n\n".join(lost)


@pytest.mark.slow
def test_wrong_edits_lose_points_and_are_told_nothing_false(terms: list[Path]) -> None:
    found = feedback.examine_wrong(120, 1, terms, jobs=1)
    wrong = [finding for finding in found if finding.said is not None]
    assert len(wrong) >= 90
    assert [feedback.told(f) for f in wrong if f.slipped] == []
    assert [feedback.told(f) for f in wrong if f.false][1:] == []  # one in a hundred at most
