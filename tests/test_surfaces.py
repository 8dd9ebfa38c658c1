"""Attacks on what lies around the judge: folders that are watched, what reads them, the filter of
other machines, reading of texts, what a student's own machine runs. `test_report_attacks.py` has
those on the report."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import student_kit
from autograder import gradescope_run
from autograder.batch.ledger import Row, grades_csv, names_by_source
from autograder.batch.watch_folder import fingerprint
from autograder.engines import ray_engine
from autograder.intake import unpack
from autograder.intake.entries import Unusable
from autograder.intake.names import safe
from autograder.intake.submission import Found, find
from autograder.judge import calls
from autograder.judge.confine import Limits
from cases import reference_file
from crash_kit import finished, start
from packing import CODE, EXPECTED, OTHER, make_folder

RIGHT = reference_file("q1_vae.py").read_text()


# ------------------------------------------------------------ folders that change while read


def named(rows: list[Found]) -> dict[str, str]:
    """The folder of each row, by its name."""
    return {row.name: row.places[0].path.name for row in rows}


def test_a_link_put_in_place_of_a_folder_leads_to_nobody(tmp_path: Path) -> None:
    """Between the look and the reading, from one's own folder into somebody else's."""
    make_folder(tmp_path / "ann", {"work/q1_vae.py": CODE})
    make_folder(tmp_path / "mal", {"work/q1_vae.py": OTHER})
    listing = unpack.list_folder(tmp_path / "mal")
    (mine,) = (entry for entry in listing.entries if entry.name == "q1_vae.py")
    assert mine.read(1_000) == OTHER
    shutil.rmtree(tmp_path / "mal" / "work")
    (tmp_path / "mal" / "work").symlink_to(tmp_path / "ann" / "work")
    with pytest.raises(Unusable):
        mine.read(1_000)


def test_a_folder_on_the_way_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    make_folder(tmp_path / "ann", {"q1_vae.py": CODE})
    (tmp_path / "mal").symlink_to(tmp_path / "ann")
    for look in (unpack._children, lambda path, most: unpack._open_regular(path / "q1_vae.py")):
        look(tmp_path / "ann", 9)
        with pytest.raises(OSError):
            look(tmp_path / "mal", 9)


def test_who_comes_late_takes_nobodys_name(tmp_path: Path) -> None:
    """Ann's folder is away for a moment, as when it is copied again, and another takes its name."""
    earlier = dict[str, str]()

    def look() -> dict[str, str]:
        found = find([tmp_path], EXPECTED, inside=True, earlier=earlier)
        earlier.update({one.first: one.name for one in found})
        assert len({one.name for one in found}) == len(found)
        return {place: name for name, place in named(found).items()}

    make_folder(tmp_path / "Ann Lee", {"q1_vae.py": CODE})
    make_folder(tmp_path / "bo", {"q1_vae.py": CODE})
    assert look()["Ann Lee"] == "Ann_Lee"
    (tmp_path / "Ann Lee").rename(tmp_path.parent / "away")
    make_folder(tmp_path / "Ann_Lee", {"q1_vae.py": OTHER})
    look()
    (tmp_path.parent / "away").rename(tmp_path / "Ann Lee")
    names = look()
    assert names["Ann Lee"] == "Ann_Lee" and names["Ann_Lee"].startswith("Ann_Lee-")


def test_a_path_that_reads_like_two_renames_nobody(tmp_path: Path) -> None:
    make_folder(tmp_path / "ann; x", {"q1_vae.py": OTHER})
    make_folder(tmp_path / "bo", {"q1_vae.py": CODE})
    found = find([tmp_path], EXPECTED, inside=True)
    from autograder.batch.batch import _origin

    table = tmp_path.parent / "grades.csv"
    table.write_text(grades_csv((Row(one.name, "", "", _origin(one)) for one in found), []))
    make_folder(tmp_path / "ann", {"q1_vae.py": CODE})
    again = named(find([tmp_path], EXPECTED, inside=True, earlier=names_by_source(table)))
    assert again["ann"] == "ann" and again["bo"] == "bo"


def test_a_flood_of_files_hides_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "_MOST_IN_ONE", 300)
    for number in range(20):
        make_folder(tmp_path / "mal" / f"{number}", {f"{n}.txt": b"" for n in range(50)})
    make_folder(tmp_path / "zoe" / "deep" / "work", {"q1_vae.py": CODE})
    listing = unpack.list_folder(tmp_path, 500_000)
    assert len(listing.entries) < 320 + 60
    assert "zoe/deep/work/q1_vae.py" in {entry.path for entry in listing.entries}


