"""Archives that are no zips: rewritten as one, with the code in it and the names of the rest.

Reading them can take much time and memory (their dictionaries, their ratio): it is done by a child
with limits of both, as all of the intake is (`reading`).
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import time
import zipfile
from typing import IO, Any

from autograder.intake.entries import REMAKE, Unusable, too_large

_MAX_ARCHIVE = 256 << 20  # bytes
_MAX_CODE = (1 << 20) + 1  # of one file: enough to see that it is too large
_MAX_ALL = 24 << 20  # bytes of code in all
_MAX_MEMBERS = 50_000
_MAX_UNPACKED = 2 << 30  # bytes of a tar, most of them skipped
_PACKED = {b"7z\xbc\xaf\x27\x1c": "7z", b"\x1f\x8b": "tar", b"BZh": "tar", b"\xfd7zXZ\0": "tar"}
_CODE = (".py", ".txt", ".zip")
_BLOCK = 512  # bytes of a tar's header, which names its format at 257


def as_zip(file: IO[bytes], name: str) -> bytes | None:
    """The code of a 7z or tar archive as a zip; None if it is a zip or nothing that is known.

    Raises:
        Unusable: it cannot be read within the limits.
    """
    start = file.read(_BLOCK)
    file.seek(0)
    kind = next((kind for magic, kind in _PACKED.items() if start.startswith(magic)), "")
    if start[257:262] == b"ustar":
        kind = "tar"
    if start.startswith(b"Rar!"):
        raise Unusable(f"is a RAR archive, which cannot be read: {REMAKE}")
    if not kind:
        return None
    copy, target = _copied(file), io.BytesIO()
    zipped = _Zip(target)
    try:
        (_from_7z if kind == "7z" else _from_tar)(copy, zipped)
    except Exception:  # these raise many kinds on broken and hostile files
        raise Unusable(
            f"is a {kind} archive that is damaged, locked or too large: {REMAKE}"
        ) from None
    finally:
        zipped.close()
    return target.getvalue()


def _copied(file: IO[bytes]) -> IO[bytes]:
    copy, size = io.BytesIO(), 0
    while chunk := file.read(1 << 20):
        size += copy.write(chunk)
        if size > _MAX_ARCHIVE:
            raise Unusable(too_large(_MAX_ARCHIVE))
    copy.seek(0)
    return copy


class _Zip:
    """The zip that is written, as long as there is room in it."""

    def __init__(self, to: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(to, "w")
        self._left, self._members = _MAX_ALL, _MAX_MEMBERS

    def add(self, name: str, modified: tuple[int, ...], data: bytes, mode: int = 0) -> None:
        self._members -= 1
        self._left -= len(data) + len(name)
        if self._members < 0 or self._left < 0:
            raise Unusable(too_large(_MAX_ALL))
        year, month, day, hour, minute, second = modified
        year = min(max(year, 1980), 2107)
        info = zipfile.ZipInfo(name, (year, month, day, hour, minute, second))
        info.external_attr = mode << 16
        self._zip.writestr(info, data)

    def close(self) -> None:
        self._zip.close()


class _Counted:
    """A stream that ends in an error where it turns out to be endless."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._left = stream, _MAX_UNPACKED

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise Unusable(too_large(_MAX_UNPACKED))
        return data


def _from_tar(source: IO[bytes], zipped: _Zip) -> None:
    # Not by `tarfile`, which takes the end of a cut stream for the end of the archive.
    start = source.read(6)
    source.seek(0)
    kinds: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}
    kind = kinds.get(start[:2])
    stream = _Counted(kind(source) if kind else source)
    with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
        for member in archive:
            modified = time.gmtime(min(max(member.mtime, 0), 1 << 32))[:6]
            if member.isdir():
                continue
            if not member.isreg():
                zipped.add(member.name, modified, b"", 0o120777)
                continue
            file = archive.extractfile(member) if _is_code(member.name) else None
            zipped.add(member.name, modified, file.read(_MAX_CODE) if file else b"")
    while stream.read(1 << 20):
        pass


def _from_7z(source: IO[bytes], zipped: _Zip) -> None:
    import py7zr
    from py7zr.io import BytesIOFactory

    with py7zr.SevenZipFile(source) as archive:
        if archive.needs_password():
            raise Unusable("is locked")
        members = [member for member in archive.list() if not member.is_directory]
        wanted = [m.filename for m in members if _is_code(m.filename)]
        factory = BytesIOFactory(_MAX_ALL)
        archive.extract(targets=wanted, factory=factory)
        for member in members:
            made = member.creationtime
            modified = made.timetuple()[:6] if made else (1980, 1, 1, 0, 0, 0)
            product = factory.products.get(member.filename)
            data = product.read(_MAX_CODE) if product else b""
            zipped.add(member.filename, modified, data)


def _is_code(name: str) -> bool:
    return name.casefold().endswith(_CODE)
