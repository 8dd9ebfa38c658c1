"""Rows of the table of a class: what belongs to one student, and what is doubtful about it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from autograder.intake.entries import MAX_FILE, Entry, Unusable
from autograder.intake.gradescope_list import LISTS
from autograder.intake.names import (
    Match,
    is_archive,
    is_notebook,
    is_part,
    is_version,
    person,
    shown,
    stem,
)
from autograder.intake.places import Folder, Place
from autograder.intake.sites import Label
from autograder.intake.unpack import is_work

_LISTS = (*LISTS, "index.html", "grades.csv")  # what sites put beside the submissions
_NUMBER = re.compile(r"\((\d{1,3})\)")
# As Google Classroom names uploads; a drive numbers further ones of the same name.
_OF_PERSON = re.compile(r"(?P<who>.+?) - (?P<what>.+?)(?: ?\((?P<number>\d{1,3})\))?", re.DOTALL)

_OF_BOOK = re.compile(r"(?:(?P<before>.+)_)?\d\d_[a-z]+(?:_(?P<after>.+))?", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """One row of the table.

    Attributes:
        name: unique, safe as the name of a folder.
        label: whose it is, as its folders or its course site say.
        places: where its files are; none if it is only listed or left over.
        others: further places that are its student's, and are not graded.
        late: True if its course site says that it came late.
        students: names and numbers, where an export lists them.
        attempt: which one is graded, of how many.
        remarks: clauses on what is doubtful.
        refusal: why it cannot be graded, whatever is in it.
        is_left_over: it is nobody's submission.
        is_given: it is a whole path that was given.
    """

    label: tuple[str, ...]
    places: tuple[Place, ...]
    others: tuple[Place, ...] = ()
    students: str = ""
    attempt: str = ""
    remarks: tuple[str, ...] = ()
    refusal: str = ""
    is_left_over: bool = False
    is_given: bool = False
    late: bool = False
    name: str = ""

    @property
    def first(self) -> str:
        """The path that a row is known by."""
        return str((*self.places, *self.others)[0])

    @property
    def source(self) -> str:
        """The paths that are graded, if any; none of them can pass for two."""
        paths = (str(place) for place in self.places or self.others)
        return "; ".join(path.replace("; ", ";?") for path in paths)


def groups(labels: Mapping[str, Label]) -> Iterable[list[tuple[str, Label]]]:
    """Names that a course site gave, by student."""
    groups: dict[str, list[tuple[str, Label]]] = {}
    uploads = Counter((of.key, of.upload) for of in labels.values() if of.upload)
    for name, of in labels.items():
        if uploads[of.key, of.upload] > 1:  # no site's number, but `hw_2026_101_ann.zip`
            of = Label(f"{of.key} {name}", stem(name), file=of.file, late=of.late)
        groups.setdefault(of.key, []).append((name, of))
    return groups.values()


def labelled(folder: Place, group: list[tuple[str, Label, bool]]) -> Found:
    """The row of one student's entries, each with its label and whether it is a folder.

    Of several attempts the latest is taken.
    """
    attempts = sorted({of.attempt for _, of, _ in group if of.attempt})
    latest = attempts[-1] if attempts else ""
    kept = [
        n for n, of, is_folder in group if of.attempt == latest and (is_work(of.file) or is_folder)
    ]
    others = sorted({name for name, _, _ in group} - set(kept))
    remarks = []
    if len(attempts) > 1:
        older = ", ".join(":".join(map(shown, when.split(":"))) for when in attempts[:-1])
        remarks.append(f"{len(attempts)} attempts: {latest} was taken, not {older}")
    if not kept:  # only a site's own files: opening them says so
        kept, others = others, []
    return Found(
        (group[0][1].name,),
        tuple(folder / name for name in kept),
        tuple(folder / name for name in others),
        attempt=f"{latest} ({len(attempts)} of {len(attempts)})" if latest else "",
        remarks=tuple(remarks),
        late=any(of.late for name, of, _ in group if name in kept),
    )


def left_over(place: Place) -> Found:
    # What sites put there themselves is no cause for a look.
    why = "the export's own" if place.name in _LISTS else ""
    return Found((place.name,), (), (place,), refusal=why, is_left_over=True)


def of_person(name: str, expected: Sequence[str]) -> str:
    """Who handed in a notebook or archive, if its name tells: `Ann Lee - 01_vae.ipynb`."""
    plain = name[: -len(".ipynb")] if is_notebook(name) else stem(name)
    found = _OF_PERSON.fullmatch(plain)
    if found and is_part(found["what"], expected):
        return person(found["who"])
    found = _OF_BOOK.fullmatch(plain) if is_notebook(name) else None
    who = person(found["before"] or found["after"] or "") if found else ""
    return "" if is_version(who) else who


def with_others(folder: Folder, rows: list[Found], expected: Sequence[str]) -> list[Found]:
    """Rows of files with a person's name, with the notebooks and archives of the same person."""
    names: dict[str, list[str]] = {}
    for entry in folder.files:
        if entry.name not in folder.labels and (is_archive(entry.name) or is_notebook(entry.name)):
            names.setdefault(of_person(entry.name, expected), []).append(entry.name)
    return [
        replace(row, places=(*row.places, *(folder.place / n for n in names.get(who, []) if who)))
        for row in rows
        for who in row.label
    ]


