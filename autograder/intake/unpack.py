"""Looks into what a student handed in, a folder or an archive, without trusting any of it.

Nothing is written to disk, links are never followed, not even one that takes a folder's place while
it is looked into, and a file is read only when it is asked for, up to a limit that counts bytes
read, whatever sizes the headers claim. All of it takes time that is linear in what is there, up to
the limits in `entries`.
"""

from __future__ import annotations

import io
import os
import stat
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from autograder.intake.archives import as_zip
from autograder.intake.entries import (
    FILE,
    FOLDER,
    MAX_DIRECTORY,
    MAX_ENTRIES,
    MAX_TOTAL,
    REMAKE,
    SPECIAL,
    Entry,
    IntakeError,
    Listing,
    Unreadable,
    Unusable,
    kind_of,
    too_large,
)
from autograder.intake.names import is_archive, is_junk, is_notebook, shown
from autograder.intake.zips import zip_listing

__all__ = ["Entry", "IntakeError", "Listing", "Unusable", "contents", "inside", "list_folder"]

_MAX_DEPTH = 20
_SCANNED = 10  # times as many entries are looked at, whatever they are
_MOST_IN_ONE = _SCANNED * MAX_ENTRIES  # in one folder of a class: nobody hides the others


@contextmanager
def contents(path: Path) -> Iterator[Listing]:
    """What the folder, archive or other file at `path` holds; to be read in the `with`.

    Raises:
        IntakeError: there is nothing there that can be listed.
    """
    label = shown(path.name or str(path))
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise IntakeError(f"{label} does not exist: check the path.") from None
    except OSError as error:
        raise IntakeError(f"{label} {_unreadable(error)}.") from None
    except ValueError:  # a zero byte
        raise IntakeError(f"{label} cannot be a path: check what was typed.") from None
    try:
        if stat.S_ISDIR(mode):
            yield list_folder(path)
        elif stat.S_ISLNK(mode):
            raise Unusable("is a link: give the file or folder that it points to")
        elif not stat.S_ISREG(mode):
            raise Unusable("is neither a file nor a folder: give a .py file, a zip or a folder")
        else:
            with _open_regular(path) as file:
                if is_archive(path.name) or file.peek(4).startswith(b"PK\x03\x04"):
                    with archive(file, path.name) as listing:
                        yield listing
                else:
                    listing = Listing()
                    listing.entries.append(_on_disk(path, (path.name,), listing))
                    yield listing
    except Unusable as error:
        raise IntakeError(f"{label} {error}.") from None
    except OSError as error:
        raise IntakeError(f"{label} {_unreadable(error)}.") from None


@contextmanager
def archive(file: _Bounded, name: str) -> Iterator[Listing]:
    """What an archive of any kind holds. `Unusable` if it cannot be read."""
    converted = as_zip(file, name)
    if converted is None:
        with zip_listing(file) as listing:
            yield listing
        return
    with _Bounded(io.BytesIO(converted)) as zipped, zip_listing(zipped) as listing:  # type: ignore[arg-type]
        listing.remark(f"{shown(name)} is no zip, and was unpacked all the same")
        yield listing


@contextmanager
def inside(entry: Entry) -> Iterator[Listing]:
    """What an archive inside a submission holds. `Unusable` if it cannot be read."""
    if entry.disk is None:
        data = io.BytesIO(entry.read(MAX_TOTAL))
        with _Bounded(data) as file, archive(file, entry.name) as listing:  # type: ignore[arg-type]
            yield listing
        return
    try:
        with contents(entry.disk) as listing:
            yield listing
    except IntakeError as error:
        raise Unusable(str(error).removeprefix(f"{shown(entry.name)} ").removesuffix(".")) from None


def _unreadable(error: OSError) -> str:
    reason = (error.strerror or type(error).__name__).lower()
    return f"cannot be read ({reason}): give the grader permission to read it, or copy it again"


