"""The example submissions of the tests, put together as students hand them in.

    python tests/cases.py FOLDER        write those of `tests/submissions/` to FOLDER

`tests/submissions/` holds work that is right, wrong or broken, `tests/hostile/` attacks on the
judge. A case is a folder `<case>/` with a student's files and `expect.yml`:

* `shows`: a sentence on what the case shows; of attacks, what they try.
* `promise`: of attacks only: which of `PROMISES` they try to break.
* `base`, `files`: files to take from the `reference` or the `stub` where the case has none of its
  own. `<stem>.append.py` is put at the end of the base's file: what it defines comes last and wins.
* `hand_in`: {file: path inside the submission}, for files that are nested or renamed; `zip: true`
  packs them, and may hold paths that lead out of the zip.
* `links`: {path: where it points}, symbolic links to hand in; `special`: {path: `pipe` or
  `device`}, of which folders can hold pipes only.
* `default`, `tasks`: status of the tasks of the files handed in, or a mapping with `status` (or
  a list of them, where speed or rights of the grader decide), `score` (a number, or [low, high],
  as a share of the task's points), `mistake`, and texts that the feedback must have (`says`) or
  must not have (`never`).
* `says`, `never`: the same for the whole feedback; `says` of the notes too.
* `again: true`: to be graded twice, with the same verdicts.

Files may hold `@FIXTURES@`, `@ANSWERS@`, `@OTHERS@`, `@OUT@`, `@PARENT@` and `@PORT@`, so that
attacks know where to aim; attacks may hold those of `hostile_decoys` too. An attack's file is right
wherever the attack succeeds: a cheat that works would pass. Nothing of a case is ever run outside
the judge.
"""

from __future__ import annotations

import os
import stat
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS = ROOT / "solutions"


def reference_file(name: str) -> Path:
    """The reference solution of a file that students hand in."""
    return next(SOLUTIONS.glob(f"*/{name}"))


def below(folder: str) -> list[Path]:
    return sorted(path.parent for path in (ROOT / "tests" / folder).glob("*/expect.yml"))


CASES = below("submissions")
HOSTILE = below("hostile")
BASES = {"reference": "solutions/*", "stub": "student_src"}
PROMISES = (
    "Points are for right values alone.",
    "Answers, solutions and other students' work stay unread.",
    "Hidden cases stay hidden.",
    "Nothing but its own scratch folder is written.",
    "No network and no other process is reached.",
    "What it uses up is bounded.",
    "One task costs no other task.",
    "One submission changes nothing for the next.",
    "Verdicts do not depend on when, where or how often.",
    "Whatever is sent back is data, and nobody is blamed for it but its sender.",
    "Nothing is left behind.",
)


def expectation(case: Path) -> dict[str, Any]:
    return yaml.safe_load((case / "expect.yml").read_text(encoding="utf-8"))


def handed_in(case: Path, targets: Mapping[str, str]) -> dict[str, bytes]:
    """The files of a case: those of its base, with its own in their place or at their end."""
    wanted = expectation(case)
    base = BASES[wanted.get("base", "reference")]
    own = sorted(case.glob("*.py"))
    handed = wanted.get("files", ())
    files = {name: next(ROOT.glob(f"{base}/{name}")).read_bytes() for name in handed}
    for path in own:
        text = aimed(path.read_text(encoding="utf-8"), targets)
        name = path.name.replace(".append.py", ".py")
        before = files[name] + b"\n\n" if ".append." in path.name else b""
        files[name] = before + text.encode()
    return files


def aimed(text: str, targets: Mapping[str, str]) -> str:
    for name, value in targets.items():
        text = text.replace(f"@{name}@", value)
    return text


def submit(case: Path, folder: Path, targets: Mapping[str, str]) -> None:
    """Write a case as its student hands it in."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = expectation(case)
    places = [
        (place, content)
        for name, content in handed_in(case, targets).items()
        for place in listed(wanted.get("hand_in", {}).get(name, name))
    ]
    links = {place: aimed(to, targets) for place, to in wanted.get("links", {}).items()}
    special = wanted.get("special", {})
    if wanted.get("zip"):
        with zipfile.ZipFile(folder / f"{case.name}.zip", "w") as archive:
            for place, content in places:
                archive.writestr(place, content)
            for place, to in links.items():
                archive.writestr(_marked(place, stat.S_IFLNK), to)
            for place, kind in special.items():
                archive.writestr(_marked(place, _KINDS[kind]), b"")
        return
    for place, content in places:
        path = folder / case.name / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for place, to in links.items():
        (folder / case.name / place).symlink_to(to)
    for place in special:
        os.mkfifo(folder / case.name / place)


_KINDS = {"pipe": stat.S_IFIFO, "device": stat.S_IFCHR}


def _marked(place: str, kind: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(place)
    info.create_system = 3  # Unix
    info.external_attr = (kind | 0o777) << 16
    return info


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def main() -> None:
    folder = Path(sys.argv[1])
    for case in CASES:
        submit(case, folder, {"FIXTURES": str(ROOT / "build" / "hidden"), "ANSWERS": str(ROOT)})
    print(f"{len(CASES)} submissions in {folder}")


if __name__ == "__main__":
    main()
