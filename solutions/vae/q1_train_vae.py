"""Task 1, training: the loss of a variational autoencoder, and the training run that uses it.

Importing this file does no work; `python q1_train_vae.py` or the notebook trains the model.

The task id is `q1.loss_function`. Check it with `check("q1.loss_function")`.

Reference: Kingma & Welling 2014, "Auto-Encoding Variational Bayes" (arXiv:1312.6114).
"""

from __future__ import annotations

import torch

from q1_vae import kl_gaussian_gaussian_analytic, log_likelihood_bernoulli


def loss_function(
    recon_x: torch.Tensor, x: torch.Tensor, mu: torch.Tensor, logvar: torch.Tensor
) -> torch.Tensor:
    """Negative evidence lower bound (ELBO) of a batch, summed over the batch.

    For one image the ELBO is log p(x | z) - KL(q(z | x) || p(z)) with the prior p(z) = N(0, I)
    (Kingma & Welling 2014, eq. 3 and, with one sample, eq. 10). The loss is minus the ELBO, summed
    over all images of the batch: not averaged, neither over images nor over pixels.

    Args:
        recon_x: (batch, pixels) or (batch, 1, height, width) Bernoulli means of the decoder,
            strictly between 0 and 1.
        x: the images, as many values per image as `recon_x` but perhaps of another shape,
            for instance (batch, 1, 28, 28) beside (batch, 784); values in [0, 1].
        mu: (batch, latent) means of q(z | x).
        logvar: (batch, latent) log-variances of q(z | x).

    Returns:
        () a scalar tensor in nats through which gradients flow to `recon_x`, `mu` and `logvar`.
    """
    ### BEGIN SOLUTION
    batch = mu.shape[0]
    log_likelihood = log_likelihood_bernoulli(recon_x.reshape(batch, -1), x.reshape(batch, -1))
    zeros = torch.zeros_like(mu)
    kl = kl_gaussian_gaussian_analytic(mu, logvar, zeros, zeros)
    return (kl - log_likelihood).sum()
    ### END SOLUTION


def main() -> None:
    """Train the VAE with the settings of the chosen profile and print its loss by epoch."""
    from homework.vae_training import train_vae

    train_vae(loss_function)


if __name__ == "__main__":
    main()
