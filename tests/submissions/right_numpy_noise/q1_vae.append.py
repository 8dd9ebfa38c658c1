import numpy as np

_rng = np.random.default_rng()


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    estimates = []
    for _ in range(num_samples):
        eps = torch.from_numpy(_rng.normal(size=tuple(mu_q.shape))).to(mu_q)
        z = mu_q + eps * (logvar_q / 2).exp()
        flat = [x.flatten(1) for x in (mu_q, logvar_q, mu_p, logvar_p, z)]
        mq, lq, mp, lp, z = flat
        estimates.append(log_likelihood_normal(mq, lq, z) - log_likelihood_normal(mp, lp, z))
    return torch.stack(estimates, dim=1).mean(dim=1)
