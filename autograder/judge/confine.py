"""What a child gives up before it runs a student's file.

Layers, each a promise that `escape` tests:

* `landlock`: files. Read the Python installation and the student's own staged files, write the
  task's scratch folder, nothing else; no TCP, no signals to processes outside.
* `seccomp`: system calls, from a list of allowed ones. No sockets, no new processes, no exec, no
  shared memory that outlives the process, no signals, no tracing.
* `uid`: another user than the parent, when the parent is root.
* resource limits, always: memory, processor time, file size, open files, no core dumps.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

RUNGS: tuple[tuple[str, ...], ...] = (
    ("landlock", "seccomp", "uid"),
    ("landlock", "seccomp"),
    ("seccomp", "uid"),
)
CONFINEMENT_FAILED = 97  # exit status that tells the parent: nothing of the student's was run
MIB = 1 << 20
SLOT_UID = 61_000  # plus the number of the slot; no such user needs to exist


@dataclass(frozen=True)
class Limits:
    """Bounds of one child.

    Attributes:
        memory_mib: what it may take on top of the zygote's own size.
        cpu_seconds: processor time; wall time is bounded by the parent.
        file_mib: size of any one file it writes, and of its scratch folder altogether.
        open_files: number of open descriptors.
        threads: how many it may start.
    """

    memory_mib: int = 1024
    cpu_seconds: int = 20
    file_mib: int = 16
    open_files: int = 64
    threads: int = 64


ALLOWED_CALLS = """
access arch_prctl brk chdir clock_getres clock_gettime clock_nanosleep close close_range creat dup
dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd eventfd2 exit
exit_group faccessat faccessat2 fadvise64 fallocate fchdir fdatasync flock fstat fstatfs fsync
ftruncate futex futex_waitv get_mempolicy get_robust_list getcpu getcwd getdents getdents64 getegid
geteuid getgid getgroups getitimer getpgid getpgrp getpid getppid getpriority getrandom getresgid
getresuid getrlimit getrusage getsid gettid gettimeofday getuid lseek lstat madvise membarrier
mincore mkdir mkdirat mlock mlock2 mmap mprotect mremap msync munlock munmap nanosleep newfstatat
open openat openat2 pipe pipe2 poll ppoll pread64 preadv preadv2 pselect6 pwrite64 pwritev pwritev2
read readahead readlink readlinkat readv rename renameat renameat2 restart_syscall rmdir rseq
rt_sigaction rt_sigpending rt_sigprocmask rt_sigreturn rt_sigtimedwait sched_get_priority_max
sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
sched_yield select set_robust_list set_tid_address setitimer sigaltstack stat statfs statx symlink
symlinkat sysinfo time times umask uname unlink unlinkat wait4 waitid write writev
""".split()

CLONE_THREAD = 0x00010000
# Metadata of files (chmod, utimes) is beyond landlock, hence not in the list. Calls below are
# allowed with some arguments only: others would reach other processes.
HARMLESS_FCNTLS = (0, 1, 2, 3, 4, 5, 6, 7, 1030, 1032)  # duplicate, flags, locks, pipe size
HARMLESS_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS, ..., FIOCLEX
HARMLESS_PRCTLS = (3, 4, 15, 16)  # get and set dumpable and the thread's name


@cache
def call_filter() -> Any:
    """The seccomp filter, made once in the zygote and loaded by every child."""
    import pyseccomp as seccomp

    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for call in ALLOWED_CALLS:
        try:
            rules.add_rule(seccomp.ALLOW, call)
        except (OSError, ValueError, RuntimeError):
            continue  # this processor architecture has no such call
    masked = seccomp.Arg(0, seccomp.MASKED_EQ, CLONE_THREAD, CLONE_THREAD)
    rules.add_rule(seccomp.ALLOW, "clone", masked)
    # glibc tries clone3 first and takes ENOSYS, but not EPERM, as the sign to fall back to clone,
    # whose flags a filter can read.
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    for request in HARMLESS_IOCTLS:
        rules.add_rule(seccomp.ALLOW, "ioctl", seccomp.Arg(1, seccomp.EQ, request))
    for option in HARMLESS_PRCTLS:
        rules.add_rule(seccomp.ALLOW, "prctl", seccomp.Arg(0, seccomp.EQ, option))
    for command in HARMLESS_FCNTLS:
        rules.add_rule(seccomp.ALLOW, "fcntl", seccomp.Arg(1, seccomp.EQ, command))
    rules.add_rule(seccomp.ALLOW, "prlimit64", seccomp.Arg(0, seccomp.EQ, 0))
    return rules


def die_with_parent() -> None:
    """Ask the kernel to end this process when the one that started it ends."""
    import pyprctl

    pyprctl.set_pdeathsig(signal.SIGKILL)


def readable_paths(extra: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """What Python, torch and matplotlib may read: installations, no user's files."""
    names = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()}
    names |= {"/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/usr/share/fonts"}
    names |= {"/usr/share/zoneinfo", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts"}
    names |= {"/dev/urandom", "/dev/zero", "/proc/cpuinfo", "/proc/meminfo"}
    names |= {"/sys/devices/system/cpu"}
    paths = {Path(name).resolve() for name in names}
    return tuple(sorted(path for path in {*paths, *extra} if path.exists()))


def set_limits(limits: Limits, threads_so_far: int) -> None:
    """Resource limits; they cannot be raised again.

    Args:
        threads_so_far: of the user that the child is or becomes: the kernel counts all of them.
    """
    size = _own_size()
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
        resource.setrlimit(kind, (bound, bound))


def _own_size() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _threads_of(user: int) -> int:
    """How many threads a user has, with room for those that come and go beside the grader."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.stat().st_uid == user:
                count += len(os.listdir(process / "task"))
    return count + 1000


def be_first_to_go() -> None:
    """Under memory pressure the kernel shall end the child, not the parent that holds scores."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    except OSError:
        pass


class Confinement:
    """Layers made ready in the zygote, so that a child has only to put them on.

    Args:
        layers: names from `RUNGS`.
        limits: bounds of each child.
        slot: number of the worker; each has a user id of its own.
        staged: folder of the student's files, read only. The same folder for every submission.
        scratch: the one folder that may be written.
        readable: what else may be read.

    Raises:
        OSError, ImportError: this machine lacks a layer.
    """

    def __init__(
        self, layers: tuple[str, ...], limits: Limits, slot: int, staged: Path, scratch: Path,
        readable: tuple[Path, ...],
    ) -> None:  # fmt: skip
        self.layers, self.limits, self.uid = layers, limits, SLOT_UID + slot
        self.rules = _file_rules(staged, scratch, readable) if "landlock" in layers else None
        self.capabilities = _reading_only() if {"landlock", "uid"} <= set(layers) else None
        # Only this slot's children have its user id, and they run one at a time.
        self.threads = 0 if "uid" in layers else _threads_of(os.getuid())
        if "seccomp" in layers:
            call_filter()

    def apply(self) -> None:
        """Give up rights for good, in the only order in which it can be done.

        Raises:
            OSError: the kernel refused a layer; then nothing of the student's may run.
        """
        be_first_to_go()
        set_limits(self.limits, self.threads)
        if "uid" in self.layers:
            self._become()
        die_with_parent()  # after the change of user, which would undo it
        if self.rules is not None:
            self.rules.restrict()
        if "seccomp" in self.layers:
            call_filter().load()

    def _become(self) -> None:
        """Turn into another user without any capability but, under landlock, that of reading.

        Python may be installed where only root can look (below /root). Landlock decides there what
        may be read, so the file permissions need not.
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
        if self.rules is not None:
            self.rules.close()


def _reading_only() -> Any:
    import pyprctl

    kept = {pyprctl.Cap.DAC_READ_SEARCH}
    return pyprctl.CapState(effective=kept, permitted=kept, inheritable=set())


def _file_rules(staged: Path, scratch: Path, readable: tuple[Path, ...]) -> Any:
    from landlockpy import AccessFS, Ruleset, Scope

    read_file = AccessFS.READ_FILE | AccessFS.EXECUTE
    read = read_file | AccessFS.READ_DIR
    scratch_rights = (
        read | AccessFS.WRITE_FILE | AccessFS.TRUNCATE | AccessFS.MAKE_REG | AccessFS.MAKE_DIR
        | AccessFS.MAKE_SYM | AccessFS.REMOVE_FILE | AccessFS.REMOVE_DIR | AccessFS.REFER
    )  # fmt: skip
    rules = Ruleset(scoped=Scope.ABSTRACT_UNIX_SOCKET | Scope.SIGNAL)
    for path in (staged, *readable):
        rules.allow_path(path, read if path.is_dir() else read_file)
    rules.allow_path("/dev/null", AccessFS.READ_FILE | AccessFS.WRITE_FILE)
    rules.allow_path(scratch, scratch_rights)
    return rules
