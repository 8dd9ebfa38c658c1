"""Takes in a submission: finds the expected files in it, however it was packed and renamed.

Only expected files are read, into memory, and never run here. What cannot be used costs that file
alone; what holds no expected file at all is an `IntakeError`, one sentence for whoever grades.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autograder.intake import helpers
from autograder.intake.find import find_submissions, siblings
from autograder.intake.names import EXACT, Match, is_archive, listed, match, shown, submission_names
from autograder.intake.text import text_fault
from autograder.intake.unpack import (
    ESCAPE,
    FILE,
    FOLDER,
    LINK,
    MAX_FILE,
    MAX_TOTAL,
    SPECIAL,
    Entry,
    IntakeError,
    Listing,
    Unreadable,
    Unusable,
    contents,
    zip_listing,
)

__all__ = ["IntakeError", "Submission", "find_submissions", "open_submission", "submission_names"]

_MANY = 4  # folders with the same expected file in one submission; more are many students' work
_NOT_A_FILE = {
    FOLDER: "is a folder: hand in the file itself",
    LINK: "is a link: hand in the file that it points to",
    SPECIAL: "is not a regular file: hand in the file itself",
    ESCAPE: "has a path that leads out of the zip: zip it again from its own folder",
}
_IGNORED = {
    LINK: "links are not followed",
    SPECIAL: "no regular file",
    ESCAPE: "the path leads out of the zip",
}
_PROVIDED = re.compile(r"(?:^|/)(?:homework/.*|test_[^/]*|conftest)\.py$")  # not the student's own
_Found = tuple[Entry, Match]


@dataclass(frozen=True)
class Submission:
    """What one student handed in, without what was not asked for.

    Attributes:
        name: safe as the name of a folder, for what the grader writes.
        source: the file or folder that was opened.
        files: expected file -> its content; and so for helper modules that they import, by path.
        missing: expected files that are not there, of the assignments that are handed in. Files
            belong to the same assignment when their names start alike, as in `q1_`.
        problems: expected file -> one sentence why it cannot be used.
        notes: sentences about renamed, ignored and doubtful files.
        digest: SHA-256 of the expected files and of what is said of them: equal digests get equal
            results.
    """

    name: str
    source: Path
    files: dict[str, bytes]
    missing: tuple[str, ...]
    problems: dict[str, str]
    notes: tuple[str, ...]
    digest: str


def open_submission(path: Path, expected: Sequence[str], name: str | None = None) -> Submission:
    """Finds and reads the `expected` files in a .py file, a folder or a zip.

    `name` is the submission's name in its batch, from `submission_names`.

    Raises:
        IntakeError: it cannot be opened, it holds none of the expected files, or one that is there
            cannot be read now, which is no fault of whoever handed it in.
    """
    path = Path(path)
    with _opened(path, expected) as listing:
        candidates = _candidates(listing, expected, path)
        chosen = {wanted: pairs[0][0] for wanted, pairs in candidates.items()}
        files, problems = {}, {}
        for wanted, entry in chosen.items():
            try:
                files[wanted] = _usable(entry)
            except Unreadable as error:
                raise IntakeError(
                    f"{shown(path.name)} holds {shown(entry.path)}, which {error}."
                ) from None
            except Unusable as error:
                problems[wanted] = f"{shown(entry.path)} {error}."
        own, used, told = helpers.take(listing, chosen, files, expected)
        notes = [*listing.notes, *_unread(listing), *_notes(listing, candidates, files, used)]
        files, notes = files | own, notes + told
    if not files and chosen and all(entry.locked for entry in chosen.values()):
        raise IntakeError(
            f"{shown(path.name)} is protected by a password: zip it again without one."
        )
    assignments = {_assignment(wanted) for wanted in chosen}
    gone = [w for w in expected if w not in chosen and _assignment(w) in assignments]
    if gone and listing.unread:  # they may be in there: a permission must not cost points
        raise IntakeError(
            f"{shown(path.name)} holds {listed(listing.unread)}, which cannot be read, and no"
            f" {listed(gone)} elsewhere: give the grader permission to read it, or copy it again."
        )
    return Submission(
        name=submission_names([path], expected)[0] if name is None else name,
        source=path,
        files=files,
        missing=tuple(gone),
        problems=problems,
        notes=tuple(notes),
        digest=_digest(files, problems, notes),
    )


def _assignment(file: str) -> str:
    return file.partition("_")[0]


def _digest(files: dict[str, bytes], problems: dict[str, str], notes: Sequence[str]) -> str:
    parts = [("file", name, data) for name, data in files.items()]
    parts += [("problem", name, text.encode()) for name, text in problems.items()]
    parts += [("note", "", text.encode()) for text in notes]
    digest = hashlib.sha256()
    for kind, name, data in sorted(parts):
        digest.update(f"{kind} {len(name)} {name} {len(data)}\n".encode() + data)
    return digest.hexdigest()


# Finding


@contextmanager
def _opened(path: Path, expected: Sequence[str]) -> Iterator[Listing]:
    """What `path` holds, or what the one zip in it holds."""
    with contents(path) as listing:
        archives = [e for e in listing.entries if e.kind == FILE and is_archive(e.name)]
        if _matched(listing, expected):
            own = match(path.name, expected)
            if own and own.student and listing.entries[0].disk == path:
                _add_siblings(listing, path, own.student, expected)
            yield listing
        elif len(archives) == 1:
            note = f"{shown(archives[0].path)} was found inside and opened"
            try:
                with _opened_inside(archives[0]) as inner:
                    inner.notes.insert(0, note)
                    yield inner
            except Unusable as error:
                raise Unusable(f"holds {shown(archives[0].path)}, which {error}") from None
        elif archives:
            raise Unusable(
                f"holds {len(archives)} archives and no expected file: unpack it, give the folder"
            )
        else:
            yield listing


@contextmanager
def _opened_inside(entry: Entry) -> Iterator[Listing]:
    if entry.disk is None:
        with zip_listing(io.BytesIO(entry.read(MAX_TOTAL))) as listing:
            yield listing
        return
    try:
        with contents(entry.disk) as listing:
            yield listing
    except IntakeError as error:
        raise Unusable(str(error).removeprefix(f"{shown(entry.name)} ").removesuffix(".")) from None


def _matched(listing: Listing, expected: Sequence[str]) -> list[_Found]:
    pairs = ((entry, match(entry.name, expected)) for entry in listing.entries)
    # A link or a folder stands for an expected file only to say why it cannot be used.
    return [(e, m) for e, m in pairs if m and (e.kind == FILE or m.rank == EXACT)]


def _add_siblings(listing: Listing, path: Path, student: str, expected: Sequence[str]) -> None:
    """The student's other files, where a course site put all students' files in one folder."""
    try:
        others = siblings(path, student, expected)
    except OSError:
        return
    for other in others:
        if other != path and other.is_file() and not other.is_symlink():
            with contents(other) as single:
                listing.add(single.entries[0])


# Choosing


def _candidates(listing: Listing, expected: Sequence[str], path: Path) -> dict[str, list[_Found]]:
    """What could be each expected file, best first; `IntakeError` if nothing could."""
    found: dict[str, list[_Found]] = {}
    for _, pair in sorted(enumerate(_matched(listing, expected)), key=_order):
        found.setdefault(pair[1].expected, []).append(pair)
    if not found:
        raise IntakeError(f"{shown(path.name or str(path))} {_nothing(listing, expected, path)}.")
    for pairs in found.values():
        _refuse_many(pairs, path)
    return {wanted: found[wanted] for wanted in expected if wanted in found}


def _order(numbered: tuple[int, _Found]) -> tuple[object, ...]:
    """Files first; then by name, nearest, newest; of one path twice in a zip the later one."""
    index, (entry, found) = numbered
    near = (entry.kind != FILE, found.rank, len(entry.parts))
    return (*near, -entry.modified, entry.path, -index)


def _equals(pairs: list[_Found]) -> list[Entry]:
    """The chosen one and its rivals: files whose names are equally near."""
    first = pairs[0][1]
    return [entry for entry, found in pairs if entry.kind == FILE and found.rank == first.rank]


def _refuse_many(pairs: list[_Found], path: Path) -> None:
    rivals = _equals(pairs)
    students = {found.student for entry, found in pairs if entry in rivals and found.student}
    depths = {entry.parts[:-1] for entry in rivals if len(entry.parts) == len(rivals[0].parts)}
    if len(students) > 1 or len(depths) > _MANY:
        raise IntakeError(
            f"{shown(path.name)} seems to hold the work of several students: unpack it,"
            " and give the folder with one zip or folder per student."
        )


def _nothing(listing: Listing, expected: Sequence[str], path: Path) -> str:
    names = listed(expected, 8)
    files = [entry for entry in listing.entries if entry.kind == FILE]
    if files and all(entry.locked for entry in files):
        return "is protected by a password: zip it again without one"
    if path.suffix.casefold() == ".py":
        return f"is not one of the expected files ({names}): give it the right name"
    code = [entry.path for entry in listing.entries if entry.name.casefold().endswith(".py")]
    there = f", only {listed(code)}" if code else ""
    return f"holds none of the expected files ({names}){there}: hand in these files by these names"


# Reading


def _usable(entry: Entry) -> bytes:
    """The content of a file of Python text. `Unusable` if it is something else."""
    if entry.kind != FILE:
        raise Unusable(_NOT_A_FILE[entry.kind])
    data = entry.read(MAX_FILE)
    fault = text_fault(data)
    if fault:
        raise Unusable(fault)
    return data


def _notes(
    listing: Listing,
    candidates: dict[str, list[_Found]],
    files: dict[str, bytes],
    used: Sequence[Entry],
) -> Iterator[str]:
    named = {id(entry) for entry in used}
    for wanted, pairs in candidates.items():
        entry, found = pairs[0]
        named.update(id(rival) for rival in (entry, *_equals(pairs)))
        if found.rank != EXACT:
            yield f"{shown(entry.path)} was taken as {wanted}"
        others = [rival for rival in _equals(pairs)[1:] if not _same(rival, files.get(wanted))]
        if others:
            rest = listed([other.path for other in others])
            yield f"{shown(entry.path)} was taken as {wanted}, not {rest}, which differ"
    yield from _ignored([entry for entry in listing.entries if id(entry) not in named])


def _unread(listing: Listing) -> list[str]:
    return [f"the folder {shown(folder)} could not be read" for folder in listing.unread]


def _same(rival: Entry, data: bytes | None) -> bool:
    try:
        return data is not None and rival.read(MAX_FILE) == data
    except Unusable:
        return False


def _ignored(entries: list[Entry]) -> Iterator[str]:
    for kind, reason in _IGNORED.items():
        names = [entry.path for entry in entries if entry.kind == kind]
        if names:
            yield f"ignored {listed(names)}: {reason}"
    code = [e.path for e in entries if e.kind == FILE and e.name.casefold().endswith(".py")]
    code = [path for path in code if not _PROVIDED.search(path)]
    if code:
        yield f"ignored {listed(code)}: only the expected files are graded"
