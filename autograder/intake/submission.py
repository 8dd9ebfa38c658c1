"""Takes in a submission: finds the expected files in it, however it was packed and renamed.

Only expected files are read, into memory, and never run here. What cannot be used costs that file
alone; what holds no expected file at all is an `IntakeError`, one sentence for whoever grades.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.intake.choose import Choice, SeveralStudents, choose, is_done, matched
from autograder.intake.entries import (
    FILE,
    MAX_ENTRIES,
    Entry,
    IntakeError,
    Listing,
    Unreadable,
    Unusable,
)
from autograder.intake.names import (
    about,
    assignment,
    is_archive,
    is_notebook,
    listed,
    safe,
    shown,
    stem,
)
from autograder.intake.places import Place, given_place, opened
from autograder.intake.plan import find
from autograder.intake.rows import Found
from autograder.intake.sites import is_own
from autograder.intake.unpack import inside

__all__ = ["Found", "IntakeError", "Submission", "find", "open_found", "open_submission"]

_MOST_ARCHIVES = 4  # in one submission
_MOST_DEEP = 2  # archives in archives
_MOST_READ = 40  # files that are read to see whether archives are needed


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
        digest: SHA-256 of the files and of what is said of them: equal digests get equal results.
        remarks: clauses on what somebody should look at.
    """

    name: str
    source: Path
    files: dict[str, bytes]
    missing: tuple[str, ...]
    problems: dict[str, str]
    notes: tuple[str, ...]
    digest: str
    remarks: tuple[str, ...] = ()


def open_submission(
    path: Path, expected: Sequence[str], name: str | None = None, alone: bool = False
) -> Submission:
    """As `open_found`, for a .py file, a folder or an archive that is one submission."""
    path = Path(path)
    label = stem(path.name) if path.name not in ("", "..") else path.resolve().name
    return open_found(
        Found((label,), (given_place(path),), name=name or safe(label)), expected, alone
    )


def open_found(found: Found, expected: Sequence[str], alone: bool = False) -> Submission:
    """Finds and reads the `expected` files of a row.

    Args:
        alone: it is one student's for sure, whatever its folders are called.

    Raises:
        IntakeError: it cannot be opened, it holds none of the expected files, or one that is there
            cannot be read now, which is no fault of whoever handed it in.
    """
    title = shown(found.places[0].name or str(found.places[0].path) if found.places else found.name)
    if found.refusal:
        raise IntakeError(found.refusal)
    refusal = ""
    with ExitStack() as stack:
        try:
            listing = _gathered(found.places, expected, stack)
            choice = choose(listing, expected, alone)
        except SeveralStudents as error:
            refusal = (
                f"seems to hold the work of several students ({listed(error.names)}):"
                " put each student's into a folder or zip of its own; if it is the export of a"
                " class, name it as a path of the command"
            )
        except (Unreadable, Unusable) as error:
            refusal = str(error)
    if refusal:  # raised here, since archives that are open would put their own names before it
        raise IntakeError(f"{title} {refusal}.")
    if not choice.chosen:
        raise IntakeError(
            f"{title} {_nothing(listing, expected, found.places[0].name if found.places else '')}."
        )
    if not choice.files and all(entry.locked for entry in choice.chosen.values()):
        raise IntakeError(f"{title} is protected by a password: zip it again without one.")
    gone = _gone(choice, expected)
    if gone and (listing.unread or listing.is_cut):  # they may be in there
        raise IntakeError(f"{title} {_unseen(listing)}, and no {listed(gone)} elsewhere: {_HELP}.")
    notes = (*listing.notes, *_unread(listing), *choice.notes)
    return Submission(
        name=found.name,
        source=found.places[0].path,
        files=choice.files,
        missing=gone,
        problems=choice.problems,
        notes=notes,
        digest=_digest(choice.files, choice.problems, notes),
        remarks=(*found.remarks, *listing.remarks, *choice.remarks),
    )


_HELP = "give the grader permission to read it, or copy it again with the code alone"


def _unseen(listing: Listing) -> str:
    if listing.unread:
        return f"holds {listed(listing.unread)}, which cannot be read"
    return f"holds more than {MAX_ENTRIES:,} files"


def _gone(choice: Choice, expected: Sequence[str]) -> tuple[str, ...]:
    assignments = {assignment(wanted) for wanted in choice.chosen}
    return tuple(w for w in expected if w not in choice.chosen and assignment(w) in assignments)


