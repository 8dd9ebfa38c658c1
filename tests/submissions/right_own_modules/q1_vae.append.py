import my_losses
from helpers import HALF, densities


def log_mean_exp(y):
    return my_losses.log_mean_exp(y)


def log_likelihood_normal(mu, logvar, z):
    assert HALF == 0.5 and densities.__name__ == "helpers.densities"
    return densities.normal(mu, logvar, z)
