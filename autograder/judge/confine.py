"""What a child gives up before it runs a student's file.

Layers, each a promise that `escape` tests:

* `namespaces`: nothing else is there to be seen; the zygote was started so (`namespaces`).
* `landlock`: files. Read the Python installation and the student's own staged files, write the
  task's scratch folder, nothing else; no TCP, no signals to processes outside.
* `seccomp`: system calls, from a list of allowed ones (`calls`). No sockets, no new processes, no
  exec, no shared memory that outlives the process, no signals, no tracing.
* `uid`: another user than the parent and than other slots (`users`), when the parent is root.
* numbers of processes and a scratch folder of its own, where the zygote may make them (`apart`).
* resource limits, always: memory, processor time, file size, open files, no core dumps.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.judge import apart
from autograder.judge.calls import call_filter

# Those in namespaces come first: a zygote is in them from its start or never.
RUNGS: tuple[tuple[str, ...], ...] = (
    ("namespaces", "landlock", "seccomp", "uid"),
    ("namespaces", "landlock", "seccomp"),
    ("namespaces", "seccomp", "uid"),
    ("landlock", "seccomp", "uid"),
    ("landlock", "seccomp"),
    ("seccomp", "uid"),
)
CONFINEMENT_FAILED = 97  # exit status that tells the parent: nothing of the student's was run
MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Bounds of one child, and of all children of one submission together.

    Attributes:
        memory_mib: what it may take on top of the zygote's own size.
        cpu_seconds: processor time; wall time is bounded by the parent.
        file_mib: size of any one file it writes, and of its scratch folder altogether.
        open_files: number of open descriptors.
        threads: how many it may start.
        submission_seconds: of all that is run of one submission, waiting for a processor aside.
        submission_cpu_seconds: processor time of that, so that threads make it no longer.
    """

    memory_mib: int = 1024
    cpu_seconds: int = 20
    file_mib: int = 16
    open_files: int = 64
    threads: int = 64
    submission_seconds: float = 120.0
    submission_cpu_seconds: float = 120.0


def die_with_parent() -> None:
    """Ask the kernel to end this process when the one that started it ends."""
    import pyprctl

    pyprctl.set_pdeathsig(signal.SIGKILL)


