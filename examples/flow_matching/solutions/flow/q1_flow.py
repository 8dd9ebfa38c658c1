"""Flow matching: straight paths between data and noise, and a network that learns their velocity.

Conventions of this file
------------------------
* Images are (batch, channels, height, width), scaled to [-1, 1]; the four sizes may differ.
* Time runs from 0 to 1. At t = 0 there is **data**, `x0`; at t = 1 there is **noise**, `x1`, drawn
  from N(0, I). Many texts count the other way round; here t grows with the noise.
* A sampler walks from t = 1 down to t = 0, so its step `dt` is **negative**.
* In a batch of training images each image has a time of its own: t is (batch, 1, 1, 1). A step of
  a sampler has one time for the whole batch: there t and dt are Python floats.
* Inputs are never changed in place, and a call leaves nothing behind for the next call.
* Draw noise with `homework.randomizer` or with torch; never re-seed a generator.

The task id of a method is `q1.` and its name. Check one with `check("q1.sample_xt")`.

References: Lipman, Chen, Ben-Hamu, Nickel & Le 2023, "Flow Matching for Generative Modeling"
(arXiv:2210.02747); Liu, Gong & Liu 2023, "Flow Straight and Fast" (arXiv:2209.03003).
"""

from __future__ import annotations

import torch
from torch import nn

from homework import randomizer


class FlowMatching:
    """Paths, training loss and the steps of two samplers.

    Args:
        velocity_model: network called as `velocity_model(x, time)` with positional arguments, x of
            shape (batch, channels, height, width) and `time` of shape (batch,), integers from 0 to
            `time_scale`; returns the shape of x.
        device: where the network is, and where images come from.
        time_scale: what t = 1 is called when the network is told the time.
    """

    def __init__(
        self,
        velocity_model: nn.Module,
        device: torch.device | str,
        time_scale: int = 1000,
    ) -> None:
        self.velocity_model = velocity_model.to(device)
        self.device = device
        self.time_scale = time_scale

    def predict_velocity(self, x_t: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """What the network says of x_t at time t. Given: nothing is to be done here.

        Args:
            x_t: (batch, channels, height, width).
            t: (batch, 1, 1, 1) times from 0 to 1, on the device of `x_t`.

        Returns:
            (batch, channels, height, width).
        """
        if not isinstance(t, torch.Tensor):
            raise TypeError(
                f"predict_velocity wants t as a (batch, 1, 1, 1) tensor, not as {type(t).__name__}"
            )
        steps = (t.reshape(-1) * self.time_scale).long()  # networks of diffusion models count steps
        return self.velocity_model(x_t, steps.expand(len(x_t)))

    def sample_xt(self, x0: torch.Tensor, x1: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """The point at time t on the straight path from data x0 (t = 0) to noise x1 (t = 1).

        Liu et al. 2023, section 2.1: all parts of the path are walked at the same speed.

        Args:
            x0: (batch, channels, height, width) images.
            x1: (batch, channels, height, width) noise.
            t: (batch, 1, 1, 1) times from 0 to 1, one for each image.

        Returns:
            (batch, channels, height, width) images x_t.
        """
        ### BEGIN SOLUTION
        return (1.0 - t) * x0 + t * x1
        ### END SOLUTION

    def compute_conditional_velocity(self, x0: torch.Tensor, x1: torch.Tensor) -> torch.Tensor:
        """The velocity dx_t / dt on the path between this very x0 and x1.

        Args:
            x0: (batch, channels, height, width) images, where t = 0.
            x1: (batch, channels, height, width) noise, where t = 1.

        Returns:
            (batch, channels, height, width); it is the same at all times.
        """
        ### BEGIN SOLUTION
        return x1 - x0
        ### END SOLUTION

    def loss(self, x0: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
        """Training loss: squared error of the predicted velocity (conditional flow matching).

        Lipman et al. 2023, eq. 23 with sigma_min = 0: the squared norm of the difference between
        `predict_velocity` at x_t and the velocity of the path, that is, summed over channels and
        pixels, then averaged over the batch. x_t lies on the path from `x0` to this very noise, at
        the times `t` drawn below, one for each image.

        Args:
            x0: (batch, channels, height, width) images.
            noise: x1, of the shape of `x0`; None draws it from N(0, I).

        Returns:
            () a scalar tensor through which gradients flow to the parameters of `velocity_model`.
        """
        t = randomizer.uniform((x0.shape[0], 1, 1, 1), device=x0.device)
        if noise is None:
            noise = randomizer.normal_like(x0)
        ### BEGIN SOLUTION
        xt = self.sample_xt(x0, noise, t)
        error = self.predict_velocity(xt, t) - self.compute_conditional_velocity(x0, noise)
        return (error**2).flatten(start_dim=1).sum(dim=1).mean()
        ### END SOLUTION

    def euler_step(self, x_t: torch.Tensor, t: float, dt: float) -> torch.Tensor:
        """One step of Euler's method along dx/dt = v(x, t), from time t to time t + dt.

        The velocity at the beginning of the step is kept for the whole step: one evaluation of the
        network.

        Args:
            x_t: (batch, channels, height, width) images at time t.
            t: the time, a float from 0 to 1, for all images.
            dt: by how much time changes, a float; negative on the way from noise to data.

        Returns:
            (batch, channels, height, width) images at time t + dt.
        """
        ### BEGIN SOLUTION
        times = torch.full((len(x_t), 1, 1, 1), t, device=x_t.device)
        velocity = self.predict_velocity(x_t, times)
        return x_t + dt * velocity
        ### END SOLUTION

    def midpoint_step(self, x_t: torch.Tensor, t: float, dt: float) -> torch.Tensor:
        """One step of the midpoint method along dx/dt = v(x, t), from time t to time t + dt.

        Half a step of Euler's method leads to the middle, time t + dt / 2. The velocity that is
        found there carries x_t over the whole step: two evaluations of the network.

        Args:
            x_t: (batch, channels, height, width) images at time t.
            t: the time, a float from 0 to 1, for all images.
            dt: by how much time changes, a float; negative on the way from noise to data.

        Returns:
            (batch, channels, height, width) images at time t + dt.
        """
        ### BEGIN SOLUTION
        times = torch.full((len(x_t), 1, 1, 1), t, device=x_t.device)
        velocity = self.predict_velocity(x_t, times)
        middle = x_t + 0.5 * dt * velocity
        halfway = self.predict_velocity(middle, times + 0.5 * dt)
        return x_t + dt * halfway
        ### END SOLUTION
