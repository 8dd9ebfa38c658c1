import ctypes
import errno
import mmap
import os

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
POOL, TWO_MIB = 0x40000, 1 << 21
NO_MORE = ctypes.c_void_p(-1).value


def attack(name, work):
    """Make a function that is right, but only once the attack has reached the kernel."""
    honest = globals()[name]

    def attacked(*args, **kwargs):
        work()
        if ctypes.get_errno() in (errno.EPERM, errno.ENOSYS):
            raise PermissionError
        return honest(*args, **kwargs)

    globals()[name] = attacked


def anonymous():
    """An empty pool says so; only the filter says that this may not be asked."""
    kind = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | POOL
    LIBC.mmap(None, ctypes.c_size_t(TWO_MIB), 3, kind, -1, ctypes.c_long(0))


def gigantic():
    kind = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | POOL | 30 << 26
    LIBC.mmap(None, ctypes.c_size_t(1 << 30), 3, kind, -1, ctypes.c_long(0))


def in_memory_file():
    LIBC.memfd_create(b"pool", 4)


def in_segment():
    LIBC.shmget(0, ctypes.c_size_t(TWO_MIB), 0o4000 | 0o1600)


def holes():
    with open(torch.__file__) as file:
        os.lseek(file.fileno(), 0, os.SEEK_HOLE)


attack("log_likelihood_bernoulli", anonymous)
attack("log_likelihood_normal", gigantic)
attack("log_mean_exp", in_memory_file)
attack("kl_gaussian_gaussian_analytic", in_segment)
attack("kl_gaussian_gaussian_mc", holes)
