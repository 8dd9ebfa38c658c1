"""What isolation this machine gives, layer by layer and rung by rung, and what would give more.

Every line is the outcome of a trial: a layer is put on in a process that is thrown away, a rung is
attacked as at the start of grading. What a container like Gradescope's would give is tried in the
same way, by taking from this machine what such a container lacks.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.judge import calls, cgroups, namespaces, rungs, surroundings
from autograder.judge.confine import MIB, RUNGS, Limits, own_size, set_limits
from autograder.judge.users import SlotUser

CONTAINER_SECONDS = 300.0
# What Docker leaves to root. It has no namespaces of its own and may not make any.
CONTAINER_CAPABILITIES = (
    "chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
    "net_bind_service", "net_raw", "sys_chroot", "mknod", "audit_write", "setfcap",
)  # fmt: skip
CONTAINER_RUNGS = tuple(layers for layers in RUNGS if "namespaces" not in layers)
# Folders that are open to everybody elsewhere, and that `run_autograder` closes on Gradescope.
OPEN_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/dev/mqueue")
CONTAINER = """
for folder in {folders}; do
    [ ! -d $folder ] || mount -t tmpfs -o mode=755 tmpfs $folder || exit
done
exec setpriv --inh-caps=-all --bounding-set=-all,+{capabilities} "$@"
"""

HINTS = {
    "namespaces": "install bubblewrap (apt-get install bubblewrap); where it fails, allow user "
    "namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu, "
    "kernel.unprivileged_userns_clone=1 on old Debian) or run as root outside of a container",
    "landlock": "use Linux 5.13 or newer with landlock among its security modules (boot with "
    "lsm=landlock,...); in a container, Docker 20.10.18 or newer, or containerd 1.6",
    "seccomp": "install libseccomp (apt-get install libseccomp2)",
    "uid": "run as root; a container that is thrown away is the place for that",
    "cgroup v2": "where systemd runs with cgroup v2 (the judge can go without): systemd-run --user "
    "--scope -p Delegate=yes autograder grade ...",
    "memory limits": "grade on a machine that keeps to limits; this one may be emulated",
}


@dataclass(frozen=True)
class Finding:
    """Whether something holds, and in words why or what else."""

    name: str
    holds: bool
    why: str
    hint: str = ""


@dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        machine: facts by name.
        layers: what children can be confined with.
        rungs: the ladder, strongest first, each attacked.
        chosen: the rung that grading would take; empty if nothing holds.
        container: the rungs in a container like Gradescope's, with and without landlock.
    """

    machine: dict[str, str]
    layers: list[Finding]
    rungs: list[Finding]
    chosen: str
    container: list[Finding]

    @property
    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=1)


def examine(private: Sequence[Path] = (), say: Callable[[str], None] = print) -> Report:
    """Find out what holds here; takes some ten seconds.

    Args:
        private: what no child may read or write: answers, for one.
        say: told what is being tried.
    """
    say("trying the layers")
    layers = _layers()
    climbed = _climb(RUNGS, private, say)
    chosen = next((finding.name for finding in climbed if finding.holds), "")
    say("trying a container like Gradescope's")
    return Report(_machine(), layers, climbed, chosen, _container(private))


def _machine() -> dict[str, str]:
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        system = platform.system()
    try:
        torch = metadata.version("torch")
    except metadata.PackageNotFoundError:
        torch = "not installed"
    root = os.geteuid() == 0
    return {
        "system": system,
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "user": "root" if root else f"an ordinary one ({os.geteuid()})",
        "Python": f"{platform.python_version()} ({sys.executable})",
        "torch": torch,
        "processors": str(len(os.sched_getaffinity(0))),
    }


def _layers() -> list[Finding]:
    trials: dict[str, Callable[[], str]] = {
        "namespaces": _namespaces,
        "landlock": _landlock,
        "seccomp": partial(_in_child, _load_filter, "allows the calls that tasks need"),
        "uid": _uid,
        "cgroup v2": _cgroup,
        "memory limits": partial(_in_child, _overfill, "each child by its address space"),
    }
    found = []
    for name, trial in trials.items():
        try:
            found.append(Finding(name, True, trial()))
        except Exception as error:
            why = str(error) or type(error).__name__
            found.append(Finding(name, False, why, HINTS[name]))
    return found


def _namespaces() -> str:
    with tempfile.TemporaryDirectory(prefix="probe-") as folder:
        problem = namespaces.problem(Path(folder))
    if problem:
        raise OSError(problem)
    return "by bubblewrap, " + ("as root" if os.geteuid() == 0 else "in a user namespace")


def _landlock() -> str:
    from landlockpy import abi_version

    version = abi_version()
    if version < 6:
        return f"version {version}: files; signals and sockets are left to seccomp"
    return f"version {version}: files, TCP, signals and abstract sockets"


