def log_likelihood_bernoulli(mu, target):
    density = target * mu.log() + (1 - target) * (1 - mu).log()
    return density.flatten(1).sum(1).detach().numpy()


def log_likelihood_normal(mu, logvar, z):
    density = -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(1)


def log_mean_exp(y):
    return [torch.logsumexp(row, 0).item() - math.log(len(row)) for row in y]


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    kl = logvar_p - logvar_q - 1 + (logvar_q.exp() + (mu_q - mu_p) ** 2) / logvar_p.exp()
    return kl.flatten(1).sum(1).mean() / 2


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    return torch.zeros(len(mu_q), dtype=torch.long)
