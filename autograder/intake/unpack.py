"""Looks into what a student handed in, a folder or a zip, without trusting any of it.

Nothing is written to disk, links are never followed, and a file is read only when it is asked for,
up to a limit that counts bytes read, whatever sizes the zip's headers claim. A listing says what is
there; each `Entry` knows how to read itself.
"""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

from autograder.intake.names import is_junk, shown

MAX_FILE = 1 << 20  # bytes of one expected file
MAX_TOTAL = 20 << 20  # bytes read from one submission
MAX_ENTRIES = 10_000
_MAX_DIRECTORY = 2 << 20  # bytes of a zip's table of contents
_MAX_DEPTH = 20
_CHUNK = 1 << 16
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others cannot be read in bounded memory
_REMAKE = "make the zip again with collect_submission.sh"

FILE, FOLDER, LINK, SPECIAL, ESCAPE = "file", "folder", "link", "special", "escape"


class IntakeError(Exception):
    """A submission that cannot be graded: one sentence that names it and says what to do."""


class Unusable(Exception):
    """One file that cannot be used: a clause that follows the file's name."""


class Unreadable(Unusable):
    """A file that is there and cannot be read now: no fault of whoever handed it in."""


@dataclass(frozen=True)
class Entry:
    """Something in a submission: `parts` of its path in there; a larger `modified` is newer."""

    parts: tuple[str, ...]
    kind: str
    modified: int = 0
    read: Callable[[int], bytes] = lambda limit: b""  # raises Unusable beyond `limit` bytes
    locked: bool = False  # needs a password
    disk: Path | None = None  # where it lies, unless it is inside a zip

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def path(self) -> str:
        return "/".join(self.parts)


@dataclass
class Listing:
    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)  # folders in it that cannot be read
    total: int = 0  # bytes read so far

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)
        if len(self.entries) > MAX_ENTRIES:
            raise Unusable(
                f"holds more than {MAX_ENTRIES:,} files: hand in only the files to be graded"
            )

    def drain(self, file: IO[bytes], limit: int) -> bytes:
        """All of `file`; `Unusable` as soon as it proves to be too long."""
        data = bytearray()
        while chunk := file.read(min(_CHUNK, limit + 1 - len(data))):
            data += chunk
            self.total += len(chunk)
            if len(data) > limit:
                raise Unusable(too_large(limit))
            if self.total > MAX_TOTAL:
                raise Unusable("was not read: the submission holds too much data; hand in less")
        return bytes(data)


def too_large(limit: int) -> str:
    return f"is larger than {limit >> 20} MB: hand in the code alone, without data or outputs"


@contextmanager
def contents(path: Path) -> Iterator[Listing]:
    """What the folder, zip or Python file at `path` holds; its files can be read in the `with`.

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
        elif path.suffix.casefold() == ".py":
            listing = Listing()
            listing.add(_on_disk(path, (path.name,), listing))
            yield listing
        elif path.suffix.casefold() == ".ipynb":
            raise Unusable("is a notebook: give the Python files, or a zip or folder with them")
        else:
            with _open_regular(path) as file, zip_listing(file) as listing:
                yield listing
    except Unusable as error:
        raise IntakeError(f"{label} {error}.") from None
    except OSError as error:
        raise IntakeError(f"{label} {_unreadable(error)}.") from None


def _unreadable(error: OSError) -> str:
    reason = (error.strerror or type(error).__name__).lower()
    return f"cannot be read ({reason}): give the grader permission to read it, or copy it again"


# Folders


def list_folder(root: Path) -> Listing:
    """Everything under `root`, nearest first; links are listed, not followed.

    Raises:
        OSError: the folder itself cannot be read.
        Unusable: it holds too much.
    """
    listing = Listing()
    waiting: deque[tuple[Path, tuple[str, ...]]] = deque([(root, ())])
    while waiting:
        folder, parts = waiting.popleft()
        try:
            with os.scandir(folder) as found:
                some = islice(found, MAX_ENTRIES + 1)  # a folder may hold millions
                children = sorted(child.name for child in some if not is_junk(child.name))
        except OSError:
            if not parts:
                raise
            listing.unread.append("/".join(parts))
            continue
        for name in children:
            entry = _on_disk(folder / name, (*parts, name), listing)
            listing.add(entry)
            if entry.kind == FOLDER and len(parts) < _MAX_DEPTH:
                waiting.append((folder / name, entry.parts))
    return listing


def _on_disk(path: Path, parts: tuple[str, ...], listing: Listing) -> Entry:
    def read(limit: int) -> bytes:
        try:
            with _open_regular(path) as file:
                if os.fstat(file.fileno()).st_size > limit:
                    raise Unusable(too_large(limit))
                return listing.drain(file, limit)
        except OSError as error:
            raise Unreadable(_unreadable(error)) from None

    try:
        info = os.lstat(path)
    except OSError:
        return Entry(parts, SPECIAL)
    return Entry(parts, _kind(info.st_mode), info.st_mtime_ns, read, disk=path)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFREG: FILE, stat.S_IFDIR: FOLDER, stat.S_IFLNK: LINK}
    return kinds.get(stat.S_IFMT(mode), SPECIAL)


class _Bounded(io.BufferedReader):
    """A zip on disk. `zipfile` reads the table of contents at once, as long as it says it is."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = _MAX_DIRECTORY
        if size > _MAX_DIRECTORY:
            raise Unusable(f"has a table of contents that is too large: {_REMAKE}")
        return super().read(size)


