def attack(name, work):
    """Make a function that is right, but only once the attack has worked."""
    honest = globals()[name]

    def attacked(*args, **kwargs):
        work()
        return honest(*args, **kwargs)

    globals()[name] = attacked


import os
import site
import sys

FOLDERS = [
    "/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/", "/home", "/root", "/etc", "@OUT@",
    "@OTHERS@", "@FIXTURES@", "@ANSWERS@", os.path.dirname(os.getcwd()), os.path.dirname(__file__),
    os.path.dirname(torch.__file__), os.path.dirname(randomizer.__file__), sys.prefix,
    *site.getsitepackages(),
]


def anywhere(work):
    for folder in FOLDERS:
        try:
            work(folder)
            return
        except OSError:
            pass
    raise PermissionError


def append():
    for name in ("/etc/passwd", "/etc/ld.so.preload", torch.__file__, randomizer.__file__):
        try:
            with open(name, "ab") as file:
                file.write(b"")
            return
        except OSError:
            pass
    raise PermissionError


def rename(folder):
    os.makedirs("left-behind", exist_ok=True)
    os.rename("left-behind", f"{folder}/left-behind")


attack("log_likelihood_bernoulli", lambda: anywhere(lambda f: os.open(f, os.O_TMPFILE | os.O_RDWR)))
attack("log_likelihood_normal", lambda: anywhere(lambda f: os.mkdir(f"{f}/left-behind")))
attack("log_mean_exp", append)
attack("kl_gaussian_gaussian_analytic", lambda: anywhere(rename))
attack(
    "kl_gaussian_gaussian_mc", lambda: anywhere(lambda f: os.symlink("/", f"{f}/left-behind-link"))
)
