"""What cannot work where it is graded: found in the text, and told in the same words everywhere."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

import student_kit
from autograder import results
from autograder.grade import Grader
from autograder.intake.submission import open_submission
from autograder.selection import expected_files, load_assignments
from cases import ROOT, reference_file
from homework import allowed, newer_syntax
from homework.check import examine
from homework.preflight import findings
from homework.report import as_text
from homework.verdict import PASSED


def told(text: str, own: tuple[str, ...] = ("q1_vae",)) -> list[str]:
    return [finding.sentence for finding in findings(text, "q1_vae.py", own)]


# --------------------------------------------------------------------------------- what is found


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("import einx", 1, "imports einx"),
        ("import numpy as np, pandas as pd", 1, "imports pandas"),
        ("import torch\nfrom sklearn.cluster import KMeans", 2, "imports sklearn"),
        ("def f():\n    import wandb", 2, "imports wandb"),
        ("import importlib\nx = importlib.import_module('cv2')", 2, "imports cv2"),
        ("try:\n    import einx\nexcept ValueError:\n    pass", 2, "imports einx"),
        ("def f(y):\n    breakpoint()\n    return y", 2, "debugger, breakpoint()"),
        ("import pdb; pdb.set_trace()", 1, "debugger, pdb.set_trace()"),
        ("from pdb import set_trace as stop\nstop()", 2, "debugger, pdb.set_trace()"),
        ("import code as c\nc.interact()", 2, "debugger, code.interact()"),
        ("def f(y):\n    return float(input('y? '))", 2, "calls input()"),
        ("from torch.utils.tensorboard import SummaryWriter", 1, "which needs tensorboard"),
        ("from torch.utils import tensorboard as tb", 1, "imports torch.utils.tensorboard, which"),
        ("import matplotlib.backends.backend_qt5agg", 1, "which needs PyQt5"),
        ("from vae.q1_vae import log_mean_exp", 1, "leave `vae.` out"),
        ("from student_src.homework import randomizer", 1, "leave `student_src.` out"),
        ("import json\nCFG = json.load(open('a/config.json'))", 2, "reads a/config.json, which"),
        ("import json\nwith open('c.json') as f:\n    CFG = json.load(f)", 2, "reads c.json"),
        ("import torch\nck = torch.load('vae.pt')", 2, "reads vae.pt"),
        ("import numpy as np\nx = np.load('x.npy')", 2, "reads x.npy"),
        ("from pathlib import Path\nx = Path('x.txt').read_text()", 2, "reads x.txt"),
        ("def f():\n    return open('c.json').read()\nx = f()", 2, "reads c.json"),
        ("log = open('/home/me/log.txt', 'w')", 1, "writes /home/me/log.txt, where"),
        ("import os\nos.makedirs('/content/out', exist_ok=True)", 2, "writes /content/out"),
        ("from torchvision import datasets as d\nx = d.MNIST('.')", 2, "datasets.MNIST(), which"),
        ("import torch\nassert torch.cuda.is_available()", 2, "stops where there is no GPU"),
        ("def f(x):\n    assert x.is_cuda", 2, "stops where there is no GPU"),
        ("import torch\nif not torch.cuda.is_available():\n    raise OSError", 2, "no GPU"),
        ("import torch\n%matplotlib inline", 2, "begins with `%`: it is a command of notebooks"),
        ("!pip install einops", 1, "begins with `!`"),
        ("type Pair = tuple[int, int]", 1, "new in Python 3.12"),
        ("x = 1\ndef first[T](x: T) -> T: return x", 2, "new in Python 3.12"),
        ("class Box[T]: pass", 1, "new in Python 3.12"),
        ("class Box[T = int]: pass", 1, "new in Python 3.13"),
        ('d = {"a": 1}\nprint(f"{d["a"]}")', 2, "new in Python 3.12"),
        ("print(f\"{'\\n'.join('ab')}\")", 1, "new in Python 3.12"),
        ("try:\n    pass\nexcept OSError, ValueError:\n    pass", 3, "new in Python 3.14"),
        ("x = t'{1}'", 1, "new in Python 3.14"),
    ],
)
def test_obstacles_are_found(text: str, line: int, what: str) -> None:
    (said,) = told(text)
    assert what in said and f"line {line} of q1_vae.py" in said
    assert len(said.split()) <= 40 and "\n" not in said


@pytest.mark.parametrize(
    "text",
    [
        "import math, torch, einops, scipy.special, jaxtyping\nfrom PIL import Image",
        "from homework import randomizer\nimport my_losses\nfrom . import other",
        "try:\n    import einx\nexcept ImportError:\n    einx = None",
        "from contextlib import suppress\nwith suppress(ImportError):\n    import einx",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import einx",
        "if __name__ == '__main__':\n    import wandb\n    input('go? ')\n    breakpoint()",
        "'''\nimport einx\nbreakpoint()\n'''",
        "import torch.utils.data, torch.onnx, tqdm.auto, scipy.stats, matplotlib.pyplot",
        "def f():\n    return open('c.json').read()",
        "try:\n    x = open('c.json')\nexcept OSError:\n    x = None",
        "import os\nif os.path.exists('c.json'):\n    x = open('c.json')",
        "if __name__ == '__main__':\n    x = open('c.json')",
        "log = open('log.txt', 'w')\nsource = open(__file__).read()",
        "import io, torch\nx = torch.load(io.BytesIO(b''))",
        "import torch\ndevice = 'cuda' if torch.cuda.is_available() else 'cpu'",
        "import torch\nif torch.cuda.is_available():\n    torch.cuda.manual_seed(0)",
        "def f(input, embed):\n    return input(embed(3))",
        "type = 3\nmatch = type\nprint(f\"{'a'!r:>4} {{}} {3:#x}\")",
        "def broken(:",
        "(" * 100_000,
    ],
)
def test_what_works_is_not_told(text: str) -> None:
    assert told(text, ("my_losses", "q1_vae")) == []


def test_an_empty_file_is_told() -> None:
    for text in ("", "\n\n# nothing yet\n"):
        assert told(text) == ["q1_vae.py is empty: save your work in it"]


def test_quotation_marks_in_f_strings_are_seen_by_a_newer_python() -> None:
    """It reads them, so they are looked for in the tree, whose places are those of the text."""
    text = "x = 1\ny = f'{x}'\n"
    tree = ast.parse(text)
    assert newer_syntax.in_tree(tree, text, (3, 11)) is None
    newer = text.replace("{x}", "{d['x']}")  # as an older Python's tree has it, but for the text
    found = newer_syntax.in_tree(tree, newer, (3, 11))
    assert found and (found.line, found.version) == (2, (3, 12))
    assert newer_syntax.in_tree(tree, newer, (3, 12)) is None


# --------------------------------------------------------------------- the same words everywhere


TOP = "import sklearn\n"
BODY = "breakpoint() if y is None else None\nreturn torch.logsumexp(y, 1) - math.log(y.shape[1])"


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kit = student_kit.build(tmp_path_factory.mktemp("built") / "kit")
    student_kit.write_task(kit, BODY, TOP)
    student_kit.solve(kit, "q1_train_vae.py")
    return kit


@pytest.fixture(scope="module")
def sentences(kit: Path) -> list[str]:
    said = told((kit / "student_src" / "q1_vae.py").read_text(encoding="utf-8"))
    assert len(said) == 2 and "sklearn" in said[1] and "debugger" in said[0]
    return said


def test_the_check_tells(kit: Path, sentences: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    student_kit.look_at(kit, monkeypatch)
    report = examine("q1.log_mean_exp")
    assert report.remarks == report.to_json()["remarks"] == sentences
    assert "When graded: a call of the debugger, breakpoint(), is left in" in as_text(report, 2000)
    assert not examine("q1.loss_function").remarks  # of another file


def test_the_collector_tells(kit: Path, sentences: list[str]) -> None:
    done = student_kit.run(["bash", str(kit / "collect_submission.sh"), "--no-check"], kit)
    assert done.returncode == 0 and all(said in done.stdout for said in sentences)


def test_the_grader_tells(kit: Path, sentences: list[str], hidden: Path) -> None:
    expected = expected_files(load_assignments(hidden, ["vae"]))
    submission = open_submission(kit / "student_src", expected)
    with Grader(hidden, ["vae"]) as grader:
        grading = grader.grade(submission)
    for said in sentences:
        assert said[1:] in results.feedback(grading)  # with a capital letter
    assert results.gradescope(grading)["extra_data"]["remarks"] == sentences[:1]
    for task in grading.tasks:
        if task.task == "q1.loss_function":
            assert task.status == PASSED
        else:  # the cause in the place of what it brought about
            assert {case.verdict.rationale for case in task.cases} == {sentences[1]}


# --------------------------------------------------------------------------------- the one list


def test_every_listed_package_imports_where_it_is_graded(hidden: Path, tmp_path: Path) -> None:
    text = reference_file("q1_vae.py").read_text(encoding="utf-8")
    imports = "".join(f"import {package}\n" for package in allowed.PACKAGES)
    (tmp_path / "q1_vae.py").write_text(f"{text}\n{imports}", encoding="utf-8")
    submission = open_submission(tmp_path / "q1_vae.py", ["q1_vae.py"])
    with Grader(hidden, ["q1.log_mean_exp"]) as grader:
        grading = grader.grade(submission)
    assert grading.tasks[0].status == PASSED, grading.tasks[0].worst
    assert grading.remarks == []


def test_modules_beyond_the_list_cannot_be_imported() -> None:
    for module, needed in allowed.BEYOND.items():
        assert module.partition(".")[0] in allowed.PACKAGES and not allowed.is_taken(needed)
        if importlib.util.find_spec(needed) is None:
            with pytest.raises(ImportError):
                importlib.import_module(module)


def test_listed_packages_are_pinned_and_shown() -> None:
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    brought = {"PIL": "torchvision", "typing_extensions": "torch"}  # by what they are needed for
    for package in allowed.PACKAGES:
        assert re.search(rf"^{brought.get(package, package)}==", pinned, re.MULTILINE)
    for path in (ROOT / "README.md", *ROOT.glob("student_src/q*.py"), *ROOT.glob("assignments/*")):
        text = path.read_text(encoding="utf-8").replace("# ", "")
        assert allowed.LISTED in " ".join(text.split()), path


def test_the_kit_takes_the_newest_python(tmp_path: Path) -> None:
    """Of several supported ones; `PYTHON` names another."""
    for name in ("python3.11", "python3.12", "python3.13", "mine"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 0\n")
        (tmp_path / name).chmod(0o755)
    find = re.search(r"^find_python\(\) \{.*?^\}", (ROOT / "kit").read_text(), re.M | re.S)
    assert find
    for named, taken in (("", "python3.13"), ("mine", "mine")):
        done = subprocess.run(
            ["bash", "-c", f"{find[0]}\nfind_python"],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHON": named},
            capture_output=True,
            text=True,
        )
        assert done.stdout.strip() == taken, done.stderr