def list_folder(root: Path, most: int = MAX_ENTRIES, skip: Path | None = None) -> Listing:
    """Everything under `root` but the folder `skip`, nearest first; links are not followed.

    Only code, archives and folders count for `most`: images and data cost no place.

    Raises:
        OSError: the folder itself cannot be read.
    """
    listing, scanned, counted = Listing(), Counter[str](), 0
    waiting: deque[tuple[Path, tuple[str, ...]]] = deque([(root, ())])
    while waiting:
        folder, parts = waiting.popleft()
        room = _SCANNED * most - scanned.total()
        if parts:
            room = min(room, _MOST_IN_ONE - scanned[parts[0]])
        try:
            children = _children(folder, room)
        except OSError:
            if not parts:
                raise
            listing.unread.append("/".join(parts))
            continue
        scanned["".join(parts[:1])] += len(children)
        for child in sorted(children, key=lambda child: child.name):
            if is_junk(child.name) or folder / child.name == skip:
                continue
            entry = _on_disk(folder / child.name, (*parts, child.name), listing, child)
            counted += entry.kind == FOLDER or is_work(entry.name)
            listing.entries.append(entry)
            if entry.kind == FOLDER and len(parts) < _MAX_DEPTH:
                waiting.append((folder / child.name, entry.parts))
        if counted > most or scanned.total() >= _SCANNED * most:
            listing.is_cut = True
            break
    return listing


def _children(folder: Path, most: int) -> list[os.DirEntry[str]]:
    """Not more than `most`: there may be millions."""
    descriptor = _open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with os.scandir(descriptor) as found:
            children = list(islice(found, most))
            for child in children:
                child.is_dir(follow_symlinks=False)  # it may ask for that as long as this is open
            return children
    finally:
        os.close(descriptor)


def is_work(name: str) -> bool:
    """True for code, notebooks and archives."""
    return ".py" in name.casefold() or is_archive(name) or is_notebook(name)


def _on_disk(
    path: Path, parts: tuple[str, ...], listing: Listing, child: os.DirEntry[str] | None = None
) -> Entry:
    def read(limit: int) -> bytes:
        try:
            with _open_regular(path) as file:
                if os.fstat(file.fileno()).st_size > limit:
                    raise Unusable(too_large(limit))
                return listing.drain(file, limit)
        except OSError as error:
            raise Unreadable(_unreadable(error)) from None

    if child is not None and child.is_dir(follow_symlinks=False):
        return Entry(parts, FOLDER, disk=path)
    if child is not None and child.is_file(follow_symlinks=False) and not is_work(child.name):
        return Entry(parts, FILE, read=read, disk=path)  # when it was changed is not asked for
    try:
        info = os.lstat(path)
    except OSError:
        return Entry(parts, SPECIAL)
    return Entry(parts, kind_of(info.st_mode), info.st_mtime_ns, read, disk=path)


class _Bounded(io.BufferedReader):
    """An archive. `zipfile` reads the table of contents at once, as long as it says it is."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = MAX_DIRECTORY
        if size > MAX_DIRECTORY:
            raise Unusable(f"has a table of contents that is too large: {REMAKE}")
        return super().read(size)


def _open_regular(path: Path) -> _Bounded:
    """Opens a regular file, never a link, and never waits (as opening a pipe would)."""
    descriptor = _open(path, os.O_RDONLY | os.O_NONBLOCK)
    file = _Bounded(io.FileIO(descriptor, "rb"))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise Unusable("is not a regular file: hand in the file itself")
    return file


def _open(path: Path, flags: int) -> int:
    """Opens what is at an absolute path, if neither that nor any folder on the way is a link.

    Raises:
        OSError: it cannot be opened, or there is a link.
    """
    here = os.open(path.anchor, os.O_PATH)
    try:
        for part in path.parts[1:-1]:
            inner = os.open(part, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY, dir_fd=here)
            os.close(here)
            here = inner
        return os.open(path.name or ".", flags | os.O_NOFOLLOW, dir_fd=here)
    finally:
        os.close(here)
