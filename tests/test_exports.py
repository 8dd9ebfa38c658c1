"""A class as course sites pack it: everybody has a row of their own, and everything a row."""

from __future__ import annotations

import os
import random
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import exports
from autograder.batch.watch_folder import fingerprint
from autograder.intake.names import listed, safe, shown
from autograder.intake.reader import Reader
from autograder.intake.submission import (
    Found,
    IntakeError,
    Submission,
    find,
    open_found,
    open_submission,
)
from exports import FILES, STUDENTS, Layout, Student, code, written, zipped
from packing import EXPECTED

CODE, OTHER = b"x = 1\n", b"y = 2\n"
STUB = b'def f():\n    raise NotImplementedError("q1.log_mean_exp")\n'


def table(*paths: Path) -> dict[str, Submission | str]:
    """Each row by its name: the submission, or why there is none."""
    return {one.name: opened(one) for one in find(paths, EXPECTED)}


def opened(one: Found) -> Submission | str:
    if one.is_left_over:
        return "left over"
    try:
        return open_found(one, EXPECTED)
    except IntakeError as error:
        return str(error)


def graded(*paths: Path) -> dict[str, bytes]:
    """Each graded row's `q1_vae.py`, by name."""
    rows = table(*paths)
    return {n: row.files["q1_vae.py"] for n, row in rows.items() if isinstance(row, Submission)}


def all_paths(rows: list[Found]) -> set[str]:
    return {str(place) for row in rows for place in (*row.places, *row.others)}


@pytest.mark.parametrize(
    "layout", exports.layouts(), ids=lambda one: f"{one.site.__name__}-{one.form}-{one.packing}"
)
def test_every_student_of_an_export_has_a_row(layout: Layout, tmp_path: Path) -> None:
    rows = table(layout.write(tmp_path))
    submissions = [row for row in rows.values() if isinstance(row, Submission)]
    assert sorted(row.files["q1_vae.py"] for row in submissions) == [
        code(student, "q1_vae.py") for student in layout.students
    ]
    for row in submissions:  # no two students in one
        assert len({data.split(b",")[0] for data in row.files.values()}) == 1
        assert set(row.files) == set(FILES) and row.missing == ()
    others = {name: row for name, row in rows.items() if not isinstance(row, Submission)}
    assert all(row == "left over" for row in others.values()), others


def test_gradescopes_list_gives_names_numbers_and_who_is_not_there(tmp_path: Path) -> None:
    list_ = exports.gradescope_list(STUDENTS).replace(
        b"  - :name: Bo Beta", b"  - :name: Dee Delta\n    :sid: 'id9'\n  - :name: Bo Beta"
    )
    files = exports.gradescope(STUDENTS[0], {"q1_vae.py": CODE})
    files |= exports.gradescope(STUDENTS[1], {"q1_vae.py": CODE})
    rows = find([written(tmp_path, files | {"submission_metadata.yml": list_})], EXPECTED)
    students = {row.name: row.students for row in rows if row.students}
    assert students == {
        "submission_4711": "Ann Alpha (id4711)",
        "submission_4712": "Dee Delta (id9); Bo Beta (id4712)",
        "submission_4713": "Cy Chi (id4713)",
    }
    assert "is not there" in str(opened(next(row for row in rows if "4713" in row.name)))


ATTEMPTS = {
    "brightspace": "4711-778 - Ann Alpha - Oct {}, 2026 1158 PM/q1_vae.py",
    "brightspace flat": "4711-778 - Ann Alpha - Oct {}, 2026 958 AM - q1_vae.py",
    "blackboard": "Hw_ann1_attempt_2026-10-{:02}-23-58-11_q1_vae.py",
}


@pytest.mark.parametrize("name", ATTEMPTS.values(), ids=ATTEMPTS)
def test_the_latest_attempt_is_graded_and_the_others_are_named(name: str, tmp_path: Path) -> None:
    ann = STUDENTS[0]
    files = {name.format(day): code(ann, "q1_vae.py", day) for day in (9, 10, 8)}
    (row,) = table(written(tmp_path, files)).values()
    assert isinstance(row, Submission)
    assert row.files["q1_vae.py"] == code(ann, "q1_vae.py", 10)
    assert "3 attempts: 2026-10-10" in row.remarks[0] and "2026-10-09" in row.remarks[0]
    assert len(all_paths(find([tmp_path], EXPECTED))) == 3


