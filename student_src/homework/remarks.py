"""Remarks on how a student's code was run, sent as short codes and told as sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterable

_SENTENCES = {
    "gpu": "your code names a GPU; it ran on the CPU instead. Better take the device of the inputs",
    "outside": "executing {file} failed since it needs files, the network or other programs, so it "
    "was executed again without what is neither an import, a definition nor an assignment. Move "
    'such work into a function, or below `if __name__ == "__main__":`',
    "time": "executing {file} took too long, so it was executed again without what is neither an "
    "import, a definition nor an assignment. Move such work into a function, or below "
    '`if __name__ == "__main__":`',
}


def sentences(codes: Iterable[str], files: Collection[str]) -> list[str]:
    """Sentences for codes such as `gpu` and `time q0_toy.py`; others are left out.

    Args:
        files: names that a code may hold.
    """
    parts = [(code.partition(" ")[0], code.partition(" ")[2]) for code in sorted(set(codes))]
    return [
        _SENTENCES[kind].format(file=file)
        for kind, file in parts
        if kind in _SENTENCES and (file in files or (kind == "gpu" and not file))
    ]
