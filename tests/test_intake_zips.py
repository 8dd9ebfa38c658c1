"""Taking in zips: broken, hostile, locked, nested; all of them real."""

from __future__ import annotations

import io
import random
import shutil
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import py7zr
import pytest

from autograder.intake.submission import IntakeError, open_submission
from packing import CODE, EXPECTED, OTHER, Files, make_zip, notes, refusal


def zip_with(path: Path, name: str, mode: int, data: bytes) -> Path:
    """A zip with the expected files and one entry of a special kind."""
    make_zip(path, {"q1_train_vae.py": OTHER})
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 3, mode << 16
        archive.writestr(info, data)
    return path


def edited(path: Path, local: int, central: int, value: bytes) -> Path:
    """Changes bytes of every entry's headers, at the given offsets in each."""
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        at = data.find(signature)
        while at >= 0:
            data[at + offset : at + offset + len(value)] = value
            at = data.find(signature, at + 4)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["../q1_vae.py", "..\\q1_vae.py"])
def test_escaping_paths_are_not_taken(tmp_path: Path, name: str) -> None:
    source = make_zip(tmp_path / "a.zip", {name: CODE, "../../x.py": OTHER, "q2_ddpm.py": CODE})
    submission = open_submission(source, EXPECTED)
    assert submission.files == {"q2_ddpm.py": CODE} and "out of the zip" in notes(submission)
    assert "out of the zip" in submission.problems["q1_vae.py"]
    assert sorted(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize(
    ("name", "remarks"), [("student_src\\q1_vae.py", 0), ("/q1_vae.py", 1), ("C:\\w\\q1_vae.py", 1)]
)
def test_a_zip_made_on_windows(tmp_path: Path, name: str, remarks: int) -> None:
    submission = open_submission(make_zip(tmp_path / "a.zip", {name: CODE}), EXPECTED)
    assert submission.files == {"q1_vae.py": CODE} and len(submission.remarks) == remarks


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip(tmp_path: Path, kind: int) -> None:
    source = zip_with(tmp_path / "a.zip", "q1_vae.py", kind | 0o777, b"/etc/passwd")
    submission = open_submission(source, EXPECTED)
    assert submission.files == {"q1_train_vae.py": OTHER}
    assert "hand in" in submission.problems["q1_vae.py"]


def test_password(tmp_path: Path) -> None:
    source = make_zip(tmp_path / "a.zip", {"q1_vae.py": CODE})
    assert "password" in refusal(edited(source, 6, 8, struct.pack("<H", 1)))


def test_password_on_one_file(tmp_path: Path) -> None:
    source = make_zip(tmp_path / "a.zip", {"q1_vae.py": CODE})
    edited(source, 6, 8, struct.pack("<H", 1))
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr("q1_train_vae.py", OTHER)
    submission = open_submission(source, EXPECTED)
    assert list(submission.files) == ["q1_train_vae.py"]
    assert "password" in submission.problems["q1_vae.py"]


def test_wrong_checksum(tmp_path: Path) -> None:
    source = make_zip(tmp_path / "a.zip", {"q1_vae.py": CODE}, zipfile.ZIP_STORED)
    source.write_bytes(source.read_bytes().replace(b"return y", b"return 0"))
    assert "damaged" in open_submission(source, EXPECTED).problems["q1_vae.py"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unsupported_compression(tmp_path: Path, method: int) -> None:
    source = make_zip(tmp_path / "a.zip", {"q1_vae.py": CODE}, method)
    assert "not supported" in open_submission(source, EXPECTED).problems["q1_vae.py"]


def test_unknown_compression(tmp_path: Path) -> None:
    source = edited(make_zip(tmp_path / "a.zip", {"q1_vae.py": CODE}), 8, 10, struct.pack("<H", 77))
    assert "not supported" in open_submission(source, EXPECTED).problems["q1_vae.py"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty file"),
        (b"hello", "not a zip"),
        (b"Rar!\x1a\x07\x00" + b"x" * 99, "RAR"),
        (b"PK\x05\x06" + bytes(18), "empty zip"),
        (b"PK\x03\x04" + b"x" * 99, "incomplete"),
        (b"PK\x05\x06" + b"\xff" * 16 + b"\0\0", "collect_submission.sh"),
    ],
)
def test_no_zip(tmp_path: Path, data: bytes, said: str) -> None:
    source = tmp_path / "alice.zip"
    source.write_bytes(data)
    assert said in refusal(source)


def test_a_cut_zip_and_flipped_bytes_never_surprise(tmp_path: Path) -> None:
    made = make_zip(tmp_path / "a.zip", {"q1_vae.py": CODE * 9, "x/q2_ddpm.py": OTHER})
    whole = made.read_bytes()
    source = tmp_path / "b.zip"
    for at in range(len(whole)):
        for data in (whole[:at], whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]):
            source.write_bytes(data)
            try:
                files = open_submission(source, EXPECTED).files
            except IntakeError:
                continue
            assert set(files.values()) <= {CODE * 9, OTHER}


def test_a_zip_without_expected_files_says_what_it_holds(tmp_path: Path) -> None:
    text = refusal(make_zip(tmp_path / "a.zip", {"work/vae.py": CODE}))
    assert "none of the expected files" in text and "work/vae.py" in text


