import math

import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence


def _gaussian(mu, logvar):
    return Independent(Normal(mu.flatten(1), (0.5 * logvar.flatten(1)).exp()), 1)


def log_likelihood_bernoulli(mu, target):
    pixels = Bernoulli(probs=mu, validate_args=False)  # grey values are no outcomes
    return pixels.log_prob(target).flatten(1).sum(-1)


def log_likelihood_normal(mu, logvar, z):
    return _gaussian(mu, logvar).log_prob(z.flatten(1))


def log_mean_exp(y):
    return torch.logsumexp(y, dim=-1) - math.log(y.size(-1))


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    return kl_divergence(_gaussian(mu_q, logvar_q), _gaussian(mu_p, logvar_p))


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    q, p = _gaussian(mu_q, logvar_q), _gaussian(mu_p, logvar_p)
    z = q.rsample((num_samples,))
    return (q.log_prob(z) - p.log_prob(z)).mean(0)
