"""Builds a release from the source, and says which committed generated files are stale.

Committed, for students: stubs, notebooks, the catalogue and the public fixtures. Built on demand,
below `build/`: the hidden fixtures, the students' zips and the Gradescope zips. Everything that
goes out is taken from an allow-list and has fixed dates, so that equal input gives equal bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import sys
import textwrap
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from autograder import (
    authoring,
    build_fixtures,
    course,
    gradescope,
    kit_files,
    notebooks,
    pool,
    source,
)
from autograder.rubric import Rubric
from autograder.selection import digest_of
from autograder.spread import spread
from homework.allowed import LISTED
from homework.fixtures import joined_up

HEADER = (
    '# Generated from {path} by "autograder release". Fill in the TODOs here;\n'
    "# change anything else there.\n"
    + textwrap.fill(
        f"What is graded may import {LISTED}.", 98, initial_indent="# ", subsequent_indent="# "
    )
    + "\n"
)
# Fixtures made by another processor or torch version may differ in the last bits.
ROUNDING = {"rtol": 1e-4, "atol": 1e-5}


class ReleaseError(Exception):
    """The release cannot be made; the message says what to do."""


@dataclass(frozen=True)
class Places:
    """Where things are in a checkout."""

    root: Path

    @property
    def solutions(self) -> Path:
        return self.root / "solutions"

    @property
    def build(self) -> Path:
        return self.root / "build"

    @property
    def homework(self) -> Path:
        return self.root / "student_src" / "homework"

    @property
    def public(self) -> Path:
        return self.build / "public"

    @property
    def hidden(self) -> Path:
        return self.build / "hidden"

    @property
    def seed(self) -> Path:
        return self.build / "secret_seed"

    @property
    def page(self) -> Path:
        """What instructors read of a release."""
        return self.build / "release.html"

    def student_zip(self, assignment: str) -> Path:
        return self.build / "students" / f"{assignment}.zip"

    def gradescope_zip(self, assignment: str) -> Path:
        return self.build / "gradescope" / f"{assignment}.zip"

    @property
    def nbgrader_config(self) -> Path:
        return self.build / "nbgrader_config.py"


def secret_seed(places: Places, given: str | None) -> int:
    """The term's secret as a number: from `given`, else the stored one, else a new one.

    It is stored, readable for the owner alone, so that the next release draws the same cases.
    """
    places.build.mkdir(exist_ok=True)
    if given is None and places.seed.is_file():
        given = places.seed.read_text(encoding="utf-8").strip()
    given = given or secrets.token_hex(16)
    descriptor = os.open(places.seed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(given + "\n")
    return int.from_bytes(hashlib.sha256(given.encode()).digest()[:12], "little")


def generated(places: Places, rubrics: list[Rubric]) -> Iterator[tuple[str, bytes]]:
    """Every committed generated file: its path below the root, and its content."""
    for item in rubrics:
        for file in item.files:
            yield f"student_src/{file}", _stub(item, file).encode()
        for file in item.provided:
            yield f"student_src/{file}", build_fixtures.provided(item, file).encode()
        yield from kit_files.resources(places.root, item.resources).items()
        yield f"assignments/{item.notebook}", notebooks.build(item).encode()
        catalogue = build_fixtures.catalogue(item, public=True)
        yield f"test_resources/{item.assignment}.json", build_fixtures.text_of(catalogue).encode()
        yield f"test_resources/{item.assignment}.npz", _public_fixtures(places, item)


def _public_fixtures(places: Places, item: Rubric) -> bytes:
    """The public fixtures, which take longest of all: made once as long as no code changes."""
    kept = places.public / f"{item.assignment}-{_digest_of_code(places)}.npz"
    if not kept.is_file():
        content = build_fixtures.npz_bytes(build_fixtures.arrays(item, None))
        places.public.mkdir(parents=True, exist_ok=True)
        for old in places.public.glob(f"{item.assignment}-*"):
            old.unlink(missing_ok=True)
        partial = kept.with_suffix(f".{os.getpid()}")
        partial.write_bytes(content)
        os.replace(partial, kept)
    return kept.read_bytes()


def _digest_of_code(places: Places) -> str:
    """Of everything that decides fixtures: the kit's code, Python, torch and numpy."""
    code = digest_of((places.solutions, Path(__file__).parent, places.homework))
    versions = f"{sys.version} {version('torch')} {np.__version__}"
    return hashlib.sha256(f"{versions} {code}".encode()).hexdigest()[:16]


def _stub(item: Rubric, file: str) -> str:
    path = item.folder / file
    name = item.shown(path)
    tasks = {task.name: task for task in item.tasks if task.file == file}
    return HEADER.format(path=name) + source.stub(source.read(path), name, tasks)


def sound_rubrics(places: Places) -> list[Rubric]:
    """All assignments of the course, after a search for their author's mistakes.

    Raises:
        ReleaseError: what was found, a line each; nothing has been written.
        DescriptionError, RubricError: as `course.load_all`.
    """
    rubrics = course.load_all(places.solutions)
    found = authoring.problems(rubrics)
    if found:
        raise ReleaseError("\n".join(found))
    return rubrics


def write_generated(places: Places, rubrics: list[Rubric]) -> list[Path]:
    """Write what is committed, and return the files that changed."""
    changed = []
    for name, content in generated(places, rubrics):
        path = places.root / name
        if not _same(path, content):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            changed.append(path)
    return changed


def stale(places: Places, rubrics: list[Rubric]) -> list[str]:
    """Committed generated files that differ from what the source gives."""
    made = generated(places, rubrics)
    found = [name for name, content in made if not _same(places.root / name, content)]
    return [*kit_files.stale(places.root), *found]


