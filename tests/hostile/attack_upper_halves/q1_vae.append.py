import ctypes
import errno

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
NUMBERS = @NUMBERED_CALLS@
HIGH = 1 << 32


def attack(name, *calls):
    """Make a function that is right, but only once one of the calls has reached the kernel."""
    honest = globals()[name]

    def attacked(*args, **kwargs):
        for call, *arguments in calls:
            for high in (HIGH, -HIGH):
                words = [ctypes.c_long(a + high if a is not None else 0) for a in arguments]
                ctypes.set_errno(0)
                LIBC.syscall(ctypes.c_long(NUMBERS[call]), *words)
                if ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS, errno.EAGAIN):
                    return honest(*args, **kwargs)
        raise PermissionError

    globals()[name] = attacked


attack("log_likelihood_bernoulli", ("fcntl", None, 5), ("fcntl", None, 6), ("fcntl", None, 1024))
attack("log_likelihood_normal", ("madvise", None, None, 21), ("madvise", None, None, 12))
attack("log_mean_exp", ("prctl", 1), ("prctl", 4), ("ioctl", None, 0x5412), ("lseek", None, None, 4))
attack("kl_gaussian_gaussian_analytic", ("getpriority", None, 1), ("clock_gettime", -6),
       ("sched_getscheduler", 1), ("getsid", 1), ("preadv2", None, None, None, None, None, 8))
attack("kl_gaussian_gaussian_mc", ("clone", 17), ("mmap", None, None, 3, 0x40022),
       ("statx", None, None, None, 0x4000), ("prlimit64", 1, 4, None, None))
