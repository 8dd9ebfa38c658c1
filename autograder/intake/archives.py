"""Archives that are no zips: rewritten as one in a child of its own, within limits.

Reading them can take any time and memory (their dictionaries, their ratio), so that is not done in
the process that holds the answers: `python archives.py tar` reads an archive from its input and
writes a zip of the code in it. Of other files only the names are kept.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path
from typing import IO, Any

_MAX_ARCHIVE = 256 << 20  # bytes
_MAX_CODE = (1 << 20) + 1  # of one file: enough to see that it is too large
_MAX_ALL = 24 << 20  # bytes of code in all
_MAX_MEMBERS = 50_000
_MEMORY, _SECONDS = 768 << 20, 10
_PACKED = {b"7z\xbc\xaf\x27\x1c": "7z", b"\x1f\x8b": "tar", b"BZh": "tar", b"\xfd7zXZ\0": "tar"}
_CODE = (".py", ".txt", ".zip")
_BLOCK = 512  # bytes of a tar's header, which names its format at 257


def as_zip(file: IO[bytes], name: str) -> bytes | None:
    """The code of a 7z or tar archive as a zip; None if it is a zip or nothing that is known.

    Raises:
        Unusable: it cannot be read within the limits.
    """
    from autograder.intake.entries import REMAKE, Unusable

    start = file.read(_BLOCK)
    file.seek(0)
    kind = next((kind for magic, kind in _PACKED.items() if start.startswith(magic)), "")
    if start[257:262] == b"ustar":
        kind = "tar"
    if start.startswith(b"Rar!"):
        raise Unusable(f"is a RAR archive, which cannot be read: {REMAKE}")
    if not kind:
        return None
    # A child that is given nothing but the bytes, and that can write nothing but its answer.
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as copy:
        _copy(file, copy)
        command = [sys.executable, "-I", str(Path(__file__)), kind]
        try:
            done = subprocess.run(
                command, stdin=copy, stdout=answer, stderr=subprocess.DEVNULL,
                env={}, cwd="/", timeout=3 * _SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            done = None
        answer.seek(0)
        data = answer.read(2 * _MAX_ALL)
    if done is None or done.returncode or not data:
        raise Unusable(f"is a {kind} archive that is damaged, locked or too large: {REMAKE}")
    return data


def _copy(file: IO[bytes], to: IO[bytes]) -> None:
    from autograder.intake.entries import Unusable, too_large

    size = 0
    while chunk := file.read(1 << 20):
        size += to.write(chunk)
        if size > _MAX_ARCHIVE:
            raise Unusable(too_large(_MAX_ARCHIVE))
    to.seek(0)


class _Zip:
    """The zip that is written, as long as there is room in it."""

    def __init__(self, to: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(to, "w")
        self._left, self._members = _MAX_ALL, _MAX_MEMBERS

    def add(self, name: str, modified: tuple[int, ...], data: bytes, mode: int = 0) -> None:
        self._members -= 1
        self._left -= len(data) + len(name)
        if self._members < 0 or self._left < 0:
            raise SystemExit(3)
        year, month, day, hour, minute, second = modified
        year = min(max(year, 1980), 2107)
        info = zipfile.ZipInfo(name, (year, month, day, hour, minute, second))
        info.external_attr = mode << 16
        self._zip.writestr(info, data)

    def close(self) -> None:
        self._zip.close()


def _from_tar(source: IO[bytes], zipped: _Zip) -> None:
    # Not by `tarfile`, which takes the end of a cut stream for the end of the archive.
    start = source.peek(6)  # type: ignore[attr-defined]
    kinds: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}
    kind = kinds.get(start[:2])
    stream = kind(source) if kind else source
    with tarfile.open(fileobj=stream, mode="r|") as archive:
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
            raise SystemExit(4)
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


def _main(kind: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * _MAX_ALL, 2 * _MAX_ALL))
    source = io.BufferedReader(io.FileIO(0, closefd=False))
    target = io.BytesIO()
    zipped = _Zip(target)
    (_from_7z if kind == "7z" else _from_tar)(source, zipped)
    zipped.close()
    sys.stdout.buffer.write(target.getvalue())


if __name__ == "__main__":
    _main(sys.argv[1])
