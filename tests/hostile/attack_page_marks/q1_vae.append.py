def attack(name, work):
    """Make a function that is right, but only once the attack has worked."""
    honest = globals()[name]

    def attacked(*args, **kwargs):
        work()
        return honest(*args, **kwargs)

    globals()[name] = attacked


import ctypes
import mmap
import os

import numpy as np

LIBC = ctypes.CDLL(None, use_errno=True)
NUMBERS = @NUMBERED_CALLS@
FILE = os.path.join(os.path.dirname(torch.__file__), "version.py")


def call(name, *arguments):
    numbers = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = LIBC.syscall(ctypes.c_long(NUMBERS[name]), *numbers)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def opened():
    return os.open(FILE, os.O_RDONLY)


def asked():
    """What is in memory is read, what is not is refused for now: either is an answer."""
    try:
        os.preadv(opened(), [bytearray(1)], 0, os.RWF_NOWAIT)
    except BlockingIOError:
        pass


def mapped():
    page, pages = mmap.mmap(opened(), 0, prot=mmap.PROT_READ), ctypes.create_string_buffer(64)
    address = np.frombuffer(page, np.uint8).ctypes.data
    for name in ("mincore", "get_mempolicy"):
        try:
            return call(name, address, len(page), pages, 0, 0)
        except OSError:
            pass
    raise PermissionError


def thrown_out():
    page = mmap.mmap(opened(), 0, prot=mmap.PROT_READ)
    for advice in (3, 20, 21, 22, 25):  # read ahead, cold, out, in, into a huge page
        try:
            return page.madvise(advice)
        except OSError:
            pass
    raise PermissionError


def said_to_be_done():
    """Bad descriptors, which only the kernel would notice."""
    for name in ("fadvise64", "readahead", "fsync", "fdatasync"):
        try:
            call(name, 999, 0, 0, 4)
        except OSError:
            return
    raise PermissionError


def waited():
    """How often it has waited for the disk."""
    usage = ctypes.create_string_buffer(144)
    call("getrusage", 0, usage)
    if not any(usage.raw):
        raise PermissionError


attack("log_likelihood_bernoulli", asked)
attack("log_likelihood_normal", mapped)
attack("log_mean_exp", thrown_out)
attack("kl_gaussian_gaussian_analytic", said_to_be_done)
attack("kl_gaussian_gaussian_mc", waited)
