"""Where the kit itself is, and what of it a course of its own gets a copy of.

Nothing here imports `homework`: a course outside the kit has its own copy, which comes first.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

KIT = Path(__file__).resolve().parents[1]
SOLUTIONS = "solutions"
STUDENTS = "student_src"
RESOURCES = "test_resources"
# The first line of what an assignment gives to its students; the rest of `homework` is the kit's.
GENERATED = "# Copied by `autograder release`; change the original:\n# "
# What lies beside it, and all students get.
BESIDE = ("collect_submission.sh", f"{STUDENTS}/test_public.py")


def core_files(root: Path) -> list[Path]:
    """The part of `homework` that is the kit's own: not what an assignment provides."""
    return [
        path
        for path in sorted((root / STUDENTS / "homework").rglob("*.py"))
        if not path.read_text(encoding="utf-8").startswith(GENERATED)
    ]


def stale(root: Path) -> dict[str, bytes]:
    """Copies in a course that differ from the kit, by path, as they should be."""
    if root == KIT:
        return {}
    files = [*core_files(KIT), *(KIT / name for name in BESIDE)]
    copies = {path.relative_to(KIT).as_posix(): path.read_bytes() for path in files}
    return {name: content for name, content in copies.items() if _read(root / name) != content}


def lay_out(root: Path) -> None:
    """Give a course outside the kit its copies."""
    for name, content in stale(root).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if path.suffix == ".sh" else 0o644)


def resources(root: Path, patterns: Iterable[str]) -> dict[str, bytes]:
    """What of the kit's images and classifier a course outside the kit asks for, by path."""
    places = {path for pattern in patterns for path in (KIT / RESOURCES).glob(pattern)}
    return {f"{RESOURCES}/{path.name}": path.read_bytes() for path in sorted(places) if root != KIT}


def enter(root: Path) -> None:
    """Import `homework` from a course from now on."""
    if root != KIT:
        sys.path.insert(0, str(root / STUDENTS))


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
