"""Behaviours that many submissions share and no sentence explains, and instructors' sentences.

An instructor writes a file of sentences, one for each behaviour, named by the digest that the
summary of a batch gives:

    3f0a91c2d4 = "You took the mean over pixels, and the loss is their sum."

The next run of the same batch says it in the feedback of all who behave so, also of those that are
graded already: their results are not made again, the sentence is put into them.
"""

from __future__ import annotations

import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.batch.ledger import Row
from autograder.results import clean
from homework.fixtures import FixtureError

SENTENCES = "sentences.toml"
PREFIX = "From your instructor: "
MOST = 5  # clusters that a summary lists


@dataclass(frozen=True)
class Cluster:
    """Submissions whose wrong results for a task are equal, and one of them."""

    task: str
    digest: str
    count: int
    example: str


def sentences(path: Path) -> dict[str, str]:
    """The sentences of a file, by digest; none if there is no such file.

    Raises:
        FixtureError: the file is no TOML, or holds other things than sentences.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise FixtureError(f"{path} cannot be read ({error})") from None
    if not all(isinstance(text, str) for text in found.values()):
        raise FixtureError(f'{path}: write one line for each behaviour: digest = "sentence"')
    return {digest: clean(text).strip() for digest, text in found.items()}


def clusters(rows: Iterable[Row]) -> list[Cluster]:
    """All clusters that no sentence explains, largest first."""
    members: dict[tuple[str, str], list[Row]] = defaultdict(list)
    groups: dict[tuple[str, str], tuple[str, str]] = {}
    for row in rows:
        for task in row.tasks:
            keys = [(task.task, digest) for digest in task.behaviour]
            roots = {_root(groups, key) for key in keys}
            for root in roots:
                groups[root] = min(roots)
            for key in keys:
                members[key].append(row)
    shared: dict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    everyone: dict[tuple[str, str], dict[str, Row]] = defaultdict(dict)
    for key, found in members.items():
        root = _root(groups, key)
        shared[root][key] = len(found)
        everyone[root] |= {row.name: row for row in found}
    listed = []
    for root, names in everyone.items():
        (task_id, digest), _ = max(shared[root].items(), key=lambda item: (item[1], item[0]))
        first = names[min(names)]
        listed.append(Cluster(task_id, digest, len(names), first.origin.source or first.name))
    return sorted(listed, key=lambda one: (-one.count, one.task, one.digest))


def _root(groups: dict[tuple[str, str], tuple[str, str]], key: tuple[str, str]) -> tuple[str, str]:
    while groups.setdefault(key, key) != key:
        key = groups[key]
    return key


def said(
    found: Mapping[str, Any], feedback: str, known: Mapping[str, str]
) -> tuple[dict[str, Any], str]:
    """Results and feedback with the instructor's sentences of now, and no older ones."""
    new_found = deepcopy(dict(found))
    for test in new_found.get("tests", ()):
        extra = test["extra_data"]
        old = extra.pop("sentence", "")
        new = next((known[digest] for digest in extra.get("behaviour", ()) if digest in known), "")
        before = test.get("output", "")
        after = before.removesuffix(f"\n\n{PREFIX}{old}") if old else before
        if new:
            extra["sentence"], after = new, f"{after}\n\n{PREFIX}{new}"
        if before:
            feedback = feedback.replace(before, after, 1)
            test["output"] = after
    return new_found, feedback
