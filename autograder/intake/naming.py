"""Names of rows: unique, safe as folder names, and such that a late arrival renames nobody.

A row's name follows from its own labels alone. Only where two labels look alike once they are safe
(`Ann Lee`, `Ann_Lee`), one gets a mark made of its path; who had a name in an earlier run keeps it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from autograder.intake.names import mark, safe

if TYPE_CHECKING:
    from autograder.intake.rows import Found


def named(rows: list[Found], earlier: Mapping[str, str]) -> list[Found]:
    """The rows with their names, in the order of these.

    Args:
        earlier: names that rows had, by the first of their paths, the oldest first.
    """
    there, holders = {row.first for row in rows}, dict[str, str]()
    for first, name in earlier.items():
        if first in there:  # who had the name before it, and was away meanwhile, has it again
            holders.setdefault(name.casefold(), first)
    kept = {first: earlier[first] for first in holders.values()}
    taken = set(holders)
    done = []
    for row in sorted(_with_parents(rows), key=_plainest):
        name = kept.get(row.first, "")
        if not name:
            name = safe("-".join(row.label))
            name = f"{name}-{mark(row.source)}" if name.casefold() in taken else name
        taken.add(name.casefold())
        done.append(replace(row, name=name))
    return sorted(done, key=lambda row: (row.name.casefold(), row.name))


def _with_parents(rows: list[Found]) -> list[Found]:
    """With the name of its folder in front, where given paths themselves are called alike."""
    alike: dict[tuple[str, ...], list[Found]] = defaultdict(list)
    for row in rows:
        alike[row.label if row.is_given else ()].append(row)
    others = alike.pop((), [])
    return others + [
        replace(row, label=(row.places[0].path.parent.name, *row.label)) if len(same) > 1 else row
        for same in alike.values()
        for row in same
    ]


def _plainest(row: Found) -> tuple[bool, bool, str]:
    label = "-".join(row.label)
    return row.is_left_over, safe(label) != label, row.source
