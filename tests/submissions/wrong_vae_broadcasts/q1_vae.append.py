def log_likelihood_normal(mu, logvar, z):
    densities = -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp())
    return densities.sum(dim=0)


def log_mean_exp(y):
    largest, _ = y.max(dim=1, keepdim=True)
    return largest + torch.log(torch.exp(y - largest).mean(dim=1))


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    kl = logvar_p - logvar_q - 1 + (logvar_q.exp() + (mu_q - mu_p) ** 2) / logvar_p.exp()
    return kl.sum(-1) / 2
