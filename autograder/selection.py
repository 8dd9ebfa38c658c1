"""What to grade: assignments and tasks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from autograder.judge import surroundings
from homework.fixtures import Assignment, FixtureError, assignments, select


def load_assignments(fixtures: Path, only: Sequence[str] | None = None) -> list[Assignment]:
    """The assignments of a release, or those with the chosen tasks.

    Raises:
        FixtureError: there are none, or they are of another version; says what to do.
        UnknownTask: `only` names something that there is not; lists what there is.
    """
    if not any(fixtures.glob("*.json")):
        raise FixtureError(
            f"there are no fixtures in {fixtures}; make them with `autograder release`"
        )
    return list(assignments(fixtures)) if only is None else _chosen(fixtures, only)


def _chosen(fixtures: Path, only: Sequence[str]) -> list[Assignment]:
    """Assignments, each with the chosen tasks alone."""
    ids = {task.id for name in only for _, tasks in select(fixtures, name) for task in tasks}
    found = []
    for assignment in assignments(fixtures):
        assignment.tasks = tuple(task for task in assignment.tasks if task.id in ids)
        if assignment.tasks:
            found.append(assignment)
    return found


def release_digest(fixtures: Path, chosen: Sequence[Assignment]) -> str:
    """Names a release, the tasks chosen and the code that grades: equal ones grade alike.

    It changes whenever a case, weight or point does, and with every new version of the kit.
    """
    digest = hashlib.sha256(f"{seed_hash(fixtures, chosen)} {code_digest()}".encode())
    for assignment in chosen:
        digest.update(" ".join(task.id for task in assignment.tasks).encode())
    return digest.hexdigest()[:16]


def files_of(fixtures: Path, name: str) -> list[Path]:
    """The hidden fixtures of one assignment."""
    return sorted(fixtures.glob(f"{name}.*"))


def seed_hash(fixtures: Path, chosen: Sequence[Assignment]) -> str:
    """A hash of the hidden fixtures, which the term's secret decides; it tells nothing of either.

    Raises:
        FixtureError: they cannot be read.
    """
    digest = hashlib.sha256()
    for assignment in chosen:
        for path in files_of(fixtures, assignment.name):
            try:
                digest.update(path.read_bytes())
            except OSError as error:
                raise FixtureError(f"{path} cannot be read ({error}); download it again") from None
    return digest.hexdigest()


@cache
def code_digest() -> str:
    """A hash of the kit's code. Rather one that changes too often than one that misses a change."""
    return digest_of(surroundings.packages())


def digest_of(packages: Iterable[Path]) -> str:
    """A hash of all Python files in some folders."""
    digest = hashlib.sha256()
    for package in packages:
        for path in sorted(package.rglob("*.py")):
            content = path.read_bytes()
            name = path.relative_to(package.parent)
            digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def expected_files(chosen: Iterable[Assignment]) -> list[str]:
    return [file for assignment in chosen for file in assignment.files]