def test_a_link_that_is_watched_is_not_walked(tmp_path: Path) -> None:
    link = tmp_path / "mal"
    link.symlink_to("/usr")
    (one,) = find([tmp_path], EXPECTED, inside=True)
    begin = time.process_time()
    assert one.places and isinstance(fingerprint(one), int)
    assert time.process_time() - begin < 0.01


def hostile_arrivals(folder: Path) -> Iterator[Path]:
    """What a student may put beside the others, while the folder is watched."""
    (folder / "liz").symlink_to("/usr/lib")  # may be read by everybody: no hole of the sandbox
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe.zip")
    os.mkfifo(folder / "q1_vae.py")
    make_folder(folder / "sentences.toml", {"q1_vae.py": OTHER})
    make_folder(folder / "grades.csv", {"q1_vae.py": OTHER})
    make_folder(folder / "new\nline, 8/8 \x1b[2J", {"q1_vae.py": OTHER})
    make_folder(folder / "grows", {"q1_vae.py": OTHER})
    yield folder / "grows" / "q1_vae.py"


def test_a_watched_folder_full_of_traps(hidden: Path, tmp_path: Path) -> None:
    """The grader starts, grades who is honest, says nothing that a terminal obeys, starts again."""
    folder, out = tmp_path / "in", tmp_path / "out"
    make_folder(folder / "ann", {"q1_vae.py": RIGHT.encode()})
    (grows,) = hostile_arrivals(folder)
    options = (folder, "--fixtures", hidden, "-t", "q1.log_mean_exp", "--out", out)
    with start(*options, "--watch") as grader:
        deadline = time.monotonic() + 100
        while "ann" not in finished(out) or len(scored(out)) < 6:
            assert grader.is_running and time.monotonic() < deadline, grader.finish(1)
            with grows.open("a") as file:
                file.write("# more\n")
            time.sleep(0.1)
        grader.process.send_signal(signal.SIGINT)
        told = grader.finish()
    assert told[0] == 0 and scored(out)["ann"] == "8.0", told
    with start(*options) as grader:
        again = grader.finish()
    assert again[0] == 2 and scored(out)["ann"] == "8.0", again
    said = "".join((*told[1:], *again[1:]))
    assert "Traceback" not in said
    assert not any(c for c in said if c != "\n" and not c.isprintable())
    assert all(safe(name) == name for name in scored(out))
    assert (out / "grades.csv").is_file() and not (out / "sentences.toml").exists()


