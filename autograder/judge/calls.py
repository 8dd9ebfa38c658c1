"""Which system calls a child may make: a seccomp filter from a list of allowed ones.

Names are resolved by libseccomp, so one list serves x86-64, where the C library still makes old
calls such as `open` and `stat`, and arm64, which has only their newer forms. Calls that an
architecture does not have, or that libseccomp does not know yet, are left out. Every other call is
refused with EPERM, and so is every call made in the way of another architecture (32-bit, or x32 on
x86-64).
"""

from __future__ import annotations

import ctypes.util
import errno
from functools import cache
from typing import Any

ALLOWED = """
access arch_prctl brk chdir close close_range creat dup dup2 dup3 epoll_create epoll_create1
epoll_ctl epoll_pwait epoll_wait eventfd eventfd2 exit exit_group faccessat faccessat2 fchdir fstat
ftruncate getcpu getcwd getdents getdents64 getegid geteuid getgid getgroups getitimer getpgrp
getpid getppid getrandom getresgid getresuid getrlimit gettid gettimeofday getuid lstat mkdir
mkdirat mprotect mremap munmap nanosleep newfstatat open openat poll ppoll pread64 preadv
pselect6 pwrite64 pwritev read readlink readlinkat readv rename renameat renameat2 restart_syscall
rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigreturn rt_sigtimedwait
sched_get_priority_max sched_get_priority_min sched_yield select set_robust_list set_tid_address
setitimer sigaltstack stat symlink symlinkat time times umask uname unlink unlinkat wait4 waitid
write writev
""".split()
# Not made, and said to have succeeded: a scratch folder that is soon thrown away misses nothing of
# what they do, but another process could see it, or how long it took. What `getrusage` would tell
# is how often the disk was waited for, hence what others have read; whoever asks gets noise.
PRETENDED = "fadvise64 fdatasync flock fsync getrusage msync readahead".split()
# Metadata of files (chmod, utimes) is beyond landlock, hence not in the list; nor is fallocate: it
# would claim gigabytes of disk before the scratch folder is next looked at; nor pipe: pipes are
# numbered in turn, for the whole machine, and show their numbers. The calls below are
# allowed with some arguments only: others would reach other processes, tell of them, or undo a
# limit. docs/isolation.md goes through what all of them could tell.
CLONE_THREAD = 0x00010000
# New namespaces of mounts, cgroups, names, messages, users, processes, networks.
CLONE_NEW = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
FUTEX_PRIVATE = 128
HUGE_PAGES = 0x40000  # of mmap: from a pool of the whole machine, which can be empty
MOUNTS_SO_FAR = 0x4000  # asked of statx: a number that each mount is given in turn
OWN = (0,)  # as the number of a process
CLOCKS = (*range(8), 11)  # of the machine and of the caller; negative ones are of other processes
CHOICES: dict[str, tuple[int, tuple[int, ...]]] = {  # which argument must be one of which values
    "clock_getres": (0, CLOCKS),
    "clock_gettime": (0, CLOCKS),
    "clock_nanosleep": (0, CLOCKS),
    "fcntl": (1, (0, 1, 2, 3, 4, 1030)),  # duplicate, flags
    "getpgid": (0, OWN),
    "getpriority": (1, OWN),
    "getsid": (0, OWN),
    "ioctl": (1, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),  # TCGETS, ..., FIOCLEX
    "lseek": (2, (0, 1, 2)),  # not to holes: where they are can depend on what is in memory
    "madvise": (2, (0, 1, 2, 4, 8, 10, 11, 14, 15, 16, 17)),  # none that reads or evicts a file
    "prctl": (0, (15, 16)),  # set and get the thread's name
    "preadv2": (5, (0,)),  # no flags: one of them tells whether a file is in memory
    "pwritev2": (5, (0,)),
    "sched_getaffinity": (0, OWN),
    "sched_getattr": (0, OWN),
    "sched_getparam": (0, OWN),
    "sched_getscheduler": (0, OWN),
}
ONE_BY_ONE = "clone clone3 futex mmap prlimit64 statx".split()  # see `build`
LOCKS = (6, 7)  # of fcntl: F_SETLK and F_SETLKW


