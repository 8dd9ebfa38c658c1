import logging
import sys
import warnings

import matplotlib
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

sys.stdout.reconfigure(line_buffering=True)
logging.basicConfig(level=logging.DEBUG)
logging.getLogger(__name__).info("imported")
warnings.warn("a warning of the student's own")
plt.plot([0, 1], [1, 0])
plt.title("KL against ELBO")
plt.savefig("curve.png")


def log_likelihood_bernoulli(mu, target):
    """Minus the binary cross-entropy of each pixel, summed."""
    print("bernoulli", mu.shape, file=sys.stderr)
    return -F.binary_cross_entropy(mu, target, reduction="none").flatten(1).sum(1)


def log_likelihood_normal(mu, logvar, z):
    nll = F.gaussian_nll_loss(mu, z, logvar.exp(), full=True, eps=1e-12, reduction="none")
    return -nll.sum(dim=1)


def log_mean_exp(y):
    return torch.logsumexp(y - torch.tensor(float(y.shape[1])).log(), dim=1)


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    inputs = torch.broadcast_tensors(mu_q, logvar_q, mu_p, logvar_p)
    mu_q, logvar_q, mu_p, logvar_p = map(torch.Tensor.float, inputs)
    scaled = F.mse_loss(mu_q, mu_p, reduction="none") / logvar_p.exp()
    return (logvar_p - logvar_q + (logvar_q - logvar_p).expm1() + scaled).flatten(1).sum(1) / 2


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1, verbose=False):
    shape = (mu_q.size(0), num_samples, mu_q[0].numel())
    mu_q, logvar_q, mu_p, logvar_p = (
        x.flatten(1).unsqueeze(1).expand(shape) for x in (mu_q, logvar_q, mu_p, logvar_p)
    )
    z = torch.normal(mu_q, torch.exp(0.5 * logvar_q))
    log_q = -F.gaussian_nll_loss(mu_q, z, logvar_q.exp(), reduction="none")
    log_p = -F.gaussian_nll_loss(mu_p, z, logvar_p.exp(), reduction="none")
    return (log_q - log_p).sum(-1).mean(-1)
