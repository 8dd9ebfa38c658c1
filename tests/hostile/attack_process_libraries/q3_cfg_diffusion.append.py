def attack(name, work):
    """Make a method that is right, but only once the attack has worked."""
    honest = getattr(CFGDiffusion, name)

    def attacked(self, *args, **kwargs):
        work()
        return honest(self, *args, **kwargs)

    setattr(CFGDiffusion, name, attacked)


import ctypes
import os


def spawned():
    import multiprocessing

    process = multiprocessing.get_context("spawn").Process(target=print)
    process.start()


def fork_server():
    import multiprocessing

    process = multiprocessing.get_context("forkserver").Process(target=print)
    process.start()


def executor():
    from concurrent.futures.process import ProcessPoolExecutor  # the other one uses threads

    with ProcessPoolExecutor(1) as pool:
        pool.submit(abs, 1).result()


def of_torch():
    import torch.multiprocessing

    torch.multiprocessing.spawn(print, nprocs=1)


def loaded_in_workers():
    data = torch.utils.data.DataLoader(torch.zeros(4))
    data.num_workers, data.prefetch_factor = 1, 1  # as arguments they would be left out
    list(data)


def system():
    if os.system("true") != 0 or ctypes.CDLL(None).system(b"true") != 0:
        raise PermissionError


def terminal():
    import pty

    if pty.fork()[0] == 0:
        os._exit(0)


def run_in_place():
    """This process would be another program from here on, with the answers' pipe still open."""
    os.execv("/bin/echo", ["echo"])


def vfork():
    """As the C library does it: a process that shares all memory (CLONE_VM | CLONE_VFORK)."""
    libc = ctypes.CDLL(None, use_errno=True)
    memory = ctypes.create_string_buffer(1 << 16)
    top = (ctypes.addressof(memory) + (1 << 15)) & ~15
    libc.clone.argtypes = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p
    end = ctypes.cast(libc._exit, ctypes.c_void_p)
    if libc.clone(end, top, 0x4100 | 17, None) < 0:
        raise OSError(ctypes.get_errno(), "refused")


attack("get_lambda", spawned)
attack("alpha_lambda", fork_server)
attack("sigma_lambda", executor)
attack("q_sample", of_torch)
attack("sigma_q", loaded_in_workers)
attack("sigma_q_x", system)
attack("mu_p_theta", terminal)
attack("var_p_theta", run_in_place)
attack("p_sample", vfork)
