"""Reads the text of one submission's files: the program that `static_checks` starts and bounds.

    python read_text.py STUDENT_SRC < questions.json > answers.jsonl

Python's own parser can be brought down by text, so hostile text is read in a process of its own.
It needs nothing but the standard library, and runs nothing of what it reads.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

MEMORY, SECONDS = 1 << 30, 5
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


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))  # ended by SIGXCPU
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.path += [str(Path(__file__).resolve().parents[1]), sys.argv[1]]
    asked = json.load(sys.stdin)
    for answer in (known_names, findings):
        # A line at a time: a text that ends this process takes no earlier answer with it.
        print(json.dumps(answer(asked)), flush=True)
