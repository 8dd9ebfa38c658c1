"""What several test files need: hidden fixtures of a term of their own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of hidden fixtures made from the source, with a secret that no release has."""
    from judging import hidden_fixtures

    return hidden_fixtures(tmp_path_factory.getbasetemp() / "build")
