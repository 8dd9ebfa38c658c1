"""Uploads that tempt the intake: several students in one, stubs beside the work, a site's names."""

from __future__ import annotations

from pathlib import Path

import pytest

import exports
from autograder.batch.ledger import Origin, Row
from autograder.intake.submission import Submission, find
from exports import STUDENTS, Files, code, work, written, zipped
from packing import CODE, EXPECTED, OTHER
from test_exports import STUB, table

ANN, BO, CY = STUDENTS
DONE = zipped({"q1_vae.py": CODE, "q1_train_vae.py": CODE})
MOODLE = "{}_{}_assignsubmission_file/{}"


def moodle(name: str, number: int, files: Files) -> Files:
    return {MOODLE.format(name, number, file): data for file, data in files.items()}


# A copy as it was handed out, or an empty one, is never graded instead of the work


@pytest.mark.parametrize("data", [STUB, b"", b"\n  \n", b"\0\1"], ids=repr)
@pytest.mark.parametrize(
    "packed",
    [
        {"submission_vae.zip": DONE},
        {"work.zip": DONE, "report.zip": zipped({"report.pdf": b""})},
        {"outer.zip": zipped({"vae/submission_vae.zip": DONE})},
        {"mine.tar/q1_vae.py": CODE, "submission_vae.zip": DONE},
    ],
)
def test_loose_stubs_do_not_hide_an_archive(data: bytes, packed: Files, tmp_path: Path) -> None:
    stubs = {"q1_vae.py": data, "q1_train_vae.py": data}
    (row,) = table(written(tmp_path, moodle("Amy Fox", 501, stubs | packed))).values()
    assert isinstance(row, Submission)
    assert row.files == {"q1_vae.py": CODE, "q1_train_vae.py": CODE} and not row.problems
    if data == STUB:
        assert "more TODOs are left in q1_train_vae.py" in row.remarks


def test_of_many_versions_the_one_with_the_fewest_todos_is_graded(tmp_path: Path) -> None:
    half = STUB.replace(b"q1.", b"q2.") + CODE
    files = {"q1_vae.py": 2 * STUB, "draft/q1_vae.py": half, "old/q1_vae.py": CODE}
    (row,) = table(written(tmp_path / "x", {f"ann_1_2/{n}": d for n, d in files.items()})).values()
    assert isinstance(row, Submission) and row.files["q1_vae.py"] == CODE


def test_the_archive_beside_a_persons_loose_files_is_that_persons(tmp_path: Path) -> None:
    files = {"Amy Fox - q1_vae.py": STUB, "Amy Fox - q1_train_vae.py": STUB}
    files |= {"Amy Fox - submission_vae.zip": DONE, "Bo Beta - q1_vae.py": OTHER}
    rows = table(written(tmp_path, files | {"Amy Fox - 01_vae.ipynb": b"{}"}))
    amy = rows["amy_fox"]
    assert isinstance(amy, Submission) and amy.files["q1_vae.py"] == CODE
    assert list(rows) == ["amy_fox", "bo_beta"]


def test_archives_beside_unfinished_work_that_are_too_many_are_told(tmp_path: Path) -> None:
    files = {"q1_vae.py": STUB} | {f"{i}.zip": DONE for i in range(5)}
    (row,) = table(written(tmp_path, moodle("Amy Fox", 501, files))).values()
    assert isinstance(row, Submission) and "5 archives were not opened" in row.remarks


# Several students are never one row


TWO: dict[str, Files] = {
    "labelled zips": moodle("Fay Wong", 301, {"submission_vae.zip": DONE})
    | moodle("Hal Kim", 303, {"submission_vae.zip": DONE}),
    "labelled zip and files": moodle("Fay Wong", 301, {"submission_vae.zip": DONE})
    | moodle("Gus Ray", 302, {"q1_vae.py": CODE, "q1_train_vae.py": CODE}),
    "labelled files of different names": {
        "annlee_12345_900001_q1_vae.py": CODE, "bobsmith_12346_900002_q1_train_vae.py": CODE,
    },
    "a zip and a file": {
        "annlee_12345_900001_submission_vae.zip": DONE, "bobsmith_12346_900002_q1_vae.py": OTHER,
    },
    "a stub of the other": {"ann/q1_vae.py": CODE, "bob/q1_vae.py": STUB + CODE},
    "different files": {"ann/q1_vae.py": CODE, "bob/q1_train_vae.py": CODE},
    "different assignments": {"ann/q1_vae.py": CODE, "bob/q2_ddpm.py": CODE},
    "zips": {"ann.zip": zipped({"q1_vae.py": CODE}), "bob.zip": zipped({"q1_train_vae.py": CODE})},
    "deeper": {"hw/x/ann/q1_vae.py": CODE, "hw/x/bob/q1_train_vae.py": OTHER},
}  # fmt: skip


