"""Finds the submissions in what the grader was given: files, zips, folders, folders of many.

Course sites pack a class in many ways: a zip or a folder per student (with perhaps one zip in it),
all files in one folder with the student's name in front, Gradescope's export with a list beside it.
A folder is one submission when it holds the expected files itself or in the kit's own folders;
otherwise its zips, folders and Python files are submissions.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from autograder.intake.names import is_archive, is_junk, match
from autograder.intake.unpack import FILE, Entry, Unusable, list_folder

_MARKERS = ("submission_metadata.yml", "submission_metadata.yaml")
_MAX_LEVELS = 3  # class / section / group / student
# Folders of one person's work, not people: the kit's own, and one folder a question.
_PART = re.compile(
    r"student_src|src|code|homework|assignments|test_resources|notebooks?|data|figures|images"
    r"|models?|checkpoints|runs|results|outputs?|q\d+\w*|\d\d_(?:vae|ddpm|cfg)"
)


def find_submissions(
    paths: Sequence[Path], expected: Sequence[str], inside: bool = False
) -> list[Path]:
    """The submissions in `paths`, each for `open_submission`, without repeats.

    Never raises: what cannot be read is returned as it is, and opening it says why.

    Args:
        inside: no folder of `paths` is a submission itself, even if it holds just one.
    """
    found: dict[Path, None] = {}
    for path in paths:
        for submission in _expand(_resolved(Path(path)), expected, 0, inside):
            found.setdefault(submission)
    return list(found)


def siblings(path: Path, student: str, expected: Sequence[str]) -> list[Path]:
    """All files of a student, where a course site put every student's files in one folder.

    Raises:
        OSError: the folder cannot be read.
    """
    modified = os.stat(path.parent).st_mtime_ns
    names = _by_student(path.parent, modified, tuple(expected)).get(student, ())
    return [path.parent / name for name in names]


@lru_cache(maxsize=4)
def _by_student(folder: Path, modified: int, expected: Sequence[str]) -> dict[str, list[str]]:
    """Names of files by student. Kept, because each of a thousand students asks for them."""
    found: dict[str, list[str]] = {}
    for name in sorted(os.listdir(folder)):
        of = match(name, expected)
        if of and of.student:
            found.setdefault(of.student, []).append(name)
    return found


def _resolved(path: Path) -> Path:
    """A link that the instructor typed is followed; links further inside are not."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, a zero byte
        return path


@dataclass
class _Folder:
    folders: list[Path] = field(default_factory=list)
    archives: list[Path] = field(default_factory=list)
    code: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)  # links and special files that look like work
    marked: bool = False


def _expand(
    path: Path, expected: Sequence[str], level: int, inside: bool = False
) -> Iterator[Path]:
    folder = _look(path) if level <= _MAX_LEVELS else None
    if folder is None or (not inside and _is_one(folder, expected, level)):
        yield path
        return
    yield from _heads(folder.code, expected)
    for child in sorted((*folder.archives, *folder.others, *folder.folders), key=_order):
        if child not in folder.folders:
            yield child
        elif not _is_part(child) or _work(child, expected):
            yield from _expand(child, expected, level + 1)


def _order(path: Path) -> tuple[str, str]:
    return path.name.casefold(), path.name


def _is_part(folder: Path) -> bool:
    return bool(_PART.fullmatch(folder.name.casefold()))


def _look(path: Path) -> _Folder | None:
    """The children of a folder; None when `path` is something else or cannot be read."""
    folder = _Folder()
    try:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            return None
        with os.scandir(path) as children:
            for child in sorted(children, key=lambda child: child.name):
                _sort_in(folder, path / child.name, child)
    except (OSError, ValueError):
        return None
    return folder


def _sort_in(folder: _Folder, path: Path, child: os.DirEntry[str]) -> None:
    if is_junk(child.name):
        return
    folder.marked |= child.name in _MARKERS
    is_code = path.suffix.casefold() == ".py"
    if child.is_dir(follow_symlinks=False):
        folder.folders.append(path)
    elif child.is_file(follow_symlinks=False):
        if is_archive(child.name):
            folder.archives.append(path)
        elif is_code:
            folder.code.append(path)
    elif is_code or is_archive(child.name) or child.is_symlink():
        folder.others.append(path)


def _heads(code: list[Path], expected: Sequence[str]) -> list[Path]:
    """One file per student, where a course site put the students' names in front."""
    heads: dict[str, Path] = {}
    for path in sorted(code, key=_order):
        found = match(path.name, expected)
        heads.setdefault(found.student if found and found.student else f"/{path.name}", path)
    return list(heads.values())


def _is_one(folder: _Folder, expected: Sequence[str], level: int) -> bool:
    """True if the folder is a single submission (or nothing at all, which opening it will say)."""
    matches = [found for path in folder.code if (found := match(path.name, expected))]
    if len({found.student for found in matches if found.student}) > 1:
        return False
    if matches or folder.marked:
        return bool(matches)
    work = {child: _work(child, expected) for child in folder.folders}
    holders = [child for child in folder.folders if work[child] == 2]
    count = len(holders) + len(folder.archives)
    if count == 0:
        return not folder.others
    if any(_is_part(child) for child in holders):
        return True
    if level > 0:  # a student's folder, in a folder of many
        return count == 1 or len(holders) == 1
    alone = not any(work[child] == 1 and not _is_part(child) for child in folder.folders)
    return len(holders) == 1 and not folder.archives and alone


def _work(folder: Path, expected: Sequence[str]) -> int:
    """2 if a folder holds expected files or an archive, 1 if it holds other code, else 0."""
    try:
        entries = [entry for entry in list_folder(folder).entries if entry.kind == FILE]
    except Unusable:
        return 2  # too much to list: a submission, to be refused with a reason
    except OSError:
        return 1
    return max((_worth(entry, expected) for entry in entries), default=0)


def _worth(entry: Entry, expected: Sequence[str]) -> int:
    if match(entry.name, expected) or (is_archive(entry.name) and len(entry.parts) <= 2):
        return 2
    return int(entry.name.casefold().endswith((".py", ".ipynb")))
