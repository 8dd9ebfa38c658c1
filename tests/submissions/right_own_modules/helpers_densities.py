import math

from . import HALF


def normal(mu, logvar, z):
    return -HALF * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(1)
