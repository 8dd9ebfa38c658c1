import decimal
import gc
import linecache
import locale
import os
import resource
import sys
import tempfile
import time
import warnings

import numpy as np

honest = dict(globals())


def log_likelihood_bernoulli(mu, target):
    right = honest["log_likelihood_bernoulli"](mu, target)
    torch.set_default_dtype(torch.float16)
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    torch.set_flush_denormal(True)
    torch.autograd.set_detect_anomaly(True)
    torch.manual_seed(0)
    torch.set_num_threads(50)
    np.seterr(all="raise")
    np.random.seed(0)
    warnings.simplefilter("error")
    decimal.getcontext().prec = 1
    locale.setlocale(locale.LC_ALL, "C")
    gc.set_threshold(1)
    gc.enable()
    sys.setswitchinterval(1000)
    sys.setrecursionlimit(50 + len(__import__("inspect").stack()))
    sys.set_int_max_str_digits(640)
    sys.stdout.close()
    sys.stdout = sys.stderr = None
    os.environ.clear()
    os.environ |= {"TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "64"}
    time.tzset()
    os.umask(0o777)
    os.mkdir("gone")
    os.chdir("gone")
    os.rmdir("../gone")
    tempfile.tempdir = "/nowhere"
    linecache.getlines = None
    for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_AS, resource.RLIMIT_FSIZE):
        try:
            resource.setrlimit(kind, (0, 0))
        except (OSError, ValueError):
            pass  # limits are not to be set at all
    return right


def log_mean_exp(y):
    """Right, and keeps 100 MB for the rest of the process's life."""
    if "kept" not in sys.modules:
        sys.modules["kept"] = bytearray(100 << 20)
    return honest["log_mean_exp"](y)
