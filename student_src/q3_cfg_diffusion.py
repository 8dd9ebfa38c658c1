# Generated from solutions/cfg/q3_cfg_diffusion.py by "autograder release". Fill in the TODOs here;
# change anything else there.
# What is graded may import torch, torchvision, numpy, scipy, matplotlib, tqdm, easydict, einops,
# jaxtyping, PIL, typing_extensions, the standard library, and modules of your own beside the
# file.
"""Task 3: a diffusion model in terms of the log signal-to-noise ratio, for guidance.

Conventions of this file
------------------------
* Images and latents z are (batch, channels, height, width); images are scaled to [-1, 1].
* Noise levels are log signal-to-noise ratios lambda, float tensors of shape (batch, 1, 1, 1) that
  broadcast over images: large lambda means little noise. `lambda_t` is the noisier level and
  `lambda_t_prim` (lambda') the less noisy one that a reverse step goes to, so
  lambda_t < lambda_t_prim. Every method returns a tensor that broadcasts likewise.
* Time is 0-based: `t` is a (batch,) tensor of integers in [0, n_steps).
* alpha_lambda^2 = sigmoid(lambda) and sigma_lambda^2 = 1 - alpha_lambda^2 = sigmoid(-lambda).
  Mind float32: 1 - sigmoid(20) is 0 there, sigmoid(-20) is not. Both forms are accepted.
* `sigma_...` methods return standard deviations, `var_p_theta` returns a variance.
* Inputs are never changed in place, and a call leaves nothing behind for the next call.
* Draw noise with `homework.randomizer` or with torch; never re-seed a generator.

The task id of a method is `q3.` and its name. Check one with `check("q3.get_lambda")`.

Reference: Ho & Salimans 2022, "Classifier-Free Diffusion Guidance" (arXiv:2207.12598); the
equations below are numbered as there.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from homework import randomizer


class CFGDiffusion:
    """Forward process, reverse process and loss of a diffusion model indexed by lambda.

    Args:
        eps_model: network that predicts the noise, called as `eps_model(z, labels)` with positional
            arguments; labels is a (batch,) integer tensor, or None for the unconditional
            prediction; returns the shape of z. It is not told the time.
        n_steps: number of diffusion steps T.
        device: where new tensors are made.

    Attributes:
        lambda_min, lambda_max: the ends of the schedule, -20 and 20.
    """

    def __init__(self, eps_model: nn.Module, n_steps: int, device: torch.device | str) -> None:
        self.eps_model = eps_model.to(device)
        self.n_steps = n_steps
        self.device = device
        self.lambda_min = -20.0
        self.lambda_max = 20.0

    def get_exp_ratio(self, l: torch.Tensor, l_prim: torch.Tensor) -> torch.Tensor:  # noqa: E741
        """exp(lambda - lambda'), which equations 2 and 3 share."""
        return torch.exp(l - l_prim)

    def get_lambda(self, t: torch.Tensor) -> torch.Tensor:
        """Noise level of time t, by the cosine schedule.

        Ho & Salimans 2022, section 3.1: with u = t / n_steps,
        lambda(u) = -2 log tan(a u + b), b = arctan(exp(-lambda_max / 2)),
        a = arctan(exp(-lambda_min / 2)) - b. Hence lambda = lambda_max at t = 0.

        Args:
            t: (batch,) integer times in [0, n_steps).

        Returns:
            (batch, 1, 1, 1) float tensor of levels between lambda_min and lambda_max.
        """
        # TODO (q3.get_lambda): the cosine schedule of section 3.1 at u = t / n_steps, as a (batch, 1, 1, 1) tensor
        raise NotImplementedError("q3.get_lambda")

    def alpha_lambda(self, lambda_t: torch.Tensor) -> torch.Tensor:
        """Share of the signal, alpha_lambda = sqrt(sigmoid(lambda)). Eq. 1.

        Args:
            lambda_t: (batch, 1, 1, 1) noise levels.

        Returns:
            (batch, 1, 1, 1) alpha, not its square.
        """
        # TODO (q3.alpha_lambda): alpha, the square root of the sigmoid of lambda
        raise NotImplementedError("q3.alpha_lambda")

    def sigma_lambda(self, lambda_t: torch.Tensor) -> torch.Tensor:
        """Standard deviation of the noise, sigma_lambda = sqrt(1 - alpha_lambda^2). Eq. 1.

        Args:
            lambda_t: (batch, 1, 1, 1) noise levels.

        Returns:
            (batch, 1, 1, 1) sigma, not its square.
        """
        # TODO (q3.sigma_lambda): sigma, the square root of 1 - alpha^2, which is the sigmoid of -lambda
        raise NotImplementedError("q3.sigma_lambda")

    def q_sample(
        self, x: torch.Tensor, lambda_t: torch.Tensor, noise: torch.Tensor
    ) -> torch.Tensor:
        """Draw z_lambda from q(z_lambda | x) = N(alpha_lambda x, sigma_lambda^2 I). Eq. 1.

        Args:
            x: (batch, channels, height, width) images.
            lambda_t: (batch, 1, 1, 1) noise levels.
            noise: standard normal noise of the shape of `x`.

        Returns:
            (batch, channels, height, width) alpha_lambda x + sigma_lambda noise.
        """
        # TODO (q3.q_sample): scale the image by alpha and the noise by sigma, and add them (eq. 1)
        raise NotImplementedError("q3.q_sample")

    def sigma_q(self, lambda_t: torch.Tensor, lambda_t_prim: torch.Tensor) -> torch.Tensor:
        """Standard deviation of the forward step q(z_lambda | z_lambda'). Eq. 2.

        sigma_q^2 = (1 - exp(lambda - lambda')) sigma_lambda^2, where lambda < lambda'.

        Args:
            lambda_t, lambda_t_prim: (batch, 1, 1, 1) noise levels.

        Returns:
            (batch, 1, 1, 1) standard deviation, not the variance.
        """
        # TODO (q3.sigma_q): the square root of (1 - exp(lambda - lambda')) sigma_lambda^2 (eq. 2)
        raise NotImplementedError("q3.sigma_q")

    def sigma_q_x(self, lambda_t: torch.Tensor, lambda_t_prim: torch.Tensor) -> torch.Tensor:
        """Standard deviation of the posterior step q(z_lambda' | z_lambda, x). Eq. 3.

        sigma_q_x^2 = (1 - exp(lambda - lambda')) sigma_lambda'^2: like `sigma_q`, but with the
        sigma of the less noisy level.

        Args:
            lambda_t, lambda_t_prim: (batch, 1, 1, 1) noise levels.

        Returns:
            (batch, 1, 1, 1) standard deviation, not the variance.
        """
        # TODO (q3.sigma_q_x): the square root of (1 - exp(lambda - lambda')) sigma_lambda'^2 (eq. 3)
        raise NotImplementedError("q3.sigma_q_x")

    def mu_p_theta(
        self,
        z_lambda_t: torch.Tensor,
        x: torch.Tensor,
        lambda_t: torch.Tensor,
        lambda_t_prim: torch.Tensor,
    ) -> torch.Tensor:
        """Mean of the reverse step to z_lambda', given an estimate of the image. Eq. 3 and 4.

        mu = exp(lambda - lambda') (alpha_lambda' / alpha_lambda) z
             + (1 - exp(lambda - lambda')) alpha_lambda' x.

        Args:
            z_lambda_t: (batch, channels, height, width) latents at level lambda_t.
            x: (batch, channels, height, width) estimates of the images.
            lambda_t, lambda_t_prim: (batch, 1, 1, 1) noise levels.

        Returns:
            (batch, channels, height, width) mean.
        """
        # TODO (q3.mu_p_theta): the weighted sum of z and of the estimated image x of eq. 3
        raise NotImplementedError("q3.mu_p_theta")

    def var_p_theta(
        self, lambda_t: torch.Tensor, lambda_t_prim: torch.Tensor, v: float = 0.3
    ) -> torch.Tensor:
        """Variance of the reverse step: a geometric interpolation. Eq. 4.

        var = (sigma_q_x^2)^(1 - v) (sigma_q^2)^v.

        Args:
            lambda_t, lambda_t_prim: (batch, 1, 1, 1) noise levels.
            v: interpolation weight in [0, 1]; 0 gives sigma_q_x^2 and 1 gives sigma_q^2.

        Returns:
            (batch, 1, 1, 1) variance, not the standard deviation.
        """
        # TODO (q3.var_p_theta): interpolate geometrically between sigma_q_x^2 (v = 0) and sigma_q^2 (v = 1), eq. 4
        raise NotImplementedError("q3.var_p_theta")

    def p_sample(
        self,
        z_lambda_t: torch.Tensor,
        lambda_t: torch.Tensor,
        lambda_t_prim: torch.Tensor,
        x_t: torch.Tensor,
    ) -> torch.Tensor:
        """Draw z_lambda' from the reverse step p(z_lambda' | z_lambda). Eq. 4.

        mu_p_theta(z, x_t) + sqrt(var_p_theta) * noise, with the default v. The noise is drawn from
        N(0, I), afresh at every call and independently for every image and pixel.

        Args:
            z_lambda_t: (batch, channels, height, width) latents at level lambda_t.
            lambda_t, lambda_t_prim: (batch, 1, 1, 1) noise levels.
            x_t: (batch, channels, height, width) estimates of the images.

        Returns:
            (batch, channels, height, width) latents at level lambda_t_prim.
        """
        # TODO (q3.p_sample): the mean mu_p_theta, plus the square root of var_p_theta times fresh noise
        raise NotImplementedError("q3.p_sample")

    def loss(
        self, x0: torch.Tensor, labels: torch.Tensor | None, noise: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Training loss: squared error between the noise and its prediction.

        Ho & Salimans 2022, eq. 5: || eps_model(z_lambda, labels) - noise ||^2, summed over channels
        and pixels, averaged over the batch. z_lambda is drawn with `q_sample` at the level of the
        times `t` drawn below, one for each image. The training loop, not this method, now and then
        passes None for labels, so that the network also learns the unconditional prediction.

        Args:
            x0: (batch, channels, height, width) images.
            labels: (batch,) integer labels, or None; handed to `eps_model` as they are.
            noise: noise of the shape of `x0`; None draws it from N(0, I).

        Returns:
            () a scalar tensor through which gradients flow to the parameters of `eps_model`.
        """
        t = randomizer.integers(0, self.n_steps, (x0.shape[0],), device=x0.device)
        if noise is None:
            noise = randomizer.normal_like(x0)
        # TODO (q3.loss): noise x0 to the levels of t, predict the noise, sum the squared errors of each image, and average over the batch
        raise NotImplementedError("q3.loss")
