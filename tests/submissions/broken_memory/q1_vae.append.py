def log_mean_exp(y):
    return torch.zeros(30 * 2**30 // 4)[: len(y)]


def log_likelihood_normal(mu, logvar, z):
    kept = []
    while True:
        kept.append([0] * 100_000)


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    return torch.zeros(len(mu_q), 2**25)  # fits in memory, but is more than any task returns
