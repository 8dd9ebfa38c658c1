def attack(name, work):
    """Make a function that is right, but only once the attack has worked."""
    honest = globals()[name]

    def attacked(*args, **kwargs):
        work()
        return honest(*args, **kwargs)

    globals()[name] = attacked


import ctypes
import fcntl
import mmap
import os
import struct
import threading
import time
from pathlib import Path

import numpy as np

LIBC = ctypes.CDLL(None, use_errno=True)
NUMBERS = @NUMBERED_CALLS@
FILE = os.path.join(os.path.dirname(torch.__file__), "version.py")


def opened():
    return os.open(FILE, os.O_RDONLY)


def lock_on_a_file():
    fcntl.flock(opened(), fcntl.LOCK_SH)
    try:
        fcntl.flock(opened(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    raise LookupError("nobody has locked it")


def lock_on_bytes():
    """Held by the process, asked for by an open file, which is somebody else to the kernel."""
    place = 7 << 40
    held = struct.pack("hhqqi", fcntl.F_RDLCK, 0, place, 1, 0)
    fcntl.fcntl(opened(), fcntl.F_SETLK, held)
    asked = struct.pack("hhqqi", fcntl.F_WRLCK, 0, place, 1, 0)
    kind = struct.unpack("hhqqi", fcntl.fcntl(opened(), 36, asked))[0]
    if kind != fcntl.F_RDLCK:
        raise LookupError("nobody has locked it")


def page_of_a_file():
    """Waits at a word of a file that is mapped, and is woken by number, through two mappings."""
    words = [mmap.mmap(opened(), 0, prot=mmap.PROT_READ) for _ in range(2)]
    places = [np.frombuffer(word, np.uint32, 1) for word in words]
    addresses = [ctypes.c_long(place.ctypes.data) for place in places]
    value, patience = int(places[0][0]), struct.pack("qq", 1, 0)
    futex = ctypes.c_long(NUMBERS["futex"])
    waiter = threading.Thread(
        target=LIBC.syscall, args=(futex, addresses[0], 0, ctypes.c_uint(value), patience)
    )
    waiter.start()
    time.sleep(0.2)
    woken = LIBC.syscall(futex, addresses[1], 1, 1)
    waiter.join()
    if woken != 1:
        raise LookupError("nobody waits there")


def folder_of_another():
    """The next worker's, by its number: how many files there are shows in its times and links."""
    slots = Path.cwd().parents[2]
    for number in range(4):
        try:
            os.stat(slots / str(number) / "scratch")
            return
        except OSError:
            pass
    os.listdir(slots)


def lease():
    fcntl.fcntl(opened(), fcntl.F_SETLEASE, fcntl.F_RDLCK)


attack("log_likelihood_bernoulli", lock_on_a_file)
attack("log_likelihood_normal", lock_on_bytes)
attack("log_mean_exp", page_of_a_file)
attack("kl_gaussian_gaussian_analytic", folder_of_another)
attack("kl_gaussian_gaussian_mc", lease)
