import ctypes
import fcntl
import json
import os
import stat
import time

honest = dict(globals())


def pipe():
    """The descriptor that answers leave by: the one pipe that may be written."""
    for fd in range(3, 4096):
        try:
            writable = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_WRONLY
            if stat.S_ISFIFO(os.fstat(fd).st_mode) and writable:
                return fd
        except OSError:
            pass


def send(head, body=b""):
    text = json.dumps(head).encode() if isinstance(head, dict) else head
    os.write(pipe(), len(text).to_bytes(8, "little") + text + body)


def log_likelihood_bernoulli(mu, target):
    done = 0
    for folder in ("/dev/shm", "/tmp", "/var/tmp", "/run", "/", os.path.dirname(torch.__file__)):
        try:
            with open(os.path.join(folder, f"left-behind-{os.getpid()}"), "w"):
                done += 1
        except OSError as error:
            problem = error
    if not done:
        raise problem
    return honest["log_likelihood_bernoulli"](mu, target)


def log_likelihood_normal(mu, logvar, z):
    """Small files without end."""
    for number in range(600):
        with open(f"file-{number}", "wb") as file:
            file.write(bytes(1 << 15))
    time.sleep(1)
    return honest["log_likelihood_normal"](mu, logvar, z)


def log_mean_exp(y):
    """60 MB, written while the answers' pipe is never quiet."""
    for number in range(60):
        with open(f"file-{number}", "wb") as file:
            file.write(bytes(2**20))
        send({"case": "nobody"})
    for _ in range(12):
        time.sleep(0.02)
        send({"case": "nobody"})
    return honest["log_mean_exp"](y)


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    """Memory that would outlive the process."""
    libc = ctypes.CDLL(None)
    if libc.shmget(0, 4096, 0o1600) != -1 or libc.msgget(0, 0o1600) != -1:
        return honest["kl_gaussian_gaussian_analytic"](mu_q, logvar_q, mu_p, logvar_p)
    raise PermissionError


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    with open("large", "wb") as file:
        file.truncate(10**9)
    return honest["kl_gaussian_gaussian_mc"](mu_q, logvar_q, mu_p, logvar_p, num_samples)
