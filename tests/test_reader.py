"""Taking in submissions in a child: what it may not do, and what it costs if one brings it down."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.intake import reader, reading
from autograder.intake.entries import IntakeError
from autograder.intake.reader import Reader
from autograder.intake.submission import find, open_found
from autograder.judge.confine import Confinement, readable_paths
from exports import zipped
from packing import CODE, EXPECTED, make_folder

RIGHTS = reading.LAYERS[0 if os.geteuid() == 0 and reading.reading_only() else 1]


def endless(path: Path) -> Path:
    """A small archive that takes seconds to unpack."""
    part = gzip.compress(bytes(16 << 20))
    path.write_bytes(part * 120)
    return path


def rows(some: Reader, folder: Path) -> dict[str, str]:
    """What each row of a folder comes to."""
    found = {}
    for one in some.find([folder]):
        try:
            found[one.name] = ", ".join(some.open(one).files)
        except IntakeError as error:
            found[one.name] = str(error)
    return found


def test_it_finds_and_opens_what_the_intake_does(tmp_path: Path) -> None:
    files = {"ann/q1_vae.py": CODE, "bo.zip": zipped({"q1_vae (1).py": CODE}), "é/x.txt": b""}
    make_folder(tmp_path, files | {"notes.txt": b"", "a\udcff/q1_vae.py": CODE})
    some = Reader([tmp_path], EXPECTED)
    found = some.find([tmp_path])
    assert found == find([tmp_path], EXPECTED) and len(found) == 5
    for one in found:
        if one.name in ("ann", "bo"):
            assert some.open(one) == open_found(one, EXPECTED)
    assert "none of the expected files" in rows(some, tmp_path)["é"]


def test_who_brings_it_down_is_unreadable_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(reader.SECONDS, "open", 0.5)
    for name in ("ann", "zoe"):
        make_folder(tmp_path / name, {"q1_vae.py": CODE})
    (tmp_path / "mal").mkdir()
    endless(tmp_path / "mal" / "work.tgz")
    some, begin = Reader([tmp_path], EXPECTED), time.process_time()
    found = rows(some, tmp_path)
    assert found.pop("mal").startswith("mal cannot be read within the limits")
    assert found == {"ann": "q1_vae.py", "zoe": "q1_vae.py"}
    assert time.process_time() - begin < 0.5  # of the grader's own


def test_somebody_else_may_end_it(tmp_path: Path) -> None:
    make_folder(tmp_path, {"ann/q1_vae.py": CODE, "bo/q1_vae.py": CODE})
    some = Reader([tmp_path], EXPECTED)
    for _ in range(3):
        assert len(rows(some, tmp_path)) == 2
        (child,) = some._children
        signal.pidfd_send_signal(child._pidfd, signal.SIGKILL)


@pytest.mark.parametrize("lie", ["/etc", "../up", "a/../../b"])
def test_a_row_outside_of_what_was_given_is_not_believed(tmp_path: Path, lie: str) -> None:
    make_folder(tmp_path, {"ann/q1_vae.py": CODE, "bo/q1_vae.py": CODE})
    row = reading.told(find([tmp_path], EXPECTED)[0])
    assert reader._row(row, [str(tmp_path)]).name == "ann"
    row["places"] = [[os.path.join(tmp_path, lie), (), False]]
    with pytest.raises(ValueError, match="outside"):
        reader._row(row, [str(tmp_path)])
    with pytest.raises(ValueError, match="name"):
        reader._row(row | {"places": [], "others": [], "name": lie + "/x"}, [str(tmp_path)])


def attempts(secret: Path, folder: Path) -> dict[str, Callable[[], object]]:
    return {
        "read what was not given": secret.read_bytes,
        "write what was given": lambda: (folder / "new").write_text("x"),
        "overwrite": lambda: (folder / "q1_vae.py").write_text("x"),
        "connect": lambda: socket.socket().connect(("127.0.0.1", 1)),
        "start a process": os.fork,
        "take memory": lambda: bytearray(4 << 30),
        "signal": lambda: os.kill(os.getppid(), 0),
    }


def test_its_rights(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "in", {"q1_vae.py": CODE})
    (tmp_path / "secret").write_text("secret")
    inputs, outputs = os.pipe()
    pid = os.fork()
    if pid == 0:
        readable = (*readable_paths(), folder)
        Confinement(RIGHTS, reading.LIMITS, 61_183, None, readable).apply()
        done = [(folder / "q1_vae.py").read_bytes().decode()]
        for what, attempt in attempts(tmp_path / "secret", folder).items():
            try:
                attempt()
                done.append(what)
            except (OSError, MemoryError):
                continue
        os.write(outputs, repr(done).encode())
        os._exit(0)
    os.close(outputs)
    os.waitpid(pid, 0)
    assert os.read(inputs, 10_000) == repr([CODE.decode()]).encode()
