"""Where submissions are: on the disk, or inside an archive that holds a class."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from autograder.intake.entries import FILE, FOLDER, Entry, Listing
from autograder.intake.gradescope_list import LISTS
from autograder.intake.names import Match, is_archive, match, stem
from autograder.intake.sites import Label, label
from autograder.intake.unpack import contents, inside, list_folder

_MOST_OF_A_CLASS = 500_000  # entries; nearest first, so that what rows are made by is there


@dataclass(frozen=True)
class Place:
    """A path on the disk, and of what lies in an archive the path in there."""

    path: Path
    parts: tuple[str, ...] = ()
    is_archive: bool = field(default=False, compare=False)

    def __truediv__(self, name: str) -> Place:
        if self.is_archive:
            return Place(self.path, (*self.parts, name), True)
        return Place(self.path / name)

    def __str__(self) -> str:
        return "/".join((str(self.path), *self.parts))

    @property
    def name(self) -> str:
        return self.parts[-1] if self.parts else self.path.name


def given_place(path: Path) -> Place:
    """A path that was typed: links may lead to it. It is none itself, and none is in it."""
    if path.name in ("", ".."):
        return Place(Path(os.path.realpath(path)))
    return Place(Path(os.path.realpath(path.parent), path.name))


@dataclass
class Folder:
    """A folder, or an archive, by what tells whose it is.

    Attributes:
        files: all in it but folders.
        labels: what a course site labelled, by name.
        loose: expected files that lie in it and that no site labelled, by the expected name.
        roster: Gradescope's list of submissions.
        work: True if there are expected files or archives in it or below.
    """

    place: Place
    folders: dict[str, Folder] = field(default_factory=dict)
    files: list[Entry] = field(default_factory=list)
    labels: dict[str, Label] = field(default_factory=dict)
    loose: dict[str, list[tuple[Entry, Match]]] = field(default_factory=dict)
    roster: Entry | None = None
    work: bool = False

    @property
    def name(self) -> str:
        return stem(self.place.name)

    @property
    def archives(self) -> list[Entry]:
        return [e for e in self.files if is_archive(e.name) and e.name not in self.labels]

    def folder(self, parts: tuple[str, ...]) -> Folder:
        """The folder below at `parts`, made if it is not there."""
        here = self
        for part in parts:
            child = here.folders.get(part)
            if child is None:
                child = here.folders[part] = Folder(here.place / part)
                here._see(part)
            here = child
        return here

    def add(self, entry: Entry, expected: Sequence[str]) -> None:
        self.files.append(entry)
        self._see(entry.name)
        if entry.name in LISTS:
            self.roster = entry
        found = match(entry.name, expected) if entry.kind == FILE else None
        if found and entry.name not in self.labels:
            self.loose.setdefault(found.expected, []).append((entry, found))
        self.work |= bool(found) or is_archive(entry.name)

    def _see(self, name: str) -> None:
        of = label(name)
        if of:
            self.labels[name] = of


def tree(place: Place, expected: Sequence[str], skip: Path | None = None) -> Folder | None:
    """What a folder or archive on the disk holds; None if it is neither.

    Raises:
        IntakeError, OSError: it cannot be listed.
    """
    if place.parts:
        return None
    if place.path.is_dir():
        top, entries = Folder(place), list_folder(place.path, _MOST_OF_A_CLASS, skip).entries
    elif is_archive(place.path.name) and not place.path.is_symlink():
        top, entries = Folder(Place(place.path, (), True)), _kept(place.path).listing.entries
    else:
        return None
    for entry in entries:
        if entry.kind == FOLDER:
            top.folder(entry.parts)
        else:
            top.folder(entry.parts[:-1]).add(entry, expected)
    _sum_up(top)
    return top


def _sum_up(folder: Folder) -> bool:
    for child in folder.folders.values():
        folder.work |= _sum_up(child)
    return folder.work


@contextmanager
def opened(place: Place) -> Iterator[Listing]:
    """What is at a place, its paths told from there.

    Raises:
        IntakeError: nothing there can be listed.
        Unusable: an archive in an archive cannot be read.
    """
    if not place.parts:
        with contents(place.path) as listing:
            yield listing
        return
    kept = _kept(place.path)
    kept.listing.total = 0  # of this submission alone
    depth = len(place.parts)
    below = kept.by_place.get(place.parts, [])
    if len(below) == 1 and below[0].parts == place.parts and is_archive(place.name):
        with inside(below[0]) as listing:
            yield listing
        return
    entries = [_from(entry, depth - (entry.parts == place.parts)) for entry in below]
    yield Listing([entry for entry in entries if entry.parts])


def _from(entry: Entry, depth: int) -> Entry:
    return Entry(
        entry.parts[depth:], entry.kind, entry.modified, entry.read, entry.locked, None,
        entry.rooted,
    )  # fmt: skip


class _Kept:
    """An archive of a class, kept open, since each of a thousand students is in it."""

    def __init__(self, path: Path) -> None:
        self._stack = ExitStack()
        self.listing = self._stack.enter_context(contents(path))
        self.by_place: dict[tuple[str, ...], list[Entry]] = {}
        for entry in self.listing.entries:
            for depth in range(1, min(len(entry.parts), 5) + 1):
                self.by_place.setdefault(entry.parts[:depth], []).append(entry)

    def __del__(self) -> None:
        self._stack.close()


def _kept(path: Path) -> _Kept:
    info = os.stat(path)
    return _keep(path, info.st_mtime_ns, info.st_size)


@lru_cache(maxsize=2)
def _keep(path: Path, modified: int, size: int) -> _Kept:
    return _Kept(path)
