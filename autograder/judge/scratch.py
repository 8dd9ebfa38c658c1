"""The folder that a child may write: how full it is, and emptying it whatever is in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

MOST_ENTRIES = 10_000
ENTRY_BYTES = 512  # what an empty file takes, about
TOO_MUCH = 1 << 62


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder; `TOO_MUCH` for more or deeper ones than any task needs."""
    total, count, waiting = 0, 0, [str(folder)]
    while waiting:
        try:
            for entry in os.scandir(waiting.pop()):
                count += 1
                if count > MOST_ENTRIES:
                    return TOO_MUCH
                total += ENTRY_BYTES + entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
        except FileNotFoundError:
            continue  # it was removed meanwhile
        except OSError:
            return TOO_MUCH  # a path too long to be opened, or a locked folder
    return total


def room(folder: Path) -> int:
    """Bytes that may still be written on the disk of a folder."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize if disk.f_blocks else TOO_MUCH  # some do not tell


def empty(folder: Path) -> None:
    """Remove all that is in a folder, also what its maker tried to lock; never follows links.

    `chmod` and `rm` cope with folders nested deeper than a path can name, where Python's own
    functions recurse or refuse.
    """
    entries = [entry.path for entry in os.scandir(folder)]
    folders = []
    for path in entries:
        try:
            os.unlink(path)
        except IsADirectoryError:
            folders.append(path)
        except PermissionError:  # a folder, on some systems
            folders.append(path)
    if folders:
        # One round per folder of the top would be slow for thousands of them: the parent's folder
        # is handed over as a whole.
        _run("chmod", "-R", "u+rwX", str(folder))
        for start in range(0, len(folders), 500):
            _run("rm", "-rf", "--", *folders[start : start + 500])


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it."""
    empty(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _run(*command: str) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
