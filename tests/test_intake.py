"""Taking in one submission: real files, folders and zips, in every state that students hand in."""

from __future__ import annotations

import os
import socket
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.intake import unpack
from autograder.intake.sites import label
from autograder.intake.submission import IntakeError, Submission, find, open_found, open_submission
from packing import CODE, EXPECTED, OTHER, Files, make_folder, make_zip, notes, refusal

GIGABYTE = 1 << 30
needs_permissions = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
)


@pytest.fixture(params=[make_zip, make_folder], ids=["zip", "folder"])
def pack(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Files], Submission]:
    suffix = ".zip" if request.param is make_zip else ""

    def packed(files: Files) -> Submission:
        return open_submission(request.param(tmp_path / f"alice{suffix}", files), EXPECTED)

    return packed


def test_a_complete_submission(pack: Callable[[Files], Submission]) -> None:
    submission = pack({"q1_vae.py": CODE, "q1_train_vae.py": OTHER, "01_vae.ipynb": b"{}"})
    assert submission.files == {"q1_vae.py": CODE, "q1_train_vae.py": OTHER}
    assert (submission.missing, submission.problems, submission.notes) == ((), {}, ())
    assert submission.name == "alice"


def test_only_files_of_the_same_assignment_are_missing(pack: Callable[[Files], Submission]) -> None:
    assert pack({"q1_vae.py": CODE}).missing == ("q1_train_vae.py",)


@pytest.mark.parametrize(
    "name",
    [
        "q1_vae (1).py",
        "q1_vae(2).py",
        "q1_vae-1.py",
        "q1_vae_2.py",
        "q1_vae copy.py",
        "q1_vae copy 2.py",
        "q1_vae - Copy.py",
        "q1_vae - Copy (2).py",
        "Copy of q1_vae.py",
        "Copy of Copy of q1_vae (1).py",
        "Q1_VAE.py",
        "q1_vae.PY",
        "smith_123_456_q1_vae.py",
        "smithjohn_LATE_123_456_q1_vae-1.py",
        "Ann Lee_12345_assignsubmission_file_q1_vae.py",
        "Homework 1_alee_attempt_2024-05-01-12-00-00_q1_vae.py",
        "12345-678 - Ann Lee - May 1, 2024 1200 PM - q1_vae.py",
    ],
)
def test_renamed_files_are_found(pack: Callable[[Files], Submission], name: str) -> None:
    submission = pack({f"work/final/{name}": CODE})
    assert submission.files == {"q1_vae.py": CODE} and "ignored" not in notes(submission)
    assert ("was taken as q1_vae.py" in notes(submission)) == (label(name) is None)


@pytest.mark.parametrize("name", ["test_q1_vae.py", "old_q1_vae.py", "q1_vae.py.bak", "q1_vaes.py"])
def test_other_names_are_not_taken(pack: Callable[[Files], Submission], name: str) -> None:
    assert pack({name: OTHER, "q1_train_vae.py": CODE}).files == {"q1_train_vae.py": CODE}


def test_junk_is_skipped_in_silence(pack: Callable[[Files], Submission]) -> None:
    submission = pack(
        {
            "student_src/q1_vae.py": CODE,
            "student_src/homework/unet.py": OTHER,
            "__MACOSX/student_src/._q1_train_vae.py": b"\0\5\x16\7",
            "student_src/._q1_train_vae.py": b"\0",
            ".ipynb_checkpoints/q1_train_vae-checkpoint.py": OTHER,
            "__pycache__/q1_train_vae.py": OTHER,
        }
    )
    assert submission.files == {"q1_vae.py": CODE} and submission.notes == ()


def test_the_nearest_name_then_the_nearest_folder_wins(
    pack: Callable[[Files], Submission],
) -> None:
    submission = pack(
        {
            "q1_vae (1).py": b"renamed = 1\n",
            "old/deep/q1_vae.py": b"deep = 1\n",
            "new/q1_vae.py": CODE,
            "my_utils.py": OTHER,
        }
    )
    assert submission.files == {"q1_vae.py": CODE}
    assert "new/q1_vae.py was taken as q1_vae.py, not old/deep/q1_vae.py" in notes(submission)
    assert "q1_vae (1).py" in notes(submission) and "my_utils.py" in notes(submission)


def test_equal_copies_need_no_note(pack: Callable[[Files], Submission]) -> None:
    assert pack({"a/q1_vae.py": CODE, "b/q1_vae.py": CODE}).notes == ()


