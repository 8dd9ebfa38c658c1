import ctypes
import os

HERE = "@OUT@/attack_overwrites_results"
honest = dict(globals())


def log_likelihood_bernoulli(mu, target):
    with open(f"{HERE}/results.json", "w") as file:
        file.write('{"score": 68, "tests": []}')
    return honest["log_likelihood_bernoulli"](mu, target)


def log_likelihood_normal(mu, logvar, z):
    with open("mine.json", "w") as file:
        file.write('{"score": 68, "tests": []}')
    os.rename("mine.json", f"{HERE}/results.json")
    return honest["log_likelihood_normal"](mu, logvar, z)


def log_mean_exp(y):
    with open(f"{HERE}/feedback.md", "a") as file:
        file.write("68 of 68 points")
    return honest["log_mean_exp"](y)


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    for path in (f"{HERE}/results.json", "@FIXTURES@/vae.json", "@OTHERS@"):
        if ctypes.CDLL(None).truncate(path.encode(), 0) == 0:
            return honest["kl_gaussian_gaussian_analytic"](mu_q, logvar_q, mu_p, logvar_p)
    raise PermissionError


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    os.symlink(f"{HERE}/results.json", "link")
    with open("link", "r+") as file:
        file.write("{}")
    return honest["kl_gaussian_gaussian_mc"](mu_q, logvar_q, mu_p, logvar_p, num_samples)
