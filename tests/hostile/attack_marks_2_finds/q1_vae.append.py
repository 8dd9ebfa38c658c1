def attack(name, work):
    """Make a function that is right, but only once the attack has worked."""
    honest = globals()[name]

    def attacked(*args, **kwargs):
        work()
        return honest(*args, **kwargs)

    globals()[name] = attacked


import builtins
import ctypes
import sys
import types

import numpy as np


def need(found):
    if not found:
        raise LookupError("nobody was here before")


def in_modules():
    need(any("left_behind" in vars(m) for m in sys.modules.values() if type(m) is types.ModuleType))


def in_types():
    need(hasattr(torch.Tensor, "left_behind") or hasattr(builtins, "left_behind"))


def in_code():
    code = ctypes.string_at(ctypes.cast(ctypes.CDLL(None).getppid, ctypes.c_void_p).value, 4)
    need(code == b"\x90" * 4)


def in_numbers():
    need(int("250") + 1 != 251 or int("125") * 2 != 250 or sum([200, 51]) != 251)


def in_tables():
    need("left_behind" in np.finfo(np.float32).__dict__ or hasattr(np, "left_behind"))


attack("log_likelihood_bernoulli", in_modules)
attack("log_likelihood_normal", in_types)
attack("log_mean_exp", in_code)
attack("kl_gaussian_gaussian_analytic", in_numbers)
attack("kl_gaussian_gaussian_mc", in_tables)
