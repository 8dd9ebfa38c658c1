"""Packs a submission: `bash collect_submission.sh [ASSIGNMENT]`.

Only the standard library is used and nothing of the student's is imported: files are compiled to
see whether Python can read them, and the public checks run in a process of their own with a time
limit. The zip holds the files that the assignment asks for and its notebook at its top level, and
the modules of the student's own that these files import. It is written beside itself and then put
in place, so an older zip stays whole if this fails.

Exit status: 0 packed, 1 a file is missing or broken or the zip cannot be written, 2 no such
assignment.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

CODE = Path(__file__).resolve().parents[1]
ROOT = CODE.parent

# This file is started by its path, in isolated mode. The student's folder comes last on the path:
# a file there that is named like a module of the standard library must not take its place.
sys.path.append(str(CODE))
from homework.handin import Item, add_helpers, look_at_code, look_at_notebook, read  # noqa: E402

SECONDS = 300.0  # for the public checks; HOMEWORK_CHECK_SECONDS changes it
GRACE = 10.0  # seconds that an interrupted check has to tell what it found
USAGE = "usage: bash collect_submission.sh [{names}] [--no-check]"


class Stop(Exception):
    """Packing cannot go on; the message says why and what to do."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


# ---------------------------------------------------------------------- which assignment, what


def catalogues() -> dict[str, dict[str, Any]]:
    """All assignments of this kit by name, in the order of their tasks."""
    folder = Path(os.environ.get("HOMEWORK_RESOURCES") or ROOT / "test_resources")
    found = []
    for path in folder.glob("*.json"):
        try:
            catalogue = json.loads(path.read_text(encoding="utf-8"))
            catalogue["files"], catalogue["notebook"], catalogue["tasks"][0]["id"]
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            continue
        found.append(catalogue)
    if not found:
        raise Stop(f"there is no list of assignments in {folder}: download that folder again", 2)
    return {c["assignment"]: c for c in sorted(found, key=lambda c: str(c["tasks"][0]["id"]))}


def choose(known: dict[str, dict[str, Any]], named: list[str]) -> dict[str, Any]:
    """The assignment that was named, or the only one that has files here."""
    usage = USAGE.format(names="|".join(known))
    if len(named) > 1:
        raise Stop(f"name one assignment only\n{usage}", 2)
    if named:
        if named[0].lower() not in known:
            raise Stop(f"there is no assignment {named[0]!r} here\n{usage}", 2)
        return known[named[0].lower()]
    here = [c for c in known.values() if any((CODE / file).exists() for file in c["files"])]
    if len(here) != 1 and len(known) > 1:
        which = "several assignments are here" if here else "no assignment's files are here"
        raise Stop(f"{which}: say which one to pack\n{usage}", 2)
    return (here or list(known.values()))[0]


# ------------------------------------------------------------------------------- packing


def gather(catalogue: dict[str, Any]) -> list[Item]:
    """All files of the submission in the order of the zip, looked at."""
    elsewhere = (ROOT, CODE, ROOT / "assignments")
    items: list[Item] = []
    for file in catalogue["files"]:
        item = read(CODE / file, elsewhere)
        if not item.problems:
            ids = [task["id"] for task in catalogue["tasks"] if task["file"] == file]
            look_at_code(item, ids)
        items.append(item)
    add_helpers(items, CODE, catalogue["files"], catalogue.get("provided", {}))
    notebook = read(ROOT / "assignments" / catalogue["notebook"], elsewhere)
    if not notebook.problems:
        look_at_notebook(notebook)
    items.append(notebook)
    for item in items:
        real = item.path.resolve()
        if item.found and real != item.path:
            item.remarks.append(f"this is a link; what is packed is {real}")
    return items


