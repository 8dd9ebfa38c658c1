"""Finds the modules of a student's own that the graded files import: `utils.py`, `helpers/`.

The collector packs them, the intake takes them in, and the check and the judge import them. They
lie beside the graded files. Which modules a file imports is told from its text by a pattern, in
time linear in the text, so that this may be asked about anything that is handed in. Needs only the
standard library.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from homework.allowed import KIT, is_taken

MOST_FILES, MOST_BYTES = 20, 1 << 20  # of all helper modules together
_DEEPEST = 5  # packages inside packages
_MOST_IMPORTS = 10_000  # of a file
_IMPORT = re.compile(
    r"(?:^|[;:])[ \t]*"
    r"(?:from[ \t]+(?P<base>[\w.]+)[ \t]+import[ \t]*(?P<names>\([^)]{0,2000}|[^\n;#]*)"
    r"|import[ \t]+(?P<modules>[^\n;#]*))",
    re.MULTILINE | re.ASCII,
)
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
Parts = tuple[str, ...]  # of a module's name
Read = Callable[[str], bytes | None]  # the content of a file beside the graded ones, by its path


@dataclass
class Helpers:
    """Helper modules by path (`utils.py`, `helpers/__init__.py`), and what to tell the student."""

    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, path: str, content: bytes) -> bool:
        """Whether there was room for it."""
        size = sum(map(len, self.files.values())) + len(content)
        if len(self.files) == MOST_FILES or size > MOST_BYTES:
            return False
        self.files[path] = content
        return True


def choose(graded: Mapping[str, bytes], expected: Collection[str], read: Read) -> Helpers:
    """The helper modules that graded files import, and that those import in turn.

    Args:
        graded: the files that are handed in, by name.
        expected: names of all files that may be handed in; they are nobody's helpers.
        read: gives the content of a file by its path, `helpers/losses.py`; None if there is none.
    """
    found, left = Helpers(), []
    seen, waiting = set(expected), deque(graded.items())
    while waiting:
        file, text = waiting.popleft()
        for path in _wanted(text, file, seen):
            content = read(path)
            if content is None or path.split("/")[0] in KIT:
                continue
            if is_taken(_top(path)):
                found.notes.append(
                    f"{path} was left out: {_top(path)} is the name of a module that graded code "
                    "gets anyway, so give yours another name"
                )
            elif found.add(path, content):
                waiting.append((path, content))
            else:
                left.append(path)
    if left:
        found.notes.append(
            f"{', '.join(left[:4])} did not fit: at most {MOST_FILES} modules of your own, "
            f"{MOST_BYTES >> 20} MB in all, go along with the graded files"
        )
    return found


def modules(paths: Iterable[str]) -> set[str]:
    """First parts of the names by which files are imported."""
    return {_top(path) for path in paths}


def on_disk(folder: Path, provided: Mapping[str, str]) -> Read:
    """Reads the files of a folder, but not what is as it was `provided`, by path."""

    def read(path: str) -> bytes | None:
        file = folder / path
        try:
            if not file.is_file():
                return None  # a pipe would be waited for, and a device has no end
            if file.stat().st_size > MOST_BYTES:
                return bytes(MOST_BYTES + 1)  # whatever it holds, it does not fit
            content = file.read_bytes()
        except OSError:
            return None
        given = provided.get(path)
        unchanged = given is not None and content.replace(b"\r\n", b"\n") == given.encode()
        return None if unchanged else content

    return read


def imported(text: bytes, file: str = "") -> Iterator[Parts]:
    """Names of the modules that a text seems to import, relative ones made absolute.

    What it takes for an import may be none, as in a docstring, and a name that is imported from a
    module is given as if it were a module too.
    """
    package = tuple(file.split("/")[:-1])
    for match in _IMPORT.finditer(text.replace(b"\\\n", b" ").decode("latin-1")):
        if match["modules"] is not None:
            yield from (tuple(name.split(".")) for name in _first_words(match["modules"]))
            continue
        module = match["base"]
        level = len(module) - len(module.lstrip("."))
        if level > len(package):
            continue  # outside of the folder
        above = package[: len(package) - level + 1] if level else ()
        base = (*above, *filter(None, module.lstrip(".").split(".", _DEEPEST)[:_DEEPEST]))
        yield base
        yield from ((*base, name) for name in _first_words(match["names"].lstrip("(")))


def _first_words(names: str) -> list[str]:
    """`a.b` and `c` of `a.b as x, c`; comments between the names are skipped."""
    plain = re.sub(r"#[^\n]*", "", names)
    return [item.split()[0] for item in plain.split(",") if item.strip()]


def _wanted(text: bytes, file: str, seen: set[str]) -> Iterator[str]:
    """Paths, not seen before, where the modules that a text imports may lie."""
    for parts in islice(imported(text, file), _MOST_IMPORTS):
        for depth in range(1, min(len(parts), _DEEPEST) + 1):
            if not _NAME.fullmatch(parts[depth - 1]):
                break
            for path in ("/".join(parts[:depth]) + ending for ending in (".py", "/__init__.py")):
                if path not in seen:
                    seen.add(path)
                    yield path


def _top(path: str) -> str:
    return path.split("/")[0].removesuffix(".py")
