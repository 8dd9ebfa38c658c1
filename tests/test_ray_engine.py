"""Grading by Ray: on this machine, and on a cluster of two nodes of which one dies.

The nodes are real ones, with a raylet and a store each; only the machine is the same.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from autograder.engines import ray_session, ray_worker
from autograder.engines.engine import Graded, LocalEngine
from autograder.engines.ray_engine import RayEngine
from autograder.intake.submission import Submission
from autograder.judge import leftovers
from autograder.judge.sandbox import SandboxError
from cases import ROOT, reference_file, submit
from crash_kit import TASK, hand_in
from homework.verdict import ERROR, TIMEOUT
from judging import open_all

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra `ray` is not installed"),
]

MIXED = (
    "right_reference", "wrong_vae_means", "wrong_vae_broadcasts", "broken_exception",
    "broken_os_exit", "broken_syntax", "wrong_vae_deviations",
)  # fmt: skip
ANSWERS = ("results.json", "feedback.md")


@dataclasses.dataclass
class TwoNodes:
    """A cluster of two nodes with a processor each; the driver belongs to the first.

    Attributes:
        home: where its workers put temporary files.
    """

    cluster: Any
    second: Any
    home: Path

    @property
    def address(self) -> str:
        return str(self.cluster.address)

    @property
    def sessions(self) -> list[Path]:
        return [Path(node.get_session_dir_path()) for node in self.cluster.list_all_nodes()]


@pytest.fixture(scope="module")
def nodes() -> Iterator[TwoNodes]:
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # short, for the names of sockets
    home = folder / "tmp"
    home.mkdir(mode=0o711)
    (folder / "ray").mkdir()
    folder.chmod(0o711)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "token")
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # read once in a process
        patch.setenv("TMPDIR", str(home))
        patch.setenv("RAY_TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", str(home))
        from ray.cluster_utils import Cluster

        soon = {"health_check_initial_delay_ms": 500, "health_check_period_ms": 500}
        cluster = Cluster()
        try:
            with ray_session.python_path(folder):
                add_node(cluster, num_gpus=1, _system_config=soon, no_monitor=True)
                second = add_node(cluster)
            yield TwoNodes(cluster, second, home)
        finally:
            cluster.shutdown()
            ray_session.clear(folder)


def add_node(cluster: Any, **more: Any) -> Any:
    """A node, at the third attempt at the latest: Ray gives its helpers 15 seconds to start."""
    options = {
        "num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False,
        "include_log_monitor": False, **more,
    }  # fmt: skip
    with contextlib.suppress(Exception):
        return cluster.add_node(**options)
    with contextlib.suppress(Exception):
        return cluster.add_node(**options)
    return cluster.add_node(**options)


@pytest.fixture(scope="module")
def small(hidden: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Submission]:
    """Right, wrong and broken ones, of one task."""
    folder = tmp_path_factory.mktemp("small")
    hand_in(folder, 24)
    return open_all(folder, hidden)


@pytest.fixture(scope="module")
def wanted(hidden: Path, small: list[Submission]) -> dict[str, str]:
    """What this process alone makes of them."""
    with LocalEngine(hidden, [TASK], jobs=2) as engine:
        return texts(grade(engine, iter(small)))


@pytest.fixture
def engine(nodes: TwoNodes, hidden: Path) -> Iterator[RayEngine]:
    with RayEngine(hidden, ["vae"], jobs=2, address=nodes.address) as engine:
        yield engine


def grade(
    engine: LocalEngine | RayEngine,
    submissions: Iterator[Submission],
    seen: Callable[[Graded], None] = lambda graded: None,
) -> dict[str, Graded]:
    found: dict[str, Graded] = {}

    def done(graded: Graded) -> None:
        assert graded.name not in found, "graded twice"
        found[graded.name] = graded
        seen(graded)

    engine.grade_all(submissions, done)
    return found


def texts(found: dict[str, Graded]) -> dict[str, str]:
    """What is written to files, in one text each."""
    assert not [graded.fault for graded in found.values() if graded.fault]
    return {name: json.dumps(one.results) + one.feedback for name, one in found.items()}


def until(true: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
    return true()


# On this machine alone


def command(hidden: Path, *arguments: object) -> list[str]:
    given = ["grade", "--fixtures", hidden, "--task", "vae", "--jobs", 2, *arguments]
    return [sys.executable, "-m", "autograder.cli", *map(str, given)]


def test_the_command_gives_the_same_files_and_leaves_nothing(hidden: Path, tmp_path: Path) -> None:
    for name in MIXED:
        submit(ROOT / "tests" / "submissions" / name, tmp_path / "in", {})
    home = Path(tempfile.mkdtemp(prefix="t-", dir="/tmp"))
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "student_src")]),
        "TMPDIR": str(home),
        "HOME": str(tmp_path),
    }
    shared_memory = set(os.listdir("/dev/shm"))
    try:
        for engine in ("local", "ray"):
            run = subprocess.run(
                command(hidden, tmp_path / "in", "--out", tmp_path / engine, "--engine", engine),
                capture_output=True, text=True, env=environment,
            )  # fmt: skip
            assert run.returncode == 0 and run.stderr == "", run.stderr
            assert "Ray" not in run.stdout
        for name in MIXED:
            for file in ANSWERS:
                local, by_ray = (tmp_path / run / name / file for run in ("local", "ray"))
                assert by_ray.read_bytes() == local.read_bytes(), f"{name}: {file}"
        assert 'engine": "ray' in (tmp_path / "ray" / "manifest.json").read_text()
        assert until(lambda: not users(home)), users(home)
        assert os.listdir(home) == [] and not (tmp_path / ".ray").exists()
        assert set(os.listdir("/dev/shm")) <= shared_memory
    finally:
        shutil.rmtree(home, ignore_errors=True)


def users(folder: Path) -> list[str]:
    """Command lines of processes that were started with files in this folder, or are in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ")
            environment = (process / "environ").read_bytes()
            at = os.readlink(process / "cwd")
        except OSError:
            continue
        if str(folder).encode() in words + environment or at.startswith(str(folder)):
            found.append(words.decode())
    return found


