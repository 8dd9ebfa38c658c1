"""The example submissions in `tests/submissions/`, put together as students hand them in.

    python tests/cases.py FOLDER        write all of them to FOLDER

`tests/submissions/<case>/` holds a student's files and `expect.yml`:

* `shows`: a sentence on what the case shows.
* `base`, `files`: files to take from the `reference` or the `stub` where the case has none of its
  own. `<stem>.append.py` is put at the end of the base's file: what it defines comes last and wins.
* `hand_in`: {file: path inside the submission}, for files that are nested or renamed; `zip: true`
  packs them, and may hold paths that lead out of the zip.
* `default`, `tasks`: status of the tasks of the files handed in, or a mapping with `status`,
  `score` (a number, or [low, high], as a share of the task's points), `mistake`, and texts that the
  feedback must have (`says`) or must not have (`never`).
* `says`, `never`: the same for the whole feedback; `says` of the notes too.

Files may hold `@FIXTURES@`, `@ANSWERS@`, `@OTHERS@`, `@OUT@`, `@PARENT@` and `@PORT@`, so that
attacks know where to aim. An attack's file is right wherever the attack succeeds: a cheat that
works would pass. Nothing of a case is ever run outside the judge.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
CASES = sorted(path.parent for path in (ROOT / "tests" / "submissions").glob("*/expect.yml"))
BASES = {"reference": ROOT / "solutions", "stub": ROOT / "student_src"}


def expectation(case: Path) -> dict[str, Any]:
    return yaml.safe_load((case / "expect.yml").read_text(encoding="utf-8"))


def handed_in(case: Path, targets: Mapping[str, str]) -> dict[str, bytes]:
    """The files of a case: those of its base, with its own in their place or at their end."""
    wanted = expectation(case)
    base = BASES[wanted.get("base", "reference")]
    own = sorted(case.glob("*.py"))
    files = {name: (base / name).read_bytes() for name in wanted.get("files", ())}
    for path in own:
        text = path.read_text(encoding="utf-8")
        for name, value in targets.items():
            text = text.replace(f"@{name}@", value)
        name = path.name.replace(".append.py", ".py")
        before = files[name] + b"\n\n" if ".append." in path.name else b""
        files[name] = before + text.encode()
    return files


def submit(case: Path, folder: Path, targets: Mapping[str, str]) -> None:
    """Write a case as its student hands it in."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = expectation(case)
    files = handed_in(case, targets)
    places = [
        (place, content)
        for name, content in files.items()
        for place in listed(wanted.get("hand_in", {}).get(name, name))
    ]
    if wanted.get("zip"):
        with zipfile.ZipFile(folder / f"{case.name}.zip", "w") as archive:
            for place, content in places:
                archive.writestr(place, content)
        return
    for place, content in places:
        path = folder / case.name / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def main() -> None:
    folder = Path(sys.argv[1])
    for case in CASES:
        submit(case, folder, {"FIXTURES": str(ROOT / "build" / "hidden"), "ANSWERS": str(ROOT)})
    print(f"{len(CASES)} submissions in {folder}")


if __name__ == "__main__":
    main()
