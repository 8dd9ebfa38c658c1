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
access arch_prctl brk chdir clock_getres clock_gettime clock_nanosleep close close_range creat dup
dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd eventfd2 exit
exit_group faccessat faccessat2 fadvise64 fchdir fdatasync flock fstat fstatfs fsync
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

# Metadata of files (chmod, utimes) is beyond landlock, hence not in the list; nor is fallocate: it
# would claim gigabytes of disk before the scratch folder is next looked at. The calls below are
# allowed with some arguments only: others would reach other processes or undo a limit.
CLONE_THREAD = 0x00010000
# New namespaces of mounts, cgroups, names, messages, users, processes, networks.
CLONE_NEW = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
HARMLESS_FCNTLS = (0, 1, 2, 3, 4, 5, 6, 7, 1030, 1032)  # duplicate, flags, locks, pipe size
HARMLESS_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS, ..., FIOCLEX
HARMLESS_PRCTLS = (15, 16)  # set and get the thread's name


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
    for call in ALLOWED:
        if seccomp.resolve_syscall(architecture or seccomp.Arch.NATIVE, call) >= 0:
            rules.add_rule(seccomp.ALLOW, call)
    threads = seccomp.Arg(0, seccomp.MASKED_EQ, CLONE_THREAD | CLONE_NEW, CLONE_THREAD)
    rules.add_rule(seccomp.ALLOW, "clone", threads)
    # glibc tries clone3 first and takes ENOSYS, but not EPERM, as the sign to fall back to clone,
    # whose flags a filter can read.
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    for request in HARMLESS_IOCTLS:
        rules.add_rule(seccomp.ALLOW, "ioctl", seccomp.Arg(1, seccomp.EQ, request))
    for option in HARMLESS_PRCTLS:
        rules.add_rule(seccomp.ALLOW, "prctl", seccomp.Arg(0, seccomp.EQ, option))
    for command in HARMLESS_FCNTLS:
        rules.add_rule(seccomp.ALLOW, "fcntl", seccomp.Arg(1, seccomp.EQ, command))
    # The child's own limits may be asked for, not set: root could raise them.
    own, nothing = seccomp.Arg(0, seccomp.EQ, 0), seccomp.Arg(2, seccomp.EQ, 0)
    rules.add_rule(seccomp.ALLOW, "prlimit64", own, nothing)
    return rules