# On a cluster


HOSTILE = """
import os
import socket
import torch


def wins(attack):
    def wrapped(*given, **more):
        attack()
        return honest[attack.__name__](*given, **more)
    return wrapped


honest = dict(globals())


@wins
def log_likelihood_bernoulli(mu=None, target=None):
    for folder in @FOLDERS@:
        try:
            return os.listdir(folder)
        except OSError:
            pass
    raise LookupError("no folder of Ray's")


@wins
def log_likelihood_normal():
    for path in @SOCKETS@:
        try:
            return socket.socket(socket.AF_UNIX).connect(path)
        except OSError:
            pass
    raise LookupError("no socket of Ray's")


@wins
def log_mean_exp():
    for port in @PORTS@:
        try:
            return socket.create_connection(("@HOST@", port), 1)
        except OSError:
            pass
    raise LookupError("no port of Ray's")


@wins
def kl_gaussian_gaussian_analytic():
    places = ["/proc/self/environ"]
    places += [f"/proc/{name}/environ" for name in os.listdir("/proc") if name.isdigit()]
    for place in places:
        try:
            if b"RAY_" in open(place, "rb").read():
                return
        except OSError:
            pass
    if any(name.startswith("RAY_") for name in os.environ):
        return
    raise LookupError("no token of Ray's")


@wins
def kl_gaussian_gaussian_mc():
    import ray

    ray.init("@ADDRESS@", log_to_driver=False)
"""


def hostile(nodes: TwoNodes, ports: list[int]) -> str:
    """The reference, and in its place five attacks on what Ray has on this machine."""
    host = nodes.address.rpartition(":")[0]
    sockets = [str(s / "sockets" / n) for s in nodes.sessions for n in os.listdir(s / "sockets")]
    folders = [str(f) for s in nodes.sessions for f in (s, s / "logs", s / "sockets")]
    assert all(os.listdir(folder) for folder in folders)  # the aims are real: they can be hit
    for path in sockets:
        with socket.socket(socket.AF_UNIX) as channel:
            channel.connect(path)
    for port in ports:
        socket.create_connection((host, port), 5).close()
    aims = {"FOLDERS": folders, "SOCKETS": sockets, "PORTS": ports, "HOST": host}
    text = reference_file("q1_vae.py").read_text() + HOSTILE
    for name, aim in (aims | {"ADDRESS": nodes.address}).items():
        text = text.replace(f"@{name}@", str(aim))
    return text


def test_students_reach_nothing_of_ray(
    engine: RayEngine, nodes: TwoNodes, hidden: Path, tmp_path: Path
) -> None:
    import ray

    ports = [int(nodes.address.rpartition(":")[2])]
    ports += [node["NodeManagerPort"] for node in ray.nodes() if node["Alive"]]
    assert len(ports) == 3
    (tmp_path / "mallory").mkdir()
    (tmp_path / "mallory" / "q1_vae.py").write_text(hostile(nodes, ports))
    shutil.copy(reference_file("q1_train_vae.py"), tmp_path / "mallory")
    (found,) = grade(engine, iter(open_all(tmp_path, hidden))).values()
    tests = {test["number"]: test["extra_data"]["status"] for test in found.results["tests"]}
    assert tests.pop("q1.loss_function") == "passed"
    assert len(tests) == 5 and set(tests.values()) <= {ERROR, TIMEOUT}, tests


