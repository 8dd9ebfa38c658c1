"""Submissions and results at URLs: what is copied, what comes back, what is told."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from autograder.batch import storage
from autograder.batch.storage import ResultsFolder, StorageError, submissions
from cases import ROOT
from crash_kit import TASK, hand_in


@pytest.fixture
def memory() -> Iterator[Any]:
    """A system of files that only URLs lead to."""
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_folder_is_copied_with_code_and_archives_and_names_of_the_rest(memory: Any) -> None:
    memory.pipe({
        "/term/vae/ada/q1_vae.py": b"a = 1",
        "/term/vae/ada/report.pdf": b"%PDF",
        "/term/vae/bob.zip": b"PK",
        "/term/ddpm/eve/q2_ddpm.py": b"b = 2",
    })  # fmt: skip
    with submissions("memory://term/vae") as found:
        assert found.path.name == "vae" and not found.problems
        wanted = {"ada/q1_vae.py": b"a = 1", "ada/report.pdf": b"", "bob.zip": b"PK"}
        assert tree(found.path) == wanted
        copy = found.path
    assert not copy.parent.exists()
    with submissions("memory://term/vae/bob.zip") as found:
        assert (found.path.name, found.path.read_bytes()) == ("bob.zip", b"PK")


def test_nothing_of_an_archive_is_written_elsewhere(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("ada/q1_vae.py", "a = 1")
        archive.writestr("../../../evil.py", "import os")
        archive.writestr("ada/../../evil.zip", "PK")
    with submissions(f"zip::file://{tmp_path}/all.zip") as found:
        around = {path.name for path in found.path.parent.parent.glob("evil*")}
        assert tree(found.path.parent) == {"all.zip/ada/q1_vae.py": b"a = 1"} and not around
        assert len(found.problems) == 2
        assert all("its path leads elsewhere" in problem for problem in found.problems)


def test_what_is_too_large_is_told_and_not_copied(
    memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "MOST_BYTES", 10)
    memory.pipe({"/term/a.zip": b"x" * 11, "/term/b.zip": b"x" * 10})
    with submissions("memory://term") as found:
        assert list(tree(found.path)) == ["b.zip"]
        assert found.problems == ["a.zip was left out: it is larger than 0 MB."]


def test_files_of_this_machine_are_read_where_they_are(tmp_path: Path) -> None:
    for place in (str(tmp_path), f"file://{tmp_path}"):
        with submissions(place) as found:
            assert found.path == tmp_path
        with ResultsFolder(place) as results:
            assert results.path == tmp_path and results.finish() == []
    assert tmp_path.is_dir()


@pytest.mark.skipif(find_spec("aiohttp") is None, reason="fsspec needs aiohttp for the web")
def test_a_web_server_is_read(tmp_path: Path) -> None:
    (tmp_path / "ada l").mkdir()
    (tmp_path / "ada l" / "q1_vae.py").write_text("a = 1")
    (tmp_path / "bob.zip").write_bytes(b"PK")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        with submissions(address) as found:
            assert tree(found.path) == {"ada l/q1_vae.py": b"a = 1", "bob.zip": b"PK"}
        with pytest.raises(StorageError, match="there is nothing at"), submissions(f"{address}no/"):
            pass
        server.shutdown()


@pytest.mark.parametrize(
    "place, said",
    [
        ("memory://nowhere", "there is nothing at memory://nowhere: check the address"),
        ("nosuch://course/term", "cannot be opened (Protocol not known: nosuch)"),
    ],
)
def test_bad_addresses_are_told(place: str, said: str) -> None:
    with pytest.raises(StorageError) as error, submissions(place):
        pass
    assert said in str(error.value)


def test_packages_that_are_missing_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("gcsfs") is None:
        with pytest.raises(StorageError, match="without a package: .*install gcsfs"):
            ResultsFolder("gs://course/results")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(StorageError, match="without a package: pip install fsspec"):
        ResultsFolder("memory://results")


def write(results: ResultsFolder, name: str, text: str) -> None:
    (results.path / name).mkdir(exist_ok=True)
    for file in ("feedback.md", "results.json"):
        (results.path / name / file).write_text(text)
    results.send(name)


def test_results_are_sent_and_found_again(memory: Any) -> None:
    with ResultsFolder("memory://out/term") as results:
        write(results, "ada", "1")
        write(results, "bob", "2")
        write(results, "ada", "3")
        (results.path / "manifest.json").write_text("{}")
        assert results.finish() == []
        copy = results.path
    assert not copy.exists()
    sent = {name: memory.cat(name) for name in memory.find("/out")}
    assert sent == {
        "/out/term/ada/feedback.md": b"3", "/out/term/ada/results.json": b"3",
        "/out/term/bob/feedback.md": b"2", "/out/term/bob/results.json": b"2",
        "/out/term/manifest.json": b"{}",
    }  # fmt: skip
    with ResultsFolder("memory://out/term") as again:
        found = {"ada/results.json": b"3", "bob/results.json": b"2", "manifest.json": b"{}"}
        assert tree(again.path) == found


class Moody(MemoryFileSystem):
    """Fails at every second write, and always at those of `bob`; shows what is half written."""

    protocol = "moody"
    writes = 0
    names: list[str] = []

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix("moody://")))

    def put_file(self, lpath: str, rpath: str, *rest: Any, **more: Any) -> None:
        Moody.writes += 1
        Moody.names.append(rpath.rpartition("/")[2])
        if "bob" in rpath or Moody.writes % 2:
            raise OSError("no answer from the server")
        super().put_file(lpath, rpath, *rest, **more)


def test_sending_is_tried_again_and_what_fails_is_kept(memory: Any) -> None:
    fsspec.register_implementation("moody", Moody, clobber=True)
    with ResultsFolder("moody://out") as results:
        write(results, "ada", "1")
        write(results, "bob", "2")
        problems = results.finish()
        copy = results.path
    assert sorted(memory.find("/out")) == ["/out/ada/feedback.md", "/out/ada/results.json"]
    (problem,) = problems
    assert problem.startswith("bob could not be sent to moody://out (no answer from the server)")
    assert (copy / "bob" / "results.json").read_text() == "2"
    shutil.rmtree(copy)
    # Under the right name there is never a part of a file.
    assert set(Moody.names) == {".feedback.md.part", ".results.json.part"}


@pytest.mark.slow
def test_the_command_reads_and_writes_urls(hidden: Path, tmp_path: Path) -> None:
    hand_in(tmp_path / "in", 4)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in (tmp_path / "in").rglob("*.py"):
            archive.write(path, path.relative_to(tmp_path / "in"))
    first = grade(hidden, f"zip::file://{tmp_path}/all.zip", tmp_path / "out")
    assert first.returncode == 0, first.stderr
    assert "4 graded" in first.stdout and f"Results are in file://{tmp_path}/out" in first.stdout
    names = sorted(path.parent.name for path in (tmp_path / "out").glob("*/results.json"))
    assert names == [f"student-{number:04}" for number in range(4)]
    again = grade(hidden, f"zip::file://{tmp_path}/all.zip", tmp_path / "out")
    assert "4 unchanged" in again.stdout


def grade(hidden: Path, place: str, out: Path) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "student_src")])
    options = ["--fixtures", str(hidden), "--task", TASK, "--out", f"file://{out}"]
    return subprocess.run(
        [sys.executable, "-m", "autograder.cli", "grade", place, *options],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
    )
