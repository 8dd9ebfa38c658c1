"""The ladder of isolation: every layer keeps its own promise, every rung holds or says why not."""

from __future__ import annotations

import os
import platform
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyseccomp
import pytest

from autograder.judge import calls, cgroups, escape, forbidden, namespaces, rungs
from autograder.judge.confine import RUNGS, Limits
from autograder.judge.rungs import Ladder, NoIsolation
from autograder.judge.sandbox import Sandbox
from autograder.judge.slot import SandboxError
from autograder.judge.users import SlotUser

ROOT = Path(__file__).resolve().parents[1]
IS_ROOT = os.geteuid() == 0
Layers = tuple[str, ...]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("answers")
    (folder / "secret").write_text("42")
    os.chmod(folder, 0o700)
    return folder


@pytest.fixture(scope="module")
def ladder(answers: Path) -> Iterator[Ladder]:
    climber = Ladder([answers, answers / "secret"], [answers])
    yield climber
    climber.close()


def escapes(ladder: Ladder, layers: Layers) -> set[str]:
    """What an attacker achieves behind these layers; skips if one is not to be had here."""
    try:
        sandbox = ladder.enter(layers)
    except SandboxError as error:
        pytest.skip(f"not to be had here: {error}")
    with rungs.targets(sandbox, layers, ladder.unread, ladder.unwritten) as aims:
        found = sandbox.try_escaping(aims)
    names = {
        str(sandbox.slot.folder): "OWN", str(sandbox.slot.base): "SLOTS",
        str(ladder.unread[0]): "ANSWERS",
    }  # fmt: skip
    for path, name in names.items():
        found = [one.replace(path, name) for one in found]
    return set(found)


FILES = {
    "read ANSWERS", "read ANSWERS/secret", "read ANSWERS by a link", "write ANSWERS",
    "empty a file by truncate", "empty a file by opening it", "link a file into its folder",
    "link a file out of its folder", "move a file out of its folder", "write /tmp",
    "write /dev/shm",
}  # fmt: skip
SLOTS = {
    "read SLOTS", "read SLOTS/other", "read SLOTS/other/files", "read SLOTS/other/files/secret",
    "read SLOTS/other/scratch/own/secret", "write SLOTS", "write SLOTS/other/scratch/own",
    "remove a file of others", "write OWN/files",
}  # fmt: skip
PARENT = {
    "signal the parent", "trace the parent", "read the parent's mem", "read the parent's environ",
    "read the parent's maps", "read the parent's fd",
}  # fmt: skip
ZYGOTE = {name.replace("parent", "zygote") for name in PARENT}
NETWORK = {"connect by TCP", "connect to an abstract socket"}
SOCKETS = {
    "send by UDP", "connect to a Unix socket", "open a socket (UNIX)", "open a socket (INET)",
    "open a socket (NETLINK)",
}  # fmt: skip
CALLS = {
    "start a process", "run a program", "make lasting shared memory", "call ptrace", "call mount",
    "call process_vm_readv", "call setns", "call unshare", "call memfd_create", "call pidfd_open",
    "call perf_event_open", "call bpf", "call execve", "call linkat", "set a limit",
    "start a thread of another user", "outlive the zygote", "type into a terminal",
}  # fmt: skip


@pytest.mark.skipif(not IS_ROOT, reason="what an ordinary user cannot do shows nothing")
def test_attacks_succeed_where_nothing_is_in_their_way(ladder: Ladder) -> None:
    wanted = FILES | SLOTS | PARENT | ZYGOTE | NETWORK | SOCKETS | CALLS | {"become root"}
    assert not wanted - escapes(ladder, ())


# What a layer alone must stop. Other layers may stop it too.
PROMISES: dict[str, set[str]] = {
    "landlock": FILES | SLOTS | NETWORK | ZYGOTE | PARENT,
    "seccomp": CALLS | SOCKETS | NETWORK | {"become root", "change a file's mode"},
    "uid": SLOTS | PARENT | ZYGOTE | {"read ANSWERS", "write ANSWERS", "become root"},
    "namespaces": FILES | PARENT | NETWORK | {
        "send by UDP", "connect to a Unix socket", "see ANSWERS", "see the parent",
    },
}  # fmt: skip


