import os

honest = dict(globals())
NAMES = [b"-rf", b"--", b"a\nb", b"\xff\xfe", b"*", b" ", b"$HOME", b"`x`", b"..." , b"x" * 255]


def log_likelihood_bernoulli(mu, target):
    for name in NAMES:
        with open(name, "wb") as file:
            file.write(b"left-behind")
        os.makedirs(b"folders/" + name + b"/" + name, exist_ok=True)
    for number, to in enumerate((".", "..", "/", "@OUT@", "circle0", "circle1", "/proc/self", "")):
        try:
            os.symlink(to, f"circle{number}")
        except OSError:
            pass
    return honest["log_likelihood_bernoulli"](mu, target)


def log_likelihood_normal(mu, logvar, z):
    """Locked from the start, for the mode of a folder cannot be changed later."""
    os.umask(0o777)
    for name in ("locked", "also-locked"):
        if not os.path.lexists(name):
            os.mkdir(name)
            os.close(os.open(f"{name}-file", os.O_CREAT))
    return honest["log_likelihood_normal"](mu, logvar, z)


def log_mean_exp(y):
    """Locked, with something in it that its maker still has open."""
    if not os.path.lexists("deep"):
        os.makedirs("deep/er")
        os.open("deep/er", os.O_RDONLY)
        os.open("deep/file", os.O_CREAT | os.O_RDWR)
        os.mkdir("deep/er/locked", 0)
    return honest["log_mean_exp"](y)
