def attack(name, work):
    """Make a function that is right, but only once the attack has worked."""
    honest = globals()[name]

    def attacked(*args, **kwargs):
        work()
        return honest(*args, **kwargs)

    globals()[name] = attacked


import ctypes
import os
import socket

LIBC = ctypes.CDLL(None, use_errno=True)


def named_pipe():
    os.mkfifo("left-behind")


def named_socket():
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("left-behind")


def shared_memory():
    from multiprocessing import shared_memory

    shared_memory.SharedMemory("left-behind", create=True, size=4096)


def semaphore():
    import multiprocessing

    multiprocessing.Lock()


def system_v():
    if max(LIBC.shmget(0, 4096, 0o1600), LIBC.semget(0, 1, 0o1600), LIBC.msgget(0, 0o1600)) < 0:
        raise PermissionError


attack("log_likelihood_bernoulli", named_pipe)
attack("log_likelihood_normal", named_socket)
attack("log_mean_exp", shared_memory)
attack("kl_gaussian_gaussian_analytic", semaphore)
attack("kl_gaussian_gaussian_mc", system_v)