@pytest.mark.skipif(not IS_ROOT, reason="what an ordinary user cannot do shows nothing")
@pytest.mark.parametrize("layer", PROMISES)
def test_a_layer_alone_keeps_its_promise(layer: str, ladder: Ladder) -> None:
    assert not PROMISES[layer] & escapes(ladder, (layer,))


@pytest.mark.parametrize("layers", RUNGS, ids="+".join)
def test_a_rung_holds(layers: Layers, ladder: Ladder) -> None:
    if "uid" in layers and not IS_ROOT:
        assert ladder.climb(layers) == "needs root"
        return
    found = escapes(ladder, layers)
    if IS_ROOT and "uid" not in layers:  # the kernel bounds no threads of the user root
        assert found == {"start threads without end"}
        return
    if layers == ("seccomp", "uid"):  # it cannot hold where everybody may write to some folder
        found -= {f"write {folder}" for folder in ("/tmp", "/var/tmp", "/dev/shm")}
        found -= {"write /run/lock", "write /dev/mqueue"}
        if "cannot import a module" in found:
            pytest.skip("Python is installed where other users cannot look")
    assert not found


def test_another_process_is_told_from_this_one() -> None:
    escape._see(os.getppid())
    with pytest.raises(ProcessLookupError):
        escape._see(os.getpid())


def test_zygotes_end_by_themselves_so_that_their_time_is_accounted_for() -> None:
    with rungs.open_sandbox([], []) as first:
        process, second = first.slot._process, Sandbox(first.layers, slot=1, parent=first)
        second.slot.close()
    assert process is not None and process.returncode == 0


def test_the_strongest_rung_that_holds_is_taken() -> None:
    with rungs.open_sandbox([], []) as sandbox:
        chosen = sandbox.layers
    stronger = RUNGS[: RUNGS.index(chosen)]
    with pytest.raises(NoIsolation) as raised:
        rungs.open_sandbox([], [], stronger)
    assert all(f"{rungs.name(layers)}: " in str(raised.value) for layers in stronger)


@pytest.mark.parametrize("fault", ["absent", "broken"])
def test_without_bubblewrap_the_next_rung_is_taken(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho bwrap: not in the mood >&2\nexit 1\n")
    broken.chmod(0o755)
    found = {"absent": None, "broken": str(broken)}[fault]
    monkeypatch.setattr("shutil.which", lambda name: found)
    (tmp_path / "here").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "here"))
    with rungs.open_sandbox([], []) as sandbox:
        assert "namespaces" not in sandbox.layers
        assert sandbox.slot.base.parent == tmp_path / "here"
    assert not list((tmp_path / "here").iterdir()), "a folder was left behind"
    with pytest.raises(NoIsolation, match={"absent": "bwrap", "broken": "not in the mood"}[fault]):
        rungs.open_sandbox([], [], RUNGS[:1] if IS_ROOT else RUNGS[1:2])


def enclosed_processes(sandbox_pid: int) -> list[int]:
    """A process and all below it, from our side."""
    found = [sandbox_pid]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent in found and int(stat.parent.name) not in found:
            found.append(int(stat.parent.name))
    return found


HOLD = """
import sys, time
from autograder.judge.sandbox import Sandbox
with Sandbox(sys.argv[1].split("+")) as sandbox:
    print(sandbox.slot._process.pid, sandbox.slot.base, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("layers", ["namespaces", ""], ids=["enclosed", "plain"])
def test_a_grader_that_is_killed_leaves_no_process(layers: str) -> None:
    paths = f"{ROOT}:{ROOT / 'student_src'}"
    grader = subprocess.Popen(
        [sys.executable, "-c", HOLD, layers], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    assert grader.stdout is not None
    line = grader.stdout.readline().split()
    if not line:
        pytest.skip("namespaces are not to be had here")
    pids = [os.pidfd_open(pid) for pid in enclosed_processes(int(line[0]))]
    assert len(pids) == (2 if layers else 1)  # bubblewrap outside and the zygote
    grader.kill()
    grader.wait()
    for pid in pids:
        assert select.select([pid], [], [], 10)[0], "a process outlives its grader"
        os.close(pid)
    subprocess.run(["rm", "-rf", line[1]], check=True)


AS_NOBODY = """
import sys
from pathlib import Path
from autograder.judge import rungs
try:
    with rungs.open_sandbox([Path(sys.argv[1])], [Path(sys.argv[1])]) as sandbox:
        print("+".join(sandbox.layers))