# What is doubtful, and what is not one student's


def test_loose_files_beside_the_zips_of_a_class(tmp_path: Path) -> None:
    files = {f"s{i}_{100 + i}_{200 + i}_vae.zip": zipped({"q1_vae.py": CODE}) for i in range(20)}
    rows = table(written(tmp_path, files | {"q1_vae.py": OTHER, "notes.txt": b""}))
    assert len([row for row in rows.values() if isinstance(row, Submission)]) == 21
    loose = rows["q1_vae"]
    assert isinstance(loose, Submission) and "whose is it?" in loose.remarks[0]
    assert rows["notes.txt"] == "left over"


def test_several_zips_of_one_student_are_attempts(tmp_path: Path) -> None:
    names = {"Ann Alpha - submission_vae.zip": CODE, "Ann Alpha - submission_vae (1).zip": OTHER}
    others = {"Bo Beta - submission_vae.zip": CODE, "HW3 - cy.zip": CODE, "HW3 - dee.zip": OTHER}
    folder = written(tmp_path, {n: zipped({"q1_vae.py": d}) for n, d in (names | others).items()})
    rows = table(folder)
    assert len(rows) == 4 and all(isinstance(row, Submission) for row in rows.values())
    ann = rows["Ann_Alpha_-_submission_vae"]
    assert isinstance(ann, Submission) and ann.files == {"q1_vae.py": OTHER}
    assert ann.remarks[0].startswith("2 attempts: Ann Alpha - submission_vae (1).zip was taken")
    assert all_paths(find([folder], EXPECTED)) == {str(folder / name) for name in names | others}
    before = {row.name for row in find([folder], EXPECTED)}
    written(tmp_path, {"Bo Beta - submission_vae (1).zip": zipped({"q1_vae.py": OTHER})})
    assert {row.name for row in find([folder], EXPECTED)} == before  # a late arrival renames nobody


def test_numbered_copies_are_several_students(tmp_path: Path) -> None:
    copies = ["q1_vae.py", "q1_vae(1).py", "q1_vae(2).py"]
    rows = table(written(tmp_path / "a", {name: name.encode() for name in copies}))
    assert len(rows) == 3
    for row in rows.values():
        assert isinstance(row, Submission) and "several students" in row.remarks[0]
    both = {name: name.encode() for name in (*copies, "q1_train_vae.py", "q1_train_vae(1).py")}
    (refused,) = table(written(tmp_path / "b", both)).values()
    assert "several students" in str(refused)
    even = {name: name.encode() for name in both if "(2)" not in name}
    for row in table(written(tmp_path / "d", even)).values():
        assert isinstance(row, Submission) and "of the same number" in row.remarks[0]
        assert len({data.count(b"(1)") for data in row.files.values()}) == 1 and len(row.files) == 2
    (same,) = table(written(tmp_path / "c", dict.fromkeys(copies, CODE))).values()
    assert isinstance(same, Submission)


@pytest.mark.parametrize("suffix", [".zip", ""])
def test_three_students_in_one_upload_are_refused(tmp_path: Path, suffix: str) -> None:
    three = {f"{name}/q1_vae.py": name.encode() for name in ("ann", "bo", "cy")}
    files = {"dee/q1_vae.py": CODE}
    files |= {"x.zip": zipped(three)} if suffix else {f"x/{n}": data for n, data in three.items()}
    rows = table(written(tmp_path / "class", files))
    assert list(rows) == ["dee", "x"] and "several students (ann, bo, cy)" in str(rows["x"])
    (tmp_path / "given.zip").write_bytes(zipped(three))
    assert graded(tmp_path / "given.zip") == {n: n.encode() for n in ("ann", "bo", "cy")}


def test_names_that_look_like_a_sites_merge_nobody(tmp_path: Path) -> None:
    names = [f"hw_2026_101_{who}.zip" for who in ("ann", "bo")] + [
        "hw_3_file_cy.zip",
        "hw_3_file_d.zip",
    ]
    files = {name: zipped({"q1_vae.py": name.encode()}) for name in names}
    assert graded(written(tmp_path, files)) == {n.removesuffix(".zip"): n.encode() for n in names}