def _open_regular(path: Path) -> _Bounded:
    """Opens a regular file, never a link, and never waits (as opening a pipe would)."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    file = _Bounded(io.FileIO(descriptor, "rb"))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise Unusable("is not a regular file: hand in the file itself")
    return file


# Zips


@contextmanager
def zip_listing(file: IO[bytes]) -> Iterator[Listing]:
    """What an open zip holds. `Unusable` for what is not a readable zip."""
    start = file.read(4)
    try:
        archive = zipfile.ZipFile(file)
    except (Unusable, OSError):
        raise
    except Exception:  # zipfile raises many kinds on broken and hostile files
        raise Unusable(_no_zip(start)) from None
    with archive:
        infos = archive.infolist()
        if not infos:
            raise Unusable(f"is an empty zip: {_REMAKE}")
        if len(infos) > MAX_ENTRIES:
            raise Unusable(f"holds more than {MAX_ENTRIES:,} files: {_REMAKE}")
        listing = Listing()
        for info in infos:
            entry = _in_zip(archive, info, listing)
            if entry:
                listing.add(entry)
        yield listing


def _no_zip(start: bytes) -> str:
    if not start:
        return "is an empty file: hand it in again"
    if start == b"PK\x03\x04":
        return f"is a damaged or incomplete zip: download it again, or {_REMAKE}"
    return f"is not a zip: {_REMAKE}"


def _in_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo, listing: Listing) -> Entry | None:
    """The entry for `info`; None for what systems and tools leave behind."""

    def read(limit: int) -> bytes:
        if locked:
            raise Unusable("is protected by a password: zip it again without one")
        if info.compress_type not in _METHODS:
            raise Unusable(f"is compressed in a way that is not supported: {_REMAKE}")
        try:
            with archive.open(info) as file:
                return listing.drain(file, limit)
        except Unusable:
            raise
        except Exception:  # a wrong checksum, a cut stream, headers that disagree, ...
            raise Unusable(f"is damaged inside the zip: {_REMAKE}") from None

    locked = bool(info.flag_bits & 0x41)  # encrypted, strongly encrypted
    path = info.filename.replace("\\", "/")
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    kind = _kind(info.external_attr >> 16) if info.external_attr >> 28 else FILE
    if path.endswith("/"):
        kind = FOLDER
    if path.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", path):
        kind = ESCAPE
    elif any(is_junk(part) for part in parts):
        return None
    if not parts:
        return None
    modified = 0
    for part, size in zip(info.date_time, (1, 16, 32, 24, 64, 64), strict=True):
        modified = modified * size + part
    return Entry(parts, kind, modified, read, locked)
