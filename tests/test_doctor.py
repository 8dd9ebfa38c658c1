"""`autograder doctor`: what it says is what grading then does."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from autograder import doctor
from autograder.cli import main
from autograder.judge import rungs
from autograder.judge.confine import RUNGS

IS_ROOT = os.geteuid() == 0


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What the command prints for programs."""
    done = CliRunner().invoke(main, ["doctor", "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_every_rung_is_told_and_the_first_that_holds_is_chosen(told: dict[str, Any]) -> None:
    assert [rung["name"] for rung in told["rungs"]] == [rungs.name(layers) for layers in RUNGS]
    assert told["chosen"] == next(rung["name"] for rung in told["rungs"] if rung["holds"])
    assert all(rung["why"] for rung in told["rungs"])


def test_grading_takes_the_rung_that_is_told(told: dict[str, Any]) -> None:
    with rungs.open_sandbox([], []) as sandbox:
        assert rungs.name(sandbox.layers) == told["chosen"]


def test_layers_and_rungs_agree(told: dict[str, Any]) -> None:
    holding = {layer["name"] for layer in told["layers"] if layer["holds"]}
    assert "memory limits" in holding
    assert ("uid" in holding) == IS_ROOT
    assert set(told["chosen"].split(" + ")) - {"resource limits"} <= holding
    for layer in told["layers"]:
        assert layer["why"] and bool(layer["hint"]) != layer["holds"]


@pytest.mark.skipif(not IS_ROOT, reason="an ordinary user cannot make such a container")
def test_a_container_is_tried(told: dict[str, Any]) -> None:
    found = {rung["name"]: rung for rung in told["container"]}
    if any("cannot be tried" in rung["why"] for rung in found.values()):
        pytest.skip(next(iter(found.values()))["why"])
    assert not any("namespaces" in name for name in found)
    last = found["seccomp + uid + resource limits"]
    assert last["holds"] or "install it below /opt" in last["hint"]


def test_tables_show_all_of_it(told: dict[str, Any]) -> None:
    findings = {
        name: [doctor.Finding(**entry) for entry in told[name]]
        for name in ("layers", "rungs", "container")
    }
    report = doctor.Report(told["machine"], chosen=told["chosen"], **findings)
    assert json.loads(report.as_json) == told
    page = io.StringIO()
    doctor.show(report, Console(file=page, width=500))
    for entry in (*told["layers"], *told["rungs"], *told["container"]):
        assert entry["name"] in page.getvalue() and entry["why"] in page.getvalue()
    assert all(value in page.getvalue() for value in told["machine"].values())


def test_a_machine_where_nothing_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "RUNGS", ())
    monkeypatch.setattr(doctor, "_container", lambda private: [])
    done = CliRunner().invoke(main, ["doctor"])
    assert done.exit_code == 1 and "Nothing confines students' code here" in done.stdout


@pytest.mark.parametrize(
    "layer, name, broken, why",
    [
        ("memory limits", "set_limits", lambda *_: None, "does not keep to them"),
        ("seccomp", "calls", SimpleNamespace(
            call_filter=lambda: SimpleNamespace(load=lambda: None)), "does not keep to it"),
        ("seccomp", "calls", SimpleNamespace(), "call_filter"),
        ("namespaces", "namespaces", SimpleNamespace(problem=lambda folder: "no"), "no"),
    ],
)  # fmt: skip
def test_a_layer_that_does_not_work_is_found_out(
    layer: str, name: str, broken: object, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, name, broken)
    found = next(finding for finding in doctor._layers() if finding.name == layer)
    assert not found.holds and why in found.why and found.hint == doctor.HINTS[layer]


@pytest.mark.parametrize(
    "problem, advice",
    [
        ("read /x, write /tmp, write /var/tmp", "chmod o-w /tmp /var/tmp"),
        ("write /tmp/pytest", ""),
        ("needs root", ""),
    ],
)
def test_advice_fits_the_problem(problem: str, advice: str) -> None:
    given = doctor._advice(problem)
    assert given.endswith(advice) if advice else not given


def test_python_where_others_cannot_look(monkeypatch: pytest.MonkeyPatch) -> None:
    python = Path("/root/python")
    monkeypatch.setattr(doctor.namespaces, "shown", lambda: {python: python})
    assert "/root/python" in doctor._advice("cannot import a module")