def test_a_worker_that_is_killed_costs_nothing(
    engine: RayEngine, hidden: Path, tmp_path: Path
) -> None:
    for file in ("q1_vae.py", "q1_train_vae.py"):
        shutil.copy(reference_file(file), tmp_path)
    (reference,) = open_all(tmp_path, hidden)
    where: list[str] = []

    def submissions() -> Iterator[Submission]:
        for number in range(8):
            if number == 4:
                os.kill(process(where[-1]), signal.SIGKILL)
            yield dataclasses.replace(reference, name=f"copy-{number}")

    found = grade(engine, submissions(), lambda graded: where.append(graded.where))
    assert len(found) == 8 and not [one.fault for one in found.values() if one.fault]
    assert {one.results["score"] for one in found.values()} == {35.0}


def process(where: str) -> int:
    return int(where.rpartition("/")[2])


def test_what_is_stuck_is_ended_and_the_others_are_graded(
    nodes: TwoNodes, hidden: Path, small: list[Submission], wanted: dict[str, str]
) -> None:
    code = b"import time\n\ndef log_mean_exp(y):\n    time.sleep(9)\n"
    stuck = dataclasses.replace(small[0], name="stuck", files={"q1_vae.py": code})
    options: dict[str, Any] = {"jobs": 2, "address": nodes.address, "unit_seconds": 4.0}
    with RayEngine(hidden, [TASK], **options) as engine:
        found = grade(engine, iter([stuck, *small[1:4]]))
        assert graders(nodes.home)
    fault = found.pop("stuck").fault
    assert fault.startswith("it was tried 3 times") and "did not answer in time" in fault
    assert texts(found) == {one.name: wanted[one.name] for one in small[1:4]}
    assert until(lambda: not graders(nodes.home)), graders(nodes.home)


def graders(home: Path) -> set[str]:
    """Processes of judges, and folders that the next grader on a node does not remove."""
    leftovers.sweep()
    lines = {line for line in users(home) if "autograder.judge" in line}
    return lines | {entry.name for entry in home.glob("grading-*")}


def test_a_node_dies_in_mid_batch(
    nodes: TwoNodes, hidden: Path, small: list[Submission], wanted: dict[str, str]
) -> None:
    raylet = nodes.second.all_processes["raylet"][0].process.pid
    pulled: list[str] = []
    seen: list[Graded] = []
    died_at = 0

    def submissions() -> Iterator[Submission]:
        for number in range(500):
            if died_at and number >= died_at + len(small):
                return
            one = small[number % len(small)]
            pulled.append(one.name)
            yield dataclasses.replace(one, name=f"{one.name}-{number}")

    def note(graded: Graded) -> None:
        nonlocal died_at
        assert len(pulled) - len(seen) <= 2, "more was taken than there are workers"
        seen.append(graded)
        if not died_at and is_below(raylet, process(graded.where)):
            died_at = len(pulled)
            nodes.cluster.remove_node(nodes.second, allow_graceful=False)

    with RayEngine(hidden, [TASK], jobs=2, address=nodes.address) as engine:
        found = texts(grade(engine, submissions(), note))
    assert died_at and len(found) == len(pulled) == died_at + len(small)
    for name, text in found.items():
        original = name.rpartition("-")[0]
        assert text.replace(name, original) == wanted[original]


def is_below(raylet: int, worker: int) -> bool:
    return f"RAY_RAYLET_PID={raylet}\0".encode() in Path(f"/proc/{worker}/environ").read_bytes()


# What is told


def test_other_code_on_a_node_is_told(
    nodes: TwoNodes, hidden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_worker, "code_digest", lambda: "of another version")
    with pytest.raises(SandboxError, match="another version of the kit"):
        RayEngine(hidden, [TASK], jobs=1, address=nodes.address)


def test_a_gpu_that_students_cannot_use_is_told(nodes: TwoNodes, hidden: Path) -> None:
    # Ray was told that the first node has one; a confined child cannot use it even if that is so.
    with pytest.raises(SandboxError, match="known to be right fails .* is there a device cuda"):
        RayEngine(hidden, [TASK], jobs=1, address=nodes.address, gpus=0.5)


def test_ray_that_is_missing_is_told(hidden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SandboxError, match=r"needs Ray: .*\[ray\]"):
        RayEngine(hidden, [TASK])