@pytest.mark.parametrize("two", TWO.values(), ids=TWO)
@pytest.mark.parametrize("packed", [False, True])
def test_several_students_in_one_upload_are_no_row(
    two: Files, packed: bool, tmp_path: Path
) -> None:
    files = {"alone.zip": DONE}
    files |= {"HW1.zip": zipped(two)} if packed else {f"HW1/{n}": d for n, d in two.items()}
    rows = table(written(tmp_path, files))
    assert list(rows) == ["alone", "HW1"] and isinstance(rows["alone"], Submission)
    assert "several students" in str(rows["HW1"])
    assert "name it as a path of the command" in str(rows["HW1"])
    given = table(tmp_path / ("HW1.zip" if packed else "HW1"))  # which is the true remedy
    assert len(given) == 2
    for row in given.values():
        assert isinstance(row, Submission)


def test_the_parts_of_one_work_are_one_row(tmp_path: Path) -> None:
    parts = {"vae/q1_vae.py": CODE, "DDPM v2/q2_ddpm.py": OTHER, "training/q1_train_vae.py": CODE}
    twice = {"laptop/q1_vae.py": CODE, "usb/q1_vae.py": CODE, "usb/q1_train_vae.py": CODE}
    stub = {"handout/q1_vae.py": STUB, "my homework/q1_vae.py": CODE}
    plots = {"q1_vae.py": CODE, "run_100_200_a.png": b"", "run_300_400_b.png": b""}
    for number, files in enumerate((parts, twice, stub, plots)):
        upload = {f"ann/{name}": data for name, data in files.items()}
        rows = table(written(tmp_path / str(number), upload | {"bo/q1_vae.py": CODE}))
        assert isinstance(rows["ann"], Submission), rows["ann"]
        assert rows["ann"].files["q1_vae.py"] == CODE


def test_exports_side_by_side_are_taken_as_they_come(tmp_path: Path) -> None:
    sites = (exports.canvas, exports.moodle_folders, exports.brightspace_folders)
    files: Files = {}
    for site in sites:
        made: Files = {}
        for student in STUDENTS:
            made |= site(student, work(student))
        files[f"{site.__name__}.zip"] = zipped(made)
        files[f"wrapped {site.__name__}.zip"] = zipped(made, "export/")
        files |= {f"{site.__name__} unpacked/{name}": data for name, data in made.items()}
    rows = table(written(tmp_path, files))
    graded = [row for row in rows.values() if isinstance(row, Submission)]
    assert len(graded) == 9 * len(STUDENTS)
    assert {len({d.split(b",")[0] for d in row.files.values()}) for row in graded} == {1}
    lone = written(tmp_path, {"dee.zip": DONE})  # and then no zip is an export any more
    assert "several students" in str(table(lone)["canvas"])


# What a site says, and what it only writes


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("caraoneil_12347_900003_q1_vae.py", False),
        ("caraoneil_12347_900003_q1_vae-2.py", False),
        ("Cara_12347_assignsubmission_file_q1_vae.py", False),
        ("Hw_cara_attempt_2026-11-02-11-00-00_q1_vae.py", False),
        ("12-34 - Cara - May 1, 2024 1200 PM - q1_vae.py", False),
        ("caraoneil_12347_900003_q1_vae_Cara.py", True),
        ("caraoneil_12347_900003_q1_vae (1).py", True),
    ],
)
def test_only_what_the_student_renamed_is_told(name: str, told: bool, tmp_path: Path) -> None:
    (row,) = table(written(tmp_path, {name: CODE})).values()
    assert isinstance(row, Submission)
    text = (f"{name} was taken as q1_vae.py".replace("  ", " "),) if told else ()
    assert row.notes == row.remarks == text


