# Generated from solutions/ddpm/q2_trainer_ddpm.py by "autograder release". Fill in the TODOs here;
# change anything else there.
# What is graded may import torch, torchvision, numpy, scipy, matplotlib, tqdm, easydict, einops,
# jaxtyping, PIL, typing_extensions, the standard library, and modules of your own beside the
# file.
"""Task 2, sampling: the loops that turn noise into digits with a trained DDPM.

Conventions of this file
------------------------
* `self.args` holds the settings (`n_samples`, `image_channels`, `image_size`, `n_steps`, ...),
  `self.diffusion` a `DenoiseDiffusion`, `self.eps_model` its network; see
  `homework/training.py` for the training that `TrainerBase` provides.
* The reverse process starts from noise x ~ N(0, I) and calls `self.diffusion.p_sample(x, t)` for
  t = n_steps - 1, ..., 1, 0: every time once, in this order. `t` is a (batch,) tensor of integers
  on the device of x.
* Draw noise with `homework.randomizer` or with torch; never re-seed a generator.

The task ids are `q2.sample` and `q2.generate_intermediate_samples`.

Reference: Ho, Jain & Abbeel 2020, "Denoising Diffusion Probabilistic Models" (arXiv:2006.11239),
algorithm 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from tqdm.auto import tqdm

from homework import randomizer
from homework.training import TrainerBase


class Trainer(TrainerBase):
    """Trains a DDPM and draws samples from it.

    Args:
        args: the settings, readable as `args.n_steps` and as `args["n_steps"]`.
        eps_model: the network that predicts the noise.
        diffusion_model: a `DenoiseDiffusion` around `eps_model`.
    """

    @torch.no_grad()
    def sample(self, n_steps: int | None = None) -> torch.Tensor:
        """Draw images by running the whole reverse process.

        Ho et al. 2020, algorithm 2.

        Args:
            n_steps: number of reverse steps, from time n_steps - 1 down to 0; None means
                `self.args.n_steps`.

        Returns:
            (n_samples, image_channels, image_size, image_size) images; sizes from `self.args`.
        """
        if n_steps is None:
            n_steps = self.args.n_steps
        args = self.args
        shape = (args.n_samples, args.image_channels, args.image_size, args.image_size)
        x = randomizer.normal(shape, device=args.device)
        for t_ in tqdm(range(n_steps), desc="sampling", leave=False):
            # TODO (q2.sample): make the tensor of this step's time, and take one step with the diffusion model
            raise NotImplementedError("q2.sample")
        return x

    @torch.no_grad()
    def generate_intermediate_samples(
        self,
        n_samples: int = 4,
        img_size: int = 32,
        steps_to_show: Sequence[int] = (0, 999),
        n_steps: int | None = None,
    ) -> list[np.ndarray]:
        """Run the reverse process and keep the images at some of its steps.

        Steps are counted from 1: after step s the process has called `p_sample` s times, the last
        time at t = n_steps - s. The first entry of the result is always the initial noise, so a 0
        in `steps_to_show` adds nothing.

        Args:
            n_samples: number of images.
            img_size: their height and width in pixels; the channels are `args.image_channels`.
            steps_to_show: the steps s whose images are kept, in the order of the process.
            n_steps: number of reverse steps; None means `self.args.n_steps`.

        Returns:
            A list of numpy arrays (n_samples, image_channels, img_size, img_size): the initial
            noise, then one array for every s in `steps_to_show` with 1 <= s <= n_steps. They are
            copies: what later steps do to the images must not change them.
        """
        if n_steps is None:
            n_steps = self.args.n_steps
        shape = (n_samples, self.args.image_channels, img_size, img_size)
        x = randomizer.normal(shape, device=self.args.device)
        images = [x.cpu().numpy().copy()]
        for step in tqdm(range(1, n_steps + 1), desc="sampling", leave=False):
            # TODO (q2.generate_intermediate_samples): take one step as in `sample`, and keep a copy of the images if this step is to be shown
            raise NotImplementedError("q2.generate_intermediate_samples")
        return images