def readable_names() -> tuple[Path, ...]:
    """What Python, torch and matplotlib may read: installations, no user's files.

    Under the names by which they are asked for, links included.
    """
    names = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()}
    # A user's own packages, and those that a .pth file of the installation adds; not every folder
    # on the path, because an editable installation of the kit adds the one with the answers.
    names |= {name for name in sys.path if Path(name).name in ("site-packages", "dist-packages")}
    names |= set(filter(os.path.isabs, os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)))
    names |= {"/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/usr/share/fonts"}
    names |= {"/usr/share/zoneinfo", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts"}
    names |= {"/dev/urandom", "/dev/zero"}
    # How many there are, for `os.cpu_count`; the files beside these tell how busy they are.
    names |= {f"/sys/devices/system/cpu/{name}" for name in ("online", "possible", "present")}
    return tuple(sorted(Path(name) for name in names if os.path.exists(name)))


def readable_paths(extra: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """The same with links followed, and more."""
    paths = {path.resolve() for path in (*readable_names(), *extra)}
    return tuple(sorted(path for path in paths if os.path.exists(path)))


def set_limits(limits: Limits, size: int, threads_so_far: int) -> None:
    """Resource limits; they cannot be raised again.

    Args:
        size: of the process as it is, in bytes: it may grow by the memory of the limits.
        threads_so_far: of the user that the child is or becomes: the kernel counts all of them.
    """
    bounds = {
        resource.RLIMIT_AS: size + limits.memory_mib * MIB,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: limits.file_mib * MIB,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: threads_so_far + limits.threads,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_STACK: 8 * MIB,
    }
    for kind, bound in bounds.items():
        _, most = resource.getrlimit(kind)
        bound = bound if most == resource.RLIM_INFINITY else min(bound, most)
        resource.setrlimit(kind, (bound, bound))


def own_size() -> int:
    """The address space of this process, in bytes."""
    with apart.own_file("statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _threads_of(user: int) -> int:
    """How many threads a user has, with room for those that come and go beside the grader."""
    count = 0
    for process in filter(str.isdecimal, os.listdir(apart.proc())):
        with contextlib.suppress(OSError):
            threads = os.stat(f"{process}/task", dir_fd=apart.proc())
            count += threads.st_nlink - 2 if threads.st_uid == user else 0
    return count + 1000


def be_first_to_go() -> None:
    """Under memory pressure the kernel shall end the child, not the parent that holds scores."""
    try:
        with apart.own_file("oom_score_adj", "w") as file:
            file.write("1000")
    except OSError:
        pass


class Confinement:
    """Layers made ready in the zygote, so that a child has only to put them on.

    Args:
        layers: names from `RUNGS`.
        limits: bounds of each child.
        uid: the user id of this slot's children, with the layer `uid`.
        scratch: the one folder that may be written, if any.
        readable: what may be read, the folder of the student's files included.

    Raises:
        OSError, ImportError: this machine lacks a layer.
    """

    def __init__(
        self, layers: tuple[str, ...], limits: Limits, uid: int, scratch: Path | None,
        readable: tuple[Path, ...],
    ) -> None:  # fmt: skip
        self.layers, self.limits, self.uid = layers, limits, uid
        self.zygote = os.getpid()
        self.size = own_size()  # of now, lest a child be told how the zygote has grown by others
        self._pidfd = os.pidfd_open(self.zygote)
        self.nest: apart.Nest | None = None
        user = uid if "uid" in layers else os.geteuid()
        if scratch and len(layers) > 1 and user:  # a layer alone is for tests of that layer
            with contextlib.suppress(OSError):
                self.nest = apart.Nest(scratch, user, limits.file_mib)
        # Rules are about folders, not about what covers them, so here about the one around it,
        # which only the grader may write.
        place = scratch.parent if scratch and self.nest else scratch
        self.rules = _file_rules(place, readable) if "landlock" in layers else None
        self.capabilities = reading_only() if {"landlock", "uid"} <= set(layers) else None
        # Only this slot's children have its user id, and they run one at a time.
        self.threads = 0 if "uid" in layers else _threads_of(os.getuid())
        if "seccomp" in layers:
            call_filter()

    def fork(self) -> tuple[int, list[int]]:
        """Like `os.fork`, for a child that is to be confined; with its own scratch folder if any.

        After its end comes `clear`.
        """
        if self.nest is None:
            return os.fork(), []
        pid, folder = self.nest.fork()
        return pid, [folder]

    def clear(self) -> None:
        """Take away what the last child had of its own."""
        if self.nest is not None:
            self.nest.clear()

    def apply(self) -> None:
        """Give up rights for good, in the only order in which it can be done.

        Raises:
            OSError: the kernel refused a layer; then nothing of the student's may run.
        """
        be_first_to_go()
        set_limits(self.limits, self.size, self.threads)
        if "uid" in self.layers:
            self._become()
        elif "namespaces" in self.layers:
            _drop_capabilities()
        die_with_parent()  # after the change of user, which would undo it
        if select.select([self._pidfd], [], [], 0)[0]:
            raise OSError("the zygote has ended")  # before its end could end this process
        if self.rules is not None:
            self.rules.restrict()
        if "seccomp" in self.layers:
            call_filter().load()

    def _become(self) -> None:
        """Turn into another user without any capability but, under landlock, that of reading.

        Python may be installed where only root can look (below /root). Landlock decides what may
        be read, so the file permissions need not.
        """
        import pyprctl

        pyprctl.set_keepcaps(self.capabilities is not None)
        os.setgroups([])
        os.setresgid(self.uid, self.uid, self.uid)
        os.setresuid(self.uid, self.uid, self.uid)
        if self.capabilities is not None:
            self.capabilities.set_current()

    def close(self) -> None:
        """Drop what was made ready."""
        os.close(self._pidfd)
        if self.nest is not None:
            self.nest.close()
        if self.rules is not None:
            self.rules.close()


def _drop_capabilities() -> None:
    """Those that the zygote has in a user namespace of its own."""
    import pyprctl

    pyprctl.CapState().set_current()


def reading_only() -> Any:
    """The capability to read whatever file permissions say; None where root has not got it."""
    import pyprctl

    kept = {pyprctl.Cap.DAC_READ_SEARCH}
    if not kept <= pyprctl.CapState.get_current().permitted:
        return None  # in containers of Docker's, say
    return pyprctl.CapState(effective=kept, permitted=kept, inheritable=set())


def _file_rules(scratch: Path | None, readable: tuple[Path, ...]) -> Any:
    from landlockpy import AccessFS, Ruleset, Scope

    read_file = AccessFS.READ_FILE | AccessFS.EXECUTE
    read = read_file | AccessFS.READ_DIR
    scratch_rights = (
        read | AccessFS.WRITE_FILE | AccessFS.TRUNCATE | AccessFS.MAKE_REG | AccessFS.MAKE_DIR
        | AccessFS.MAKE_SYM | AccessFS.REMOVE_FILE | AccessFS.REMOVE_DIR | AccessFS.REFER
    )  # fmt: skip
    rules = Ruleset(scoped=Scope.ABSTRACT_UNIX_SOCKET | Scope.SIGNAL)
    for path in readable:
        rules.allow_path(path, read if path.is_dir() else read_file)
    rules.allow_path("/dev/null", AccessFS.READ_FILE | AccessFS.WRITE_FILE)
    if scratch is not None:
        rules.allow_path(scratch, scratch_rights)
    return rules
