"""Reads the list that Gradescope puts beside exported submissions: who handed in which folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autograder.intake.entries import Entry, Unusable
from autograder.intake.names import shown

LISTS = ("submission_metadata.yml", "submission_metadata.yaml")
_MAX_LIST = 64 << 20  # bytes: it holds all results


@dataclass(frozen=True)
class Listed:
    """Who handed a folder in.

    Attributes:
        students: `Ann Alpha (1001); Bo Beta (1002)`.
        attempt: which one was exported, of how many.
    """

    students: str
    attempt: str = ""


def read_list(entry: Entry) -> dict[str, Listed]:
    """What is said of each folder; nothing if the list cannot be read."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = yaml.load(entry.read(_MAX_LIST), loader)
        return {str(name): _listed(about) for name, about in found.items()}
    except (Unusable, yaml.YAMLError, AttributeError, TypeError, ValueError, RecursionError):
        return {}


def _listed(about: dict[str, Any]) -> Listed:
    people = about.get(":submitters") or []
    earlier = about.get(":history") or []
    names = "; ".join(_student(person) for person in people if isinstance(person, dict))
    attempt = f"{len(earlier) + 1} of {len(earlier) + 1}" if earlier else ""
    return Listed(names, attempt)


def _student(person: dict[str, Any]) -> str:
    name = _text(person.get(":name")) or _text(person.get(":email")) or "?"
    number = _text(person.get(":sid"))
    return f"{name} ({number})" if number else name


def _text(value: object) -> str:
    """What is shown of a plain value; of others nothing, whose text may have no end."""
    return shown(str(value)) if isinstance(value, (str, int)) else ""
