def attack(name, work):
    """Make a function that is right, but only once the attack has worked."""
    honest = globals()[name]

    def attacked(*args, **kwargs):
        work()
        return honest(*args, **kwargs)

    globals()[name] = attacked


import ctypes
import fcntl
import os
import signal

LIBC = ctypes.CDLL(None, use_errno=True)


def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")


def to_a_thread():
    """tkill and tgkill; 200 and 234 are their numbers on x86-64, 130 and 131 on arm64."""
    for number, *arguments in (
        (200, @VICTIM@, 10), (234, @VICTIM@, @VICTIM@, 10), (130, @VICTIM@, 10),
        (131, @VICTIM@, @VICTIM@, 10),
    ):
        if LIBC.syscall(number, *arguments) == 0:
            return
    raise PermissionError


def to_the_owner():
    """A pipe that tells the victim of news, which are then made."""
    read, write = os.pipe()
    fcntl.fcntl(read, fcntl.F_SETOWN, @VICTIM@)
    fcntl.fcntl(read, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    os.write(write, b"news")


def with_a_value():
    value = ctypes.create_string_buffer(128)
    for number in (129, 138):  # rt_sigqueueinfo on x86-64 and arm64
        if LIBC.syscall(number, @VICTIM@, 10, value) == 0:
            return
    raise PermissionError


def by_pidfd():
    signal.pidfd_send_signal(os.pidfd_open(@VICTIM@), signal.SIGUSR1)


attack("log_likelihood_bernoulli", lambda: os.kill(@VICTIM@, signal.SIGUSR1))
attack("log_likelihood_normal", to_a_thread)
attack("log_mean_exp", to_the_owner)
attack("kl_gaussian_gaussian_analytic", with_a_value)
attack("kl_gaussian_gaussian_mc", by_pidfd)
