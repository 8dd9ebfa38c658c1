"""What several test files need: hidden fixtures of a term of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of hidden fixtures made from the source, with a secret that no release has."""
    from autograder import rubric
    from autograder.release import Places, write_hidden

    class Elsewhere(Places):
        @property
        def build(self) -> Path:
            return tmp_path_factory.getbasetemp() / "build"

    places = Elsewhere(ROOT)
    write_hidden(places, rubric.load_all(places.solutions), secret=0x5EC2E7)
    return places.hidden
