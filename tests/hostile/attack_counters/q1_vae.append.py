def attack(name, work):
    """Make a function that is right, but only once the attack has worked."""
    honest = globals()[name]

    def attacked(*args, **kwargs):
        work()
        return honest(*args, **kwargs)

    globals()[name] = attacked


import ctypes
import os
import time

LIBC = ctypes.CDLL(None, use_errno=True)
NUMBERS = @NUMBERED_CALLS@


def any_of(*works):
    for work in works:
        try:
            work()
            return
        except (OSError, ValueError):
            pass
    raise PermissionError


def call(name, *arguments):
    numbers = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    if LIBC.syscall(ctypes.c_long(NUMBERS[name]), *numbers) < 0:
        raise OSError(ctypes.get_errno(), name)


def machine():
    """Threads and free memory of the whole machine, free room and numbers of its disks."""
    room = ctypes.create_string_buffer(256)
    any_of(
        lambda: call("sysinfo", room),
        lambda: call("statfs", b".", room),
        lambda: os.statvfs("."),
    )


def files_of_the_system():
    names = "stat meminfo loadavg uptime vmstat cpuinfo diskstats locks interrupts pressure/cpu"
    any_of(*(lambda name=name: open(f"/proc/{name}").read() for name in names.split()))


def others():
    """Processor time, priority, group, session and threads of the grader."""
    clock, moment = ~@PARENT@ << 3 | 2, ctypes.create_string_buffer(16)
    any_of(
        lambda: call("clock_gettime", clock, moment),
        lambda: call("getpriority", 0, @PARENT@),
        lambda: call("getpriority", 2, 1),
        lambda: os.getpgid(@PARENT@),
        lambda: os.getsid(@PARENT@),
        lambda: os.sched_getaffinity(@PARENT@),
        lambda: os.sched_getscheduler(@PARENT@),
    )


def numbers_of_pipes():
    """One counter for the whole machine."""
    os.fstat(os.pipe()[0]).st_ino


def numbers_of_processes():
    """One counter for all, which each thread that is started moves on."""
    if os.getpid() == 1 and not os.path.exists("/proc/self/task"):
        raise PermissionError


attack("log_likelihood_bernoulli", machine)
attack("log_likelihood_normal", files_of_the_system)
attack("log_mean_exp", others)
attack("kl_gaussian_gaussian_analytic", numbers_of_pipes)
attack("kl_gaussian_gaussian_mc", numbers_of_processes)