@cache
def library() -> Any:
    """The module `pyseccomp`, also where there is no `ldconfig` to tell it libseccomp's name.

    Raises:
        ImportError, OSError: it, or libseccomp, is not installed.
    """
    find = ctypes.util.find_library
    names = {"seccomp": "libseccomp.so.2"}
    setattr(ctypes.util, "find_library", lambda name: names.get(name) or find(name))  # noqa: B010
    try:
        import pyseccomp
    finally:
        setattr(ctypes.util, "find_library", find)  # noqa: B010
    return pyseccomp


@cache
def call_filter() -> Any:
    """The filter for this machine, made once in the zygote and loaded by every child."""
    return build()


def build(architecture: int | None = None) -> Any:
    """A `pyseccomp.SyscallFilter`, for this machine or for another `pyseccomp.Arch`.

    Raises:
        ImportError, OSError: pyseccomp or libseccomp is not installed.
    """
    seccomp = library()
    refused = seccomp.ERRNO(errno.EPERM)
    rules = seccomp.SyscallFilter(refused)
    rules.set_attr(seccomp.Attr.ACT_BADARCH, refused)
    if architecture is not None and architecture != seccomp.system_arch():
        rules.add_arch(architecture)
        rules.remove_arch(seccomp.Arch.NATIVE)
    for call in (*ALLOWED, *PRETENDED):
        if seccomp.resolve_syscall(architecture or seccomp.Arch.NATIVE, call) >= 0:
            rules.add_rule(seccomp.ALLOW if call in ALLOWED else seccomp.ERRNO(0), call)
    for call, (place, values) in CHOICES.items():
        for value in values:
            rules.add_rule(seccomp.ALLOW, call, seccomp.Arg(place, seccomp.EQ, value))
    for command in LOCKS:
        rules.add_rule(seccomp.ERRNO(0), "fcntl", seccomp.Arg(1, seccomp.EQ, command))
    threads = seccomp.Arg(0, seccomp.MASKED_EQ, CLONE_THREAD | CLONE_NEW, CLONE_THREAD)
    rules.add_rule(seccomp.ALLOW, "clone", threads)
    # glibc tries clone3 first and takes ENOSYS, but not EPERM, as the sign to fall back to clone,
    # whose flags a filter can read.
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    # As pthread_getattr_np asks by the thread's number, and makes do without an answer.
    others = seccomp.Arg(0, seccomp.NE, 0)
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "sched_getaffinity", others)
    common = seccomp.Arg(3, seccomp.MASKED_EQ, HUGE_PAGES, 0)
    rules.add_rule(seccomp.ALLOW, "mmap", common)
    uncounted = seccomp.Arg(3, seccomp.MASKED_EQ, MOUNTS_SO_FAR, 0)
    rules.add_rule(seccomp.ALLOW, "statx", uncounted)
    # Two processes meet at a futex in a file that both have mapped. The C library, whose own are
    # not marked as private where it waits for a thread's end, tries again after EAGAIN.
    private = seccomp.Arg(1, seccomp.MASKED_EQ, FUTEX_PRIVATE, FUTEX_PRIVATE)
    rules.add_rule(seccomp.ALLOW, "futex", private)
    shared = seccomp.Arg(1, seccomp.MASKED_EQ, FUTEX_PRIVATE, 0)
    rules.add_rule(seccomp.ERRNO(errno.EAGAIN), "futex", shared)
    # The child's own limits may be asked for, not set: root could raise them.
    own, nothing = seccomp.Arg(0, seccomp.EQ, 0), seccomp.Arg(2, seccomp.EQ, 0)
    rules.add_rule(seccomp.ALLOW, "prlimit64", own, nothing)
    return rules
