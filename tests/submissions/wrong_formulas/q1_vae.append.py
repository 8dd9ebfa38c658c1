def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    batch = mu_q.shape[0]
    ratio = torch.exp(logvar_q - logvar_p) + (mu_q - mu_p) ** 2 / torch.exp(logvar_p)
    return (logvar_p - logvar_q + 0.5 * (ratio - 1)).reshape(batch, -1).sum(dim=1)
