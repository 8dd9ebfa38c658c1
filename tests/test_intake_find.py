"""Finding the submissions of a class, as course sites pack them, and naming them."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from autograder.intake.names import listed, safe, shown
from autograder.intake.submission import (
    IntakeError,
    find_submissions,
    open_submission,
    submission_names,
)

EXPECTED = ("q1_vae.py", "q1_train_vae.py", "q2_ddpm.py")
CODE = b"x = 1\n"


def tree(root: Path, *names: str) -> Path:
    """Files under `root`; a name that ends in `/` is an empty folder, `.zip` a real zip."""
    for name in names:
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("q1_vae.py", CODE)
        else:
            path.write_bytes(CODE)
    return root


def found(root: Path) -> list[str]:
    """Paths, relative to `root`, of the submissions in it."""
    paths = find_submissions([root], EXPECTED)
    return [str(path.relative_to(root)) for path in paths]


@pytest.mark.parametrize(
    "names",
    [
        ["q1_vae.py"],
        ["q1_vae (1).py", "q1_vae (2).py"],
        ["smith_1_2_q1_vae.py", "smith_1_3_q1_train_vae.py"],
        ["student_src/q1_vae.py", "student_src/homework/unet.py", "assignments/01_vae.ipynb"],
        ["alice/q1_vae.py"],
        ["final/work/q1_vae.py", "pictures/loss.png"],
        ["q1/q1_vae.py", "q2/q2_ddpm.py"],
        ["notes.txt"],
        ["nothing/"],
    ],
)
def test_one_submission(tmp_path: Path, names: list[str]) -> None:
    assert found(tree(tmp_path, *names)) == ["."]


@pytest.mark.parametrize(
    ("names", "submissions"),
    [
        (["b.zip", "a.zip", "grades.csv"], ["a.zip", "b.zip"]),
        (["only.zip"], ["only.zip"]),
        (["bob/q1_vae.py", "Ann/student_src/q1_vae.py"], ["Ann", "bob"]),
        (["ann/q1_vae.py", "bob/q2_ddpm.py", "carl.zip"], ["ann", "bob", "carl.zip"]),
        (["ann/q1_vae.py", "bob/vae.py"], ["ann", "bob"]),
        (["ann/q1_vae.py", "bob/q1_vae.py", "carl/"], ["ann", "bob", "carl"]),
        (["ann.zip", "bob.rar"], ["ann.zip", "bob.rar"]),
        (["ann.zip", "__MACOSX/ann.zip", ".cache/x.zip"], ["ann.zip"]),
        # Moodle: a folder per student with a zip in it.
        (["Ann_1_file_/vae.zip", "Bob_2_file_/vae.zip"], ["Ann_1_file_", "Bob_2_file_"]),
        # Canvas: everything in one folder, the student in front of the name.
        (
            ["ann_1_2_q1_vae.py", "ann_1_3_q1_train_vae.py", "bob_LATE_4_5_q1_vae-1.py"],
            ["ann_1_2_q1_vae.py", "bob_LATE_4_5_q1_vae-1.py"],
        ),
        (["ann_1_2_vae.zip", "bob_4_5_vae.zip"], ["ann_1_2_vae.zip", "bob_4_5_vae.zip"]),
        # Gradescope's export, of one student too.
        (["submission_metadata.yml", "submission_7/q1_vae.py"], ["submission_7"]),
        (
            ["submission_metadata.yml", "submission_7/a.py", "submission_8/src/q1_vae.py"],
            ["submission_7", "submission_8"],
        ),
        # Sections.
        (
            ["s1/ann/q1_vae.py", "s1/bob/q1_vae.py", "s2/carl.zip", "s2/dora.zip"],
            ["s1/ann", "s1/bob", "s2/carl.zip", "s2/dora.zip"],
        ),
    ],
)
def test_many_submissions(tmp_path: Path, names: list[str], submissions: list[str]) -> None:
    assert found(tree(tmp_path, *names)) == submissions


def test_files_and_doubtful_paths_are_returned_as_they_are(tmp_path: Path) -> None:
    tree(tmp_path, "a.zip", "q1_vae.py", "n.txt")
    os.mkfifo(tmp_path / "pipe.zip")
    paths = [tmp_path / name for name in ("a.zip", "q1_vae.py", "n.txt", "pipe.zip", "gone", "a\0")]
    assert find_submissions([*paths, paths[0]], EXPECTED) == paths


def test_a_link_is_followed_only_where_it_was_given(tmp_path: Path) -> None:
    tree(tmp_path / "class", "ann/q1_vae.py", "bob/q1_vae.py")
    (tmp_path / "class" / "carl").symlink_to(tmp_path / "class" / "ann")
    for loop in (tmp_path / "loop", tmp_path / "class" / "dora"):
        loop.symlink_to(loop)
    (tmp_path / "given").symlink_to(tmp_path / "class")
    paths = find_submissions([tmp_path / "given", tmp_path / "loop"], EXPECTED)
    assert [path.name for path in paths] == ["ann", "bob", "carl", "dora", "loop"]
    for path in paths[2:]:
        with pytest.raises(IntakeError, match="is a link"):
            open_submission(path, EXPECTED)


def test_one_bad_submission_does_not_harm_the_others(tmp_path: Path) -> None:
    tree(tmp_path, "a.zip", "c/q1_vae.py", "d/thing.txt")
    (tmp_path / "b.zip").write_bytes(b"no zip")
    good, bad = [], []
    for path in find_submissions([tmp_path], EXPECTED):
        try:
            good.append(open_submission(path, EXPECTED).source.name)
        except IntakeError as error:
            bad.append(str(error).partition(" ")[0])
    assert (good, bad) == (["a.zip", "c"], ["b.zip", "d"])


def test_names_are_unique_and_tell_students_apart(tmp_path: Path) -> None:
    paths = [
        tmp_path / name
        for name in (
            "ann/vae.zip",
            "bob/vae.zip",
            "carl.zip",
            "Carl",
            "x/ann_1_2_q1_vae.py",
            "q1_vae.py",
        )
    ]
    names = submission_names(paths, EXPECTED)
    assert names[:2] == ["ann-vae", "bob-vae"] and names[4:] == ["ann_1", "q1_vae"]
    assert len({name.casefold() for name in names}) == len(paths)
    assert submission_names([tmp_path / "a b", tmp_path / "a_b"])[0] != "a_b-2"


def test_a_given_name_is_kept(tmp_path: Path) -> None:
    tree(tmp_path, "q1_vae.py")
    assert open_submission(tmp_path, EXPECTED, name="ann-2").name == "ann-2"


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
        ("x" * 300, "x" * 60),
    ],
)
def test_safe_names(name: str, expected: str) -> None:
    assert safe(name) == expected


def test_shown_names() -> None:
    assert shown("a/q1_vae (1).py") == "a/q1_vae (1).py"
    assert shown("a\udcff\x07|*#") == "a?????"
    assert len(shown("y" * 5000)) == 80
    assert listed(list("abcdef"), 4) == "a, b, c, d and 2 more"
