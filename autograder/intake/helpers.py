"""Takes in the modules of a student's own that the expected files import from beside them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from autograder.intake.names import shown
from autograder.intake.text import text_fault
from autograder.intake.unpack import FILE, MAX_FILE, Entry, Listing, Unusable
from homework import helpers


def take(
    listing: Listing,
    chosen: Mapping[str, Entry],
    files: Mapping[str, bytes],
    expected: Collection[str],
) -> tuple[dict[str, bytes], list[Entry], list[str]]:
    """Helper modules by path, the entries that they came from, and notes.

    They are looked for in the folder of each expected file. Modules that cannot be read or are no
    text are noted and left out.

    Args:
        chosen: where each expected file was found.
        files: contents of those that can be used.
    """
    found: dict[str, bytes] = {}
    used: list[Entry] = []
    notes: list[str] = []
    for folder in dict.fromkeys(entry.parts[:-1] for entry in chosen.values()):
        graded = {name: files[name] for name in files if chosen[name].parts[:-1] == folder}
        beside = _beside(listing, folder)

        def read(path: str, beside: Mapping[str, Entry] = beside) -> bytes | None:
            entry = beside.get(path)
            if entry is None:
                return None
            try:
                used.append(entry)
                return _text(entry)
            except Unusable as error:
                notes.append(f"{shown(entry.path)} {error}")
                return None

        taken = helpers.choose(graded, expected, read)
        for path, content in taken.files.items():
            if found.setdefault(path, content) != content:
                notes.append(f"there are two different {shown(path)}; the first one is used")
        notes += taken.notes
    if found:
        notes.append(f"modules of your own that are used: {', '.join(map(shown, sorted(found)))}")
    return found, used, notes


def _beside(listing: Listing, folder: tuple[str, ...]) -> dict[str, Entry]:
    """Python files in a folder and below, by their path from there."""
    depth = len(folder)
    return {
        "/".join(entry.parts[depth:]): entry
        for entry in listing.entries
        if entry.kind == FILE and entry.parts[:depth] == folder and entry.name.endswith(".py")
    }


def _text(entry: Entry) -> bytes:
    data = entry.read(MAX_FILE)
    fault = text_fault(data)
    if fault:
        raise Unusable(fault)
    return data