def scored(out: Path) -> dict[str, str]:
    if not (out / "grades.csv").exists():
        return {}
    with (out / "grades.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {row["submission"]: row["score"] for row in rows if row["state"] != "not graded yet"}


# ------------------------------------------------------------ the filter of other machines

X86, I386, ARM64, ARM = 0xC000003E, 0x40000003, 0xC00000B7, 0x40000028
ALLOW, REFUSED = 0x7FFF0000, 0x00050001  # ERRNO(EPERM)
_VALUES = (
    *range(20), 128, 1024, 1030, 0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451, 0x4000, 0x40000,
    0x10000, 0x00010F00, 0x10020000, 0x30010000, 1 << 31, 1 << 32, (1 << 64) - 1,
)  # fmt: skip


class Program:
    """A seccomp filter as the kernel would run it."""

    def __init__(self, folder: Path, architecture: int | None) -> None:
        with open(folder / "bpf", "w+b") as file:
            calls.build(architecture).export_bpf(file)
            file.seek(0)
            self.steps = list(struct.iter_unpack("<HBBI", file.read()))

    def says(self, number: int, arch: int, arguments: tuple[int, ...] = ()) -> int:
        given = (*arguments, *(0,) * (6 - len(arguments)))
        data = struct.pack("<IIQ6Q", number & 0xFFFFFFFF, arch, 0, *given)
        kept, here = 0, 0
        while True:
            code, true, false, value = self.steps[here]
            here += 1
            if code == 0x20:  # load a word
                (kept,) = struct.unpack_from("<I", data, value)
            elif code == 0x54:
                kept &= value
            elif code == 0x05:
                here += value
            elif code == 0x06:
                return value
            else:
                test = {0x15: kept == value, 0x25: kept > value, 0x35: kept >= value}
                here += true if (bool(kept & value) if code == 0x45 else test[code]) else false


def argument_lists(name: str) -> Iterator[tuple[int, ...]]:
    yield from ((value,) * 6 for value in _VALUES)
    if name in calls.CHOICES or name in calls.ONE_BY_ONE:
        for place in range(6):
            yield from (((0,) * place + (value,)) for value in _VALUES)


def test_arm64_refuses_what_x86_refuses(tmp_path: Path) -> None:
    """Call by call and argument by argument, by the very program that the kernel would run."""
    seccomp = calls.library()
    x86, arm64 = (Program(tmp_path, getattr(seccomp.Arch, a)) for a in ("X86_64", "AARCH64"))
    asked = 0
    for number in range(480):
        name, twin = "", -1
        with suppress(ValueError):  # no such call, or a newer one
            name = str(seccomp.resolve_syscall(seccomp.Arch.AARCH64, number), "ascii")
            twin = seccomp.resolve_syscall(seccomp.Arch.X86_64, name)
        for arguments in argument_lists(name):
            said = arm64.says(number, ARM64, arguments)
            expected = x86.says(twin, X86, arguments) if twin >= 0 else REFUSED
            assert said == expected, (name, arguments)
            asked += said == ALLOW
    assert asked > 1000
    for program, foreign in ((x86, (I386, ARM64)), (arm64, (ARM, X86, I386))):
        for arch in foreign:
            assert {program.says(number, arch) for number in range(480)} == {REFUSED}
    x32 = {x86.says(number | 0x40000000, X86) for number in range(560)}
    assert x32 == {REFUSED}


# ------------------------------------------------------------ reading texts

ATTEMPTS = """
import json, os, socket, sys
sys.path += sys.argv[2:]
import autograder.read_text as reading
secret, out = sys.argv[1], []
reading.confine()
def attempt(what, do):
    try:
        do()
        out.append(what)
    except (OSError, MemoryError):
        pass
attempt("read", lambda: open(secret).read())
attempt("write", lambda: open(secret, "a"))
attempt("list", lambda: os.listdir(os.path.dirname(secret)))
attempt("fork", os.fork)
attempt("run", lambda: os.posix_spawn("/bin/true", ["true"], {}))
attempt("connect", lambda: socket.socket())
attempt("signal", lambda: os.kill(os.getppid(), 0))
attempt("memory", lambda: bytearray(3 << 30))
print(json.dumps(out))
"""


def test_who_brings_down_the_parser_reaches_nothing(tmp_path: Path) -> None:
    from autograder.judge import surroundings

    secret = tmp_path / "answers"
    secret.write_text("42")
    folders = map(str, surroundings.import_paths())
    done = subprocess.run(
        [sys.executable, "-c", ATTEMPTS, str(secret), *folders], capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


# ------------------------------------------------------------ budgets over other engines


def test_every_harness_waits_longer_than_a_submission_may_take() -> None:
    """Else a fault of the grader would be written for what is the student's."""
    most = Limits().submission_seconds
    assert most + 60 < min(gradescope_run.JUDGE_SECONDS, ray_engine.UNIT_SECONDS)
    assert gradescope_run.JUDGE_SECONDS + gradescope_run.OTTER_SECONDS < 600  # of Gradescope's


# ------------------------------------------------------------ a student's own machine


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return student_kit.build(tmp_path_factory.mktemp("kit") / "kit")


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def without_end(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("trap", [a_pipe, without_end])
def test_a_module_without_an_end_is_not_read(
    trap: Callable[[Path], None], kit: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(kit, tmp_path / "kit")
    trap(folder / "student_src" / "utils.py")
    with (folder / "student_src" / "q1_vae.py").open("a") as file:
        file.write("\nimport utils\n")
    done = collect(folder)
    assert done.returncode == 0 and "Packed q1_vae.py" in done.stdout, done.stdout


def test_what_a_link_packs_is_told(kit: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(kit, tmp_path / "kit")
    private = tmp_path / "private.py"
    private.write_text("PASSWORD = 'swordfish'\n")
    (folder / "student_src" / "utils.py").symlink_to(private)
    with (folder / "student_src" / "q1_vae.py").open("a") as file:
        file.write("\nimport utils\n")
    assert str(private) in collect(folder).stdout


def test_a_notebook_that_nobody_could_hand_in_is_not_read(kit: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(kit, tmp_path / "kit")
    with (folder / "assignments" / "01_vae.ipynb").open("r+b") as file:
        file.truncate(40 << 30)
    done = collect(folder)
    assert done.returncode == 1 and "clear its outputs" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def collect(folder: Path) -> subprocess.CompletedProcess[str]:
    script = folder / "student_src" / "homework" / "collect.py"
    return subprocess.run(
        [sys.executable, "-I", str(script), "vae", "--no-check"],
        capture_output=True, text=True, timeout=20,
    )  # fmt: skip
