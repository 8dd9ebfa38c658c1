"""Remarks on how a student's code was run, sent as short codes and told as sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

_AGAIN = (
    "so the file was executed again without what is neither an import, a definition nor an "
    "assignment, and without assignments that fail. Move such work into a function that no task "
    'calls, or below `if __name__ == "__main__":`'
)
_SENTENCES = {
    "gpu": "your code names a GPU; it ran on the CPU instead. Better take the device of the inputs",
    "outside": "{place}, since it needs files, the network or other programs, " + _AGAIN,
    "time": "importing {place}, " + _AGAIN,
}
Parts = tuple[str, str, int]  # of a code: its kind, a file and a line, each of which may lack


def code(kind: str, file: str, line: int = 0) -> str:
    """`outside q0_toy.py 7`, or `outside q0_toy.py` if nobody knows the line."""
    return f"{kind} {file} {line}" if line else f"{kind} {file}"


def parts(text: str, files: Collection[str]) -> Parts | None:
    """What a code says; None if it is none.

    Args:
        files: names that a code may hold.
    """
    kind, file, line, *more = (*text.split(" "), *([""] * (2 - text.count(" "))))
    number = int(line) if line.isascii() and line.isdigit() and len(line) < 8 else 0
    known = kind in _SENTENCES and (file in files or (kind == "gpu" and not file))
    return (kind, file, number) if known and not more and bool(line) == bool(number) else None


def unplaced(text: str) -> str:
    """A code without its line."""
    return " ".join(text.split(" ")[:2])


def sentences(codes: Iterable[str], files: Collection[str]) -> list[str]:
    """Sentences for codes; others are left out. One that names no line is, if another does."""
    known = sorted(filter(None, (parts(text, files) for text in codes)))
    placed = {(kind, file): line for kind, file, line in reversed(known) if line}
    pairs = dict.fromkeys((kind, file) for kind, file, _ in known)
    return [_sentence(kind, file, placed.get((kind, file), 0)) for kind, file in pairs]


def by_task(notes: Mapping[str, Iterable[str]], files: Collection[str]) -> dict[str, list[str]]:
    """The sentences of tasks, each under the first task that it is of."""
    everything = {code for codes in notes.values() for code in codes}
    told: set[str] = set()
    found = {}
    for task, codes in notes.items():
        mine = {unplaced(code) for code in codes}
        alike = [code for code in everything if unplaced(code) in mine]
        found[task] = [one for one in sentences(alike, files) if one not in told]
        told.update(found[task])
    return found


def _sentence(kind: str, file: str, line: int) -> str:
    if kind == "time":
        place = f"{file} took too long" + (f" (it was in line {line})" if line else "")
    else:
        place = f"line {line} of {file} failed when the file was imported"
        place = place if line else f"importing {file} failed"
    return _SENTENCES[kind].format(place=place)
