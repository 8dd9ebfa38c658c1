def log_mean_exp(y):
    return torch.log(torch.mean(torch.exp(y), 1))


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    each = 1 + logvar_q - mu_q.pow(2) - logvar_q.exp()
    return -0.5 * each.flatten(1).sum(1)


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    """KL(p || q), by accident."""
    mu_q, logvar_q, mu_p, logvar_p = (x.flatten(1) for x in (mu_q, logvar_q, mu_p, logvar_p))
    total = 0
    for _ in range(num_samples):
        z = mu_p + torch.exp(logvar_p / 2) * torch.randn_like(mu_p)
        total = total + log_likelihood_normal(mu_p, logvar_p, z)
        total = total - log_likelihood_normal(mu_q, logvar_q, z)
    return total / num_samples
