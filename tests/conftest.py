"""What several test files need: hidden fixtures of a term of their own; and their order."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

# Files that take minutes: whoever comes to one of them last keeps all other processes waiting.
FIRST = (
    "release", "crashes", "hostile", "ray_engine", "feedback", "habits", "judge", "gradescope",
    "notebooks", "gradescope_real", "grade_command", "graders_benchmark",
)  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="leave out whatever is slow to prepare")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    rank = {f"test_{name}": number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(FIRST)))
    if config.getoption("--fast"):
        items[:] = [item for item in items if item.path.stem not in rank and not _is_slow(item)]


def _is_slow(item: pytest.Item) -> bool:
    return bool(item.get_closest_marker("slow")) or "hidden" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def hidden(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder of hidden fixtures made from the source, with a secret that no release has.

    All processes of a run of tests share it: it takes half a minute to make.
    """
    from judging import hidden_fixtures

    base = tmp_path_factory.getbasetemp()
    build = (base if worker_id == "master" else base.parent) / "build"
    build.mkdir(exist_ok=True)
    with open(build / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = build / "made"
        if not made.exists():
            hidden_fixtures(build)
            made.touch()
    return build / "hidden"
