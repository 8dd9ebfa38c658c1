# Copied by `autograder release`; change the original:
# solutions/vae/provided/homework/vae_model.py
"""The variational autoencoder of assignment 1: the network; its loss is the student's."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from homework import randomizer

MARGIN = 1e-6  # keeps the Bernoulli means off 0 and 1, where their logarithms end


class VAE(nn.Module):
    """Encoder to the mean and log-variance of q(z | x), decoder to Bernoulli means of pixels."""

    def __init__(self, latent: int = 20, hidden: int = 512, pixels: int = 784) -> None:
        super().__init__()
        self.latent, self.pixels = latent, pixels
        self.encoder = nn.Sequential(
            nn.Linear(pixels, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden // 2),
            nn.ReLU(),
            nn.Linear(hidden // 2, 2 * latent),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent, hidden // 2),
            nn.ReLU(),
            nn.Linear(hidden // 2, hidden),
            nn.ReLU(),
            nn.Linear(hidden, pixels),
        )

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x: (batch, 1, height, width) or (batch, pixels) in [0, 1].

        Returns mu and logvar of q(z | x), each (batch, latent).
        """
        if x[0].numel() != self.pixels:
            raise ValueError(f"each image must have {self.pixels} pixels, got {tuple(x.shape)}")
        mu, logvar = self.encoder(x.flatten(1)).chunk(2, dim=1)
        return mu, logvar

    def reparameterize(self, mu: Tensor, logvar: Tensor) -> Tensor:
        """A draw of z ~ N(mu, exp(logvar)) that gradients pass (Kingma & Welling 2014, 2.4)."""
        return mu + (0.5 * logvar).exp() * randomizer.normal_like(mu)

    def decode(self, z: Tensor) -> Tensor:
        """z: (batch, latent). Returns Bernoulli means, (batch, pixels), inside (0, 1)."""
        return MARGIN + (1 - 2 * MARGIN) * torch.sigmoid(self.decoder(z))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns (recon_x, mu, logvar): Bernoulli means for one drawn z, and q's parameters."""
        mu, logvar = self.encode(x)
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar

    @torch.no_grad()
    def sample(self, count: int) -> Tensor:
        """(count, 1, side, side) images, decoded from draws of the prior N(0, I)."""
        z = randomizer.normal((count, self.latent), device=next(self.parameters()).device)
        side = int(self.pixels**0.5)
        return self.decode(z).reshape(count, 1, side, side)
