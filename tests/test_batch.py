"""Batches: what is graded again and what is not, whose results are whose, how they are kept.

The engine here is a stand-in that gives out points by what is in a file. `test_crashes.py` has the
real one.
"""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from click.testing import CliRunner

from autograder import files, selection
from autograder.batch import ledger, manifest, summary
from autograder.batch.batch import Batch
from autograder.batch.manifest import Manifest
from autograder.cli import main
from autograder.engines import choose as engines
from autograder.engines.engine import Engine, Graded
from autograder.files import OutError, held
from autograder.intake.submission import Submission
from cases import ROOT

TASK = "q1.log_mean_exp"


class ByContent(Engine):
    """Grades by the last line of a file: `# points 3`, `# points 3 some-mistake`, or `# fault`."""

    isolation, device = "none", "cpu"

    def __init__(self, release: str) -> None:
        self.release = release
        self.graded: list[str] = []
        self.between: Callable[[Submission], None] = lambda submission: None

    def __enter__(self) -> ByContent:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def grade_all(self, submissions: Iterable[Submission], done: Callable[[Graded], None]) -> None:
        for submission in submissions:
            self.graded.append(submission.name)
            done(self._graded(submission))
            self.between(submission)

    def _graded(self, submission: Submission) -> Graded:
        words = submission.files["q1_vae.py"].decode().splitlines()[-1].split()[1:]
        if words[0] == "fault":
            return Graded(submission.name, {}, fault="the power went out")
        points, mistake = float(words[1]), words[2] if len(words) > 2 else ""
        status = "passed" if points == 8 else "failed"
        test = {"number": TASK, "score": points, "max_score": 8}
        test["extra_data"] = {"status": status, "mistake": mistake}
        extra = {"digest": submission.digest, "release": self.release, "points": 8}
        found = {"score": points, "tests": [test], "extra_data": extra}
        return Graded(submission.name, found, f"feedback for {submission.name}", 0.5, "here")


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    folder = tmp_path / "handed in"
    for name, points in {"ada": 8, "bob": 3, "cyd": 0}.items():
        hand_in(folder / name, points)
    return folder


def hand_in(folder: Path, points: object, more: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "q1_vae.py").write_text(f"{more}\n# points {points}\n")


def run(
    hidden: Path, handed_in: Path, out: Path, again: bool = False,
    between: Callable[[Submission], None] = lambda submission: None,
    after_look: Callable[[], None] = lambda: None,
) -> tuple[Batch, list[str]]:  # fmt: skip
    """One run of a batch, as `autograder grade` does it; with the names of what it graded."""
    with held(out):
        batch = Batch([handed_in], out, hidden, [TASK])
        account = Manifest(out, batch.facts)
        engine = ByContent(batch.release)
        engine.between = between
        waiting = [one for one in batch.find() if batch.look(one, again)]
        after_look()
        try:
            batch.grade(waiting, engine, account, lambda: None)
        finally:
            batch.write_csv()
            account.write(manifest.FINISHED, batch.rows.values())
    return batch, engine.graded


def scores(out: Path) -> dict[str, str]:
    with (out / "grades.csv").open(encoding="utf-8") as file:
        return {row["submission"]: row["score"] for row in csv.DictReader(file)}


def stored(out: Path, name: str) -> dict[str, Any]:
    return json.loads((out / name / "results.json").read_text(encoding="utf-8"))