def test_what_came_late_is_told_and_no_doubt(tmp_path: Path) -> None:
    ann, bo = find(
        [written(tmp_path, {"ann_LATE_111_222_q1_vae.py": CODE, "bo_112_223_q1_vae.py": CODE})],
        EXPECTED,
    )
    assert (ann.late, bo.late) == (True, False)
    row = Row("ann", "graded", "all passed", Origin(late=True))
    assert row.remarks == "late, says the course site; all passed" and not row.is_doubtful


def test_a_row_names_the_paths_that_are_graded(tmp_path: Path) -> None:
    form = "VAE_jdoe1_attempt_2026-11-0{}-11-00-00{}"
    files = {form.format(day, end): CODE for day in (1, 2) for end in ("_q1_vae.py", ".txt")}
    (row,) = find([written(tmp_path, files)], EXPECTED)
    assert row.source == str(tmp_path / form.format(2, "_q1_vae.py")) and len(row.others) == 3


@pytest.mark.parametrize(
    ("clock", "read"),
    [
        ("905 AM", "09:05"), ("105 PM", "13:05"), ("112 AM", "01:12"), ("1005 AM", "10:05"),
        ("10 05 PM", "22:05"), ("12.05", "12:05"), ("9:05 PM", "21:05"),
    ],
)  # fmt: skip
def test_the_time_of_an_attempt_is_told_as_it_was(clock: str, read: str, tmp_path: Path) -> None:
    day = "November" if "M" not in clock else "Nov"
    form = "{} November, 2026 {}" if "M" not in clock else f"{day} {{}}, 2026 {{}}"
    names = [f"4567-89 - Lia Moe - {form.format(d, clock)}/q1_vae.py" for d in (1, 3)]
    (row,) = find([written(tmp_path, {name: CODE for name in names})], EXPECTED)
    assert row.attempt == f"2026-11-03 {read} (2 of 2)"
    assert row.remarks == (f"2 attempts: 2026-11-03 {read} was taken, not 2026-11-01 {read}",)


def test_a_sites_receipt_is_nothing_handed_in(tmp_path: Path) -> None:
    files = {"VAE_eve33_attempt_2026-11-02-12-00-00.txt": b"Name:"}
    files |= {"Ivy Roe_304_assignsubmission_onlinetext/onlinetext.html": b"<p>"}
    files |= {"moe_12_text.html": b"", "moe_123_text.html": b""}
    rows = table(written(tmp_path, files))
    for name in ("eve33", "Ivy_Roe_304", "moe_123"):
        assert "no file was handed in" in str(rows[name])


def test_a_notebook_alone_is_its_persons_and_told_where_code_belongs(tmp_path: Path) -> None:
    names = ("Yan Ito - 01_vae.ipynb", "02_ddpm_Xia.ipynb", "leeann_12349_900007_01_vae.ipynb")
    files = {f"a/{name}": b"{}" for name in (*names[:2], "01_vae_final.ipynb")}
    folder = written(tmp_path, files | {"a/Wes Fry - q1_vae.py": CODE})
    assert set(table(folder)) == {"a-yan_ito", "a-wes_fry", "a-xia", "a-01_vae_final.ipynb"}
    rows = table(folder / "a")
    assert str(rows["yan_ito"]) == (
        "Yan Ito - 01_vae.ipynb is a notebook: the code belongs in q1_vae.py, q1_train_vae.py;"
        " pack these with collect_submission.sh and hand in the zip."
    )
    assert "belongs in q2_ddpm.py, q2_trainer_ddpm.py;" in str(rows["xia"])
    (row,) = table(written(tmp_path / "b", {names[2]: b"{}"})).values()
    assert "is a notebook: the code belongs in q1_vae.py, q1_train_vae.py;" in str(row)


def test_code_of_no_known_assignment_is_told_all_names(tmp_path: Path) -> None:
    (row,) = table(written(tmp_path, moodle("Ann", 301, {"main.py": code(ANN, "main.py")})))
    assert row == "Ann_301"
    assert all(name in str(table(tmp_path)[row]) for name in EXPECTED)
