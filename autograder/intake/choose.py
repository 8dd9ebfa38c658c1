"""Chooses among files that may be the expected ones, and says what is doubtful."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from autograder.intake import helpers
from autograder.intake.entries import (
    ESCAPE,
    FILE,
    FOLDER,
    LINK,
    MAX_FILE,
    SPECIAL,
    Entry,
    Listing,
    Unreadable,
    Unusable,
)
from autograder.intake.names import (
    EXACT,
    NAMED,
    Match,
    is_archive,
    is_part,
    is_topic,
    listed,
    match,
    shown,
)
from autograder.intake.sites import students
from autograder.intake.text import text_fault

_MOST_READ = 20  # files that may be one expected file; of further ones the names are told
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
_TO_DO = re.compile(rb"""^[ \t]*raise NotImplementedError\([ \t]*["'][\w.]+["']""", re.MULTILINE)
_KIT_FOLDER = "student_src"
Found = tuple[Entry, Match]


class SeveralStudents(Exception):
    """The work of several students: `names` of the folders or people that it seems to be of."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(names)
        self.names = names


@dataclass
class Choice:
    """What was chosen.

    Attributes:
        files: expected file -> its content; and so for helper modules that they import, by path.
        problems: expected file -> one sentence why it cannot be used.
        chosen: expected file -> where it is.
        notes: sentences about renamed, ignored and doubtful files.
        remarks: those of the notes that somebody should look at, as clauses.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    chosen: dict[str, Entry] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def matched(listing: Listing, expected: Sequence[str]) -> list[Found]:
    """Entries that may be expected files."""
    pairs = ((entry, match(entry.name, expected)) for entry in listing.entries)
    # A link or a folder stands for an expected file only to say why it cannot be used.
    return [(e, m) for e, m in pairs if m and (e.kind == FILE or m.rank == EXACT)]


def choose(listing: Listing, expected: Sequence[str], alone: bool = False) -> Choice:
    """Choose and read.

    Args:
        alone: it is one student's for sure.

    Raises:
        SeveralStudents: it seems to be the work of several.
        Unreadable: an expected file cannot be read now.
    """
    found: dict[str, list[Found]] = {}
    pairs = matched(listing, expected)
    if not alone:
        _refuse_labels(listing, pairs)
        _refuse_folders([pair for pair in pairs if pair[0].kind == FILE], expected, listing.own)
    for _, pair in sorted(enumerate(pairs), key=_order):
        found.setdefault(pair[1].expected, []).append(pair)
    choice, named = Choice(), set[int]()
    for wanted in expected:
        if wanted in found:
            named |= _choose_one(choice, wanted, found[wanted], expected, alone)
    own, used, told = helpers.take(listing, choice.chosen, choice.files, expected)
    named |= {id(entry) for entry in used}
    rest = [entry for entry in listing.entries if id(entry) not in named]
    choice.files |= own
    choice.notes += [*_ignored(rest), *told]
    return choice


def _order(numbered: tuple[int, Found]) -> tuple[object, ...]:
    """Files first; then by name, folder, newest; of one path twice in a zip the later one."""
    index, (entry, found) = numbered
    kit = _KIT_FOLDER in entry.parts[:-1]
    near = (entry.kind != FILE, found.rank == NAMED, not kit, found.rank, len(entry.parts))
    return (*near, -entry.modified, entry.path, -index)


@dataclass
class _Candidate:
    entry: Entry
    found: Match
    data: bytes | None
    fault: str = ""

    @property
    def is_blank(self) -> bool:
        return not (self.data or b"").strip()

    @property
    def to_do(self) -> int:
        """How much of it is as it was handed out."""
        return len(_TO_DO.findall(self.data or b""))


def is_done(entry: Entry, found: Match) -> bool:
    """True if it can be used and nothing in it is left as it was handed out.

    Also if it cannot be read now: what there is instead is then not to be graded.
    """
    try:
        one = _read(entry, found)
    except Unreadable:
        return True
    return one.data is not None and not one.is_blank and not one.to_do


def _choose_one(
    choice: Choice, wanted: str, pairs: list[Found], expected: Sequence[str], alone: bool
) -> set[int]:
    """Choose one expected file; returns the `id` of each entry that was considered."""
    all_read = [_read(entry, found) for entry, found in pairs[:_MOST_READ]]
    usable = [one for one in all_read if one.data is not None]
    most = max((one.to_do for one in usable), default=0)
    # Never what is as it was handed out, or empty, instead of what was filled in.
    usable.sort(key=lambda one: (one.is_blank, one.to_do))
    best = usable[0] if usable else all_read[0]
    choice.chosen[wanted] = best.entry
    if best.data is None:
        choice.problems[wanted] = f"{shown(best.entry.path)} {best.fault}."
    else:
        choice.files[wanted] = best.data
    rivals = [one for one in usable if one is not best and one.data != best.data]
    if not alone:
        near = [one for one in (best, *rivals) if one.found.rank != NAMED]
        _refuse_several(near or [best, *rivals], most, expected)
    further = [entry.path for entry, _ in pairs[_MOST_READ:]]
    _say(choice, wanted, best, [*(one.entry.path for one in rivals), *further])
    if any(one.to_do > best.to_do for one in rivals):
        left = [one.entry.path for one in rivals if one.to_do > best.to_do]
        choice.remarks.append(f"more TODOs are left in {listed(left)}")
    return {id(entry) for entry, _ in pairs}


def _say(choice: Choice, wanted: str, best: _Candidate, rivals: list[str]) -> None:
    path = shown(best.entry.path)
    if rivals:
        text = f"{path} was taken as {wanted}, not {listed(rivals)}"
        choice.remarks.append(f"{_number(len(rivals) + 1)} files differ: {text}")
        choice.notes.append(text)
    elif best.found.own:  # what a site alone renamed is nobody's concern
        choice.notes.append(f"{path} was taken as {wanted}")
        choice.remarks.append(f"{path} was taken as {wanted}")
    if best.entry.rooted:
        choice.remarks.append(f"{path} has a path from the root of a disk in its archive")


def _number(count: int) -> str:
    return {2: "two", 3: "three"}.get(count, f"{count:,}")


def _read(entry: Entry, found: Match) -> _Candidate:
    """A candidate with its content, or why that is no Python text."""
    if entry.kind != FILE:
        return _Candidate(entry, found, None, _NOT_A_FILE[entry.kind])
    try:
        data = entry.read(MAX_FILE)
    except Unreadable:
        raise
    except Unusable as error:
        return _Candidate(entry, found, None, str(error))
    fault = text_fault(data)
    return _Candidate(entry, found, None if fault else data, fault or "")


def _refuse_several(rivals: list[_Candidate], most: int, expected: Sequence[str]) -> None:
    """Raise if files that differ lie in folders of, or are named after, different people."""
    done = [one for one in rivals if not one.is_blank and not (most and one.to_do == most)]
    people = {one.found.student: None for one in done if one.found.student}
    if len(people) < 2:
        folders = {_person(one.entry, expected): None for one in done}
        people = {"/".join(f): None for f in folders if not any(_is_in(g, f) for g in folders)}
    if len(people) > 1:
        raise SeveralStudents(sorted(name.rpartition("/")[2] for name in people))


def _refuse_labels(listing: Listing, pairs: list[Found]) -> None:
    """Raise if a course site labelled what is in it as of several students."""
    work = [e for e in listing.entries if e.kind == FILE and is_archive(e.name)]
    work += [entry for entry, _ in pairs]
    names = students(dict.fromkeys(part for entry in work for part in entry.parts))
    if names:
        raise SeveralStudents(names)


def _refuse_folders(pairs: list[Found], expected: Sequence[str], own: int) -> None:
    """Raise if folders that may be of different people hold work, and are no copies."""
    people: dict[tuple[str, ...], list[Found]] = {}
    for entry, found in pairs:
        folder = _person(entry, expected)[own:]
        while folder and is_topic(folder[-1], expected):
            folder = folder[:-1]
        people.setdefault(folder, []).append((entry, found))
    above = {folder[:depth] for folder in people for depth in range(len(folder))}
    works = {folder: some for folder, some in people.items() if folder not in above}
    if len(works) < 2:
        return
    if len(works) <= _MOST_READ:
        first, *others = (_contents(some[:_MOST_READ]) for some in works.values())
        if all(one <= first or first <= one for one in others):
            return
    raise SeveralStudents(sorted(folder[-1] for folder in works))


def _contents(pairs: list[Found]) -> set[tuple[str, bytes | None]]:
    return {(found.expected, _read(entry, found).data) for entry, found in pairs}


def _person(entry: Entry, expected: Sequence[str]) -> tuple[str, ...]:
    """The folder that may be a student's: above the parts and versions of somebody's work."""
    folders = entry.parts[:-1]
    while folders and is_part(folders[-1], expected):
        folders = folders[:-1]
    return folders


def _is_in(folder: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return folder != other and folder[: len(other)] == other


def _ignored(entries: list[Entry]) -> Iterator[str]:
    for kind, reason in _IGNORED.items():
        names = [entry.path for entry in entries if entry.kind == kind]
        if names:
            yield f"ignored {listed(names)}: {reason}"
    code = [e.path for e in entries if e.kind == FILE and e.name.casefold().endswith(".py")]
    code = [path for path in code if not _PROVIDED.search(path)]
    if code:
        yield f"ignored {listed(code)}: only the expected files are graded"
