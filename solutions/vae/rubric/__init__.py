"""Rubric of assignment 1: variational autoencoder, 68 points.

The tasks of `q1_vae.py` are in `densities.py` and `divergences.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.rubric import Case, Mistake, Task, Written
from autograder.rubric_inputs import Random, probabilities, values

from . import ingredients
from .densities import BERNOULLI, LOG_MEAN_EXP, NORMAL
from .divergences import KL_ANALYTIC, KL_MC

Inputs = dict[str, Any]


def _loss(
    recon_shape: tuple[int, ...], image_shape: tuple[int, ...], latent: int, binary: bool = False
) -> Any:
    def inputs(random: Random) -> Inputs:
        batch = recon_shape[0]
        recon = probabilities(random, *recon_shape).astype(np.float32).astype(np.float64)
        x = random.uniform(size=image_shape).astype(np.float32).astype(np.float64)
        x = x.round() if binary else x
        mu = values(random, batch, latent)
        logvar = values(random, batch, latent, scale=0.7, shift=-0.5)
        pixels = x.reshape(recon_shape)
        density = pixels * np.log(recon) + (1 - pixels) * np.log1p(-recon)
        return {
            "recon_x": recon, "x": x, "mu": mu, "logvar": logvar,
            "given_log_likelihood": density.reshape(batch, -1).sum(axis=1),
            "given_log_likelihood_grad_recon_x": pixels / recon - (1 - pixels) / (1 - recon),
            "given_kl": 0.5 * (np.exp(logvar) + mu**2 - 1 - logvar).sum(axis=1),
            "given_kl_grad_mu": mu,
            "given_kl_grad_logvar": 0.5 * (np.exp(logvar) - 1),
        }  # fmt: skip

    return inputs


_ALIGNED = "recon_x.reshape(batch, -1), x.reshape(batch, -1)"

LOSS_FUNCTION = Task(
    id="q1.loss_function",
    ingredients=ingredients.LOSS,
    title="Loss of the VAE: the negative ELBO",
    points=3,
    file="q1_train_vae.py",
    todo="combine the two functions of q1_vae.py into minus the ELBO, summed over the batch",
    isolated=True,
    cases=(
        Case(
            "flat",
            "recon_x and x of shape (batch, pixels)",
            _loss((5, 24), (5, 24), 3),
            _loss((4, 20), (4, 20), 5),
        ),
        Case(
            "image-and-flat",
            "x are images, recon_x is flat",
            _loss((4, 30), (4, 1, 5, 6), 7),
            _loss((3, 28), (3, 1, 7, 4), 6),
        ),
        Case(
            "images",
            "recon_x and x are images, of 0 and 1",
            _loss((6, 1, 4, 8), (6, 1, 4, 8), 5, binary=True),
            _loss((5, 1, 6, 3), (5, 1, 6, 3), 4, binary=True),
        ),
    ),
    mistakes=(
        Mistake(
            "mean-over-batch",
            "The loss is the sum over the images of the batch, as the docstring states, not their "
            "mean.",
            edits=((".sum()", ".mean()"),),
        ),
        Mistake(
            "mean-over-pixels",
            "The reconstruction term is averaged over pixels, which makes the KL term far too "
            "strong: sum it over pixels.",
            edits=(("(kl - log_likelihood)", "(kl - log_likelihood / x[0].numel())"),),
        ),
        Mistake(
            "elbo-not-negated",
            "This is the ELBO itself. Training minimises the loss, so the loss is minus the ELBO.",
            edits=(("(kl - log_likelihood)", "(log_likelihood - kl)"),),
        ),
        Mistake(
            "kl-rewarded",
            "The KL term has the wrong sign: the ELBO subtracts it, so the loss adds it.",
            edits=(("(kl - log_likelihood)", "(-kl - log_likelihood)"),),
        ),
        Mistake(
            "likelihood-sign",
            "The log-likelihood has the wrong sign: a better reconstruction has to lower the loss.",
            edits=(("(kl - log_likelihood)", "(kl + log_likelihood)"),),
        ),
        Mistake(
            "no-kl",
            "The KL term is missing: this trains a plain autoencoder, whose latent space has no "
            "prior.",
            edits=(("(kl - log_likelihood)", "(-log_likelihood)"),),
        ),
        Mistake(
            "no-reconstruction",
            "The reconstruction term is missing: nothing asks the decoder to reproduce the image.",
            edits=(("(kl - log_likelihood)", "kl"),),
        ),
        Mistake(
            "reconstruction-and-image-swapped",
            "The image and its reconstruction have changed places in the log-likelihood: the means "
            "come first, the image is the target.",
            edits=((_ALIGNED, "x.reshape(batch, -1), recon_x.reshape(batch, -1)"),),
        ),
        Mistake(
            "prior-log-variance-one",
            "The prior N(0, I) has variance 1, so its log-variance is 0; a 1 is passed.",
            edits=(("(mu, logvar, zeros, zeros)", "(mu, logvar, zeros, torch.ones_like(mu))"),),
        ),
        Mistake(
            "kl-reversed",
            "The divergence is taken from the prior to the posterior. The ELBO needs "
            "KL(q(z | x) || p(z)): the encoder's Gaussian comes first.",
            edits=(("(mu, logvar, zeros, zeros)", "(zeros, zeros, mu, logvar)"),),
        ),
        Mistake(
            "not-summed",
            "One number for each image is returned. The loss of a batch is one number: sum over "
            "the batch.",
            edits=((".sum()", ""),),
        ),
        Mistake(
            "rounded-image",
            "Grey values are used as they are; the image is rounded to 0 and 1 here.",
            edits=((_ALIGNED, "recon_x.reshape(batch, -1), x.reshape(batch, -1).round()"),),
        ),
    ),
)

TASKS = (BERNOULLI, NORMAL, LOG_MEAN_EXP, KL_ANALYTIC, KL_MC, LOSS_FUNCTION)
WRITTEN = (
    Written("q1.written_training", "Training and loss curve", 5),
    Written("q1.written_samples", "Samples", 6),
    Written("q1.written_latent_traversals", "Latent traversals", 12),
    Written("q1.written_interpolation", "Interpolation", 10),
)