def test_a_zip_in_a_zip(tmp_path: Path) -> None:
    inner = make_zip(tmp_path / "inner.zip", {"q1_vae.py": CODE}).read_bytes()
    submission = open_submission(make_zip(tmp_path / "a.zip", {"b/inner.zip": inner}), EXPECTED)
    assert submission.files == {"q1_vae.py": CODE}
    assert submission.notes[0] == "b/inner.zip was found inside and opened"
    twice = make_zip(tmp_path / "twice.zip", {"a.zip": (tmp_path / "a.zip").read_bytes()})
    assert open_submission(twice, EXPECTED).files == {"q1_vae.py": CODE}
    thrice = make_zip(tmp_path / "thrice.zip", {"a.zip": twice.read_bytes()})
    assert "none of the expected files" in refusal(thrice)
    assert "not a zip" in refusal(make_zip(tmp_path / "c.zip", {"x.zip": b"no"}))
    five = {f"{i}.zip": inner for i in range(5)}
    assert "5 archives" in refusal(make_zip(tmp_path / "d.zip", five))


def test_a_zip_of_a_class_is_refused(tmp_path: Path) -> None:
    many = {f"student{i}/q1_vae.py": b"x = %d\n" % i for i in range(9)}
    assert "several students" in refusal(make_zip(tmp_path / "a.zip", many))
    flat = {"ann_1_2_q1_vae.py": CODE, "bob_3_4_q1_vae.py": OTHER}
    assert "several students" in refusal(make_zip(tmp_path / "b.zip", flat))


def bomb(path: Path) -> Path:
    """200 MB of spaces in 200 kB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("q1_train_vae.py", CODE)
        with archive.open("q1_vae.py", "w") as file:
            for _ in range(200):
                file.write(b" " * (1 << 20))
    return path


def test_zip_bombs(tmp_path: Path) -> None:
    plain = bomb(tmp_path / "a.zip")
    lying = tmp_path / "b.zip"
    shutil.copy(plain, lying)
    edited(lying, 22, 24, struct.pack("<I", 40))  # sizes that look harmless
    nested = make_zip(tmp_path / "c.zip", {"big.zip": bytes(30 << 20)})
    tracemalloc.start()
    submission = open_submission(plain, EXPECTED)
    assert "larger than 1 MB" in submission.problems["q1_vae.py"]
    assert submission.files == {"q1_train_vae.py": CODE}
    assert "damaged" in open_submission(lying, EXPECTED).problems["q1_vae.py"]
    assert "larger than 20 MB" in refusal(nested)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20


def test_too_large_a_table_of_contents(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for i in range(140):
            info = zipfile.ZipInfo(f"{i}/q1_vae.py")
            info.comment = b"x" * 65_000
            archive.writestr(info, CODE)
    assert "table of contents" in refusal(tmp_path / "a.zip")


def test_much_data_in_all(tmp_path: Path) -> None:
    names = [f"q{i}_x.py" for i in range(25)]
    buffer = b"#" * 1_000_000
    source = make_zip(tmp_path / "a.zip", dict.fromkeys(names, buffer))
    submission = open_submission(source, names)
    assert len(submission.files) == 20 and "too much data" in submission.problems["q24_x.py"]


def test_a_zip_may_hold_one_path_twice(tmp_path: Path) -> None:
    source = make_zip(tmp_path / "a.zip", {"q1_vae.py": OTHER})
    with zipfile.ZipFile(source, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(zipfile.ZipInfo("q1_vae.py", (2024, 5, 1, 12, 0, 0)), CODE)
    assert open_submission(source, EXPECTED).files == {"q1_vae.py": CODE}


# Archives that are no zips


def make_tar(path: Path, mode: str, files: Files) -> Path:
    with tarfile.open(path, f"w{mode}") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_790_000_000
            archive.addfile(info, io.BytesIO(data))
    return path


def make_7z(path: Path, files: Files) -> Path:
    with py7zr.SevenZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(data, name)
    return path


@pytest.mark.parametrize(
    "ending", [".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".7z", ".zip"]
)
def test_other_archives_are_taken_with_a_remark(tmp_path: Path, ending: str) -> None:
    files = {"/vae/q1_vae.py": CODE, "vae/q1_train_vae.py": OTHER, "vae/data.bin": bytes(9)}
    path = tmp_path / f"alice{ending}"
    if ending == ".7z":
        make_7z(path, {name.lstrip("/"): data for name, data in files.items()})
    else:  # one that is called a zip as well
        kind = {"tgz": "gz", "zip": "gz", "tar": ""}.get(ending[1:], ending.rpartition(".")[2])
        make_tar(path, f":{kind}" if kind else "", files)
    submission = open_submission(path, EXPECTED)
    assert submission.files == {"q1_vae.py": CODE, "q1_train_vae.py": OTHER}
    assert "no zip, and was unpacked" in submission.remarks[0]


def test_bombs_links_and_damage_in_other_archives(tmp_path: Path) -> None:
    bomb = make_tar(tmp_path / "bomb.tar.gz", ":gz", {"q1_vae.py": bytes(60 << 20)})
    assert "larger than 1 MB" in open_submission(bomb, EXPECTED).problems["q1_vae.py"]
    many = {f"{i}.py": bytes(1 << 20) for i in range(30)}
    assert "too large" in refusal(make_tar(tmp_path / "many.tgz", ":gz", many))
    make_7z(tmp_path / "many.7z", {"q1_vae.py": random.randbytes(1 << 16)})
    with tarfile.open(tmp_path / "link.tar", "w") as archive:
        info = tarfile.TarInfo("q1_vae.py")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    problems = open_submission(tmp_path / "link.tar", EXPECTED).problems
    assert "is a link" in problems["q1_vae.py"]
    for name in ("many.tgz", "many.7z"):
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) // 2])
        assert "damaged" in refusal(tmp_path / name)
    with py7zr.SevenZipFile(tmp_path / "locked.7z", "w", password="x") as archive:
        archive.writestr(CODE, "q1_vae.py")
    assert "locked" in refusal(tmp_path / "locked.7z")
