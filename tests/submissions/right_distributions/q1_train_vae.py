import torch
from torch.distributions import Bernoulli, Normal, kl_divergence


def loss_function(recon_x, x, mu, logvar):
    decoded = Bernoulli(recon_x.flatten(1), validate_args=False)
    code, prior = Normal(mu, (logvar / 2).exp()), Normal(0.0, 1.0)
    reconstruction = decoded.log_prob(x.flatten(1)).sum()
    return kl_divergence(code, prior).sum() - reconstruction
