"""Takes in the modules of a student's own that the expected files import from beside them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

from autograder.intake.entries import FILE, MAX_FILE, Entry, Listing, Unusable
from autograder.intake.names import listed, shown
from autograder.intake.text import text_fault
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
        read = partial(_read, _beside(listing, folder), used, notes)
        taken = helpers.choose(graded, expected, read)
        for path, content in taken.files.items():
            if found.setdefault(path, content) != content:
                notes.append(f"there are two different {shown(path)}; the first one is used")
        notes += taken.notes
    if found:
        notes.append(f"modules of your own that are used: {listed(sorted(found), 20)}")
    return found, used, notes


def _read(
    beside: Mapping[str, Entry], used: list[Entry], notes: list[str], path: str
) -> bytes | None:
    """A helper's content; None, with a note, for what is no text."""
    entry = beside.get(path)
    if entry is None:
        return None
    used.append(entry)
    try:
        data = entry.read(MAX_FILE)
        fault = text_fault(data)
    except Unusable as error:
        fault = str(error)
    if fault:
        notes.append(f"{shown(entry.path)} {fault}")
    return None if fault else data


def _beside(listing: Listing, folder: tuple[str, ...]) -> dict[str, Entry]:
    """Python files in a folder and below, by their path from there."""
    depth = len(folder)
    return {
        "/".join(entry.parts[depth:]): entry
        for entry in listing.entries
        if entry.kind == FILE and entry.parts[:depth] == folder and entry.name.endswith(".py")
    }
