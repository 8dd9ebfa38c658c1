"""Makes what course sites give an instructor who downloads a class, for the tests of intake.

A site writes each student's files into a flat dictionary of paths; a packing puts that where an
instructor would have it. Every file says whose it is, so that a table of rows can be proven.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

Files = dict[str, bytes]
FILES = ("q1_vae.py", "q1_train_vae.py")
JUNK = {"venv/lib/m.py": b"", ".git/objects/aa": b"", "__MACOSX/._q1_vae.py": b"\0"}


@dataclass(frozen=True)
class Student:
    first: str
    last: str
    number: int

    @property
    def full(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def short(self) -> str:
        return f"{self.last}{self.first}".lower()


STUDENTS = (Student("Ann", "Alpha", 4711), Student("Bo", "Beta", 4712), Student("Cy", "Chi", 4713))


def code(student: Student, file: str, attempt: int = 1) -> bytes:
    return f"# {student.full}, {file}, attempt {attempt}\n".encode()


def work(student: Student, attempt: int = 1) -> Files:
    return {file: code(student, file, attempt) for file in FILES}


def zipped(files: Files, folder: str = "") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(f"{folder}{name}", (2026, 10, 3, 12, 0, 0)), data)
    return target.getvalue()


def handed_in(student: Student, form: str, attempt: int = 1) -> Files:
    """What one student uploads: files, or a zip of them as people pack it."""
    if form == "files":
        return work(student, attempt)
    return {"submission_vae.zip": zipped(work(student, attempt) | JUNK, "vae/student_src/")}


# Sites: from what a student uploads to paths in the export


def canvas(student: Student, files: Files) -> Files:
    late = "LATE_" if student.number % 2 else ""
    prefix = f"{student.short}_{late}{student.number}"
    return {f"{prefix}_{9000 + i}_{n}": data for i, (n, data) in enumerate(files.items())}


def moodle_folders(student: Student, files: Files) -> Files:
    folder = f"{student.full}_{student.number}_assignsubmission"
    text = {f"{folder}_onlinetext_/onlinetext.html": b"<p>see the file</p>"}
    return text | {f"{folder}_file_/{name}": data for name, data in files.items()}


def moodle_flat(student: Student, files: Files) -> Files:
    prefix = f"{student.full}_{student.number}_assignsubmission"
    text = {f"{prefix}_onlinetext_onlinetext.html": b"<p>see the file</p>"}
    return text | {f"{prefix}_file_{name}": data for name, data in files.items()}


def blackboard(student: Student, files: Files) -> Files:
    title = "Assignment 3 - Generative Models (VAE, DDPM and guidance) - Spring"
    prefix = f"{title}_{student.short}_attempt_2026-10-03-23-58-11"
    return {f"{prefix}.txt": b"Name: ..."} | {f"{prefix}_{n}": data for n, data in files.items()}


def brightspace_folders(student: Student, files: Files) -> Files:
    folder = f"{student.number}-778 - {student.full} - Oct 3, 2026 1158 PM"
    return {f"{folder}/{name}": data for name, data in files.items()}


def brightspace_flat(student: Student, files: Files) -> Files:
    prefix = f"{student.number}-778 - {student.full} - Oct 3, 2026 1158 PM - "
    return {f"{prefix}{name}": data for name, data in files.items()}


def gradescope(student: Student, files: Files) -> Files:
    return {f"submission_{student.number}/{name}": data for name, data in files.items()}


def classroom(student: Student, files: Files) -> Files:
    return {f"{student.full} - {name}": data for name, data in files.items()}


def classroom_suffix(student: Student, files: Files) -> Files:
    return {f"{name.removesuffix('.py')}_{student.first}.py": data for name, data in files.items()}


def github(student: Student, files: Files) -> Files:
    folder = f"vae-{student.short}"
    return {f"{folder}/{name}": data for name, data in files.items()} | {
        f"{folder}/README.md": b"", f"{folder}/.git/config": b"",
    }  # fmt: skip


def github_src(student: Student, files: Files) -> Files:
    return {f"vae-{student.short}/student_src/{name}": data for name, data in files.items()}


def folders(student: Student, files: Files) -> Files:
    return {f"{student.full}/{name}": data for name, data in files.items()}


def nested(student: Student, files: Files) -> Files:
    return {f"{student.short}/hw3/final/{name}": data for name, data in files.items()}


def numbers(student: Student, files: Files) -> Files:
    return {f"q123{student.number}/{name}": data for name, data in files.items()}


def archives(student: Student, files: Files) -> Files:
    return {f"{student.short}.zip": zipped(files)}


def gradescope_list(students: tuple[Student, ...]) -> bytes:
    lines = ["---"]
    for s in students:
        lines += [f"submission_{s.number}:", "  :submitters:", f"  - :name: {s.full}"]
        lines += [f"    :sid: 'id{s.number}'", "  :created_at: 2026-10-03 23:58:11.000000000 Z"]
    return "\n".join(lines).encode()


SITES: tuple[Callable[[Student, Files], Files], ...] = (
    canvas, moodle_folders, moodle_flat, blackboard, brightspace_folders, brightspace_flat,
    gradescope, classroom, classroom_suffix, github, github_src, folders, nested, numbers, archives,
)  # fmt: skip
FLAT_FILES_ONLY = (classroom, classroom_suffix, archives)
PACKINGS = ("plain", "wrapper", "zip", "wrapper in zip", "zip in folder", "one student")


@dataclass(frozen=True)
class Layout:
    """A class as some site packs it: `files` lie below the folder or in the zip that is given."""

    site: Callable[[Student, Files], Files]
    form: str
    packing: str

    @property
    def students(self) -> tuple[Student, ...]:
        return STUDENTS[:1] if self.packing == "one student" else STUDENTS

    def write(self, root: Path) -> Path:
        """Write the export below `root`; returns the path that the instructor gives."""
        files: Files = {}
        for student in self.students:
            files |= self.site(student, handed_in(student, self.form))
        if self.site is gradescope:
            files["submission_metadata.yml"] = gradescope_list(self.students)
        if "wrapper" in self.packing:
            files = {f"export/{name}": data for name, data in files.items()}
        if self.packing in ("zip", "wrapper in zip"):
            return written(root, {"class.zip": zipped(files)}) / "class.zip"
        if self.packing == "zip in folder":
            return written(root / "class", {"export.zip": zipped(files)})
        return written(root / "class", files)


def written(root: Path, files: Files) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def layouts() -> list[Layout]:
    return [
        Layout(site, form, packing)
        for site, form, packing in product(SITES, ("files", "zips"), PACKINGS)
        if form == "files" or site not in FLAT_FILES_ONLY
    ]