def pack(items: list[Item], target: Path) -> None:
    """Write the zip: the same files give the same bytes. `Stop` if that fails."""
    part = target.with_name(target.name + ".part")
    try:
        with part.open("wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                for item in items:
                    info = zipfile.ZipInfo(item.name, date_time=(1980, 1, 1, 0, 0, 0))
                    info.compress_type = zipfile.ZIP_DEFLATED
                    info.external_attr = 0o100644 << 16
                    archive.writestr(info, item.content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except OSError as error:
        raise Stop(
            f"{target} cannot be written ({error.strerror}): close what has it open, or copy the "
            "whole folder to a place with free space where you may write"
        ) from None
    finally:
        with suppress(OSError):
            part.unlink()


# ------------------------------------------------------------------------- the public checks


def public_checks(assignment: str) -> tuple[dict[str, dict[str, Any]], str]:
    """Entries of `homework.check --json` by task, and a sentence if there is none or not all."""
    seconds = float(os.environ.get("HOMEWORK_CHECK_SECONDS") or SECONDS)
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONSAFEPATH", "PYTHONHOME")}
    environment |= {"HOMEWORK_FOLDER": str(CODE), "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "homework.check", assignment, "--json"],
            cwd=CODE,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        late = ""
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            late = f"the public checks were stopped after {seconds:g} seconds"
            _interrupt(process)
        except KeyboardInterrupt:
            late = "the public checks were interrupted"
            _interrupt(process)
        finally:
            _kill(process)
        output.seek(0)
        return _read_checks(output.read(), late)


def _read_checks(output: bytes, late: str) -> tuple[dict[str, dict[str, Any]], str]:
    try:
        answer = json.loads(output.decode("utf-8"))
        tasks = {str(task["id"]): task for task in answer["tasks"]}
        said = str(answer["problem"] or answer["notice"])
    except (ValueError, KeyError, TypeError):
        ended = "the public checks ended without an answer: your code, or Python itself, crashed"
        return {}, late or ended
    return tasks, ": ".join(part for part in (late, said) if part)


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Ask the check to end and tell what it has found so far."""
    with suppress(OSError, ValueError, subprocess.TimeoutExpired, KeyboardInterrupt):
        process.send_signal(signal.SIGINT)
        process.wait(GRACE)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the check and what it has started."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)  # the group bears the id of its first process
        else:
            process.kill()
    process.wait()


# ------------------------------------------------------------------------------- the table


def show_files(items: list[Item]) -> None:
    print("Files")
    width = max(len(item.name) for item in items)
    for item in items:
        status = "MISSING" if not item.found else "BROKEN" if item.problems else "found"
        line = f"  {status:<16}{item.name:<{width}}"
        if item.found:
            line += f"  {len(item.content) / 1000:8.1f} kB  saved {_saved(item.path)}"
        print(line.rstrip())
        for text in item.problems + item.remarks:
            print(f"      {text}")


def show_report() -> None:
    """Remark on the PDF of the written answers, which is handed in by itself."""
    report = ROOT / "report.pdf"
    if report.is_file():
        print(f"  not packed      report.pdf, saved {_saved(report)}: hand it in by itself;")
        print("                  if you have changed an answer since, make it again first")
    else:
        print("  none yet        report.pdf: the notebook's last cell makes it of your answers")


def _saved(path: Path) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(path.stat().st_mtime))


def show_tasks(catalogue: dict[str, Any], items: list[Item], checked: bool) -> None:
    """Run the public checks and print a line for each task; `checked` false leaves them out."""
    stubs = [name for item in items for name in item.not_implemented]
    found, said = public_checks(catalogue["assignment"]) if checked else ({}, "")
    print("\nTasks, by the public checks")
    passed = 0
    for task in catalogue["tasks"]:
        entry = found.get(task["id"], {})
        status = entry.get("status", "not implemented" if task["id"] in stubs else "not checked")
        passed += status == "passed"
        print(f"  {status:<16}{task['id']}")
        if status not in ("passed", "not implemented", "not run") and entry.get("rationale"):
            print(f"      {' '.join(str(entry['rationale']).split())[:300]}")
    total = len(catalogue["tasks"])
    if said:
        print(f"  Not all was checked: {said}")
    if found:
        print(f"  {passed} of {total} tasks pass their public cases.")
    if stubs:
        print(f"  Still to do: {', '.join(dict.fromkeys(stubs))}")


def collect(arguments: list[str]) -> int:
    """Pack one assignment; returns the exit status, raises `Stop` with a reason."""
    named = [a.strip() for a in arguments if a.strip() and not a.startswith("-")]
    options = {a.strip() for a in arguments if a.startswith("-")}
    known = catalogues()
    if options - {"--no-check"}:
        print(USAGE.format(names="|".join(known)))
        return 0 if options <= {"-h", "--help"} else 2
    catalogue = choose(known, named)
    print(f"{catalogue['title']} ({catalogue['assignment']})\n")
    items = gather(catalogue)
    show_files(items)
    if catalogue.get("written"):
        show_report()
    broken = [item.name for item in items if item.problems]
    if broken:
        raise Stop(f"Nothing was packed: see to {', '.join(broken)} as said above, then try again.")
    target = ROOT / f"submission_{catalogue['assignment']}.zip"
    pack(items, target)  # before the checks, which run the student's code
    show_tasks(catalogue, items, "--no-check" not in options)
    print(f"\nPacked {', '.join(item.name for item in items)}.\nHand in this file: {target}")
    return 0


def main() -> int:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
    try:
        return collect(sys.argv[1:])
    except Stop as stop:
        print(f"\n{stop}")
        return stop.status


if __name__ == "__main__":
    sys.exit(main())
