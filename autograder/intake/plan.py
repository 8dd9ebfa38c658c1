"""Plans who is in a class: a row for everything in the given folders and archives, nobody merged.

Nothing of a submission is read for it but names, and two kinds of files where names do not tell:
Gradescope's list of submissions, and numbered copies of one file. Three rules decide all.

* What a course site labels (`sites`) is its student's, whatever the number of entries.
* In a folder of many, each folder and each archive is one student; code that lies loose is sorted
  by the names beside the file's (`q0_toy_Ann.py`), and several archives of one person are one row
  (`Ann Lee - toy.zip`, `Ann Lee - toy (1).zip`).
* A given folder is of many unless its work lies in it or in folders that are parts of one person's
  work (`student_src`, `q0`, `final`). A folder that holds nothing but such a folder, or several of
  them, is looked through. Below that, a folder is one student or is refused when it is opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from autograder.intake.entries import FILE, Entry, IntakeError
from autograder.intake.gradescope_list import Listed, read_list
from autograder.intake.names import NAMED, Match, is_notebook, is_part, shown, stem
from autograder.intake.naming import named
from autograder.intake.places import Folder, Place, tree
from autograder.intake.rows import (
    Found,
    copies,
    groups,
    labelled,
    left_over,
    of_person,
    uploads,
    with_others,
)
from autograder.intake.sites import Label, label
from autograder.intake.unpack import is_work

_MAX_LEVELS = 3  # class / section / group / student


def find(
    paths: Sequence[Path],
    expected: Sequence[str],
    inside: bool = False,
    skip: Path | None = None,
    earlier: Mapping[str, str] = MappingProxyType({}),
) -> list[Found]:
    """A row for everything in `paths`. What cannot be read is a row too: opening it says why.

    Args:
        inside: each of `paths` is a folder of many, even if it holds the work of one.
        skip: a folder in there that is not looked into: of results.
        earlier: names that rows had in an earlier run, by the first of their paths.
    """
    resolved = [_resolved(path) for path in paths]
    given = list(_given_labelled(resolved))
    taken = {place.path for row in given for place in (*row.places, *row.others)}
    for path in resolved:
        if path not in taken:
            given += _Given(path, tuple(expected), inside, skip).rows()
    rows = {(*row.places, *row.others): row for row in given}
    return named(list(rows.values()), earlier)


def _given_labelled(paths: Sequence[Path]) -> Iterator[Found]:
    """Rows of given paths that a course site labelled, as in `grade export/*`."""
    folders: dict[Path, dict[str, Label]] = {}
    for path in paths:
        of = label(path.name)
        if of and of.file:
            folders.setdefault(path.parent, {})[path.name] = of
    for folder, labels in folders.items():
        for group in groups(labels):
            yield labelled(Place(folder), [(name, of, False) for name, of in group])


def _resolved(path: Path) -> Path:
    """A link that the instructor typed is followed; links further inside are not."""
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, a zero byte
        return Path(path)


@dataclass
class _Given:
    """One of the given paths."""

    path: Path
    expected: tuple[str, ...]
    inside: bool
    skip: Path | None

    def rows(self) -> list[Found]:
        top = self._tree(Place(self.path))
        own = (stem(self.path.name) or "submission",)
        one = Found(own, (Place(self.path),), is_given=True)
        if top is None:
            return [one]
        rows = self._class(top, 0)
        if rows is None and self.inside and _is_folder(self.path):
            rows = self._everybody(top)
        return [one] if rows is None else rows

    def _tree(self, place: Place) -> Folder | None:
        try:
            return tree(place, self.expected, self.skip)
        except (IntakeError, OSError):
            return None

    def _class(self, folder: Folder, level: int) -> list[Found] | None:
        """The rows of a folder of many; None for one person's."""
        if folder.labels or (folder.roster and not folder.loose):
            return self._everybody(folder)
        work = [child for child in folder.folders.values() if child.work]
        people = [child for child in work if not is_part(child.name, self.expected)]
        archives = folder.archives
        if folder.loose or len(work) > len(people):  # beside somebody's work, its zip is a copy
            archives = [e for e in archives if not is_part(e.name, self.expected)]
        if self._flat(folder):
            return self._everybody(folder)
        if len(work) > len(people) and len(people) < 2 and not archives:
            # One person's: parts of the work, and perhaps a copy; or `hw3`, with a class in it.
            lone = len(work) == 1 and not folder.loose
            return (self._deeper(folder, work, [], level) or None) if lone else None
        if not people and not archives:
            return None
        if not folder.loose and len(people) == len(work):
            deeper = self._deeper(folder, people, archives, level)
            if deeper:
                return deeper
        return self._everybody(folder)

    def _deeper(
        self, folder: Folder, people: list[Folder], archives: list[Entry], level: int
    ) -> list[Found]:
        """The rows of folders of many, where `folder` has only such; else none.

        Of archives beside others, each must be what a course site labelled.
        """
        if level == _MAX_LEVELS:
            return []
        trees: list[Folder] = []
        classes: list[list[Found]] = []
        is_one = len(people) + len(archives) == 1
        unpacked = (self._tree(folder.place / e.name) for e in archives)
        for child in chain(people, unpacked):
            rows = self._many(child, level + 1) if child else []
            is_sure = is_one or len(trees) < len(people) or (child and _is_export(child))
            if not child or not rows or not is_sure:
                return []  # at once: there may be a thousand archives
            trees.append(child)
            classes.append(rows)
        if not _differ(classes):
            return []
        everybody = self._rest(folder, {tree.place.name for tree in trees})
        for child, rows in zip(trees, classes):
            everybody += [replace(row, label=(child.name, *row.label)) for row in rows]
        return everybody

    def _many(self, folder: Folder, level: int) -> list[Found]:
        """The rows of a folder that is of many without doubt; else none."""
        rows = self._class(folder, level) or []
        work = sum(child.work for child in folder.folders.values()) + len(folder.archives)
        names = {of_person(e.name, self.expected) for e in folder.files if is_notebook(e.name)}
        names |= {row.label[0] for row in self._flat(folder)}
        of_people = work + len(names - {""}) > 1 or any(len(row.label) > 1 for row in rows)
        return rows if of_people or folder.labels or folder.roster else []

    # A folder of many

    def _everybody(self, folder: Folder) -> list[Found]:
        listed = read_list(folder.roster) if folder.roster else {}
        rows = [
            labelled(folder.place, [(name, of, name in folder.folders) for name, of in group])
            for group in groups(folder.labels)
        ]
        rows += with_others(folder, self._flat(folder), self.expected) or self._loose(folder)
        taken = {place.name for row in rows for place in (*row.places, *row.others)}
        archives = [e.name for e in folder.archives if e.name not in taken]
        rows += uploads(folder.place, archives, self.expected)
        taken = {place.name for row in rows for place in (*row.places, *row.others)}
        rows += self._rest(folder, taken)
        rows = [self._with_students(row, listed) for row in rows]
        there = {row.label[-1] for row in rows}
        for name, one in listed.items():
            if name not in there:
                why = f"{shown(name)} is in the export's list, but is not there: export it again."
                rows.append(Found((name,), (), (folder.place / name,), one.students, refusal=why))
        return rows

    def _with_students(self, row: Found, listed: dict[str, Listed]) -> Found:
        one = listed.get(row.label[-1])
        if not one:
            return row
        return replace(row, students=one.students, attempt=one.attempt)

    def _rest(self, folder: Folder, taken: set[str]) -> list[Found]:
        """A row for each entry that no other has."""
        rows = []
        for name, child in folder.folders.items():
            if name not in taken:
                part = is_part(name, self.expected) and not child.work
                rows.append(left_over(child.place) if part else Found((name,), (child.place,)))
        for entry in folder.files:
            place = folder.place / entry.name
            if entry.name in taken:
                continue
            if entry.kind == FILE and not is_work(entry.name):
                rows.append(left_over(place))
            else:
                who = of_person(entry.name, self.expected) if is_notebook(entry.name) else ""
                rows.append(Found((who or stem(entry.name),), (place,)))
        return rows

    def _loose(self, folder: Folder) -> list[Found]:
        """One row for expected files without a name that lie beside submissions."""
        if not folder.loose:
            return []
        places = [folder.place / e.name for pairs in folder.loose.values() for e, _ in pairs]
        remark = "lies loose beside other submissions: whose is it?"
        return [Found((stem(places[0].name),), tuple(places), remarks=(remark,))]

    def _flat(self, folder: Folder) -> list[Found]:
        """Rows of expected files that lie in one folder, if they seem to be of several people."""
        people: dict[str, list[tuple[Entry, Match]]] = {}
        for pairs in folder.loose.values():
            for entry, found in pairs:
                person = found.student if found.rank == NAMED else ""
                people.setdefault(person, []).append((entry, found))
        nobody = people.pop("", [])
        if len(people) == 1 and nobody:
            both = {m.expected for _, m in nobody} & {m.expected for m in _matches(people)}
            if not both:
                return []  # they go together
        rows = [self._by_name(folder, student, pairs) for student, pairs in people.items()]
        numbered = copies(folder, nobody)
        if numbered:
            return rows + numbered
        if rows and nobody:
            remark = "has no name, beside files that have: whose is it?"
            places = tuple(folder.place / entry.name for entry, _ in nobody)
            rows.append(Found((stem(nobody[0][0].name),), places, remarks=(remark,)))
        return rows

    def _by_name(self, folder: Folder, student: str, pairs: list[tuple[Entry, Match]]) -> Found:
        places = tuple(folder.place / entry.name for entry, _ in pairs)
        return Found((student,), places, remarks=("its student is known by the file's name alone",))


def _matches(people: dict[str, list[tuple[Entry, Match]]]) -> Iterable[Match]:
    return (found for pairs in people.values() for _, found in pairs)


def _differ(classes: list[list[Found]]) -> bool:
    """False if it is always the same few names, as of the parts of a work, not of people."""
    names = [{row.label for row in rows} for rows in classes]
    return len(names) == 1 or len(set().union(*names)) > max(map(len, names))


def _is_export(folder: Folder) -> bool:
    """True if a course site made it, itself or the only folder in it, of two or more students."""
    work = [child for child in folder.folders.values() if child.work]
    if not folder.labels and len(work) == 1 and not folder.files:
        return _is_export(work[0])
    return folder.roster is not None or len({of.key for of in folder.labels.values()}) > 1


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(os.lstat(path).st_mode)
