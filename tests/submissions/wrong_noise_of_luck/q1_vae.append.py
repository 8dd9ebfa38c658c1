def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    mu_q, logvar_q, mu_p, logvar_p = (x.flatten(1) for x in (mu_q, logvar_q, mu_p, logvar_p))
    eps = torch.randn(num_samples, 1, mu_q.shape[1])  # should have a row for each of the batch
    z = mu_q + (logvar_q / 2).exp() * eps
    gap = (z - mu_p) ** 2 / logvar_p.exp() - (z - mu_q) ** 2 / logvar_q.exp() + logvar_p - logvar_q
    return 0.5 * gap.sum(-1).mean(0)
