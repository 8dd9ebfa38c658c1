"""Starts the zygote in namespaces of its own, with bubblewrap.

In there it and its children see no network but an empty one, no process but themselves, and an
empty root that holds the Python installation and the provided code, read only, and the folder of
this grader's slots. Nothing of it costs a child anything: it is the zygote that is enclosed, once.
Descriptors pass between parent and zygote all the same, and the parent can signal children by
their pidfds; but the numbers of processes mean something else on the two sides.

As root, bubblewrap needs no user namespace, and the zygote keeps just the capabilities that it
needs to make children of other users. Anybody else gets a user namespace with one user in it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from autograder.judge import surroundings
from autograder.judge.confine import readable_names

# To become another user, to read Python where only root may look, for the kernel to end children
# when their zygote ends, as that signal counts as sent by the zygote, and for `apart`.
CAPABILITIES = ("CAP_SETUID", "CAP_SETGID", "CAP_DAC_READ_SEARCH", "CAP_KILL", "CAP_SYS_ADMIN")
DEVICES = ("null", "zero", "full", "random", "urandom")
# Without it the C library asks for no huge pages, and they are slow to gather afterwards.
HUGE_PAGES = [
    Path("/sys/kernel/mm/transparent_hugepage") / name for name in ("enabled", "hpage_pmd_size")
]
PROBE_SECONDS = 10.0


class NoNamespaces(Exception):
    """There is no bubblewrap, or it does not work here; the message says why."""


def command(folder: Path, device: str = "cpu") -> list[str]:
    """What to put before a command so that it runs enclosed.

    Args:
        folder: the one folder that may be written, beside the cache of fonts.
        device: where probes run; the devices of GPUs are there only for `cuda`.

    Raises:
        NoNamespaces: bubblewrap is not installed.
    """
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise NoNamespaces("bubblewrap (the program bwrap) is not installed")
    words = [bwrap, "--die-with-parent", "--new-session", "--as-pid-1"]
    words += ["--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    words += ["--unshare-cgroup-try", "--hostname", "sandbox"]
    if os.geteuid() == 0:
        words += ["--cap-drop", "ALL"]
        words += [word for name in CAPABILITIES for word in ("--cap-add", name)]
    else:
        words += ["--unshare-user", "--cap-add", "CAP_SYS_ADMIN"]
    places = shown()
    devices = _devices(device)
    fonts = [path for path in (surroundings.font_cache(),) if path]
    # Folders on the way would otherwise be open to their owner alone.
    ways = {way for path in (*places, *devices, *fonts, folder) for way in path.parents}
    words += [word for way in sorted(ways - {Path("/")}) for word in ("--dir", str(way))]
    for path, source in places.items():
        words += ["--ro-bind", str(source), str(path)]
    words += ["--proc", "/proc"]
    for path in devices:
        words += ["--dev-bind", str(path), str(path)]
    for path in (*fonts, folder):
        words += ["--bind", str(path), str(path)]
    return [*words, "--remount-ro", "/", "--"]


def shown() -> dict[Path, Path]:
    """What is shown read only, by where it is shown: code, but neither devices nor processes."""
    code = (*readable_names(), *surroundings.packages(), Path(sys.executable))
    return _places((*code, *HUGE_PAGES))


def _devices(device: str) -> list[Path]:
    paths = [Path("/dev") / name for name in DEVICES]
    if device.startswith("cuda"):
        paths += sorted(Path("/dev").glob("nvidia*"))
    return paths


def _places(names: Iterable[Path]) -> dict[Path, Path]:
    """What to show where: every path both under its own name and where its links lead.

    What lies below another place is shown with that; devices and processes come from elsewhere.
    """
    wanted = {path for name in names for path in (name.absolute(), name.resolve())}
    wanted = {path for path in wanted if path.parts[1] not in ("dev", "proc")}
    wanted = set(filter(os.path.exists, wanted))
    tops = (path for path in sorted(wanted) if not wanted.intersection(path.parents))
    return {path: path.resolve() for path in tops}


def problem(folder: Path) -> str:
    """Why a process cannot be enclosed here; empty if it can."""
    try:
        probe = [*command(folder), sys.executable, "-I", "-S", "-c", ""]
        done = subprocess.run(probe, capture_output=True, timeout=PROBE_SECONDS, check=False)
    except (NoNamespaces, OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return said[-1] if said else f"bubblewrap ended with status {done.returncode}"