def test_gradescopes_only_student_is_not_refused(tmp_path: Path) -> None:
    files = {"mine/q1_vae.py": CODE, "hers/q1_vae.py": OTHER, "mine/q1_vae_bo.py": STUB}
    folder = written(tmp_path / "submission", files)
    assert open_submission(folder, EXPECTED, alone=True).remarks[0].startswith("three files differ")
    with pytest.raises(IntakeError, match="several students"):
        open_submission(folder, EXPECTED)


def test_a_students_folders_make_no_rows_of_others(tmp_path: Path) -> None:
    files = {"alice/q1_vae.py": CODE, "mallory/alice/q1_vae.py": OTHER}
    folder = written(tmp_path, files | {"mallory/bob/q1_vae.py": CODE})
    assert list(table(folder)) == ["alice", "mallory"]
    assert graded(folder) == {"alice": CODE}


GHOSTS: dict[str, exports.Files] = {
    "zip": {".zip": zipped({"alice/q1_vae.py": OTHER, "bob/q1_vae.py": CODE})},
    "zips": {"/alice.zip": zipped({"q1_vae.py": OTHER}), "/bob.zip": zipped({"q1_vae.py": CODE})},
    "look-alikes": {"/\u0430lice/q1_vae.py": OTHER, "/alice/q1_vae.py": CODE},
    "spaces": {"/alice /q1_vae.py": OTHER, "/alice/q1_vae.py": CODE},
    "cases": {"/Alice/q1_vae.py": OTHER, "/ALICE/q1_vae.py": CODE},
    "labels": {"/alice_1001_2001_q1_vae.py": OTHER, "/bob_1002_2002_q1_vae.py": CODE},
    "names": {"/q1_vae_alice.py": OTHER, "/q1_vae_bob.py": CODE},
    "list": {
        "/submission_metadata.yml": b"alice:\n  :submitters:\n  - :name: Alice\n",
        "/alice/q1_vae.py": OTHER,
        "/bob/q1_vae.py": CODE,
    },
    "deep": {"/hw/a/alice/q1_vae.py": OTHER, "/hw/a/bob/q1_vae.py": CODE},
}


@pytest.mark.parametrize("ghosts", GHOSTS.values(), ids=GHOSTS)
@pytest.mark.parametrize("packed", [False, True])
def test_no_folder_zip_or_name_inside_a_students_makes_a_row(
    ghosts: exports.Files, packed: bool, tmp_path: Path
) -> None:
    files = {"alice/q1_vae.py": CODE} | {f"mallory{name}": data for name, data in ghosts.items()}
    if packed:
        (tmp_path / "class.zip").write_bytes(zipped(files))
        given = tmp_path / "class.zip"
    else:
        given = written(tmp_path / "class", files)
    rows = table(given)
    assert list(rows) == ["alice", "mallory"] and graded(given) == {"alice": CODE}
    assert str(rows["mallory"]).count("mallory") == 1 and "several students" in str(rows["mallory"])


def test_a_copy_as_it_was_handed_out_never_beats_the_solution(tmp_path: Path) -> None:
    uploads = {
        "ann": {"vae/q1_vae.py": STUB, "vae/student_src/q1_vae.py": CODE},
        "bo": {"vae/backup/q1_vae.py": STUB, "vae/student_src/q1_vae.py": CODE},
        "cy": {"hw/original/q1_vae.py": STUB, "hw/student_src/q1_vae.py": CODE},
        "di": {"q1_vae.py": STUB, "q1_vae (1).py": CODE},
        "ed": {"student_src/q1_vae.py": STUB, "mine/q1_vae.py": CODE},
    }
    rows = table(written(tmp_path, {f"{who}.zip": zipped(f) for who, f in uploads.items()}))
    for row in rows.values():
        assert isinstance(row, Submission) and row.files["q1_vae.py"] == CODE
        assert row.remarks[0].startswith("two files differ")
    assert len(rows) == len(uploads)


@pytest.mark.parametrize(
    "name",
    [
        "q1_vae_Ann.py", "q1_vae_final.py", "q1-vae.py", "q1_vae.py.txt", "Q1_VAE.PY",
        "q1_vae_v2.py", "q1_vae (1).py", "ann_q1_vae.py", "1234567_q1_vae.py", "q1 vae.py",
    ],
)  # fmt: skip
def test_a_name_that_is_meant_is_taken_with_a_remark(tmp_path: Path, name: str) -> None:
    row = table(written(tmp_path, {f"ann/{name}": CODE, "bo/q1_vae.py": CODE}))["ann"]
    assert isinstance(row, Submission) and row.files["q1_vae.py"] == CODE
    assert "was taken as q1_vae.py" in row.remarks[0]