def uploads(folder: Place, names: Iterable[str], expected: Sequence[str]) -> list[Found]:
    """Rows of students with several archives: `Ann Lee - toy.zip`, `Ann Lee - toy (1).zip`.

    What is no part of a work is taken for somebody's name: `HW3 - ann.zip`.
    """
    people: dict[str, dict[str, list[tuple[int, str]]]] = {}
    for name in names:
        found = _OF_PERSON.fullmatch(stem(name))
        if found:
            what = found["what"].casefold()
            who = found["who"] if is_part(what, expected) else f"{found['who']} - {found['what']}"
            pair = int(found["number"] or 0), name
            people.setdefault(who, {}).setdefault(what, []).append(pair)
    several = [works for works in people.values() if sum(map(len, works.values())) > 1]
    return [_attempts(folder, works) for works in several]


def _attempts(folder: Place, works: Mapping[str, list[tuple[int, str]]]) -> Found:
    """The row of somebody's numbered archives, the last one of each name taken.

    It is called after the first one, as it was when that was the only one.
    """
    first = min(pair for numbered in works.values() for pair in numbered)[1]
    kept, others, remarks = [], [], []
    for numbered in works.values():
        *older, latest = [name for _, name in sorted(numbered)]
        kept.append(latest)
        others += older
        if older:
            text = ", ".join(map(shown, older))
            remarks.append(f"{len(numbered)} attempts: {shown(latest)} was taken, not {text}")
    return Found(
        (stem(first),),
        tuple(folder / name for name in kept),
        tuple(folder / name for name in others),
        remarks=tuple(remarks),
    )


def copies(folder: Folder, pairs: list[tuple[Entry, Match]]) -> list[Found]:
    """Rows of numbered copies that differ: a drive numbers equal names of different people."""
    by_file: dict[str, list[Entry]] = {}
    by_number: dict[str, list[tuple[Entry, Match]]] = {}
    for entry, found in pairs:
        number = _NUMBER.search(entry.name)
        by_file.setdefault(found.expected, []).append(entry)
        by_number.setdefault(number[1] if number else "", []).append((entry, found))
    if not any(found.copy for _, found in pairs) or all(map(_are_equal, by_file.values())):
        return []
    if len(by_file) == 1:
        remark = "one of several copies that differ: they may be of several students"
        return [_loose_row(folder, [entry], remark) for entry, _ in pairs]
    sets = [sorted(m.expected for _, m in some) for some in by_number.values()]
    if all(files == sorted(by_file) for files in sets):
        remark = "copies of the same number were taken together: they may be of several students"
        return [_loose_row(folder, [e for e, _ in some], remark) for some in by_number.values()]
    refusal = (
        f"{shown(folder.name)} holds several copies of a file that differ, which may be of"
        " several students: put each student's files into a folder of their own."
    )
    return [Found((folder.name,), _places(folder, [e for e, _ in pairs]), refusal=refusal)]


def _loose_row(folder: Folder, entries: list[Entry], remark: str) -> Found:
    return Found((stem(entries[0].name),), _places(folder, entries), remarks=(remark,))


def _places(folder: Folder, entries: list[Entry]) -> tuple[Place, ...]:
    return tuple(folder.place / entry.name for entry in entries)


def _are_equal(entries: list[Entry]) -> bool:
    try:
        return len(entries) == 1 or len({entry.read(MAX_FILE) for entry in entries}) == 1
    except Unusable:
        return False
