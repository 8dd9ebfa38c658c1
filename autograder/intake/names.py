"""File names of submissions: which expected file a name stands for, and how to show it safely.

A student's `q1_vae.py` comes back as `q1_vae (1).py` from a browser, as `Copy of q1_vae.py` from a
drive, as `smith_123_456_q1_vae.py` from a course site. Names are the student's: they are put into
messages, Markdown and folder names only through `shown` and `safe`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EXACT, CASE, RENAMED, PREFIXED = range(4)  # how near a name is to the expected one: lower wins

ARCHIVES = (".zip", ".rar", ".7z", ".tgz", ".tar", ".tar.gz", ".tar.xz", ".tar.bz2")
_LONGEST = 255  # characters; what a disk allows, and it bounds the work of the patterns
_AFTER = re.compile(r"(?: ?\(\d{1,3}\)|[-_ ]\d{1,2}|(?: -)?[ _-]copy(?: ?\(?\d{1,3}\)?)?){0,2} *")
_NUMBER = re.compile(r"(?:^|[-_ ])\d+(?=[-_ ])")
_CANVAS = re.compile(r"(.+?)(?:_late)?_(\d+)_\d+_")
# Names that Windows keeps for itself, and those of the files beside the folders of submissions.
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?|grades\.csv|timings\.csv|manifest\.json",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Match:
    """`expected`: the file a name stands for. `student`: whose it is, by a course site's prefix."""

    expected: str
    rank: int
    student: str | None = None


def match(name: str, expected: Sequence[str]) -> Match | None:
    """Which of the `expected` files a file called `name` stands for, if any."""
    if len(name) > _LONGEST:
        return None
    if name in expected:
        return Match(name, EXACT)
    lower = name.casefold().strip()
    for wanted in sorted(expected, key=len, reverse=True):
        if lower == wanted.casefold():
            return Match(wanted, CASE)
    for wanted in sorted(expected, key=len, reverse=True):
        found = _renamed(lower, wanted)
        if found:
            return found
    return None


def _renamed(lower: str, wanted: str) -> Match | None:
    stem, _, suffix = wanted.casefold().rpartition(".")
    body, _, ending = lower.rpartition(".")
    at = body.rfind(stem)
    if ending != suffix or at < 0 or not _AFTER.fullmatch(body[at + len(stem) :]):
        return None
    before = body[:at]
    while before.endswith("copy of "):
        before = before.removesuffix("copy of ")
    if not before:
        return Match(wanted, RENAMED)
    # A course site's prefix holds a number: this leaves out test_q1_vae.py and old_q1_vae.py.
    if before[-1] in "-_ " and _NUMBER.search(before):
        return Match(wanted, PREFIXED, _student(before))
    return None


def _student(prefix: str) -> str:
    """`smith_123` of `smith_late_123_456_`: the last number differs between a student's files."""
    canvas = _CANVAS.fullmatch(prefix)
    return f"{canvas[1]}_{canvas[2]}" if canvas else prefix.rstrip("-_ ")


def is_archive(name: str) -> bool:
    return name.casefold().endswith(ARCHIVES)


def is_junk(part: str) -> bool:
    """True for folders and files that systems and tools leave behind: hidden ones, caches."""
    return part.startswith(".") or part in (
        "__MACOSX",
        "__pycache__",
        "node_modules",
        "site-packages",
        "venv",
    )


def shown(name: str, longest: int = 80) -> str:
    """`name` for a message: no control characters, no markup, not long."""
    text = unicodedata.normalize("NFC", name[: 4 * longest])
    text = "".join(c if c.isalnum() or c in " ._-(),/+" else "?" for c in text)
    return text if len(text) <= longest else text[: longest - 3] + "..."


def listed(names: Sequence[str], most: int = 4) -> str:
    """`a, b and 7 more`."""
    text = ", ".join(shown(name) for name in names[:most])
    return text + (f" and {len(names) - most} more" if len(names) > most else "")


def safe(name: str) -> str:
    """`name` as the name of a file or folder on any system, at most 60 characters."""
    text = unicodedata.normalize("NFC", name)
    text = "".join(c if c.isalnum() or c in "._-" else "_" for c in text)
    text = text.lstrip("._-")[:60].rstrip("._-") or "submission"
    return text + "_" if _RESERVED.fullmatch(text) else text


def submission_names(paths: Sequence[Path], expected: Sequence[str] = ()) -> list[str]:
    """A name for each path, safe as a folder name and unique even where case does not count.

    Two `submission.zip` in different folders get their folders' names in front.
    """
    chains = [_chain(path, expected) for path in paths]
    used = [1] * len(paths)
    names = [_joined(chain, 1) for chain in chains]
    for depth in range(2, 5):
        folded = [name.casefold() for name in names]
        counts = Counter(folded)
        for i, chain in enumerate(chains):
            if counts[folded[i]] > 1 and len(chain) >= depth:
                used[i], names[i] = depth, _joined(chain, depth)
    return _numbered(names)


def _chain(path: Path, expected: Sequence[str]) -> list[str]:
    """The submission's own name, its folder's name, that one's folder's name, ..."""
    path = path.absolute() if path.name not in ("", "..") else path.resolve()
    found = match(path.name, expected)
    own = path.name
    if found and found.student:
        own = found.student
    else:
        ending = next((e for e in (".py", *ARCHIVES) if own.casefold().endswith(e)), "")
        own = own[: len(own) - len(ending)] or own
    return [own, *(parent.name for parent in path.parents if parent.name)]


def _joined(chain: list[str], depth: int) -> str:
    return safe("-".join(reversed(chain[:depth])))


def _numbered(names: list[str]) -> list[str]:
    taken: set[str] = set()
    result = []
    for name in names:
        unique, number = name, 2
        while unique.casefold() in taken:
            unique, number = f"{name}-{number}", number + 1
        taken.add(unique.casefold())
        result.append(unique)
    return result
