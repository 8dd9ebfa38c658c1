"""How a student's file is executed: once, within a time, and again without what cannot work."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from homework import definitions, remarks
from homework.loading import Loader, SubmissionError
from homework.student import Student

SLOW = """
import time
SIZE = 3
model = [0] * SIZE
while True:
    time.sleep(0.01)
def area(n=SIZE):
    return n * len(model)
"""


@pytest.fixture
def loader(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


def write(loader: Loader, text: str) -> None:
    (loader.folder / "own.py").write_text(text)


def test_what_takes_too_long_is_left_out(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definitions, "WHOLE_SECONDS", 0.1)
    write(loader, SLOW)
    assert loader.load("own").area() == 9
    assert loader.slow == {"own"} and loader.notes == {"time own.py 6"}


def test_definitions_are_limited_too(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definitions, "WHOLE_SECONDS", 0.1)
    monkeypatch.setattr(definitions, "SECONDS", 0.1)
    write(loader, "import time\nx = time.sleep(60)\ny = time.sleep(60)\nz = 1\n")
    module = loader.load("own")
    assert module.z == 1 and not hasattr(module, "x") and not hasattr(module, "y")


@pytest.mark.parametrize("failing", ["open('/no/such/file')", "raise ConnectionError"])
def test_what_needs_files_is_left_out(loader: Loader, failing: str) -> None:
    write(loader, f"if True:\n    {failing}\n    x = 1\ndata = open('/no')\nrest = data\ny = 2\n")
    module = loader.load("own")
    assert module.y == 2 and not hasattr(module, "rest") and loader.notes == {"outside own.py 2"}
    assert loader.left_out("data") == loader.left_out("rest") == ("own.py", 4)
    assert loader.left_out("x") == ("own.py", 1) and loader.left_out("y") == ("", 0)


def test_a_remark_is_made_once_with_its_line() -> None:
    files = {"a.py", "b.py"}
    notes = {"q1.x": {"outside a.py"}, "q1.y": {"outside a.py 7", "time b.py 3"}, "q1.z": {"gpu"}}
    told = remarks.by_task(notes, files)
    assert [len(some) for some in told.values()] == [1, 1, 1]
    assert told["q1.x"][0].startswith("line 7 of a.py failed when the file was imported")
    assert "b.py took too long (it was in line 3)" in told["q1.y"][0]
    assert remarks.unplaced("outside a.py 7") == "outside a.py"
    for forged in ("outside a.py 7 8", "outside c.py 7", "outside a.py x", "gpu a.py b", "", " "):
        assert remarks.parts(forged, files) is None, forged


def test_other_errors_stay(loader: Loader) -> None:
    write(loader, "count = 1 / 0")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            loader.load("own")


def test_what_a_case_changed_is_undone(loader: Loader) -> None:
    write(
        loader,
        "import functools\nruns = []\nlast = None\nclass Model:\n    seen = {}\n"
        "@functools.cache\ndef cached(n, many=[]):\n    many.append(n)\n    return len(many)\n",
    )
    student = Student(loader.folder, ["own"], loader=loader)
    for _ in range(2):
        with student:
            own = student.module("own")
            assert (own.runs, own.last, own.Model.seen, own.cached(1)) == ([], None, {}, 1)
            own.runs.append(1)
            own.last, own.new = 1, 1
            own.Model.seen["x"] = own.Model.extra = 1
            own.cached = None
    assert "own" not in sys.modules


def test_a_file_is_executed_once_until_it_is_edited(loader: Loader) -> None:
    write(loader, "token = object()")
    first = loader.load("own").token
    assert loader.load("own").token is first
    write(loader, "token = object()  # edited")
    assert loader.load("own").token is not first


def test_no_such_file(loader: Loader) -> None:
    with pytest.raises(SubmissionError, match="there is no file"):
        loader.load("own")
