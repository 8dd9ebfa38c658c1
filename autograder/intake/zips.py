"""Looks into zips, as `unpack` does into folders."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from autograder.intake.entries import (
    ESCAPE,
    FILE,
    FOLDER,
    REMAKE,
    Entry,
    Listing,
    Unusable,
    kind_of,
)
from autograder.intake.names import is_junk

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others cannot be read in bounded memory
_MAX_DEPTH = 40  # folders; nobody works further down
_ROOT = re.compile(r"(?:[A-Za-z]:)?/+|[A-Za-z]:")


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
            raise Unusable(f"is an empty zip: {REMAKE}")
        listing = Listing()
        entries = (_in_zip(archive, info, listing) for info in infos)
        listing.entries = [entry for entry in entries if entry]
        yield listing


def _no_zip(start: bytes) -> str:
    if not start:
        return "is an empty file: hand it in again"
    if start == b"PK\x03\x04":
        return f"is a damaged or incomplete zip: download it again, or {REMAKE}"
    return f"is not a zip: {REMAKE}"


def _in_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo, listing: Listing) -> Entry | None:
    """The entry for `info`; None for what systems and tools leave behind."""

    def read(limit: int) -> bytes:
        if locked:
            raise Unusable("is protected by a password: zip it again without one")
        if info.compress_type not in _METHODS:
            raise Unusable(f"is compressed in a way that is not supported: {REMAKE}")
        try:
            with archive.open(info) as file:
                return listing.drain(file, limit)
        except Unusable:
            raise
        except Exception:  # a wrong checksum, a cut stream, headers that disagree, ...
            raise Unusable(f"is damaged inside the zip: {REMAKE}") from None

    path = info.filename.replace("\\", "/")
    root = _ROOT.match(path) if path[:1] == "/" or path[1:2] == ":" else None
    path = path[root.end() :] if root else path
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if not parts or len(parts) > _MAX_DEPTH:
        return None
    if any(is_junk(part) for part in parts if part != ".."):
        return None
    locked = bool(info.flag_bits & 0x41)  # encrypted, strongly encrypted
    year, month, day, hour, minute, second = info.date_time
    modified = ((((year * 16 + month) * 32 + day) * 32 + hour) * 64 + minute) * 64 + second
    return Entry(parts, _kind(info, path, parts), modified, read, locked, rooted=bool(root))


def _kind(info: zipfile.ZipInfo, path: str, parts: tuple[str, ...]) -> str:
    if ".." in parts:
        return ESCAPE
    if path.endswith("/"):
        return FOLDER
    return kind_of(info.external_attr >> 16) if info.external_attr >> 28 else FILE
