# Generated from solutions/vae/q1_vae.py by "autograder release". Fill in the TODOs here;
# change anything else there.
# What is graded may import torch, torchvision, numpy, scipy, matplotlib, tqdm, easydict, einops,
# jaxtyping, PIL, typing_extensions, the standard library, and modules of your own beside the
# file.
"""Task 1: the densities and divergences that a variational autoencoder is made of.

Conventions of this file
------------------------
* Inputs of densities and divergences are (batch, ...): one row for each member of the batch; all
  further axes are its features, and the first lines of each function flatten them. Any axis may
  have any size from 1 up.
* Every function returns one number per row: a float tensor of shape (batch,), on the device of
  its inputs. Nothing is averaged over the batch: that is the training loop's decision.
* `logvar` is the natural logarithm of the variance, so the standard deviation is
  exp(logvar / 2). All logarithms are natural: results are in nats.
* Inputs are never changed in place, and a call leaves nothing behind for the next call.
* All functions but `kl_gaussian_gaussian_mc` must let gradients flow to their inputs.

The task id of a function is `q1.` and its name. Check one with `check("q1.log_mean_exp")`.

Reference: Kingma & Welling 2014, "Auto-Encoding Variational Bayes" (arXiv:1312.6114).
"""

from __future__ import annotations

import math

import torch

from homework import randomizer


def log_likelihood_bernoulli(mu: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Log-likelihood log p(target | mu) of independent Bernoulli pixels.

    Kingma & Welling 2014, appendix C.1, eq. 11: each pixel x in [0, 1] with mean m contributes
    x log(m) + (1 - x) log(1 - m), and the pixels of one image are summed.

    Args:
        mu: (batch, ...) means, strictly between 0 and 1; any further axes belong to one image.
        target: same shape as `mu`, pixel values in [0, 1] (they need not be 0 or 1).

    Returns:
        (batch,) log-likelihood of each image, in nats; never positive when `target` is binary.
    """
    batch_size = mu.size(0)
    mu, target = mu.reshape(batch_size, -1), target.reshape(batch_size, -1)
    # TODO (q1.log_likelihood_bernoulli): add up each pixel's log-probability over all pixels of an image
    raise NotImplementedError("q1.log_likelihood_bernoulli")


def log_likelihood_normal(mu: torch.Tensor, logvar: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """Log-density log N(z; mu, diag(exp(logvar))) of a Gaussian with a diagonal covariance.

    Each feature contributes -(log(2 pi) + logvar + (z - mu)^2 / exp(logvar)) / 2, and the features
    of one row are summed.

    Args:
        mu: (batch, ...) means.
        logvar: (batch, ...) log-variances.
        z: (batch, ...) points at which the density is evaluated.

    Returns:
        (batch,) log-density of each row, in nats.
    """
    batch_size = mu.size(0)
    mu, logvar, z = (value.reshape(batch_size, -1) for value in (mu, logvar, z))
    # TODO (q1.log_likelihood_normal): add up the log-density of each feature, its constant included
    raise NotImplementedError("q1.log_likelihood_normal")


def log_mean_exp(y: torch.Tensor) -> torch.Tensor:
    """Logarithm of the mean of exponentials, log((1 / samples) sum_i exp(y_i)), computed stably.

    With a = max_i y_i it equals a + log((1 / samples) sum_i exp(y_i - a)), in which no exponential
    can overflow: entries of +-1000 must give finite results.

    Args:
        y: (batch, samples) values; the mean runs over the second axis.

    Returns:
        (batch,) one value a row.
    """
    sample_size = y.size(1)
    # TODO (q1.log_mean_exp): subtract each row's maximum before the exponential, and add it back after the logarithm
    raise NotImplementedError("q1.log_mean_exp")


def kl_gaussian_gaussian_analytic(
    mu_q: torch.Tensor, logvar_q: torch.Tensor, mu_p: torch.Tensor, logvar_p: torch.Tensor
) -> torch.Tensor:
    """Kullback-Leibler divergence KL(q || p) of two diagonal Gaussians, in closed form.

    Each feature contributes
    (logvar_p - logvar_q - 1 + (exp(logvar_q) + (mu_q - mu_p)^2) / exp(logvar_p)) / 2,
    and the features of one row are summed. With p = N(0, I) this is Kingma & Welling 2014, eq. 10
    (appendix B) with its sign turned.

    Args:
        mu_q, logvar_q: (batch, ...) mean and log-variance of q, the distribution that KL(q || p)
            takes its expectation under; any further axes are flattened into features.
        mu_p, logvar_p: (batch, ...) mean and log-variance of p.

    Returns:
        (batch,) divergence of each row, in nats; never negative.
    """
    batch_size = mu_q.size(0)
    mu_q, logvar_q = mu_q.reshape(batch_size, -1), logvar_q.reshape(batch_size, -1)
    mu_p, logvar_p = mu_p.reshape(batch_size, -1), logvar_p.reshape(batch_size, -1)
    # TODO (q1.kl_gaussian_gaussian_analytic): add up each feature's divergence over all features of a row
    raise NotImplementedError("q1.kl_gaussian_gaussian_analytic")


def kl_gaussian_gaussian_mc(
    mu_q: torch.Tensor,
    logvar_q: torch.Tensor,
    mu_p: torch.Tensor,
    logvar_p: torch.Tensor,
    num_samples: int = 1,
) -> torch.Tensor:
    """Monte Carlo estimate of KL(q || p) for two diagonal Gaussians.

    Draw z_1 ... z_S from q, independently for every row, feature and sample
    (z = mu_q + exp(logvar_q / 2) eps with eps ~ N(0, 1)), and return
    (1 / S) sum_s [log q(z_s) - log p(z_s)], where the log-densities are summed over features.

    Args:
        mu_q, logvar_q: (batch, ...) mean and log-variance of q; further axes are features.
        mu_p, logvar_p: (batch, ...) mean and log-variance of p.
        num_samples: S, the number of samples drawn for each row; at least 1.

    Returns:
        (batch,) estimate for each row, in nats. It may be negative by chance, and it need not be
        differentiable. Draw the noise with `homework.randomizer` or with torch.
    """
    batch_size = mu_q.size(0)
    input_size = mu_q[0].numel()
    mu_q, logvar_q, mu_p, logvar_p = (  # (batch_size, num_samples, input_size) each
        value.reshape(batch_size, 1, -1).expand(batch_size, num_samples, input_size)
        for value in (mu_q, logvar_q, mu_p, logvar_p)
    )
    # TODO (q1.kl_gaussian_gaussian_mc): draw num_samples points of q for every row and average log q - log p over them
    raise NotImplementedError("q1.kl_gaussian_gaussian_mc")
