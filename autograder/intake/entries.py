"""What is in a submission: entries that can be read within limits, and what goes wrong."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

MAX_FILE = 1 << 20  # bytes of one expected file
MAX_TOTAL = 20 << 20  # bytes read from one submission
MAX_ENTRIES = 10_000  # of a folder on disk that may be work
MAX_DIRECTORY = 8 << 20  # bytes of a zip's table of contents
REMAKE = "make the zip again with collect_submission.sh"
_CHUNK = 1 << 16

FILE, FOLDER, LINK, SPECIAL, ESCAPE = "file", "folder", "link", "special", "escape"


class IntakeError(Exception):
    """A submission that cannot be graded: one sentence that names it and says what to do."""


class Unusable(Exception):
    """One file that cannot be used: a clause that follows the file's name."""


class Unreadable(Unusable):
    """A file that is there and cannot be read now: no fault of whoever handed it in."""


@dataclass(frozen=True)
class Entry:
    """Something in a submission.

    Attributes:
        parts: of its path in there.
        modified: when it was changed; larger is newer.
        read: gives its bytes; raises `Unusable` if they are more than the limit it is given.
        locked: it needs a password.
        disk: where it lies, unless it is in an archive.
        rooted: its path in the archive begins at the root of a disk.
    """

    parts: tuple[str, ...]
    kind: str
    modified: int = 0
    read: Callable[[int], bytes] = lambda limit: b""
    locked: bool = False
    disk: Path | None = None
    rooted: bool = False

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def path(self) -> str:
        return "/".join(self.parts)


@dataclass
class Listing:
    """All entries of a submission.

    Attributes:
        notes: sentences on how it was packed.
        remarks: those of them that somebody should look at.
        unread: folders in it that cannot be read.
        is_cut: True if there are more entries than were looked at.
        total: bytes read so far.
        own: how many folders at the top of each path are one student's for sure.
    """

    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    is_cut: bool = False
    total: int = 0
    own: int = 0

    def remark(self, text: str) -> None:
        self.notes.append(text)
        self.remarks.append(text)

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


def kind_of(mode: int) -> str:
    kinds = {stat.S_IFREG: FILE, stat.S_IFDIR: FOLDER, stat.S_IFLNK: LINK}
    return kinds.get(stat.S_IFMT(mode), SPECIAL)
