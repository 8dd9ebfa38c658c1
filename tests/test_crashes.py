"""Batches whose processes are killed, whose disk is full, whose submissions cannot be read.

`CRASH_SUBMISSIONS=1000 CRASH_KILLS=400 pytest tests/test_crashes.py -k random` is a longer run.
"""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crash_kit import (
    BODIES,
    TASK,
    GradeProcess,
    contents,
    finished,
    hand_in,
    program,
    reads_python,
    start,
)

SUBMISSIONS = int(os.environ.get("CRASH_SUBMISSIONS", "100"))
KILLS = int(os.environ.get("CRASH_KILLS", "25"))
SEED = int(os.environ.get("CRASH_SEED", "0"))
NOBODY = 65534

pytestmark = pytest.mark.slow
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def tmp() -> Iterator[Path]:
    """A folder for temporary files, with a short name, as sockets need it."""
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        yield Path(folder)


def until(happened: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


class Killer:
    """Runs a batch again and again, killing at random, until it is done and enough has been killed.

    Attributes:
        planned, plan: what kinds of processes to kill: how many, and which next, from its end.
        kills: what has been killed so far.
        done: what was finished when the grader itself was last killed; see `finished`.
    """

    def __init__(self, draw: random.Random, *arguments: object, out: Path, tmp: Path) -> None:
        self.draw, self.arguments, self.out, self.tmp = draw, arguments, out, tmp
        shares = {"grader": 7, "first zygote": 3, "zygote": 10, "child": 27, "check": 3}
        self.plan = [kind for kind, share in shares.items() for _ in range(share * KILLS // 50)]
        self.planned = Counter(self.plan)
        draw.shuffle(self.plan)
        self.kills: Counter[str] = Counter()
        self.done: dict[str, tuple[int, int]] = {}

    def run(self) -> None:
        deadline = time.monotonic() + 120 + 5 * KILLS + SUBMISSIONS
        while not self._once():
            assert time.monotonic() < deadline, self.kills
            self.look()

    def _once(self) -> bool:
        """One run of the grader; whether it came to its end."""
        with start(*self.arguments, tmp=self.tmp) as grader:
            while self.plan and grader.is_running:
                kind = self.plan[-1]
                self._wait(grader, kind)
                if grader.kill_one(kind, self.draw):
                    self.kills[self.plan.pop()] += 1
                    if kind == "grader":
                        return False
            status, _, errors = grader.finish()
            assert status in (0, 2) and "Traceback" not in errors, errors
            return status == 0

    def _wait(self, grader: GradeProcess, kind: str) -> None:
        """Some time, or a few more results: so kills come at all stages however fast this is."""
        if kind in ("grader", "first zygote") and self.draw.random() < 0.4:
            time.sleep(self.draw.uniform(0, 2))
            return
        wanted = self._graded() + self.draw.randint(0, 2)
        while grader.is_running and self._graded() < wanted:
            time.sleep(0.01)
        time.sleep(self.draw.uniform(0, 0.05))

    def _graded(self) -> int:
        path = self.out / "timings.csv"
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def look(self) -> None:
        """All results are whole, and none of those that were there has been written again."""
        now = finished(self.out)
        assert {name: now.get(name) for name in self.done} == self.done
        self.done = now


def test_random_kills_lose_nothing(hidden: Path, tmp_path: Path, tmp: Path) -> None:
    hand_in(tmp_path / "in", SUBMISSIONS)
    options = (tmp_path / "in", "--fixtures", hidden, "--task", TASK, "--jobs", 2)
    with start(*options, "--out", tmp_path / "calm") as grader:
        status, _, errors = grader.finish(160.0 + SUBMISSIONS)
        assert (status, errors) == (0, "")
    out = tmp_path / "out"
    killer = Killer(random.Random(SEED), *options, "--out", out, out=out, tmp=tmp)
    begin = time.monotonic()
    killer.run()
    killer.look()
    print(f"{dict(killer.kills)} in {time.monotonic() - begin:.0f} s")
    assert killer.plan == [] and killer.kills == killer.planned
    assert len(killer.done) == SUBMISSIONS
    calm, found = contents(tmp_path / "calm"), contents(out)
    differing = {name: (found.get(name), text) for name, text in calm.items()}
    assert {name: texts for name, texts in differing.items() if texts[0] != texts[1]} == {}
    assert found.keys() == calm.keys()
    assert [str(path) for path in (*out.rglob("*.part"), *tmp.iterdir())] == []
    with (out / "timings.csv").open() as file:
        graded = Counter(row["submission"] for row in csv.DictReader(file) if not row["fault"])
    assert max(graded.values()) == 1
    account = json.loads((out / "manifest.json").read_text())
    states = Counter(run["state"] for run in account["earlier runs"])
    assert account["state"] == "finished" and 0 < states["killed"] <= killer.kills["grader"]


def test_whoever_is_killed_again_and_again_is_not_to_blame(hidden: Path, tmp_path: Path) -> None:
    hand_in(tmp_path / "in", 1)
    code = tmp_path / "in" / "student-0000" / "q1_vae.py"
    code.write_text(code.read_text().replace("0.01", "0.3"))
    out, draw = tmp_path / "out", random.Random(SEED)
    options = (code.parent, "--fixtures", hidden, "-t", TASK, "--out", out)
    with start(*options) as grader:
        until(lambda: (out / "student-0000").exists())
        while grader.is_running:
            grader.kill_one("child", draw)
            time.sleep(0.05)
        status, _, errors = grader.finish()
    assert status == 2 and "failed at 1 of 1 submissions: give the same command" in errors
    (task,) = json.loads((out / "student-0000" / "results.json").read_text())["tests"]
    assert task["extra_data"]["status"] == "grader fault" and "not your fault" in task["output"]
    with start(*options) as grader:
        status, said, errors = grader.finish()
    assert (status, errors) == (0, "") and "8/8" in said


def test_statuses_of_the_calm_run_are_what_the_files_deserve(hidden: Path, tmp_path: Path) -> None:
    """The comparison above would be worth little if all results were alike."""
    hand_in(tmp_path / "in", len(BODIES))
    with start(tmp_path / "in", "--fixtures", hidden, "-t", TASK, "--out", tmp_path / "out") as it:
        assert it.finish()[0] == 0
    statuses = [
        json.loads(path.read_text())["tests"][0]["extra_data"]["status"]
        for path in sorted(tmp_path.glob("out/*/results.json"))
    ]
    wanted = ["passed", "passed", "failed", "failed", "passed", "error", "error"]
    assert statuses == [*wanted, "not implemented"]


def test_submissions_that_change_and_vanish_while_they_are_graded(
    hidden: Path, tmp_path: Path
) -> None:
    """Afterwards results are those of what is there, as if nothing else had ever been."""
    folder, out, draw = tmp_path / "in", tmp_path / "out", random.Random(SEED)
    hand_in(folder, 80)
    options = (folder, "--fixtures", hidden, "-t", TASK, "--jobs", 2)
    with start(*options, "--out", out) as grader:
        until(lambda: finished(out))
        while grader.is_running:
            number = draw.randrange(80)
            place = folder / f"student-{number:04}"
            if number < 60 and draw.random() < 0.3:  # some are left, however slow the machine is
                shutil.rmtree(place, ignore_errors=True)
            elif place.exists():
                (place / "q1_vae.py").write_text(program(draw.choice(BODIES), draw.randrange(80)))
            time.sleep(draw.uniform(0, 0.05))
        status, _, errors = grader.finish()
    assert status in (0, 2) and "Traceback" not in errors
    with start(*options, "--out", out) as grader:
        assert grader.finish()[0] == 0
    with start(*options, "--out", tmp_path / "calm") as grader:
        assert grader.finish()[0] == 0
    calm, found = contents(tmp_path / "calm"), contents(out)
    assert 8 < len(calm) / 2 < 80
    assert [name for name, text in calm.items() if text != found[name]] == []


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(
    signal_: signal.Signals, hidden: Path, tmp_path: Path, tmp: Path
) -> None:
    hand_in(tmp_path / "in", 50)
    out = tmp_path / "out"
    options = (tmp_path / "in", "--fixtures", hidden, "-t", TASK, "--out", out)
    with start(*options, tmp=tmp) as grader:
        until(lambda: len(finished(out)) > 5)
        grader.process.send_signal(signal_)
        begin = time.monotonic()
        status, _, errors = grader.finish()
    assert time.monotonic() - begin < 5 and "Traceback" not in errors
    assert status == 130 and "give the same command to grade them" in errors
    done = finished(out)
    with (out / "grades.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 50 and {row["submission"] for row in rows if row["score"]} == set(done)
    account = json.loads((out / "manifest.json").read_text())
    assert account["state"] == "interrupted" and list(tmp.iterdir()) == []
    assert account["submissions"]["graded"] == len(done)
    with start(*options) as grader:
        status, said, _ = grader.finish()
    assert status == 0 and f"{50 - len(done)} graded; {len(done)} unchanged" in said
    assert {name: finished(out)[name] for name in done} == done


def test_a_second_grader_on_the_same_folder_stops(hidden: Path, tmp_path: Path) -> None:
    hand_in(tmp_path / "in", 50)
    out = tmp_path / "out"
    options = (tmp_path / "in", "--fixtures", hidden, "-t", TASK, "--out", out)
    with start(*options) as first:
        until(lambda: finished(out))
        with start(*options) as second:
            status, _, errors = second.finish()
        assert status == 2 and "another grader is at work on" in errors
        assert str(first.process.pid) in errors and len(errors.splitlines()) == 1
        assert first.finish()[0] == 0
    assert len(finished(out)) == 50


@needs_root
def test_no_room_for_students_code_is_no_fault_of_theirs(hidden: Path, tmp_path: Path) -> None:
    hand_in(tmp_path / "in", 1)
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", small]).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        options = (tmp_path / "in", "--fixtures", hidden, "-t", TASK, "--out", tmp_path / "out")
        with start(*options, tmp=small) as grader:
            status, _, errors = grader.finish()
    finally:
        subprocess.run(["umount", small], check=True)
    assert status == 2 and f"there is no room on the disk of {small}" in errors
    assert len(errors.splitlines()) == 1 and finished(tmp_path / "out") == {}


@needs_root
def test_a_disk_that_is_really_full(hidden: Path, tmp_path: Path) -> None:
    hand_in(tmp_path / "in", 40)
    out = tmp_path / "out"
    out.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "none", out])
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        options = (tmp_path / "in", "--fixtures", hidden, "-t", TASK, "--out", out)
        with start(*options) as grader:
            status, _, errors = grader.finish()
        assert status == 2 and "Traceback" not in errors
        assert "there is no room left on the disk" in errors and "give the same command" in errors
        done = finished(out)
        assert 0 < len(done) < 40
        subprocess.run(["mount", "-o", "remount,size=8m", out], check=True)
        with start(*options) as grader:
            status, _, errors = grader.finish()
        assert (status, errors) == (0, "")
        assert {name: finished(out)[name] for name in done} == done and len(finished(out)) == 40
        assert list(out.rglob("*.part")) == []
    finally:
        subprocess.run(["umount", out], check=True)


@pytest.mark.skipif(not reads_python(NOBODY), reason="there is no other user who may run Python")
def test_what_another_user_cannot_read_is_told(hidden: Path, tmp: Path) -> None:
    """The grader is no root; one folder is locked, another holds a locked file."""
    tmp.chmod(0o755)
    shutil.copytree(hidden, tmp / "hidden")
    hand_in(tmp / "in", 4)
    for name in ("out", "tmp"):
        (tmp / name).mkdir()
    for path in (tmp / "out", tmp / "tmp", tmp / "hidden", *(tmp / "hidden").iterdir()):
        os.chown(path, NOBODY, NOBODY)
    (tmp / "in" / "student-0001").chmod(0)
    (tmp / "in" / "student-0002" / "q1_vae.py").chmod(0)
    options = (tmp / "in", "--fixtures", tmp / "hidden", "-t", TASK, "--out", tmp / "out")
    with start(*options, tmp=tmp / "tmp", user=NOBODY) as grader:
        status, said, errors = grader.finish()
    assert status == 2 and "Traceback" not in errors
    told = errors.splitlines()
    assert len(told) == 2 and all("permission denied" in line for line in told)
    assert sorted(finished(tmp / "out")) == ["student-0000", "student-0003"]
    assert "uid" not in said and list((tmp / "tmp").iterdir()) == []
    (tmp / "in" / "student-0001").chmod(0o755)
    (tmp / "in" / "student-0002" / "q1_vae.py").chmod(0o644)
    with start(*options, tmp=tmp / "tmp", user=NOBODY) as grader:
        assert grader.finish()[0] == 0
    assert len(finished(tmp / "out")) == 4


def test_watching_a_folder(hidden: Path, tmp_path: Path) -> None:
    """One copy is slow, one submission comes twice, one is no submission; Ctrl-C ends it."""
    hand_in(tmp_path / "made", 3)
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(tmp_path / "made" / "student-0000" / "q1_vae.py", "q1_vae.py")
    with start(folder, "--watch", "--fixtures", hidden, "-t", TASK, "--out", out) as grader:
        copied = packed.read_bytes()
        with (folder / "slow.zip").open("wb") as file:
            for part in range(12):  # longer than a rest in all, with far shorter pauses
                file.write(copied[part * len(copied) // 12 : (part + 1) * len(copied) // 12])
                file.flush()
                time.sleep(0.2)
        until(lambda: "slow" in finished(out))
        shutil.copytree(tmp_path / "made" / "student-0002", folder / "bob")
        (folder / "broken.zip").write_text("no zip")
        until(lambda: scores(out) == {"slow": "8.0", "bob": "0.0", "broken": ""})
        shutil.copy(tmp_path / "made" / "student-0000" / "q1_vae.py", folder / "bob")
        until(lambda: scores(out)["bob"] == "8.0")
        time.sleep(3.0)  # in which nothing may happen
        grader.process.send_signal(signal.SIGINT)
        status, said, errors = grader.finish()
    assert status == 0 and "Traceback" not in errors
    assert len([line for line in errors.splitlines() if "broken.zip" in line]) == 1
    assert len(errors.splitlines()) == 1, errors
    graded = [line.split(":")[0] for line in said.splitlines() if "/8, " in line]
    assert graded == ["slow", "bob", "bob"] and "Tasks" in said
    assert json.loads((out / "manifest.json").read_text())["state"] == "finished"


def scores(out: Path) -> dict[str, str]:
    if not (out / "grades.csv").exists():
        return {}
    with (out / "grades.csv").open(encoding="utf-8") as file:
        return {row["submission"]: row["score"] for row in csv.DictReader(file)}


def test_a_grader_leaves_folders_in_use_alone(hidden: Path, tmp_path: Path, tmp: Path) -> None:
    """Two graders share a folder for temporary files; one starts while the other is at work."""
    hand_in(tmp_path / "in", 40)
    options = (tmp_path / "in", "--fixtures", hidden, "-t", TASK)

    def folders() -> list[Path]:
        return list(tmp.glob("grading-slots-*/lock"))

    with start(*options, "--out", tmp_path / "killed", tmp=tmp) as killed:
        until(lambda: finished(tmp_path / "killed"))
        killed.kill()
    (left,) = folders()
    with start(*options, "--out", tmp_path / "first", tmp=tmp) as first:
        until(lambda: finished(tmp_path / "first"))
        assert left not in folders()
        with start(*options, "--out", tmp_path / "second", tmp=tmp) as second:
            assert first.finish()[0] == second.finish()[0] == 0
    assert len(finished(tmp_path / "first")) == len(finished(tmp_path / "second")) == 40
    assert list(tmp.iterdir()) == []
