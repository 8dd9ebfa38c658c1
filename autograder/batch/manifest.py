"""What a run was made with and how it went: `manifest.json`, and `timings.csv` for all runs.

Results hold no times, so that grading again gives the same bytes; these two files do.
"""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import statistics
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from autograder import __version__
from autograder.batch.ledger import (
    FAULT,
    GRADED,
    LEFT_OVER,
    UNCHANGED,
    UNREADABLE,
    WAITING,
    Row,
    cell,
)
from autograder.files import cannot_write, replace

RUNNING, FINISHED, INTERRUPTED, FAILED = "running", "finished", "interrupted", "failed"
KILLED = "killed"  # what a later run finds out
_STATES = (GRADED, UNCHANGED, FAULT, UNREADABLE, LEFT_OVER, WAITING)
_LIBRARIES = ("torch", "numpy")
_HEADING = "run,submission,digest,seconds,where,fault\n"


class Manifest:
    """The account of one run, in the folder of results; what it knows of earlier ones is kept.

    Args:
        out: that folder.
        facts: what is known before the run: its command line, release, options.
    """

    def __init__(self, out: Path, facts: Mapping[str, Any]) -> None:
        self.path = out / "manifest.json"
        self.timings = out / "timings.csv"
        self.started = datetime.now(UTC)
        self.ended: datetime | None = None
        self.facts = {"versions": versions(), **facts}
        self.earlier = _earlier(self.path)
        self.seconds = array("d")

    def begin(self) -> None:
        """Write that a run has begun; `OutError` if that is not possible."""
        try:
            self.write(RUNNING)
        except OSError as error:
            raise cannot_write(self.path.parent, error) from None

    def started_engine(self, isolation: str, device: str) -> None:
        """Add what is known once the engine has started; `OutError` as `begin`."""
        self.facts |= {"isolation": isolation, "device": device}
        self.begin()

    def write(self, state: str, rows: Iterable[Row] = ()) -> None:
        """Write how things stand; with another state than `RUNNING`, the run ends now.

        Raises:
            OSError: it cannot be written.
        """
        self.ended = None if state == RUNNING else datetime.now(UTC)
        counts = Counter(row.state for row in rows)
        everything = {
            "state": state,
            "process": f"{os.getpid()} on {platform.node()}",
            **self.facts,
            "started": _text(self.started),
            "ended": self.ended and _text(self.ended),
            "submissions": {name: counts[name] for name in _STATES},
            "seconds": {
                "of the run": self.duration,
                "of gradings": round(sum(self.seconds), 3),
                "median of a grading": self.median,
            },
            "earlier runs": self.earlier,
        }
        replace(self.path, json.dumps(everything, indent=1) + "\n")

    def in_words(self, rows: Iterable[Row]) -> str:
        """How many of which, how fast, and under what isolation."""
        counts = Counter(row.state for row in rows)
        said = [f"{counts[name]} {name}" for name in _STATES if counts[name] or name == GRADED]
        if self.seconds:
            said.append(f"{self.duration:.1f} s in all, {self.median:.2f} s each (median)")
        if "isolation" in self.facts:
            said.append(f"isolation: {self.facts['isolation']}")
        return "; ".join(said)

    @property
    def duration(self) -> float | None:
        """Seconds of the run, once it has ended."""
        if self.ended is None:
            return None
        return round((self.ended - self.started).total_seconds(), 3)

    @property
    def median(self) -> float | None:
        """Seconds that a grading took in this run, if there was one."""
        return round(statistics.median(self.seconds), 3) if self.seconds else None

    def note(self, name: str, digest: str, seconds: float, where: str, fault: str) -> None:
        """Add a grading to the list of all runs, in one piece.

        Raises:
            OSError: it cannot be written.
        """
        self.seconds.append(seconds)
        text = io.StringIO()
        cells = (_text(self.started), cell(name), digest, f"{seconds:.3f}", where, fault[:200])
        csv.writer(text, lineterminator="\n").writerow([part.replace("\n", " ") for part in cells])
        with self.timings.open("ab", buffering=0) as file:
            before = file.tell()
            data = (text.getvalue() if before else _HEADING + text.getvalue()).encode(
                errors="replace"
            )
            if file.write(data) < len(data):  # the disk is full: rather no line than half a one
                file.truncate(before)


def _earlier(path: Path) -> list[dict[str, Any]]:
    """The accounts of all earlier runs on this folder, newest first."""
    try:
        last = json.loads(path.read_text(encoding="utf-8"))
        older = last.pop("earlier runs")
        if last["state"] == RUNNING:  # but no grader is at work on this folder
            last["state"] = KILLED
        return [last, *older]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def versions() -> dict[str, str]:
    """What verdicts may depend on, by name."""
    found = {"kit": __version__, "python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = metadata.version(library)  # without the seconds of importing it
        except metadata.PackageNotFoundError:
            found[library] = "unknown"
    return found | {"system": platform.platform()}


def _text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")