except rungs.NoIsolation as error:
    print(error)
"""


@pytest.mark.skipif(not IS_ROOT, reason="the other tests are this one already")
def test_an_ordinary_user_gets_a_rung(answers: Path, tmp_path: Path) -> None:
    if not _runs(sys.executable):
        pytest.skip("Python is installed where other users cannot look")
    with tempfile.TemporaryDirectory() as home:
        os.chown(home, 65534, 65534)
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(answers)],
            user=65534, group=65534, extra_groups=[],
            env={"PYTHONPATH": f"{ROOT}:{ROOT / 'student_src'}", "HOME": home, "TMPDIR": home,
                 "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True, text=True, cwd="/",
        )  # fmt: skip
    assert done.stdout.strip() in ("namespaces+landlock+seccomp", "landlock+seccomp"), done


def _runs(python: str) -> bool:
    """Whether an ordinary user can use this Python."""
    try:
        done = subprocess.run(
            [python, "-c", "import numpy, torch"], user=65534, group=65534, extra_groups=[],
            env={}, cwd="/", stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return False
    return done.returncode == 0


def test_no_two_graders_share_a_user() -> None:
    with SlotUser() as one, SlotUser() as two:
        assert (one.uid != two.uid) == IS_ROOT
        taken = one.uid
    with SlotUser() as again:
        assert again.uid == taken


# The calls that Python, numpy and torch make on arm64 in the place of older ones.
ARM64 = """
openat newfstatat faccessat faccessat2 ppoll pselect6 clone dup3 eventfd2 epoll_create1
epoll_pwait mkdirat unlinkat renameat renameat2 readlinkat symlinkat getdents64 statx rseq
set_robust_list getrandom prlimit64 mmap munmap mprotect madvise brk futex exit_group
rt_sigaction rt_sigreturn sched_getaffinity
""".split()
X86_ONLY = "access arch_prctl creat dup2 epoll_create getdents open poll select stat".split()


def test_the_filter_is_right_for_arm64(tmp_path: Path) -> None:
    arch = pyseccomp.Arch.AARCH64
    with open(tmp_path / "filter", "w+") as file:
        calls.build(arch).export_pfc(file)
        file.seek(0)
        text = file.read()
    assert text.count("filter for arch") == 1 and f"if ($arch == {arch})" in text
    for name in ARM64:
        assert f'filter for syscall "{name}" ({pyseccomp.resolve_syscall(arch, name)})' in text
    assert not [name for name in X86_ONLY if f'syscall "{name}"' in text]
    assert text.count("action ERRNO(1)") >= 2  # of other calls, and of other architectures
    assert pyseccomp.resolve_syscall(arch, "openat") == 56, "not the numbers of arm64"


def test_every_call_that_is_let_through_is_accounted_for() -> None:
    text = (ROOT / "docs" / "isolation.md").read_text()
    handled = {*calls.ALLOWED, *calls.PRETENDED, *calls.CHOICES, *calls.ONE_BY_ONE}
    assert {name for name in handled if f"`{name}`" not in text} == set()
    assert not handled & set(forbidden.NAMES)


def test_landlock_has_the_same_numbers_everywhere() -> None:
    from landlockpy import _syscall

    ours = (_syscall.SYS_CREATE_RULESET, _syscall.SYS_ADD_RULE, _syscall.SYS_RESTRICT_SELF)
    names = ("landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self")
    for arch in (pyseccomp.Arch.X86_64, pyseccomp.Arch.AARCH64):
        assert tuple(pyseccomp.resolve_syscall(arch, name) for name in names) == ours


# Asks for the number of its process by machine code, and prints what the kernel answers.
FOREIGN = """
import ctypes, mmap, os, sys
from autograder.judge import calls
code = bytes.fromhex(sys.argv[1])
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(code)
function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
if sys.argv[2] == "filtered":
    calls.call_filter().load()
