import random


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    """One number at a time, with the standard library."""
    numbers = [random.gauss(0, 1) for _ in range(num_samples * mu_q.numel())]
    eps = torch.tensor(numbers).reshape(num_samples, len(mu_q), -1)
    mu_q, logvar_q, mu_p, logvar_p = (
        x.reshape(len(x), -1) for x in (mu_q, logvar_q, mu_p, logvar_p)
    )
    z = mu_q + logvar_q.exp().sqrt() * eps
    gap = (z - mu_p) ** 2 / logvar_p.exp() - eps**2 + logvar_p - logvar_q
    return 0.5 * gap.sum(2).mean(0)
