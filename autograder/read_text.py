"""Reads the text of one submission's files: the program that `static_checks` starts and bounds.

    python read_text.py FOLDER... < questions.json > answers.jsonl

Python's own parser can be brought down by text, so hostile text is read in a process of its own,
which gives up all rights that it can, as those that take in submissions do. It runs nothing of what
it reads.

Args:
    FOLDER: where modules are found, the kit's own and those that confine.
"""

from __future__ import annotations

import json
import signal
import sys
from contextlib import suppress
from typing import Any

MEMORY_MIB, SECONDS = 1024, 5
_PYTHON = (sys.version_info.major, sys.version_info.minor)
_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


def known_names(questions: dict[str, Any]) -> dict[str, dict[str, int]]:
    """By task, the known names that its function mentions, with their lines."""
    from autograder.named import named

    found = {}
    for task, question in questions["named"].items():
        try:
            found[task] = named(**question)
        except _UNREADABLE:
            continue
    return found


def findings(questions: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """By file, what will not work under this Python."""
    from homework import preflight

    return {
        file: [vars(f) for f in preflight.findings(text, file, questions["own"], _PYTHON)]
        for file, text in questions["texts"].items()
    }


def confine() -> None:
    """Give up all rights but to read the installation, as far as this machine has the means."""
    from autograder.judge import surroundings
    from autograder.judge.confine import Confinement, Limits, readable_paths

    readable = readable_paths(surroundings.packages())
    signal.setitimer(signal.ITIMER_PROF, SECONDS)  # the limit would end it as others may
    limits = Limits(MEMORY_MIB, 2 * SECONDS, file_mib=0, threads=0)
    for layers in (("landlock", "seccomp"), ("seccomp",), ("landlock",), ()):
        with suppress(ImportError, OSError):
            Confinement(layers, limits, 0, None, readable).apply()
            return
    raise SystemExit("no limits can be set")


if __name__ == "__main__":
    sys.path += sys.argv[1:]
    asked = json.load(sys.stdin)
    confine()
    for answer in (known_names, findings):
        # A line at a time: a text that ends this process takes no earlier answer with it.
        print(json.dumps(answer(asked)), flush=True)