def test_only_what_is_new_or_has_changed_is_graded(
    handed_in: Path, hidden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert run(hidden, handed_in, out)[1] == ["ada", "bob", "cyd"]
    first = {path.name: path.read_bytes() for path in out.glob("*.csv")}
    times = {path: path.stat().st_mtime_ns for path in out.glob("*/*")}
    assert run(hidden, handed_in, out)[1] == []
    assert {path: path.stat().st_mtime_ns for path in out.glob("*/*")} == times
    assert {path.name: path.read_bytes() for path in out.glob("*.csv")} == first
    hand_in(handed_in / "bob", 8)
    hand_in(handed_in / "dan", 1)
    assert run(hidden, handed_in, out)[1] == ["bob", "dan"]
    assert scores(out) == {"ada": "8.0", "bob": "8.0", "cyd": "0.0", "dan": "1.0"}
    assert run(hidden, handed_in, out, again=True)[1] == ["ada", "bob", "cyd", "dan"]
    monkeypatch.setattr(selection, "code_digest", lambda: "a better grader")
    assert run(hidden, handed_in, out)[1] == ["ada", "bob", "cyd", "dan"]


def test_the_release_changes_with_the_code_that_grades(tmp_path: Path) -> None:
    program = "from autograder.selection import code_digest; print(code_digest())"

    def digest() -> str:
        paths = os.pathsep.join([str(tmp_path), str(tmp_path / "student_src")])
        command = [sys.executable, "-c", program]
        environment = os.environ | {"PYTHONPATH": paths}
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True)
        return done.stdout.decode()

    for package in ("autograder", "student_src"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    digests = [digest()]
    for file in ("autograder/judge/child.py", "student_src/homework/probes/q1.py"):
        with (tmp_path / file).open("a") as text:
            text.write("# changed\n")
        digests.append(digest())
    assert "" not in digests and len(set(digests)) == 3 and digests[-1] == digest()


def test_a_fault_of_the_grader_is_graded_again(
    handed_in: Path, hidden: Path, tmp_path: Path
) -> None:
    (handed_in / "bob" / "q1_vae.py").write_text("# fault")
    batch, _ = run(hidden, handed_in, tmp_path / "out")
    assert batch.rows["bob"].state == ledger.FAULT and "power" in batch.rows["bob"].remark
    assert stored(tmp_path / "out", "bob")["extra_data"] == {"grader_fault": True}
    assert scores(tmp_path / "out")["bob"] == ""
    assert run(hidden, handed_in, tmp_path / "out")[1] == ["bob"]


def test_results_stay_with_their_student(handed_in: Path, hidden: Path, tmp_path: Path) -> None:
    """Names are swapped, moved and shared; what a folder of results holds follows the files."""
    out = tmp_path / "out"
    run(hidden, handed_in, out)
    (handed_in / "ada").rename(handed_in / "x")
    (handed_in / "bob").rename(handed_in / "ada")
    (handed_in / "x").rename(handed_in / "bob")
    assert run(hidden, handed_in, out)[1] == ["ada", "bob"]
    assert scores(out) == {"ada": "3.0", "bob": "8.0", "cyd": "0.0"}
    shutil.rmtree(handed_in)
    for section, points in {"one": 5, "two": 6}.items():
        hand_in(handed_in / section / "hers", points)
        hand_in(handed_in / section / f"{section}'s", 1)
    run(hidden, handed_in, out)
    wanted = {"one-hers": "5.0", "two-hers": "6.0", "one-one_s": "1.0", "two-two_s": "1.0"}
    assert scores(out) == wanted
    (handed_in / "two" / "hers").rename(handed_in / "two" / "his")
    run(hidden, handed_in, out)
    wanted["two-his"] = wanted.pop("two-hers")
    assert scores(out) == wanted
    assert (stored(out, "one-hers")["score"], stored(out, "two-his")["score"]) == (5, 6)


def test_equal_files_under_other_names_get_results_of_their_own(
    hidden: Path, tmp_path: Path
) -> None:
    """What is said about a file's name is part of the results, so it is part of the digest."""
    for name in ("ada", "bob"):
        hand_in(tmp_path / "in" / name, 8)
    run(hidden, tmp_path / "in", tmp_path / "out")
    (tmp_path / "in" / "ada" / "q1_vae.py").rename(tmp_path / "in" / "ada" / "q1_vae (1).py")
    assert run(hidden, tmp_path / "in", tmp_path / "out")[1] == ["ada"]


def test_the_bytes_that_were_graded_count(handed_in: Path, hidden: Path, tmp_path: Path) -> None:
    """A submission changes, another vanishes, after the first look and before its turn."""
    out = tmp_path / "out"

    def change() -> None:
        hand_in(handed_in / "bob", 7)
        shutil.rmtree(handed_in / "cyd")

    batch, graded = run(hidden, handed_in, out, after_look=change)
    assert graded == ["ada", "bob"] and stored(out, "bob")["score"] == 7
    assert batch.rows["cyd"].state == ledger.UNREADABLE
    assert [text for text in batch.problems if "cyd" in text] == batch.problems != []
    assert not (out / "cyd" / "results.json").exists()
    assert run(hidden, handed_in, out)[1] == []


def test_who_handed_in_what_cannot_be_graded_is_told(hidden: Path, tmp_path: Path) -> None:
    handed_in, out = tmp_path / "in", tmp_path / "out"
    hand_in(handed_in / "ada", 8)
    (handed_in / "bob").mkdir()
    (handed_in / "bob" / "01_vae.ipynb").write_text("{}")
    feedback = out / "bob" / "feedback.md"
    batch, graded = run(hidden, handed_in, out)
    assert graded == ["ada"] and batch.stale == []
    assert f"**{batch.rows['bob'].remark[:1].upper()}{batch.rows['bob'].remark[1:]}**" in (
        feedback.read_text()
    )
    hand_in(handed_in / "bob", 8)
    assert run(hidden, handed_in, out)[1] == ["bob"]
    assert "could not be graded" not in feedback.read_text()
    (handed_in / "cyd").mkdir()
    (handed_in / "cyd" / "notes.zip").write_bytes(b"")
    run(hidden, handed_in, out)
    shutil.rmtree(handed_in / "cyd")
    assert run(hidden, handed_in, out)[0].stale == ["cyd"]


def test_the_next_one_is_opened_when_there_is_room(hidden: Path, tmp_path: Path) -> None:
    """Memory does not grow with the number of submissions, nor with their size."""

    def peak(count: int) -> int:
        for number in range(count):
            hand_in(tmp_path / str(count) / f"s{number}", 8, more="# " + "x" * 200_000)
        tracemalloc.start()
        try:
            run(hidden, tmp_path / str(count), tmp_path / f"out{count}")
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(5), peak(60)
    assert many < few + 1_000_000  # and not by 55 times 200,000


def test_a_full_disk_ends_the_batch_and_the_next_run_goes_on(
    handed_in: Path, hidden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    out = tmp_path / "out"
    fill = lambda submission: monkeypatch.setattr(os, "fsync", full)  # noqa: E731
    with pytest.raises(OSError):  # which the command line tells: grades.csv is not up to date
        run(hidden, handed_in, out, between=fill)
    with pytest.raises(OutError, match="no room left .* make room, then give the same command"):
        with held(out):
            batch = Batch([handed_in], out, hidden, [TASK])
            waiting = [one for one in batch.find() if batch.look(one)]
            batch.grade(waiting, ByContent(batch.release), Manifest(out, {}), lambda: None)
    monkeypatch.undo()
    assert list(out.rglob("*.part")) == []
    assert run(hidden, handed_in, out)[1] == ["bob", "cyd"]


def test_an_interruption_between_a_file_and_its_row_loses_nothing(
    handed_in: Path, hidden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*arguments: object) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with monkeypatch.context():
        monkeypatch.setattr(ledger, "row", stopped)
        with pytest.raises(KeyboardInterrupt):
            run(hidden, handed_in, out)
    assert stored(out, "ada")["score"] == 8 and scores(out) == {"ada": "8.0", "bob": "", "cyd": ""}
    assert run(hidden, handed_in, out)[1] == ["bob", "cyd"]


def test_one_folder_that_cannot_be_written_harms_no_other(
    handed_in: Path, hidden: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "bob").write_text("a file where a folder should be")
    batch, graded = run(hidden, handed_in, tmp_path / "out")
    assert graded == ["ada", "cyd"] and batch.rows["bob"].state == ledger.FAULT
    assert ["bob" in text and "could not be written" in text for text in batch.problems] == [True]


def test_results_among_the_submissions_are_none(hidden: Path, tmp_path: Path) -> None:
    hand_in(tmp_path / "ada", 8)
    hand_in(tmp_path / "bob", 8)
    out = tmp_path / "grading"
    assert run(hidden, tmp_path, out)[1] == ["ada", "bob"]
    batch, graded = run(hidden, tmp_path, out)
    assert graded == [] and sorted(batch.rows) == ["ada", "bob"] and batch.problems == []


def test_results_of_who_is_gone_are_marked(handed_in: Path, hidden: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(hidden, handed_in, out)
    shutil.rmtree(handed_in / "ada")
    (handed_in / "bob" / "q1_vae.py").unlink()
    batch, _ = run(hidden, handed_in, out)
    assert batch.stale == ["ada", "bob"] and (out / "ada" / "STALE.txt").exists()
    assert batch.rows["bob"].state == ledger.UNREADABLE and not (out / "cyd/STALE.txt").exists()
    hand_in(handed_in / "ada", 8)
    hand_in(handed_in / "bob", 3)
    assert run(hidden, handed_in, out)[0].stale == [] and not list(out.glob("*/STALE.txt"))


def test_who_had_a_name_keeps_it(hidden: Path, tmp_path: Path) -> None:
    """Also where a late arrival would come before by its name, or looks the same."""
    hand_in(tmp_path / "in" / "Ann Lee", 3)
    run(hidden, tmp_path / "in", tmp_path / "out")
    hand_in(tmp_path / "in" / "Ann_Lee", 8)
    assert run(hidden, tmp_path / "in", tmp_path / "out")[1] != ["Ann_Lee"]
    assert stored(tmp_path / "out", "Ann_Lee")["score"] == 3 and len(scores(tmp_path / "out")) == 2


def test_every_entry_is_in_the_table_with_its_path(hidden: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    hand_in(folder / "ada", 8)
    hand_in(folder / "bob" / "final", 8)
    (folder / "bob" / "final" / "q1_vae.py").rename(folder / "bob" / "final" / "q1-vae_v2.py")
    (folder / "notes.txt").write_text("by the instructor")
    (folder / "cyd").mkdir()
    (folder / "index.html").write_text("the site's own")
    batch, _ = run(hidden, folder, tmp_path / "out")
    with (tmp_path / "out" / "grades.csv").open(encoding="utf-8") as file:
        rows = {row["source"]: (row["state"], row["remark"]) for row in csv.DictReader(file)}
    assert rows == {
        str(folder / "ada"): ("graded", "all passed"),
        str(folder / "bob"): (
            "graded",
            "final/q1-vae_v2.py was taken as q1_vae.py; all passed",
        ),
        str(folder / "cyd"): ("unreadable", batch.rows["cyd"].remark),
        str(folder / "index.html"): (
            "belongs to no submission",
            "belongs to no submission: the export's own",
        ),
        str(folder / "notes.txt"): ("belongs to no submission", "belongs to no submission"),
    }
    assert [p.split()[0] for p in batch.problems] == ["notes.txt", "cyd"]
    assert [name for name, row in batch.rows.items() if row.is_doubtful] == ["bob"]


def test_one_grader_at_a_time(tmp_path: Path) -> None:
    with held(tmp_path / "out"):
        with pytest.raises(OutError, match=rf"another grader .*process {os.getpid()} on"):
            with held(tmp_path / "out"):
                pytest.fail("it must not get here")
    with held(tmp_path / "out"):
        pass


def test_half_written_files_are_removed(tmp_path: Path) -> None:
    with held(tmp_path):
        (tmp_path / "ada").mkdir()
        for folder in (tmp_path, tmp_path / "ada"):
            files.replace(folder / "kept.json", "{}")
            (folder / ".results.json-abc123.part").write_text("{")
    with held(tmp_path):
        left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert left == [".lock", "ada", "ada/kept.json", "kept.json"]


def test_a_file_is_old_or_new_and_never_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.replace(tmp_path / "a", "old")

    def stopped(fd: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stopped)
    with pytest.raises(KeyboardInterrupt):
        files.replace(tmp_path / "a", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_the_manifest_tells_of_this_run_and_of_earlier_ones(
    handed_in: Path, hidden: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(hidden, handed_in, out)
    with held(out):
        killed = Manifest(out, {"command": "one that is killed"})
        killed.begin()
    hand_in(handed_in / "dan", 2)
    run(hidden, handed_in, out)
    account = json.loads((out / "manifest.json").read_text())
    assert account["state"] == "finished" and account["ended"] > account["started"]
    assert account["submissions"]["graded"] == 1 and account["submissions"]["unchanged"] == 3
    assert account["versions"].keys() == {"kit", "python", "torch", "numpy", "system"}
    assert account["only"] == [TASK] and account["seconds"]["median of a grading"] == 0.5
    assert [run["state"] for run in account["earlier runs"]] == ["killed", "finished"]
    assert len(account["seed hash"]) == 64
    with (out / "timings.csv").open() as file:
        timed = [(row["submission"], row["seconds"]) for row in csv.DictReader(file)]
    assert timed == [(name, "0.500") for name in ("ada", "bob", "cyd", "dan")]


def test_a_list_of_timings_ends_with_a_whole_line_on_a_full_disk(tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    account = Manifest(tmp_path, {})
    account.timings.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        account.note("ada", "", 0.1, "here", "")


def test_the_summary_counts_tasks_and_names_mistakes(hidden: Path, tmp_path: Path) -> None:
    for number in range(3):
        hand_in(tmp_path / "in" / f"right{number}", 8)
    for number, mistake in enumerate(3 * ["overflow"] + 2 * ["wrong-axis"] + ["a", "b"]):
        hand_in(tmp_path / "in" / f"wrong{number}", f"0 {mistake}")
    batch, _ = run(hidden, tmp_path / "in", tmp_path / "out")
    heading, counts = summary.by_task(batch.rows.values(), batch.chosen)
    assert heading == ("task", "passed", "wrong", "crashed", "timed out", "not implemented")
    assert counts == (TASK, "3", "7", "0", "0", "0")
    found = summary.frequent_mistakes(batch.rows.values(), batch.chosen)
    assert [(mistake.count, mistake.id) for mistake in found] == [
        (3, "overflow"),
        (2, "wrong-axis"),
        (1, "a"),
    ]
    assert found[0].hint.startswith("Without subtracting") and found[2].hint == ""


def test_what_an_instructor_sees(
    hidden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many submissions, those to be looked at; all of them when asked; sums, mistakes."""
    for number in range(45):
        hand_in(tmp_path / "in" / f"s{number}", "8" if number % 3 else "2 sum-for-mean")
    (tmp_path / "in" / "broken.zip").write_text("no zip")

    def make(name: str, fixtures: Path, only: list[str], *rest: object) -> Engine:
        chosen = selection.load_assignments(fixtures, only)
        return ByContent(selection.release_digest(fixtures, chosen))

    monkeypatch.setattr(engines, "make_engine", make)
    options = [str(tmp_path / "in"), "--fixtures", str(hidden), "--out", str(tmp_path / "out")]
    first = CliRunner().invoke(main, ["grade", *options, "--task", TASK])
    assert first.exit_code == 2 and "broken.zip is not a zip" in first.stderr
    lines = [line.split() for line in first.stdout.splitlines()]
    assert ["s1", "8/8", "8", "all", "passed"] not in lines
    assert any(line[:1] == ["broken"] for line in lines)
    assert "46 submissions, 1 to be looked at" in first.stdout
    assert [TASK, "30", "15", "0", "0", "0"] in lines
    assert f"15 x {TASK} sum-for-mean: This is log-sum-exp" in first.stdout
    assert "45 graded; 1 unreadable" in first.stdout
    second = CliRunner().invoke(main, ["grade", *options, "--task", TASK, "--table"])
    (tmp_path / "in" / "broken.zip").unlink()
    assert CliRunner().invoke(main, ["grade", *options, "--task", TASK]).exit_code == 0
    (tmp_path / "in" / "s1" / "q1_vae.py").rename(tmp_path / "in" / "s1" / "q1_vae_v2.py")
    doubtful = CliRunner().invoke(main, ["grade", *options, "--task", TASK])
    assert doubtful.exit_code == 3 and "1 to be looked at" in doubtful.stdout
    assert ["s1", "8/8", "8", "all", "passed"] in [x.split() for x in second.stdout.splitlines()]
    assert "0 graded; 45 unchanged; 1 unreadable" in second.stdout


def test_grading_does_not_load_torch_into_the_process_with_the_answers(
    hidden: Path, tmp_path: Path
) -> None:
    arguments = ["grade", str(tmp_path / "in"), "--fixtures", str(hidden), "--out", str(tmp_path)]
    program = f"""if True:
        import sys
        from autograder.cli import main
        main({arguments!r}, standalone_mode=False)
        sys.exit("torch" in sys.modules)"""
    hand_in(tmp_path / "in", 8)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_first_sentence() -> None:
    assert summary.first_sentence("exp(-0.5 x) is wrong, e.g. here. See 2.") == (
        "exp(-0.5 x) is wrong, e.g. here."
    )
    assert summary.first_sentence("No stop") == "No stop"


def test_no_name_is_a_formula(tmp_path: Path) -> None:
    row = ledger.Row("=HYPERLINK(1)", ledger.UNREADABLE, "+1")
    assert ledger.grades_csv([row], []).splitlines()[1] == "'=HYPERLINK(1),,unreadable,,,'+1,,"


def test_no_submission_takes_the_place_of_a_list(hidden: Path, tmp_path: Path) -> None:
    for name in ("grades.csv", "manifest.json", "timings.csv"):
        hand_in(tmp_path / "in" / name, 8)
    batch, _ = run(hidden, tmp_path / "in", tmp_path / "out")
    assert len(scores(tmp_path / "out")) == 3 and batch.problems == []
