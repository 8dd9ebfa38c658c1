"""Hostile names and texts: what the intake takes for them grows no faster than they do."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from autograder.intake.entries import IntakeError
from autograder.intake.names import _match
from autograder.intake.submission import find, open_found
from autograder.obstacles import suspicious
from homework.helpers import MOST_BYTES
from packing import EXPECTED

SIZE = 1_500  # entries; then twice as many
Names = Callable[[int], Iterable[str]]
NAMES: dict[str, Names] = {
    "rivals": lambda n: (f"d/s_1_q1_vae ({i % 999}){' ' * (i // 999)}.py" for i in range(n)),
    "labels": lambda n: (f"s_1_{i}_q1_vae.py" for i in range(n)),
    "students": lambda n: (f"s{i}_{1000 + i}_{5000 + i}_q1_vae.py" for i in range(n)),
    "people": lambda n: (f"q1_vae_ann{i}.py" for i in range(n)),
    "copies": lambda n: (f"q1_vae ({i % 1000}){'-copy' * (i // 1000 % 2)}.py" for i in range(n)),
    "folders": lambda n: (f"p{i}/q1_vae.py" for i in range(n)),
    "versions": lambda n: (f"final {i}/v{i}/q1_vae.py" for i in range(n)),
    "same": lambda n: ("q1_vae.py" for _ in range(n)),
    "deep": lambda n: ("/".join(["d"] * 8_000) + f"/{i}.py" for i in range(n // 20)),
    "fairly deep": lambda n: (f"d{i}/" * 30 + "q1_vae.py" for i in range(n // 8)),
    "long": lambda n: (f"{'q1_vae ' * 9_000}{i}.py" for i in range(n // 40)),
    "separators": lambda n: (f"{'_attempt_' * 20}{i}_{'-' * 60}.py" for i in range(n)),
    "numbers": lambda n: (f"{'1_' * 110}{i}.py" for i in range(n)),
    "dashes": lambda n: (f"{'1-1 - a - ' * 20}{i} - q1_vae.py" for i in range(n)),
    "archives": lambda n: (f"{i}.zip" for i in range(n)),
    "lists": lambda n: (f"{i}/submission_metadata.yml" for i in range(n)),
}  # fmt: skip
TEXTS: dict[str, bytes] = {
    "lines": b"\n",
    "stubs": b"raise NotImplementedError(",
    "dots": b"a.",
    "brackets": b"from a import(\n",
    "names": b"import a, b as c, d.e.f, g\n",
    "semicolons": b";from a.b.c import d",
    "spaces": b"input       ",
    "comments": b"#coding",
}


def seconds(work: Callable[[], object]) -> float:
    _match.cache_clear()
    start = time.process_time()
    work()
    return time.process_time() - start


def taken_in(path: Path) -> None:
    for one in find([path], EXPECTED):
        if not one.is_left_over:
            try:
                open_found(one, EXPECTED)
            except IntakeError:
                continue


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_twice_the_names_take_twice_the_time(names: Names, tmp_path: Path) -> None:
    took = []
    for size in (SIZE, 2 * SIZE):
        with zipfile.ZipFile(tmp_path / f"{size}.zip", "w") as archive:
            for number, name in enumerate(names(size)):
                archive.writestr(name, f"x = {number}\n")
        took.append(min(seconds(lambda: taken_in(tmp_path / f"{size}.zip")) for _ in range(2)))  # noqa: B023
    assert took[1] < 3 * took[0] + 0.2, took


@pytest.mark.parametrize("part", TEXTS.values(), ids=TEXTS)
def test_no_text_takes_long(part: bytes, tmp_path: Path) -> None:
    text = (b"from " * (part == b"a.") + part * (MOST_BYTES // len(part)))[: MOST_BYTES - 1]
    (tmp_path / "q1_vae.py").write_bytes(text)
    assert seconds(lambda: taken_in(tmp_path / "q1_vae.py")) < 2
    assert seconds(lambda: suspicious([], [], {"q1_vae.py": text})) < 1  # by the grader itself
