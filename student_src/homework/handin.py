"""Looks at the files of a submission, without executing anything of them.

Only the standard library is used: packing a submission needs neither torch nor numpy.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from homework import preflight

LARGEST = {".py": 5_000_000, ".ipynb": 100_000_000}  # bytes; Gradescope takes 100 MB
LARGE_NOTEBOOK = 50_000_000


@dataclass
class Item:
    """One file of the submission."""

    path: Path
    content: bytes = b""
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    not_implemented: list[str] = field(default_factory=list)
    found: bool = True
    place: str = ""  # in the zip, if not at the top

    @property
    def name(self) -> str:
        return self.place or self.path.name


def read(path: Path, elsewhere: Sequence[Path] = ()) -> Item:
    """The file's bytes, or the problem that it is missing.

    Args:
        elsewhere: other folders where it may have been put by mistake.
    """
    item = Item(path)
    try:
        size = path.stat().st_size
        if not (path.is_file() or path.is_dir()):
            item.problems.append("it is no file, but a pipe or a device; replace it")
        elif size > LARGEST[path.suffix]:
            what = "so it is no code of yours; replace it"
            what = what if path.suffix == ".py" else "too many to hand in; clear its outputs"
            item.problems.append(f"it has {size:,} bytes, {what}")
        else:
            item.content = path.read_bytes()
    except FileNotFoundError:
        item.found = False
        item.problems.append(f"put it into {path.parent}{_lookalike(path, elsewhere)}")
    except OSError as error:
        item.problems.append(f"it cannot be read ({error.strerror}); check what {path} is")
    return item


def _lookalike(path: Path, elsewhere: Sequence[Path]) -> str:
    """Names a file that may be the missing one: `q0_toy (1).py`, or the same in another folder."""
    for folder in (path.parent, *elsewhere):
        for other in sorted(folder.glob(f"{path.stem}*{path.suffix}")):
            rest = other.stem.removeprefix(path.stem)
            if re.fullmatch(r"[ _-]*(\(\d+\)|copy.*|\d+)?", rest, re.IGNORECASE):
                return f"; is it {other}? Rename or move that"
    return ""


def look_at_code(item: Item, ids: Sequence[str]) -> None:
    """Compile the file, and find tasks that are still stubs; `ids` are those of this file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(item.content, item.name, "exec", dont_inherit=True)
            tree = ast.parse(item.content, item.name)
    except SyntaxError as error:
        text = item.content.decode("utf-8", errors="replace")
        newer = [found.sentence for found in preflight.findings(text, item.name, ()) if found.line]
        place = f"line {error.lineno}: " if error.lineno else ""
        shown = f" in `{error.text.strip()[:80]}`" if isinstance(error.text, str) else ""
        said = f"{place}{type(error).__name__}: {error.msg}{shown}; correct it"
        item.problems += newer or [said]
        return
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        item.problems.append(f"Python cannot read it ({error}); is it the right file?")
        return
    item.not_implemented = [name for name in _raised(tree) if name in ids]


def _raised(tree: ast.AST) -> list[str]:
    """First arguments of all `raise Something("...")`."""
    calls = [n.exc for n in ast.walk(tree) if isinstance(n, ast.Raise)]
    first = [call.args[0] for call in calls if isinstance(call, ast.Call) and call.args]
    return [a.value for a in first if isinstance(a, ast.Constant) and isinstance(a.value, str)]


def add_helpers(
    items: list[Item], code: Path, expected: Sequence[str], provided: Mapping[str, str]
) -> None:
    """Add the modules of the student's own that the files import, and what all these lack."""
    graded = {item.name: item.content for item in items if not item.problems}
    survey = preflight.survey(graded, expected, provided, code)
    for place, content in survey.helpers.files.items():
        items.append(Item(code / place, content, place=place))
        look_at_code(items[-1], ())
    for item in items:
        item.remarks += survey.told.get(item.name, []) if not item.problems else []
    if items:
        items[0].remarks += survey.helpers.notes


def look_at_notebook(item: Item) -> None:
    """See that it is a notebook, and whether its agreement is signed."""
    try:
        cells = json.loads(item.content.decode("utf-8"))["cells"]
        sources = ["".join(cell["source"]) for cell in cells if is_agreement(cell)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        item.problems.append("it is not a notebook: open it, save it again, or download it again")
        return
    if len(item.content) > LARGE_NOTEBOOK:
        item.remarks.append("is very large: clear outputs that you do not need")
    if sources:
        values = signature("\n".join(sources))
        empty = [name for name in ("NAME", "STUDENT_ID") if not values.get(name)]
        if empty:
            item.remarks.append(f"the agreement is not signed: fill in {' and '.join(empty)}, save")
        else:
            item.remarks.append(f"signed by {values['NAME']} ({values['STUDENT_ID']})")


def signature(agreement: str) -> dict[str, str]:
    """What `NAME` and `STUDENT_ID` are set to in the text of the agreement."""
    pairs = re.findall(r"""^[ \t]*(NAME|STUDENT_ID)[ \t]*=[ \t]*(["'])(.*?)\2""", agreement, re.M)
    return {name: value.strip() for name, _, value in pairs}


def is_agreement(cell: dict[str, Any]) -> bool:
    data = cell.get("metadata", {})
    grade_id = data.get("nbgrader", {}).get("grade_id")
    names = [cell.get("id"), data.get("name"), grade_id, *data.get("tags", [])]
    return any(isinstance(name, str) and name.lower() == "agreement" for name in names)