def _uid() -> str:
    if os.geteuid() != 0:
        raise PermissionError("needs root")
    with SlotUser() as user:
        return _in_child(partial(_become, user.uid), f"children are user {user.uid} and others")


def _become(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _cgroup() -> str:
    return f"below {cgroups.own()}"


def _load_filter() -> None:
    calls.call_filter().load()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0) == 0:
        raise OSError("the kernel took the filter and does not keep to it")


def _overfill() -> None:
    """Ask for more memory than is allowed."""
    set_limits(Limits(memory_mib=64), own_size(), 1 << 20)
    try:
        bytearray(256 * MIB)
    except MemoryError:
        return
    raise OSError("the system does not keep to them")


def _in_child(action: Callable[[], None], if_done: str) -> str:
    """Do something in a process of its own, which ends with it."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        said = ""
        try:
            action()
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writing, b"+" + said.encode()[:500])
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        answer = pipe.read().decode(errors="replace")
    os.wait()
    if answer != "+":
        raise OSError(answer[1:] or "the process that tried it was ended")
    return if_done


def _climb(
    ladder: Sequence[tuple[str, ...]], private: Sequence[Path], say: Callable[[str], None]
) -> list[Finding]:
    """Try to escape from every rung."""
    found = []
    climber = rungs.Ladder(private, private)
    try:
        for layers in ladder:
            say(f"trying to escape from {rungs.name(layers)}")
            problem = climber.climb(layers)
            said = problem or "every attack failed"
            found.append(Finding(rungs.name(layers), not problem, said, _advice(problem)))
    finally:
        climber.close()
    return found


def _advice(problem: str) -> str:
    """What to do about a rung that fails although its layers hold."""
    closed = [path for path in map(str, namespaces.shown()) if path.startswith("/root/")]
    if "cannot import" in problem and closed:
        return f"Python is in {closed[0]}, where other users cannot look: install it below /opt"
    opened = [folder for folder in OPEN_FOLDERS if f"write {folder}" in problem.split(", ")]
    if opened:
        return f"in a container that is thrown away: chmod o-w {' '.join(opened)}"
    return ""


def _container(private: Sequence[Path]) -> list[Finding]:
    """What is left of the ladder without namespaces and with few capabilities."""
    name = " / ".join(rungs.name(layers) for layers in CONTAINER_RUNGS)
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"):
        return [Finding(name, False, "cannot be tried here: needs root, unshare and setpriv")]
    hidden = [path for path in namespaces.shown() if str(path).startswith(OPEN_FOLDERS)]
    if hidden:
        return [Finding(name, False, f"cannot be tried here: {hidden[0]} would be hidden")]
    script = CONTAINER.format(
        folders=" ".join(OPEN_FOLDERS), capabilities=",+".join(CONTAINER_CAPABILITIES)
    )
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
    command += [sys.executable, "-P", "-m", "autograder.doctor", *map(str, private)]
    paths = os.pathsep.join(map(str, surroundings.import_paths()))
    try:
        done = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True,
            timeout=CONTAINER_SECONDS, check=True,
        )  # fmt: skip
        return [Finding(**finding) for finding in json.loads(done.stdout)]
    except subprocess.CalledProcessError as error:
        last = error.stderr.strip().splitlines()[-1:] or [f"status {error.returncode}"]
        return [Finding(name, False, f"cannot be tried here: {last[0]}")]
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return [Finding(name, False, f"cannot be tried here: {error}")]


def show(report: Report, console: Console) -> None:
    """Print a report as tables."""
    machine = Table(title="This machine", show_header=False)
    for name, value in report.machine.items():
        machine.add_row(name, escape(value))
    console.print(machine)
    console.print(_table("Layers", "layer", report.layers))
    console.print(_table("Rungs, each attacked", "rung", report.rungs))
    console.print(_table("In a container like Gradescope's", "rung", report.container))
    console.print(
        "There, root has no namespaces and few capabilities. Whether landlock is allowed depends "
        "on the container engine (Docker 20.10.18 or newer allows it); without it the last rung is "
        "what remains."
    )
    if report.chosen:
        console.print(f"Grading here would use: [bold]{escape(report.chosen)}[/bold]")
    else:
        console.print("Nothing confines students' code here. Grading would refuse to start.")


def _table(title: str, first: str, findings: Sequence[Finding]) -> Table:
    table = Table(first, "holds", "what was found", "what would change it", title=title)
    for finding in findings:
        sign = "[green]yes[/green]" if finding.holds else "[red]no[/red]"
        table.add_row(finding.name, sign, escape(finding.why), escape(finding.hint))
    return table


if __name__ == "__main__":
    print(json.dumps([asdict(found) for found in _climb(
        CONTAINER_RUNGS, [Path(path) for path in sys.argv[1:]], lambda text: None
    )]))  # fmt: skip
