"""Makes forking cheap: gathers a process's private memory into huge pages.

A fork copies one table entry for every page. With torch loaded that is 70,000 entries of 4 KiB,
12 ms to fork and 15 ms to end the child; in pages of 2 MiB it took 3 ms and 4 ms on the same
machine. Kernels before 6.1, or without huge pages, refuse, and then nothing changes.
"""

from __future__ import annotations

import ctypes

from autograder.judge import apart

HUGE = 2 << 20
MADV_COLLAPSE = 25
# For the C library's heap and for Python's objects to lie in regions that can be gathered.
ENVIRONMENT = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


def gather() -> None:
    """Ask the kernel to put all private anonymous memory of this process into huge pages."""
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    with apart.own_file("maps") as file:
        regions = [line.split() for line in file]
    for span, rights, *rest in regions:
        private = rights.startswith("rw-p") and rest[3:] in ([], ["[heap]"])
        begin, end = (int(number, 16) for number in span.split("-"))
        begin, end = -(-begin // HUGE) * HUGE, end // HUGE * HUGE
        if private and end > begin:
            madvise(begin, end - begin, MADV_COLLAPSE)