def test_what_holds_only_other_things_is_told(tmp_path: Path) -> None:
    files = {
        "bo/q1_vae.py": CODE,
        "ann/01_vae.ipynb": b"{}",
        "cy/report.pdf": b"",
        "dee/vae.py": b"",
    }
    rows = table(written(tmp_path, files))
    assert "notebooks alone" in str(rows["ann"]) and "collect_submission.sh" in str(rows["ann"])
    assert "only report.pdf" in str(rows["cy"]) and "only vae.py" in str(rows["dee"])


def test_names_keep_what_differs(tmp_path: Path) -> None:
    long = "A very long name of an assignment, with its term and its number, that all have " * 2
    names = [f"{long}{student.short} submission" for student in STUDENTS]
    rows = list(graded(written(tmp_path, {f"{n}/q1_vae.py": CODE for n in names})))
    for student, row in zip(STUDENTS, rows, strict=True):
        assert student.short in row and len(row) <= 100


def test_equal_names_are_told_apart(tmp_path: Path) -> None:
    names = ("Ann Lee", "Ann_Lee", "carl", "Carl", "ann/lee")
    folder = written(tmp_path, {f"{name}/q1_vae.py": name.encode() for name in names})
    written(tmp_path, {"carl.zip": zipped({"q1_vae.py": CODE})})
    rows = graded(folder)
    assert len({name.casefold() for name in rows}) == len(rows) == 6
    rows = graded(
        tmp_path / "carl.zip", *(written(tmp_path / x, {"q1_vae.py": CODE}) for x in "ab")
    )
    assert list(rows) == ["a", "b", "carl"]
    for section in "ab":
        written(tmp_path / section, {"vae.zip": zipped({"q1_vae.py": CODE})})
    assert list(graded(*(tmp_path / x / "vae.zip" for x in "ab"))) == ["a-vae", "b-vae"]


# Properties


def random_class(rng: random.Random, root: Path) -> tuple[Path, list[str]]:
    """A class of some site, with some odd entries among it; all of its first names."""
    layout = rng.choice([one for one in exports.layouts() if one.packing == "plain"])
    files: exports.Files = {}
    for number in range(rng.randint(2, 8)):
        student = Student(rng.choice("ABCDEFG") + f"x{number}", "Omega", 5000 + number)
        form = rng.choice(["files", "zips"]) if layout.form == "zips" else "files"
        files |= layout.site(student, exports.handed_in(student, form))
    odd = {
        "notes.txt": b"", "broken.zip": b"no zip", "pdfs/report.pdf": b"", "only.ipynb": b"{}",
        "empty.7z": b"7z", "q1_vae.py": CODE, "zoe.zip": zipped({"a/q1_vae.py": CODE}),
    }  # fmt: skip
    files |= {name: odd[name] for name in rng.sample(sorted(odd), rng.randint(0, len(odd)))}
    written(root, files)
    return root, sorted({name.split("/")[0] for name in files})