def _same(path: Path, content: bytes) -> bool:
    if not path.is_file():
        return False
    found = path.read_bytes()
    if path.suffix == ".npz" and found != content:
        return _same_arrays(found, content)
    return found == content or found.replace(b"\r\n", b"\n") == content


def _same_arrays(found: bytes, wanted: bytes) -> bool:
    try:
        a, b = np.load(io.BytesIO(found)), np.load(io.BytesIO(wanted))
        return set(a.files) == set(b.files) and all(
            a[key].dtype == b[key].dtype
            and a[key].shape == b[key].shape
            and np.allclose(a[key], b[key], equal_nan=True, **ROUNDING)
            for key in a.files
        )
    except (OSError, ValueError, zipfile.BadZipFile):
        return False


def write_hidden(places: Places, rubrics: list[Rubric], secret: int, sets: int = pool.SETS) -> None:
    """Write the sets of hidden cases, with copies of the public ones, for the owner alone."""
    places.hidden.mkdir(parents=True, exist_ok=True)
    os.chmod(places.hidden, 0o700)
    for item in rubrics:
        for path in places.hidden.glob(f"{item.assignment}.*"):
            path.unlink()
    names = [item.assignment for item in rubrics]
    drawn = [(places.solutions, name, secret, one) for name in names for one in range(sets)]
    choice = {"sets": sets, "key": pool.key(secret)}
    contents = spread(_hidden_set, drawn)
    for item in rubrics:
        catalogue = build_fixtures.catalogue(item, public=False) | choice
        public = places.root / "test_resources" / f"{item.assignment}.npz"
        files = {"json": build_fixtures.text_of(catalogue).encode(), "npz": public.read_bytes()}
        files |= {f"{one}.npz": next(contents) for one in range(sets)}
        for ending, content in files.items():
            path = places.hidden / f"{item.assignment}.{ending}"
            path.write_bytes(content)
            os.chmod(path, 0o600)


def _hidden_set(solutions: Path, assignment: str, secret: int, drawn: int) -> bytes:
    """One set of the hidden cases of an assignment, as an `.npz` file."""
    item = course.load(solutions, assignment)
    arrays = build_fixtures.arrays(item, pool.secret_of(secret, drawn))
    return build_fixtures.npz_bytes(joined_up(arrays))


def student_files(places: Places, item: Rubric) -> list[Path]:
    """What the students of one assignment get: the allow-list."""
    root = places.root
    files = [root / name for name in kit_files.BESIDE]
    files += [root / "student_src" / file for file in (*item.files, *item.provided)]
    files += kit_files.core_files(places.root)
    files += [root / "assignments" / item.notebook]
    files += [root / "test_resources" / f"{item.assignment}.{end}" for end in ("json", "npz")]
    for pattern in item.resources:
        matching = sorted((root / "test_resources").glob(pattern))
        if not matching:
            raise ReleaseError(
                f"{item.folder}/assignment.toml: resources names {pattern}, but nothing in "
                "test_resources/ is called so"
            )
        files += matching
    missing = [path for path in files if not path.is_file()]
    if missing:
        raise ReleaseError(f"{missing[0]} is not there; run `autograder release` in a checkout")
    return files


def write_student_zip(places: Places, item: Rubric) -> None:
    """Write the students' zip of one assignment."""
    target = places.student_zip(item.assignment)
    target.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(student_files(places, item)):
            name = path.relative_to(places.root).as_posix()
            info = zipfile.ZipInfo(f"{item.assignment}/{name}", (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o755 if path.suffix == ".sh" else 0o644) << 16
            archive.writestr(info, path.read_bytes())
    target.write_bytes(buffer.getvalue())


def write_nbgrader_config(places: Places, rubrics: list[Rubric]) -> None:
    """Write what a course of nbgrader needs, so that it keeps the files that students hand in.

    When nbgrader grades, it lays the released files over the submitted ones: the stubs of the
    student zip would take the place of the solutions.
    """
    kept = {item.assignment: [f"student_src/{file}" for file in item.files] for item in rubrics}
    places.nbgrader_config.write_text(
        "# Generated by `autograder release`: copy it, or load it, into your course of nbgrader.\n"
        "c = get_config()  # noqa: F821\n"
        f"c.Autograde.exclude_overwriting = {json.dumps(kept, indent=4)}\n",
        encoding="utf-8",
    )


def build(
    places: Places, seed: str | None, say: Callable[[str], None], sets: int = pool.SETS
) -> None:
    """Make the whole release.

    Args:
        seed: the term's secret; None keeps the stored one or draws a new one.
        say: is told each step.
        sets: how many sets of hidden cases to draw.
    """
    rubrics = sound_rubrics(places)
    changed = write_generated(places, rubrics)
    say(f"stubs, notebooks and public fixtures: {len(changed)} changed")
    write_hidden(places, rubrics, secret_seed(places, seed), sets)
    say(f"hidden fixtures in {places.hidden}")
    write_nbgrader_config(places, rubrics)
    for item in rubrics:
        write_student_zip(places, item)
        gradescope.build_zip(
            item.assignment,
            places.hidden,
            places.gradescope_zip(item.assignment),
            root=places.root,
        )
        say(
            f"{item.assignment}: {places.student_zip(item.assignment)} "
            f"and {places.gradescope_zip(item.assignment)}"
        )


def require_built(places: Places) -> None:
    """`ReleaseError` unless everything below `build/` is there."""
    for item in course.load_all(places.solutions):
        for path in (
            places.student_zip(item.assignment),
            places.gradescope_zip(item.assignment),
            places.hidden / f"{item.assignment}.npz",
        ):
            if not path.is_file():
                raise ReleaseError(f"{path} is not there; run `autograder release` first")
