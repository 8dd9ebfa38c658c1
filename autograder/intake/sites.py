"""Whose a file or folder is, by the name that a course site gave it when it packed a class.

Only forms that a site is known to write are read here. A form says all: the student, the attempt,
and the name that the student gave the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

_MOODLE = re.compile(
    r"(?P<name>.+_\d+)_(?:assignsubmission_(?:file|onlinetext|comments)(?:_(?P<file>.*))?"
    r"|(?:file|onlinetext)_)",
    re.IGNORECASE,
)
_BLACKBOARD = re.compile(
    r"(?P<assignment>.+)_(?P<name>[^_]+)_attempt_(?P<when>\d{4}(?:-\d\d){5})"
    r"(?:_(?P<file>.*)|\.txt)?"
)
_BRIGHTSPACE = re.compile(
    r"(?P<id>\d+-\d+) - (?P<name>.+?) - (?P<when>\w+ \w+, \d{4} \d{1,2}[.: ]?\d\d(?: ?[AP]M)?)"
    r"(?: - (?P<file>.+))?",
    re.IGNORECASE,
)
_CANVAS = re.compile(
    r"(?P<name>.+?)(?P<late>_late)?_(?P<id>\d{3,})_(?:(?P<upload>\d{3,})_(?P<file>.+)|text\.html)",
    re.IGNORECASE,
)
_CANVAS_SMALL = re.compile(
    r"(?P<name>.+?)(?P<late>_late)?_(?P<id>\d+)_(?P<upload>\d+)_(?P<file>.+\.py)", re.IGNORECASE
)
_CLOCK = re.compile(r" (\d{1,2})[.: ]?(\d\d)((?: ?[AP]M)?)$", re.IGNORECASE)
_OF_CANVAS = re.compile(r"-\d{1,2}(?=(?:\.[a-z0-9]+){1,2}$)", re.IGNORECASE)  # of resubmissions
_OWN = ("onlinetext.html", "comments.html")
_DATES = ("%b %d, %Y %I%M %p", "%B %d, %Y %I%M %p", "%d %B, %Y %H%M", "%d %b, %Y %H%M")
_LONGEST = 255


@dataclass(frozen=True)
class Label:
    """Whose an entry is.

    Attributes:
        key: equal for all that is one student's, and for nothing else.
        name: of the student, as the site writes it.
        attempt: when it was handed in, if the site says so; the later one sorts last.
        file: the name that the student gave it; empty for folders and the site's own files.
        upload: the site's number of this file alone.
        late: True if the site says that it came late.
    """

    key: str
    name: str
    attempt: str = ""
    file: str = ""
    upload: str = ""
    late: bool = False


@lru_cache(maxsize=1 << 14)
def label(name: str) -> Label | None:
    """What a course site wrote into `name`; None if no site is known to name things so."""
    if len(name) > _LONGEST:
        return None
    for read in (_moodle, _blackboard, _brightspace, _canvas):
        found = read(name)
        if found:
            return found
    return None


def _moodle(name: str) -> Label | None:
    found = _MOODLE.fullmatch(name)
    return found and Label(f"moodle {found['name']}", found["name"], file=found["file"] or "")


def _blackboard(name: str) -> Label | None:
    found = _BLACKBOARD.fullmatch(name)
    if not found:
        return None
    key = f"blackboard {found['assignment']}_{found['name']}"
    return Label(key, found["name"], found["when"], found["file"] or "")


def _brightspace(name: str) -> Label | None:
    found = _BRIGHTSPACE.fullmatch(name)
    if not found:
        return None
    student = f"{found['name']} {found['id']}"
    return Label(f"brightspace {student}", student, _when(found["when"]), found["file"] or "")


def _when(text: str) -> str:
    """A date that sorts; as it is written, where it is in another language."""
    plain = _CLOCK.sub(lambda clock: f" {clock[1]:0>2}{clock[2]} {clock[3].strip()}".rstrip(), text)
    for form in _DATES:
        try:
            return datetime.strptime(plain, form).strftime("%Y-%m-%d %H:%M")
        except ValueError:
            continue
    return text


def _canvas(name: str) -> Label | None:
    found = _CANVAS.fullmatch(name) or _CANVAS_SMALL.fullmatch(name)
    if not found:
        return None
    student = f"{found['name']}_{found['id']}"
    upload = found.groupdict()["upload"] or ""
    file = _OF_CANVAS.sub("", found["file"] or "")
    late = bool(found["late"])
    return Label(f"canvas {student}", student, file=file, upload=upload, late=late)


def is_own(name: str) -> bool:
    """True for what a site writes beside a student's files: receipts, text typed there."""
    of = label(name)
    return name.casefold() in _OWN or bool(of and (not of.file or of.file.casefold() in _OWN))


def students(names: Iterable[str]) -> list[str]:
    """The students of one site that are in `names`, if there are several of one."""
    sites: dict[str, dict[str, str]] = {}
    for of in filter(None, map(label, names)):
        sites.setdefault(of.key.split()[0], {}).setdefault(of.key, of.name)
    return [name for people in sites.values() if len(people) > 1 for name in people.values()]
