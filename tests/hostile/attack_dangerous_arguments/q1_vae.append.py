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
NUMBERS = @NUMBERED_CALLS@


def refused(name, *arguments, also=()):
    """Whether the filter refuses a call; EPERM and ENOSYS are its words, others the kernel's."""
    ctypes.set_errno(0)
    numbers = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    numbers += [ctypes.c_long(0)] * (6 - len(numbers))
    result = LIBC.syscall(ctypes.c_long(NUMBERS[name]), *numbers)
    return result == -1 and ctypes.get_errno() in (1, 38, *also)


def all_refused(attempts):
    if all(attempts):
        raise PermissionError


def options_of_processes():
    """prctl: who may trace, what ends with whom, memory maps, capabilities, other filters, ..."""
    special = 0x59616D61, 0x53564D41, 0x54454C4C
    all_refused(refused("prctl", n) for n in (*range(1, 90), *special) if n not in (15, 16))


def words_to_descriptors():
    """ioctl: typing for somebody else (TIOCSTI), terminals, flags of files, clones, networks."""
    words = [0x5412, 0x541C, 0x540E, 0x5422, 0x5452, 0x8901, 0x8902, 0x8933, 0x40086602, 0x40049409]
    words += [0xB701, 0xB703, 0x4C00, 0x4C82, 0xAE01, 0xC0185879, 0x801C581F, 0x1260, 0x125D, 0x2285]
    all_refused(refused("ioctl", fd, word) for fd in (0, 1) for word in words)


def owners_of_descriptors():
    """fcntl: who is told of news, leases, what happens in folders, sizes of pipes, seals."""
    commands = [8, 9, 10, 11, 15, 16, 36, 37, 38, 1024, 1025, 1026, 1031, 1033, 1034, 1035, 1036]
    commands += [command | 1 << 32 for command in (0, 1, 3)]  # the kernel looks at the lower half
    all_refused(refused("fcntl", 0, command) for command in commands)


def new_processes():
    """clone: what shares nothing, something or all, new namespaces; clone3 in any form."""
    flags = [17, 0x100 | 17, 0x4100 | 17, 0x8000 | 17, 0x80000000 | 17, 0x1000 | 17]
    flags += [1 << bit | 17 for bit in (7, 17, 25, 26, 27, 28, 29, 30)]
    flags += [0x10F00 | 1 << bit for bit in (17, 25, 26, 27, 28, 29, 30)]
    attempts = [refused("clone", flag) for flag in flags]
    structure = ctypes.create_string_buffer((17).to_bytes(8, "little") * 1 + bytes(80), 88)
    attempts.append(refused("clone3", structure, 88))
    all_refused(attempts)


def limits_and_memory():
    """prlimit64 on others or with new limits; memory that is poisoned, merged or made to stay."""
    limit = ctypes.create_string_buffer(16)
    attempts = [refused("prlimit64", pid, 7, 0, limit, also=(3,)) for pid in (1, @VICTIM@, @PARENT@)]
    attempts += [refused("prlimit64", 0, kind, limit) for kind in range(16)]
    page = ctypes.create_string_buffer(3 * 4096)
    place = ctypes.addressof(page) + 4095 & ~4095
    for advice in (100, 101):  # MADV_HWPOISON, MADV_SOFT_OFFLINE: EINVAL where there is no such
        attempts.append(refused("madvise", place, 4096, advice, also=(22,)))
    attempts.append(refused("mlock", place, 4096, also=(12,)))
    all_refused(attempts)


attack("log_likelihood_bernoulli", options_of_processes)
attack("log_likelihood_normal", words_to_descriptors)
attack("log_mean_exp", owners_of_descriptors)
attack("kl_gaussian_gaussian_analytic", new_processes)
attack("kl_gaussian_gaussian_mc", limits_and_memory)
