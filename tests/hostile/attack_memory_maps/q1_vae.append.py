def attack(name, work):
    """Make a function that is right, but only once the attack has worked."""
    honest = globals()[name]

    def attacked(*args, **kwargs):
        work()
        return honest(*args, **kwargs)

    globals()[name] = attacked


import ctypes
import mmap

import numpy as np

HUGE = 1 << 40


def mapped_file():
    np.memmap("large", dtype=np.float32, mode="w+", shape=(HUGE,))


def reserved():
    """Only addresses, without memory behind them (MAP_NORESERVE); this bound is the harder one."""
    mmap.mmap(-1, HUGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)


def piece_by_piece():
    pieces = []
    for _ in range(40):
        pieces.append(bytearray(1 << 25))


def break_of_data():
    """The oldest way: moving the end of the data segment (brk, sbrk)."""
    libc = ctypes.CDLL(None)
    libc.sbrk.restype, libc.sbrk.argtypes = ctypes.c_void_p, (ctypes.c_ssize_t,)
    if libc.sbrk(3 << 30) in (None, ctypes.c_void_p(-1).value):
        raise MemoryError


def by_torch():
    torch.from_file("large", shared=True, size=HUGE)


attack("log_likelihood_bernoulli", mapped_file)
attack("log_likelihood_normal", reserved)
attack("log_mean_exp", piece_by_piece)
attack("kl_gaussian_gaussian_analytic", break_of_data)
attack("kl_gaussian_gaussian_mc", by_torch)