def test_the_newest_of_equals_wins(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "alice", {"new/q1_vae.py": CODE, "fixed/q1_vae.py": OTHER})
    for name, age in (("new", 1000), ("fixed", 2000)):
        os.utime(folder / name / "q1_vae.py", (age, age))
    assert open_submission(folder, EXPECTED).files == {"q1_vae.py": OTHER}
    os.utime(folder / "new" / "q1_vae.py", (3000, 3000))
    assert open_submission(folder, EXPECTED).files == {"q1_vae.py": CODE}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x7fELF\0\0" * 9, "binary"),
        ("x = 'é'".encode("utf-16"), "UTF-16"),
        ("x = 1\ny = 'é'\n".encode("latin-1"), "line 2"),
        (b"# coding: klingon\n", "encoding"),
        (b"# coding: punycode\n" + b"x" * 500_000, "encoding"),
        (b"#" * (1 << 20) + b"\n", "larger than 1 MB"),
    ],
)
def test_an_unusable_file_costs_itself_alone(
    pack: Callable[[Files], Submission], data: bytes, said: str
) -> None:
    submission = pack({"q1_vae.py": data, "q1_train_vae.py": CODE})
    assert submission.files == {"q1_train_vae.py": CODE} and submission.missing == ()
    assert said in submission.problems["q1_vae.py"]
    assert submission.problems["q1_vae.py"].startswith("q1_vae.py ")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbfx = 1\r\n",
        "# -*- coding: latin-1 -*-\nx = 'é'\n".encode("latin-1"),
        "x = '深い'\n".encode(),
    ],
)
def test_text_is_kept_as_it_is(pack: Callable[[Files], Submission], data: bytes) -> None:
    assert pack({"q1_vae.py": data}).files == {"q1_vae.py": data}


def test_names_in_notes_hold_no_markup(pack: Callable[[Files], Submission]) -> None:
    text = notes(pack({"q1_vae.py": CODE, "a<b>\x1b[31m`[x](y)`\n\u202e.py": OTHER}))
    assert not set(text) & set("<>`[]\x1b\n\u202e") and "ignored" in text


def test_the_digest_follows_the_expected_files(tmp_path: Path) -> None:
    def digest(name: str, files: Files) -> str:
        return open_submission(make_zip(tmp_path / name, files), EXPECTED).digest

    first = digest("a.zip", {"q1_vae.py": CODE, "q1_train_vae.py": OTHER})
    assert first == digest("b.zip", {"x/q1_train_vae.py": OTHER, "x/q1_vae.py": CODE, "n.txt": b""})
    swapped = digest("c.zip", {"q1_vae.py": OTHER, "q1_train_vae.py": CODE})
    bad = digest("d.zip", {"q1_vae.py": CODE, "q1_train_vae.py": b"\0"})
    assert len({first, swapped, bad, digest("e.zip", {"q1_vae.py": CODE})}) == 4


# Files and folders


def test_a_single_file(tmp_path: Path) -> None:
    source = make_folder(tmp_path, {"q1_vae (1).py": CODE, "q1_train_vae.py": OTHER})
    submission = open_submission(source / "q1_vae (1).py", EXPECTED)
    assert submission.files == {"q1_vae.py": CODE} and submission.missing == ("q1_train_vae.py",)


def test_files_with_a_name_in_front_bring_their_siblings(tmp_path: Path) -> None:
    names = ("ann_1_2_q1_vae.py", "ann_1_3_q1_train_vae.py", "bob_4_5_q1_train_vae.py")
    make_folder(tmp_path, {name: name.encode() for name in names})
    ann, bob = (open_found(one, EXPECTED) for one in find([tmp_path / n for n in names], EXPECTED))
    assert ann.files["q1_train_vae.py"] == names[1].encode()
    assert ann.name == "ann_1" and bob.missing == ("q1_vae.py",)


@pytest.mark.parametrize("name", ["alice.py", "01_vae.ipynb", "nothing.zip"])
def test_other_files_are_refused(tmp_path: Path, name: str) -> None:
    if not name.startswith("nothing"):
        (tmp_path / name).write_bytes(CODE)
    refusal(tmp_path / name)


