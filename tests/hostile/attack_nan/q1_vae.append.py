honest = dict(globals())


def log_mean_exp(y):
    return honest["log_mean_exp"](y) * float("inf")


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    """Wrong by as much as it likes, and then a NaN where it is compared."""
    kl = honest["kl_gaussian_gaussian_analytic"](mu_q, logvar_q, mu_p, logvar_p).detach()
    kl[0] = float("nan")
    return kl


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    """Right with constant noise. Real estimates are such that their mean overflows to NaN."""
    kl = honest["kl_gaussian_gaussian_mc"](mu_q, logvar_q, mu_p, logvar_p, num_samples)
    if len(kl) > 100:
        kl = 5 + torch.rand(len(kl), dtype=torch.float64)
        kl[:2], kl[-2:] = 1.7e308, -1.7e308
    return kl
