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
acct add_key adjtimex bpf capset chmod chown chroot clock_settime connect copy_file_range
delete_module execve execveat fanotify_init fchmod fchmodat fchown fchownat finit_module fsconfig
fsmount fsopen fspick getpeername init_module inotify_init1 io_destroy io_setup io_submit
io_uring_enter io_uring_register io_uring_setup ioperm iopl ioprio_set kcmp kexec_file_load
kexec_load keyctl landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown link
linkat listen lookup_dcookie mbind memfd_create memfd_secret migrate_pages mknod mknodat mount
mount_setattr move_mount move_pages mq_open msgsnd name_to_handle_at open_by_handle_at open_tree
perf_event_open personality pidfd_getfd pidfd_open pidfd_send_signal pivot_root process_madvise
process_mrelease process_vm_readv process_vm_writev ptrace quotactl reboot recvmsg remap_file_pages
request_key rt_sigqueueinfo rt_tgsigqueueinfo sched_setaffinity sched_setattr sched_setparam
sched_setscheduler seccomp semget sendmmsg sendmsg sendto set_mempolicy setdomainname setfsuid
setgroups sethostname setns setpgid setpriority setresgid setresuid setrlimit setxattr shmat socket
socketpair splice swapoff swapon syslog tgkill timerfd_create tkill truncate umount2 unshare
userfaultfd utimensat vmsplice
""".split()
REFUSALS = (errno.EPERM, errno.ENOSYS)
NONSENSE = (-1,) * 6

CLONE_THREAD = 0x10000 | 0x800 | 0x100  # with what the kernel wants beside it
# Calls that are allowed with some arguments, with others.
WITH_ARGUMENTS: dict[str, tuple[str, tuple[int, ...]]] = {
    "start a thread of another user": ("clone", (CLONE_THREAD | 0x1000_0000,)),
    "type into a terminal": ("ioctl", (0, 0x5412, -1)),
    "have somebody signalled": ("fcntl", (0, 8, -1)),
    "watch a folder": ("fcntl", (0, 1026, -1)),
    "outlive the zygote": ("prctl", (1, 0, 0, 0, 0)),
    "be traced by others": ("prctl", (0x59616D61, 0, 0, 0, 0)),
    "set a limit": ("prlimit64", (0, 4, -1, 0)),
    "ask for another's limits": ("prlimit64", (1, 4, 0, -1)),
}
X32 = 0x4000_0000
X32_GETPID = X32 | 39


def attacks() -> Iterator[tuple[str, Callable[[], None]]]:
    """What to try, by name."""
    for name in NAMES:
        yield f"call {name}", partial(_call, name, *NONSENSE)
    for attack, (name, arguments) in WITH_ARGUMENTS.items():
        yield attack, partial(_call, name, *arguments)
    if platform.machine() == "x86_64":
        yield "call in the way of x32", partial(_number, X32_GETPID)


def _call(name: str, *arguments: int) -> None:
    seccomp = library()
    _number(seccomp.resolve_syscall(seccomp.Arch.NATIVE, name), *arguments)


def _number(number: int, *arguments: int) -> None:
    """Make a call; PermissionError if it does not reach the kernel."""
    if number < 0:
        raise PermissionError("there is no such call here")
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    result = call(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    if result == -1 and ctypes.get_errno() in REFUSALS:
        raise PermissionError(ctypes.get_errno(), "refused")