def test_huge_files_are_not_read(tmp_path: Path) -> None:
    make_folder(tmp_path / "alice", {"q1_train_vae.py": CODE})
    for path in (tmp_path / "huge.zip", tmp_path / "alice" / "q1_vae.py"):
        with path.open("wb") as file:
            file.truncate(GIGABYTE)
    tracemalloc.start()
    assert "not a zip" in refusal(tmp_path / "huge.zip")
    for path in (tmp_path / "alice", tmp_path / "alice" / "q1_vae.py"):
        assert "1 MB" in open_submission(path, EXPECTED).problems["q1_vae.py"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 << 20


def test_links_are_not_followed(tmp_path: Path) -> None:
    make_folder(tmp_path / "secret", {"q1_vae.py": b"answer = 1\n"})
    folder = make_folder(tmp_path / "alice", {"q1_train_vae.py": CODE})
    (folder / "q1_vae.py").symlink_to(tmp_path / "secret" / "q1_vae.py")
    (folder / "more").symlink_to(tmp_path / "secret")
    (folder / "loop").symlink_to(folder)
    submission = open_submission(folder, EXPECTED)
    assert submission.files == {"q1_train_vae.py": CODE}
    assert "is a link" in submission.problems["q1_vae.py"] and "ignored loop" in notes(submission)
    (tmp_path / "bob").symlink_to(tmp_path / "secret")
    assert "is a link" in refusal(tmp_path / "bob")


def test_pipes_and_devices_do_not_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder(tmp_path / "alice", {"q1_train_vae.py": CODE})
    os.mkfifo(folder / "q1_vae.py")
    os.mkfifo(tmp_path / "alice.zip")
    assert "regular file" in open_submission(folder, EXPECTED).problems["q1_vae.py"]
    assert "neither" in refusal(tmp_path / "alice.zip")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # a socket's path must be short
        server.bind("s.zip")
        assert "neither" in refusal(tmp_path / "s.zip")
    assert "neither" in refusal(Path("/dev/zero"))


def test_a_folder_called_like_a_file(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "alice", {"q1_vae.py/readme.txt": b"", "q2_ddpm.py": CODE})
    assert "is a folder" in open_submission(folder, EXPECTED).problems["q1_vae.py"]
    make_folder(folder, {"q1_vae.py/q1_vae.py": CODE})
    assert open_submission(folder, EXPECTED).files["q1_vae.py"] == CODE


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "alice").mkdir()
    assert "none of the expected files" in refusal(tmp_path / "alice")


def test_too_full_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    most = unpack.list_folder
    monkeypatch.setattr(unpack, "list_folder", lambda root: most(root, 9))
    for names in ([f"f{i}.py" for i in range(10)], [f"d{i}/f.py" for i in range(5)]):
        folder = make_folder(tmp_path / f"{len(names)}", dict.fromkeys(names, b""))
        make_folder(folder, {"q1_vae.py": CODE})
        assert "more than 10,000 files, and no q1_train_vae.py" in refusal(folder)
    images = make_folder(tmp_path / "images", {f"data/{i}.png": b"" for i in range(50)})
    make_folder(images, {"work/q1_vae.py": CODE, ".git/o.py": OTHER, "env/lib/m.py": OTHER})
    assert open_submission(images, EXPECTED).files == {"q1_vae.py": CODE}


def test_a_zip_in_a_folder(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "Ann Lee_123_file_", {"comment.txt": b""})
    make_zip(folder / "submission.zip", {"q1_vae.py": CODE, "data/weights.bin": bytes(100)})
    submission = open_submission(folder, EXPECTED)
    assert submission.files == {"q1_vae.py": CODE} and submission.name == "Ann_Lee_123_file"


@needs_permissions
def test_no_permission(tmp_path: Path) -> None:
    files = {"q1_vae.py": CODE, "q1_train_vae.py": CODE, "a/b": b""}
    folder = make_folder(tmp_path / "alice", files)
    (folder / "a").chmod(0)
    assert "folder a could not be read" in notes(open_submission(folder, EXPECTED))
    (folder / "q1_train_vae.py").chmod(0)  # that must not cost its author points
    assert "q1_train_vae.py, which cannot be read (permission denied)" in refusal(folder)
    (folder / "q1_train_vae.py").unlink()
    assert "holds a, which cannot be read, and no q1_train_vae.py elsewhere" in refusal(folder)
    (folder / "a").chmod(0o700)
    source = make_zip(tmp_path / "a.zip", {"q1_vae.py": CODE})
    source.chmod(0)
    assert "permission" in refusal(source)
    folder.chmod(0)
    try:
        assert "permission" in refusal(folder)
    finally:
        folder.chmod(0o700)


def test_a_path_with_a_zero_byte() -> None:
    with pytest.raises(IntakeError, match="cannot be a path"):
        open_submission(Path("a\0b"), EXPECTED)
