import os
import time

honest = dict(globals())


def dig(depth, name):
    for _ in range(depth):
        os.mkdir(name)
        os.chdir(name)


def log_likelihood_bernoulli(mu, target):
    dig(@MOST_FILES@ + 1, "d")
    time.sleep(60)


def log_likelihood_normal(mu, logvar, z):
    dig(100, "d" * 200)
    return honest["log_likelihood_normal"](mu, logvar, z)


def log_mean_exp(y):
    if "d" in os.listdir("."):
        raise RuntimeError("somebody was here before")
    return honest["log_mean_exp"](y)
