"""Chooses which of the drawn sets of hidden cases a submission is graded on.

A keyed hash of what is run decides, and the key comes from the term's secret: the same files get
the same set wherever they are graded, and nobody can tell beforehand which one that is. What one
submission lets out of its set is of little use to another, which most likely has another set.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from homework.fixtures import Assignment

SETS = 16  # drawn for each assignment by a release


def key(secret: int) -> str:
    """What the choice depends on besides the files; kept with the hidden fixtures."""
    return _hash(secret, "choice").hex()


def secret_of(secret: int, drawn: int) -> int:
    """From what the hidden cases of one set are drawn."""
    return int.from_bytes(_hash(secret, f"set {drawn}")[:12], "little")


def chosen(assignment: Assignment, files: Mapping[str, bytes]) -> int:
    """The number of the set for a submission.

    Args:
        files: contents by path: all that is staged.
    """
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{len(name)} {name} {len(content)}\n".encode() + content)
    mark = hmac.digest(bytes.fromhex(assignment.catalogue["key"]), digest.digest(), "sha256")
    return int.from_bytes(mark[:8], "little") % assignment.sets


def _hash(secret: int, what: str) -> bytes:
    return hmac.digest(secret.to_bytes(12, "little"), what.encode(), "sha256")
