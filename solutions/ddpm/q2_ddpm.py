"""Task 2: a denoising diffusion probabilistic model (DDPM).

Conventions of this file
------------------------
* Images are (batch, channels, height, width), scaled to [-1, 1]; the four sizes may differ.
* Time is 0-based: `t` is a (batch,) tensor of integers in [0, n_steps), one time per image, and
  images of one batch may have different times. t = 0 is the least noisy step, x_0 comes after it.
* beta = linspace(1e-4, 0.02, n_steps), alpha = 1 - beta, alpha_bar_t = prod_{s <= t} alpha_s.
* The variance of a reverse step is sigma^2_t = beta_t (Ho et al. 2020, section 3.2, first choice).
* Inputs are never changed in place, and a call leaves nothing behind for the next call.
* Draw noise with `homework.randomizer` or with torch; never re-seed a generator.

The task id of a method is `q2.` and its name. Check one with `check("q2.q_sample")`.

Reference: Ho, Jain & Abbeel 2020, "Denoising Diffusion Probabilistic Models" (arXiv:2006.11239).
"""

from __future__ import annotations

import torch
from torch import nn

from homework import randomizer


class DenoiseDiffusion:
    """The forward process q, the reverse process p and the training loss of a DDPM.

    Args:
        eps_model: network that predicts the noise, called as `eps_model(xt, t)` with positional
            arguments, xt of shape (batch, channels, height, width) and t of shape (batch,);
            returns the shape of xt.
        n_steps: number of diffusion steps T.
        device: where the schedule is kept.

    Attributes:
        beta, alpha, alpha_bar, sigma2: (n_steps,) float tensors as defined at the top of the file.
    """

    def __init__(self, eps_model: nn.Module, n_steps: int, device: torch.device | str) -> None:
        self.eps_model = eps_model.to(device)
        self.n_steps = n_steps
        self.device = device
        self.beta = torch.linspace(1e-4, 0.02, n_steps, device=device)
        self.alpha = 1.0 - self.beta
        self.alpha_bar = torch.cumprod(self.alpha, dim=0)
        self.sigma2 = self.beta

    def gather(self, c: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Pick the entries c[t] and shape them (batch, 1, 1, 1), to broadcast over images."""
        return c.gather(-1, t).reshape(-1, 1, 1, 1)

    def q_xt_x0(self, x0: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and variance of q(x_t | x_0) = N(sqrt(alpha_bar_t) x_0, (1 - alpha_bar_t) I).

        Ho et al. 2020, eq. 4.

        Args:
            x0: (batch, channels, height, width) images.
            t: (batch,) integer times.

        Returns:
            mean: (batch, channels, height, width).
            var: the variance, not the standard deviation: (batch, 1, 1, 1), or expanded to the
                shape of `mean`.
        """
        ### BEGIN SOLUTION
        alpha_bar = self.gather(self.alpha_bar, t)
        return alpha_bar.sqrt() * x0, 1.0 - alpha_bar
        ### END SOLUTION

    def q_sample(
        self, x0: torch.Tensor, t: torch.Tensor, eps: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Draw x_t from q(x_t | x_0): mean + standard deviation * eps. Ho et al. 2020, eq. 4.

        Args:
            x0: (batch, channels, height, width) images.
            t: (batch,) integer times.
            eps: noise of the shape of `x0`; None draws it from N(0, I), independently for every
                image and pixel.

        Returns:
            (batch, channels, height, width) noisy images x_t.
        """
        if eps is None:
            eps = randomizer.normal_like(x0)
        ### BEGIN SOLUTION
        mean, var = self.q_xt_x0(x0, t)
        return mean + var.sqrt() * eps
        ### END SOLUTION

    def p_xt_prev_xt(self, xt: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and variance of the reverse step p(x_{t-1} | x_t).

        Ho et al. 2020, eq. 11:
        mean = (x_t - beta_t / sqrt(1 - alpha_bar_t) * eps_model(x_t, t)) / sqrt(alpha_t);
        the variance is sigma^2_t = beta_t, also at t = 0 (leaving the noise out there is the
        business of `p_sample`).

        Args:
            xt: (batch, channels, height, width) noisy images.
            t: (batch,) integer times.

        Returns:
            mean: (batch, channels, height, width).
            var: (batch, 1, 1, 1), or expanded to the shape of `mean`.
        """
        ### BEGIN SOLUTION
        eps = self.eps_model(xt, t)
        beta = self.gather(self.beta, t)
        noise_share = beta / (1.0 - self.gather(self.alpha_bar, t)).sqrt()
        mean = (xt - noise_share * eps) / self.gather(self.alpha, t).sqrt()
        return mean, self.gather(self.sigma2, t)
        ### END SOLUTION

    def p_sample(self, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Draw x_{t-1} from p(x_{t-1} | x_t): one step of the reverse process.

        Ho et al. 2020, algorithm 2, line 4, with our 0-based t: images with t = 0 get the mean
        alone, all others mean + standard deviation * noise. This is decided image by image, since
        times of one batch may differ. The noise is drawn from N(0, I), afresh at every call and
        independently for every image and pixel.

        Args:
            xt: (batch, channels, height, width) noisy images.
            t: (batch,) integer times.

        Returns:
            (batch, channels, height, width) images that are one step less noisy.
        """
        ### BEGIN SOLUTION
        mean, var = self.p_xt_prev_xt(xt, t)
        noise = randomizer.normal_like(xt)
        keeps_noise = (t > 0).to(xt.dtype).reshape(-1, 1, 1, 1)
        return mean + keeps_noise * var.sqrt() * noise
        ### END SOLUTION

    def loss(self, x0: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
        """Training loss: squared error between the noise and its prediction.

        Ho et al. 2020, eq. 14: the squared norm || noise - eps_model(x_t, t) ||^2, that is, summed
        over channels and pixels, then averaged over the batch. x_t is drawn with `q_sample` from
        this very noise and from the times `t` drawn below, one for each image.

        Args:
            x0: (batch, channels, height, width) images.
            noise: noise of the shape of `x0`; None draws it from N(0, I).

        Returns:
            () a scalar tensor through which gradients flow to the parameters of `eps_model`.
        """
        t = randomizer.integers(0, self.n_steps, (x0.shape[0],), device=x0.device)
        if noise is None:
            noise = randomizer.normal_like(x0)
        ### BEGIN SOLUTION
        xt = self.q_sample(x0, t, eps=noise)
        squared_error = (noise - self.eps_model(xt, t)) ** 2
        return squared_error.flatten(start_dim=1).sum(dim=1).mean()
        ### END SOLUTION