def _digest(files: dict[str, bytes], problems: dict[str, str], notes: Sequence[str]) -> str:
    parts = [("file", name, data) for name, data in files.items()]
    parts += [("problem", name, text.encode()) for name, text in problems.items()]
    parts += [("note", "", text.encode()) for text in notes]
    digest = hashlib.sha256()
    for kind, name, data in sorted(parts):
        digest.update(f"{kind} {len(name)} {name} {len(data)}\n".encode() + data)
    return digest.hexdigest()


# Gathering


def _gathered(places: Sequence[Place], expected: Sequence[str], stack: ExitStack) -> Listing:
    """What all places of a student hold, and the archives in them where files are missing."""
    if len(places) == 1:
        listing = stack.enter_context(opened(places[0]))
    else:
        listing = Listing(own=1)
        for place in places:
            _add(listing, stack.enter_context(opened(place)), place)
    _look_inside(listing, expected, stack, _MOST_DEEP)
    return listing


def _add(listing: Listing, other: Listing, place: Place) -> None:
    listing.notes += other.notes
    listing.remarks += other.remarks
    listing.unread += other.unread
    listing.is_cut |= other.is_cut
    own = [entry for entry in other.entries if entry.parts == (place.name,)]
    listing.entries += own or [_below(entry, (place.name,)) for entry in other.entries]


def _below(entry: Entry, folders: tuple[str, ...]) -> Entry:
    return replace(entry, parts=(*folders, *entry.parts))


def _look_inside(listing: Listing, expected: Sequence[str], stack: ExitStack, levels: int) -> None:
    """Add what archives in it hold, if not all expected files are there, and done, without them."""
    archives = [e for e in listing.entries if e.kind == FILE and is_archive(e.name)]
    if not archives or not levels:
        return
    pairs = matched(listing, expected)
    there = {found.expected for _, found in pairs}
    done = {m.expected for e, m in pairs[:_MOST_READ] if e.kind == FILE and is_done(e, m)}
    if there <= done and not _is_wanting(there, expected):
        return
    if len(archives) > _MOST_ARCHIVES:
        if there:
            listing.remark(f"{len(archives)} archives were not opened")
            return
        raise Unusable(
            f"holds {len(archives)} archives and no expected file: unpack it, give the folder"
        )
    for entry in archives:
        try:
            inner = stack.enter_context(inside(entry))
            _look_inside(inner, expected, stack, levels - 1)
        except Unusable as error:
            if not there and len(archives) == 1:
                raise Unusable(f"holds {shown(entry.path)}, which {error}") from None
            listing.remark(f"{shown(entry.path)} was not opened: it {error}")
            continue
        if matched(inner, expected):
            usual = entry.disk is not None and len(archives) == 1
            (listing.notes.append if usual else listing.remark)(
                f"{shown(entry.path)} was found inside and opened"
            )
        listing.notes += inner.notes
        listing.remarks += inner.remarks
        folders = entry.parts if len(archives) > 1 or there else ()
        listing.entries += [_below(one, folders) for one in inner.entries]


def _is_wanting(there: set[str], expected: Sequence[str]) -> bool:
    assignments = {assignment(wanted) for wanted in there}
    return not there or any(w not in there and assignment(w) in assignments for w in expected)


def _unread(listing: Listing) -> list[str]:
    return [f"the folder {shown(folder)} could not be read" for folder in listing.unread]


def _nothing(listing: Listing, expected: Sequence[str], title: str) -> str:
    files = [entry for entry in listing.entries if entry.kind == FILE]
    names = listed(about([title, *(p for e in files for p in e.parts)], expected), 8)
    if files and all(entry.locked for entry in files):
        return "is protected by a password: zip it again without one"
    itself = [entry.parts for entry in files] == [(title,)]
    own = [entry.path for entry in files if is_own(entry.name)]
    if files and len(own) == len(files):
        there = "is" if itself else f"holds nothing but {listed(own)},"
        return f"{there} the course site's own receipt or text page: no file was handed in"
    files = [entry for entry in files if entry.path not in own]
    if itself and not is_notebook(title):
        return f"is not one of the expected files ({names}): give it the right name"
    code = [entry.path for entry in files if entry.name.casefold().endswith(".py")]
    books = [entry.path for entry in files if is_notebook(entry.name)]
    if books and not code:
        there = "is a notebook" if itself else f"holds notebooks alone ({listed(books)})"
        return (
            f"{there}: the code belongs in {names};"
            " pack these with collect_submission.sh and hand in the zip"
        )
    others = code or [entry.path for entry in files]
    there = f", only {listed(others)}" if others else ""
    return f"holds none of the expected files ({names}){there}: hand in these files by these names"