@pytest.mark.parametrize("seed", range(60))
def test_no_entry_is_lost_and_none_is_shared(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    folder, entries = random_class(rng, tmp_path / "class")
    rows = find([folder], EXPECTED)
    paths = [str(place) for row in rows for place in (*row.places, *row.others)]
    assert sorted(paths) == [str(folder / name) for name in sorted(entries)]
    names = [row.name for row in rows]
    assert len({name.casefold() for name in names}) == len(names)
    for row in map(opened, rows):
        if isinstance(row, Submission):
            assert len({data.split(b",")[0] for data in row.files.values()}) == 1


@pytest.mark.parametrize("seed", range(30))
def test_a_late_arrival_renames_nobody(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    layout = rng.choice([one for one in exports.layouts() if one.packing == "plain"])
    students = [Student(f"S{i}", "Omega", 5000 + i) for i in range(5)]
    rng.shuffle(students)
    for count, student in enumerate(students):
        before = {row.source: row.name for row in find([tmp_path], EXPECTED)} if count else {}
        written(tmp_path, layout.site(student, exports.handed_in(student, layout.form)))
        after = {row.source: row.name for row in find([tmp_path], EXPECTED)}
        assert before.items() <= after.items()
    earlier = {row.first: row.name for row in find([tmp_path], EXPECTED)}
    for name in list(earlier.values()):  # not even one that is called the same
        written(tmp_path, {f"{name.upper()}.zip": zipped({"q1_vae.py": CODE})})
    rows = find([tmp_path], EXPECTED, earlier=earlier)
    assert earlier.items() <= {row.first: row.name for row in rows}.items()


def test_the_order_of_a_folder_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = random_class(random.Random(5), tmp_path / "class")
    first = find([folder], EXPECTED)
    scan = os.scandir

    class Backwards:
        def __init__(self, path: str) -> None:
            with scan(path) as found:
                self.found = sorted(found, key=lambda child: child.name, reverse=True)

        def __enter__(self) -> object:
            return iter(self.found)

        def __exit__(self, *rest: object) -> None: ...

    monkeypatch.setattr(os, "scandir", Backwards)
    assert find([folder], EXPECTED) == first


# Links, pipes, hostile sizes


def test_a_link_is_followed_only_where_it_was_given(tmp_path: Path) -> None:
    written(tmp_path / "class", {"ann/q1_vae.py": CODE, "bob/q1_vae.py": CODE})
    (tmp_path / "class" / "carl").symlink_to(tmp_path / "class" / "ann")
    for loop in (tmp_path / "loop", tmp_path / "class" / "dora"):
        loop.symlink_to(loop)
    (tmp_path / "given").symlink_to(tmp_path / "class")
    os.mkfifo(tmp_path / "class" / "pipe.zip")
    rows = table(tmp_path / "given", tmp_path / "loop")
    assert list(rows) == ["ann", "bob", "carl", "dora", "loop", "pipe"]
    assert all("is a link" in str(rows[name]) for name in ("carl", "dora", "loop"))


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def test_a_zip_of_rivals_takes_no_second(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "rivals.zip", "w") as archive:
        for i in range(9990):
            archive.writestr(f"d/s_1_q1_vae ({i % 999}){' ' * (i // 999)}.py", "x=1\n")
    some = Reader([tmp_path], EXPECTED)
    assert cpu_seconds(lambda: [some.open(one) for one in some.find([tmp_path])]) < 1


def test_a_thousand_submissions_take_two_seconds(tmp_path: Path) -> None:
    upload = zipped({f"vae/{name}": CODE for name in (*FILES, "01_vae.ipynb", "report.pdf")})
    for i in range(1000):
        written(tmp_path, {f"s{i}_{10_000 + i}_{20_000 + i}_vae.zip": upload})
    assert cpu_seconds(lambda: table(tmp_path)) < 2


@pytest.mark.parametrize("junk", ["venv/lib/m{}.py", ".git/o{}", "data/{}.png", "env/m{}.py"])
def test_junk_does_not_count(tmp_path: Path, junk: str) -> None:
    files = {"hw/q1_vae.py": CODE} | {f"hw/{junk.format(i)}": b"" for i in range(10_500)}
    assert graded(written(tmp_path, {"ann.zip": zipped(files)})) == {"ann": CODE}


def test_a_fingerprint_follows_all_of_a_students_files(tmp_path: Path) -> None:
    names = ("ann_11_22_q1_vae.py", "ann_11_23_q1_train_vae.py")
    written(tmp_path, dict.fromkeys(names, CODE))
    (one,) = find([tmp_path], EXPECTED)
    before = fingerprint(one)
    (tmp_path / names[1]).write_bytes(b"x = 22\n")
    assert fingerprint(one) != before


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "etc_passwd"),
        ("Ann Lee", "Ann_Lee"),
        ("José", "José"),
        ("=cmd|'x'!A1", "cmd__x__A1"),
        ("nul.txt", "nul.txt_"),
        ("...", "submission"),
        ("a\n\0\x1b<b>", "a____b"),
        ("a\u2028\u202eb", "a__b"),
    ],
)
def test_safe_names(name: str, expected: str) -> None:
    assert safe(name) == expected


def test_shown_names() -> None:
    assert shown("a/q1_vae (1).py") == "a/q1_vae (1).py"
    assert shown("a\udcff\x07|*#\u2028\u202e") == "a???????"
    assert len(shown("y" * 5000)) == 80 and len(safe("y" * 5000)) <= 100
    assert listed(list("abcdef"), 4) == "a, b, c, d and 2 more"
