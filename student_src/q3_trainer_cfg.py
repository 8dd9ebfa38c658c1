# Generated from solutions/cfg/q3_trainer_cfg.py by "autograder release". Fill in the TODOs here;
# change anything else there.
# What is graded may import torch, torchvision, numpy, scipy, matplotlib, tqdm, easydict, einops,
# jaxtyping, PIL, typing_extensions, the standard library, and modules of your own beside the
# file.
"""Task 3, sampling: the guided reverse process, from noise to the digit that was asked for.

Conventions of this file
------------------------
* `self.args` holds the settings (`n_samples`, `image_channels`, `image_size`, `n_steps`, ...),
  `self.diffusion` a `CFGDiffusion`, `self.eps_model` its network; see `homework/training.py` for
  the training that `TrainerBase` provides.
* Times run t = n_steps - 1, ..., 1, 0. `self.diffusion.get_lambda(t)` takes a (batch,) tensor of
  integer times and returns (batch, 1, 1, 1) levels; its methods want levels, never times.
* Draw noise with `homework.randomizer` or with torch; never re-seed a generator.

The task id is `q3.sample`. Check it with `check("q3.sample")`.

Reference: Ho & Salimans 2022, "Classifier-Free Diffusion Guidance" (arXiv:2207.12598),
algorithm 2.
"""

from __future__ import annotations

import torch
from tqdm.auto import tqdm

from homework import randomizer
from homework.training import TrainerBase


class Trainer(TrainerBase):
    """Trains a guided diffusion model and draws samples from it.

    Args:
        args: the settings, readable as `args.n_steps` and as `args["n_steps"]`.
        eps_model: the network that predicts the noise, called as `eps_model(z, labels)`.
        diffusion_model: a `CFGDiffusion` around `eps_model`.
    """

    @torch.no_grad()
    def sample(
        self,
        labels: torch.Tensor | None = None,
        cfg_scale: float = 3.0,
        n_steps: int | None = None,
    ) -> torch.Tensor:
        """Draw images of the asked labels with classifier-free guidance.

        Ho & Salimans 2022, algorithm 2. At every step, with w = `cfg_scale`:
        1. the guided noise is (1 + w) eps_model(z, labels) - w eps_model(z, None)   (eq. 6);
        2. the estimate of the image is x_t = (z - sigma_lambda noise) / alpha_lambda, not clipped;
        3. z at the next level lambda' = get_lambda(t - 1) is drawn by `self.diffusion.p_sample`.
        At the last step, t = 0, the estimate x_t is the result and nothing more is drawn.

        Args:
            labels: (n_samples,) integer labels; None draws them at random.
            cfg_scale: guidance weight w; 0 means the plain conditional prediction.
            n_steps: number of reverse steps, from time n_steps - 1 down to 0; None means
                `self.args.n_steps`.

        Returns:
            (n_samples, image_channels, image_size, image_size) the estimate x_t of the last step.
        """
        if n_steps is None:
            n_steps = self.args.n_steps
        args = self.args
        shape = (args.n_samples, args.image_channels, args.image_size, args.image_size)
        z = randomizer.normal(shape, device=args.device)
        if labels is None:
            labels = randomizer.integers(0, 10, (args.n_samples,), device=args.device)
        x_t = z
        for t_ in tqdm(range(n_steps), desc="sampling", leave=False):
            t = torch.full((args.n_samples,), n_steps - 1 - t_, device=z.device, dtype=torch.long)
            # TODO (q3.sample): one guided reverse step: noise, image estimate x_t, and z at the next level
            raise NotImplementedError("q3.sample")
        return x_t
