"""A student's own modules, and those that an assignment provides, where files are checked."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import student_kit
from homework import helpers
from homework.check import examine
from homework.student import Student


def test_edits_count_at_once_and_what_was_imported_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "q1_vae.py").write_text("import tools.deep\nvalue = tools.deep.value\n")
    (tmp_path / "tools").mkdir()
    deep = tmp_path / "tools" / "deep.py"
    mine = sys.modules["tools"] = type(sys)("tools")  # a module of the notebook's by that name
    monkeypatch.setitem(sys.modules, "tools", mine)
    for value in (1, 2):
        deep.write_text(f"value = {value}\n")
        with Student(tmp_path, ["q1_vae"]) as student:
            assert student.module("q1_vae").value == value
        assert sys.modules["tools"] is mine and "tools.deep" not in sys.modules


def test_names_of_packages_are_not_the_students(tmp_path: Path) -> None:
    for name in ("numpy", "json", "homework"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit\n")
    (tmp_path / "q1_vae.py").write_text("import json, numpy, homework.args\n")
    with Student(tmp_path, ["q1_vae"]) as student:
        assert student.module("q1_vae").numpy.zeros(1) == 0


def test_settings_of_a_run_reach_modules(tmp_path: Path) -> None:
    """Whether these are executed before the settings are known or after."""
    (tmp_path / "utils").mkdir()
    (tmp_path / "utils" / "args.py").write_text("args = dict(n_steps=1000, mine=7)\n")
    for name in ("early", "late"):
        (tmp_path / f"{name}.py").write_text("from utils.args import args\n")
    with Student(tmp_path, ["early", "late"]) as student:
        early = student.module("early").args
        assert early == {"n_steps": 1000, "mine": 7}
        assert student.args(n_steps=5).n_steps == early["n_steps"] == 5
        assert student.module("late").args == {"n_steps": 5, "mine": 7}


def test_the_handouts_modules_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the check, and in plain Python in the student's folder."""
    kit = student_kit.build(tmp_path / "kit", ("ddpm", "cfg"))
    student_kit.look_at(kit, monkeypatch)
    for file in ("q2_trainer_ddpm.py", "q3_cfg_diffusion.py"):
        student_kit.solve(kit, file)
    code = kit / "student_src"
    top = "import torch\nfrom ddpm_utils.args import *\nfrom ddpm_utils.unet import *\ngiven = args"
    student_kit.edit(code / "q2_trainer_ddpm.py", "import torch", top)
    student_kit.edit(code / "q2_trainer_ddpm.py", "= self.args.n_steps", "= given.n_steps")
    top = "import torch\nfrom cfg_utils.args import *"
    student_kit.edit(code / "q3_cfg_diffusion.py", "import torch", top)
    for task in ("q2.sample", "q2.generate_intermediate_samples", "q3.get_lambda"):
        report = examine(task)
        assert report.passed and report.remarks == [], report
    script = (
        "from ddpm_utils.unet import *; from cfg_utils.unet import *; import q2_trainer_ddpm\n"
        "from cfg_utils.dataset import *; from ddpm_utils.args import args; import copy\n"
        "x = torch.zeros(2, args.image_channels, 32, 32, device='cpu')\n"
        "model = load_weights(UNet_conditional(c_in=1, c_out=1, num_classes=10), args.MODEL_PATH)\n"
        "print(UNet(c_in=1, c_out=1)(x, torch.zeros(2).long()).shape, model(x, None).shape)\n"
        "print(args.n_steps, args['n_steps'], copy.deepcopy(args).n_steps)\n"
    )
    done = student_kit.run([sys.executable, "-c", script], code)
    assert done.stderr == "" and done.stdout.endswith("1000 1000 1000\n"), done.stderr


@pytest.mark.parametrize(
    ("text", "file", "found"),
    [
        ("import a.b as c, d", "q1.py", {"a.b", "d"}),
        ("from a import (b, # no\n  c)", "q1.py", {"a", "a.b", "a.c"}),
        ("if 1: import a; from b import c", "q1.py", {"a", "b", "b.c"}),
        ("from a \\\n  import b", "q1.py", {"a", "a.b"}),
        ("from . import a\nfrom .b import c", "h/i/j.py", {"h.i", "h.i.a", "h.i.b", "h.i.b.c"}),
        ("from .. import a\nfrom ... import b", "h/i/j.py", {"h", "h.a"}),
        ("from .a import b\nfrom ..c import d", "q1.py", set()),
    ],
)
def test_imports_are_told_from_text(text: str, file: str, found: set[str]) -> None:
    assert {".".join(parts) for parts in helpers.imported(text.encode(), file)} == found


def test_helpers_are_bounded() -> None:
    big = {"a.py": b"x" * (helpers.MOST_BYTES - 10), "b.py": b"x" * 20, "c.py": b""}
    graded = {"q1.py": b"import a, b, c, numpy"}
    chosen = helpers.choose(graded, ["q1.py"], (big | {"numpy.py": b""}).get)
    assert set(chosen.files) == {"a.py", "c.py"}
    assert chosen.notes[0].startswith("numpy.py was left out")
    assert chosen.notes[1].startswith("b.py did not fit: at most 20 modules of your own, 1 MB")
