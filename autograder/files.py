"""Files of results: each is whole or absent, and only one grader at a time writes to a folder.

A file is written beside its place, pushed to the disk, and renamed: whoever reads sees the old text
or the new one, also after a crash of the machine. What a grader that was killed leaves half
written, the next one removes.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import platform
import tempfile
from collections.abc import Iterator
from pathlib import Path

_ENDING = ".part"
_FULL = (errno.ENOSPC, errno.EDQUOT)


class OutError(Exception):
    """Results cannot be written: one sentence that says what to do."""


def replace(path: Path, text: str) -> None:
    """Write a file so that at any time either the old or the new text is there.

    Raises:
        OSError: it cannot be written; the old text is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=_ENDING)
    try:
        with os.fdopen(fd, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
            file.flush()
            os.fsync(fd)  # else the name could outlive a power cut, and the text not
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def is_full(error: OSError) -> bool:
    """True if the disk, or one's share of it, has no room left."""
    return error.errno in _FULL


@contextlib.contextmanager
def held(out: Path) -> Iterator[None]:
    """Be the only grader at work on a folder of results, which is made if it is not there.

    Leftovers of a grader that was killed are removed. The lock is the kernel's: it ends with its
    holder, however that ends. Its file stays, because removing it would let in two at once.

    Raises:
        OutError: another grader is at work on it, or it cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        file = (out / ".lock").open("ab+")
    except OSError as error:
        raise cannot_write(out, error) from None
    with file:
        _lock(file.fileno(), out)
        with contextlib.suppress(OSError):  # for whoever wonders; the lock does not depend on it
            os.ftruncate(file.fileno(), 0)
            os.write(file.fileno(), f"process {os.getpid()} on {platform.node()}\n".encode())
        _tidy(out)
        yield


def cannot_write(out: Path, error: OSError) -> OutError:
    """The sentence for an error of writing results."""
    if is_full(error):
        return OutError(
            f"there is no room left on the disk of {out}: make room, then give the same command"
            " again; what was written is kept, and the rest will be graded"
        )
    reason = (error.strerror or type(error).__name__).lower()
    return OutError(f"{out} cannot be written ({reason}): choose another folder with --out")


def _lock(fd: int, out: Path) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(fd, 200, 0).decode("utf-8", errors="replace").strip()
        raise OutError(
            f"another grader is at work on {out} ({holder or 'it has just started'}):"
            " wait until it is done, or choose another folder with --out"
        ) from None
    except OSError:
        pass  # a file system without locks: better to grade than to refuse


def _tidy(out: Path) -> None:
    """Remove half-written files in the folder and in those of submissions."""
    with contextlib.suppress(OSError):
        with os.scandir(out) as found:
            folders = [Path(e.path) for e in found if e.is_dir(follow_symlinks=False)]
        for folder in (out, *folders):
            for part in folder.glob(f".*{_ENDING}"):
                part.unlink(missing_ok=True)
