"""System calls that must not reach the kernel, for `escape` to try.

Each is made with arguments that make no sense, which no kernel acts on. The filter refuses the call
itself with EPERM; any other error means that the kernel looked at the arguments.
"""

from __future__ import annotations

import ctypes
import errno
import platform
from collections.abc import Callable, Iterator
from functools import partial

from autograder.judge.calls import library

NAMES = """
acct add_key adjtimex bpf cachestat capset chmod chown chroot clock_settime connect copy_file_range
delete_module execve execveat fallocate fanotify_init fchmod fchmodat fchown fchownat finit_module
fsconfig fsmount fsopen fspick fstatfs futex_waitv get_mempolicy get_robust_list getpeername
init_module inotify_init1 io_destroy io_setup io_submit io_uring_enter io_uring_register
io_uring_setup ioperm iopl ioprio_get ioprio_set kcmp kexec_file_load kexec_load keyctl
landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown link linkat listen
lookup_dcookie mbind membarrier memfd_create memfd_secret migrate_pages mincore mknod mknodat mlock
mlock2 mlockall mount mount_setattr move_mount move_pages mq_open msgsnd name_to_handle_at
open_by_handle_at open_tree openat2 perf_event_open personality pidfd_getfd pidfd_open
pidfd_send_signal pipe pipe2 pivot_root process_madvise process_mrelease process_vm_readv
process_vm_writev ptrace quotactl reboot recvmsg remap_file_pages request_key rt_sigqueueinfo
rt_tgsigqueueinfo sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam
sched_setscheduler seccomp semget sendfile sendmmsg sendmsg sendto set_mempolicy setdomainname
setfsuid setgroups sethostname setns setpgid setpriority setresgid setresuid setrlimit setxattr
shmat socket socketpair splice statfs swapoff swapon sync_file_range syncfs sysinfo syslog tee
tgkill timer_create timerfd_create tkill truncate umount2 unshare userfaultfd utimensat vmsplice
""".split()
REFUSALS = (errno.EPERM, errno.ENOSYS)
NONSENSE = (-1,) * 6

CLONE_THREAD = 0x10000 | 0x800 | 0x100  # with what the kernel wants beside it
CPU_CLOCK_OF_1 = ~1 << 3 | 2  # as the kernel names the processor time of process 1
# Calls that are allowed with some arguments, with others.
WITH_ARGUMENTS: dict[str, tuple[str, tuple[int, ...]]] = {
    "start a thread of another user": ("clone", (CLONE_THREAD | 0x1000_0000,)),
    "type into a terminal": ("ioctl", (0, 0x5412, -1)),
    "have somebody signalled": ("fcntl", (0, 8, -1)),
    "watch a folder": ("fcntl", (0, 1026, -1)),
    "ask who holds a lock": ("fcntl", (0, 5, -1)),
    "lock a part of an open file": ("fcntl", (0, 37, -1)),
    "hold a lease": ("fcntl", (0, 1024, 0)),
    "ask for the size of a pipe": ("fcntl", (0, 1032, 0)),
    "outlive the zygote": ("prctl", (1, 0, 0, 0, 0)),
    "be traced by others": ("prctl", (0x59616D61, 0, 0, 0, 0)),
    "set a limit": ("prlimit64", (0, 4, -1, 0)),
    "ask for another's limits": ("prlimit64", (1, 4, 0, -1)),
    "ask for another's processor time": ("clock_gettime", (CPU_CLOCK_OF_1, -1)),
    "wait for another's processor time": ("clock_nanosleep", (CPU_CLOCK_OF_1, 0, -1, 0)),
    "ask for another's priority": ("getpriority", (0, 1)),
    "ask for another's group": ("getpgid", (1,)),
    "ask for another's session": ("getsid", (1,)),
    "ask for another's processors": ("sched_getaffinity", (1, 128, -1)),
    "ask for another's scheduling": ("sched_getscheduler", (1,)),
    "ask whether a page is in memory": ("preadv2", (0, -1, 1, 0, 0, 8)),
    "write so that it can be seen": ("pwritev2", (0, -1, 1, 0, 0, 2)),
    "ask how many mounts there were": ("statx", (-100, 0, 0, 0x4000, -1)),
    "look for a hole in a file": ("lseek", (0, 0, 4)),
    "take a page of the machine's pool": ("mmap", (0, 1 << 21, 3, 0x40022, -1, 0)),
    "throw a page out of memory": ("madvise", (0, 4096, 21)),
    "read a page ahead": ("madvise", (0, 4096, 3)),
    "fault a page in": ("madvise", (0, 4096, 22)),
    "merge equal pages": ("madvise", (0, 4096, 12)),
}
# Calls that are not made: said to have succeeded, or, of futexes, to have come too late.
PRETENDED: dict[str, tuple[str, tuple[int, ...]]] = {
    "say which pages to keep": ("fadvise64", NONSENSE),
    "read a file ahead": ("readahead", NONSENSE),
    "lock a file": ("flock", (-1, 2)),
    "lock a part of a file": ("fcntl", (0, 6, -1)),
    "wait for a lock": ("fcntl", (0, 7, -1)),
    "wait for the disk": ("fsync", NONSENSE),
    "wait for a file's data": ("fdatasync", NONSENSE),
    "wait for a mapped file": ("msync", NONSENSE),
    "count waits for the disk": ("getrusage", NONSENSE),
    "wake who waits at a shared page": ("futex", (-1, 1, 1)),
}
PRETENCES = (0, errno.EAGAIN)
X32 = 0x4000_0000
X32_GETPID = X32 | 39


def attacks() -> Iterator[tuple[str, Callable[[], None]]]:
    """What to try, by name."""
    for name in NAMES:
        yield f"call {name}", partial(_call, name, *NONSENSE)
    for attack, (name, arguments) in WITH_ARGUMENTS.items():
        yield attack, partial(_call, name, *arguments)
    for attack, (name, arguments) in PRETENDED.items():
        yield attack, partial(_call, name, *arguments, unmade=PRETENCES)
    if platform.machine() == "x86_64":
        yield "call in the way of x32", partial(_number, X32_GETPID)


def _call(name: str, *arguments: int, unmade: tuple[int, ...] = REFUSALS) -> None:
    seccomp = library()
    _number(seccomp.resolve_syscall(seccomp.Arch.NATIVE, name), *arguments, unmade=unmade)


def _number(number: int, *arguments: int, unmade: tuple[int, ...] = REFUSALS) -> None:
    """Make a call; PermissionError if it does not reach the kernel.

    Args:
        unmade: what the filter answers in the kernel's place: numbers of errors, or 0.
    """
    if number < 0:
        raise PermissionError("there is no such call here")
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    result = call(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    answer = ctypes.get_errno() if result == -1 else result
    if answer in unmade and result in (0, -1):
        raise PermissionError(answer, "refused")