answer = function()
os.write(1, b"reached" if answer == os.getpid() else str(answer).encode())
os._exit(0)
"""
GETPID = {
    "native": "b827000000 0f05 c3",  # mov eax, 39; syscall; ret
    "i386": "b814000000 cd80 c3",  # mov eax, 20; int 0x80; ret
    "x32": "b827000040 0f05 c3",  # mov eax, 39 + 0x40000000; syscall; ret
}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="machine code of x86-64")
@pytest.mark.parametrize("way", GETPID)
def test_calls_in_the_way_of_other_architectures_are_refused(way: str) -> None:
    def answer(how: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", FOREIGN, GETPID[way].replace(" ", ""), how],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        )  # fmt: skip
        assert not done.stderr, done.stderr
        return done.stdout if done.returncode == 0 else signal.Signals(-done.returncode).name

    assert answer("filtered") in (("reached",) if way == "native" else ("-1", "SIGSEGV"))
    if way != "x32":  # which most kernels are built without
        assert answer("plain") in ("reached", "SIGSEGV"), "the attack itself does not work"


def test_places_are_shown_under_all_their_names(tmp_path: Path) -> None:
    (tmp_path / "usr" / "lib").mkdir(parents=True)
    (tmp_path / "lib").symlink_to("usr/lib")
    (tmp_path / "usr" / "old").symlink_to("lib")
    names = [tmp_path / name for name in ("lib", "usr/lib", "usr/old", "usr/lib/..", "missing")]
    places = namespaces._places(names)
    assert places == {tmp_path / "lib": tmp_path / "usr/lib", tmp_path / "usr": tmp_path / "usr"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A cgroup that is ours, as files."""
    group = tmp_path / "ours"
    group.mkdir()
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    (group / "cgroup.controllers").write_text("cpu memory pids\n")
    (group / "cgroup.subtree_control").write_text("")
    (group / "cgroup.procs").write_text(f"{os.getpid()}\n")
    (tmp_path / "listing").write_text("1:name=systemd:/\n0::/ours\n")
    return tmp_path


def test_a_cgroup_is_found_where_one_is_ours(tree: Path) -> None:
    assert cgroups.own(tree, tree / "listing") == tree / "ours"
    (tree / "listing").write_text("0::/ours/grader\n")  # once this process has moved
    assert cgroups.own(tree, tree / "listing") == tree / "ours"


@pytest.mark.parametrize(
    "file, text, why",
    [
        ("listing", "4:memory:/\n", "not what this system limits with"),
        ("ours/cgroup.controllers", "cpu pids", "no control of memory"),
        ("ours/cgroup.procs", "1\n2\n", "other processes share"),
    ],
)
def test_a_cgroup_of_others_is_left_alone(file: str, text: str, why: str, tree: Path) -> None:
    (tree / file).write_text(text)
    with pytest.raises(cgroups.NoCgroups, match=why):
        cgroups.own(tree, tree / "listing")
    before = sorted(tree.rglob("*"))
    assert cgroups.divided(tree, tree / "listing") is None and sorted(tree.rglob("*")) == before


def test_the_limits_of_a_slot_are_written(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (group := cgroups.divided(tree, tree / "listing")) == tree / "ours"
    assert (group / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"
    assert (group / "grader" / "cgroup.procs").read_text() == str(os.getpid())
    made = []

    def mkdtemp(prefix: str, dir: Path) -> str:
        made.append(dir / f"{prefix}1")
        made[0].mkdir()
        for name in ("memory.max", "memory.swap.max", "pids.max", "cpu.max", "cgroup.procs"):
            (made[0] / name).touch()
        (made[0] / "memory.events").write_text("low 0\noom 3\noom_kill 1\n")
        return str(made[0])

    monkeypatch.setattr(tempfile, "mkdtemp", mkdtemp)
    slot = cgroups.SlotGroup(group, Limits(memory_mib=100, threads=8), loaded_kib=1024)
    wrote = {path.name: path.read_text() for path in made[0].iterdir()}
    assert wrote["memory.max"] == str(101 << 20) and wrote["pids.max"] == "10"
    assert wrote["memory.swap.max"] == "0" and wrote["cpu.max"] == "100000 100000"
    assert not slot.took_too_much_memory()
    (made[0] / "memory.events").write_text("oom_kill 2\n")
    assert slot.took_too_much_memory() and not slot.took_too_much_memory()
    cgroups.enter(os.dup(slot.entrance))
    assert (made[0] / "cgroup.procs").read_text() == "0"
    for path in made[0].iterdir():  # a kernel takes these away with the folder
        path.unlink()
    slot.close()
    assert not made[0].exists()
