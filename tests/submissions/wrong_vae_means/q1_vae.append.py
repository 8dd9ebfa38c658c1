def log_likelihood_bernoulli(mu, target):
    mu, target = mu.flatten(1), target.flatten(1)
    return torch.mean(target * torch.log(mu) + (1 - target) * torch.log(1 - mu), dim=1)


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    var_q, var_p = logvar_q.exp(), logvar_p.exp()
    kl = 0.5 * (logvar_p - logvar_q - 1 + (var_q + (mu_q - mu_p) ** 2) / var_p)
    return kl.flatten(1).mean(dim=-1)
