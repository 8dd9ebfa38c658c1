"""Given values: what a task builds on, when it is looked at in isolation.

A task should not lose points for a mistake in another one. So a probe can replace the methods a
task calls by look-ups in tables that come with the case: numbers, no formulas. Where a look-up does
not know an argument, the student's own method answers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from homework import randomizer
from homework.calls import WRONG_CALLS
from homework.unet_inputs import check_labels, check_times

Inputs = dict[str, torch.Tensor]


def remembered(inputs: Inputs, name: str, keys: tuple[str, ...]) -> Callable[..., Any]:
    """A function whose value at one set of arguments is known, with its gradients.

    The arguments it knows are `inputs[key]` (all zeros for the key "0"), in any shape; its value is
    `inputs["given_" + name]` and its gradients `inputs["given_" + name + "_grad_" + key]`.
    """

    def function(original: Callable[..., Any], *arguments: torch.Tensor, **named: Any) -> Any:
        arguments = (*arguments, *named.values())
        if len(arguments) != len(keys) or not all(map(_same, arguments, map(known, keys))):
            return original(*arguments)
        value = inputs[f"given_{name}"]
        for argument, key in zip(arguments, keys):
            slope = inputs.get(f"given_{name}_grad_{key}")
            if slope is not None:
                change = (argument - argument.detach()).reshape(len(value), -1)
                value = value + (change * slope.reshape(len(value), -1)).sum(dim=1)
        return value

    def known(key: str) -> torch.Tensor | None:
        return None if key == "0" else inputs[key]

    return function


def _same(argument: Any, known: torch.Tensor | None) -> bool:
    if not isinstance(argument, torch.Tensor):
        return False
    if known is None:
        return not argument.any()
    return argument.numel() == known.numel() and torch.allclose(
        argument.detach().reshape(-1).to(known.dtype), known.reshape(-1)
    )


class Record(list[Any]):
    """A list that copies of its owner share: what a copied network is asked is noted as well."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Record:
        return self


class _Eps(nn.Module):
    """What the two small networks share: their weights, and a record of their calls.

    `fed` and `labels` list what all calls were given; `times` are such as are no labels.
    """

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.clone())
        self.fed, self.labels, self.times = Record(), Record(), Record()
        self._results, self._wrong = Record(), Record()

    def _answer(self, x: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
        """tanh(scale x + shift), a little different at each pixel."""
        check_images(x)
        self.fed.append(x.detach().clone())
        if any(x is known for known in self._results):
            self._wrong.append("own-result")
        place = torch.arange(x[0, 0].numel(), device=x.device, dtype=x.dtype)
        ripple = 0.1 * torch.sin(place.reshape(x[0, 0].shape))
        self._results.append(torch.tanh(scale.reshape(1, -1, 1, 1) * x + shift + ripple))
        return self._results[-1]

    def note_calls(self, labelled: bool = False) -> dict[str, torch.Tensor]:
        """The output `note_calls`; `labelled` if every call should have had labels."""
        wrong = set(self._wrong) - (set() if labelled else {"no-labels"})
        if not self.fed:
            wrong.add("never")
        return {"note_calls": torch.tensor([int(key in wrong) for key in WRONG_CALLS])}


class TimedEps(_Eps):
    """A small `eps_model(x, t)`: depends on every pixel, its place, its channel and the time.

    Takes what `homework.unet.DDPMUNet` takes. weight: (2, channels).
    """

    def forward(self, x: torch.Tensor, t: torch.Tensor | None = None, **more: Any) -> torch.Tensor:
        if more:
            raise TypeError(WRONG_CALLS["keyword"])
        if t is None:
            raise TypeError(WRONG_CALLS["no-time"])
        check_images(x)
        check_times(t, x)
        level = torch.cos(0.3 * t.to(x.dtype)).reshape(-1, 1, 1, 1)
        return self._answer(x, self.weight[0], self.weight[1].reshape(1, -1, 1, 1) * level)


class LabelledEps(_Eps):
    """A small `eps_model(z, labels)`: depends on every pixel, its place, its channel, the label.

    Takes what `homework.unet.CFGUNet` takes. weight: (12, channels): scale, ten labels, no label.
    """

    num_classes = 10

    def forward(
        self, z: torch.Tensor, labels: torch.Tensor | None = None, *more: Any, **named: Any
    ) -> torch.Tensor:
        if named.keys() - {"t", "time", "timesteps", "lambda_t"}:
            raise TypeError(WRONG_CALLS["keyword"])
        if more or named or (isinstance(labels, torch.Tensor) and labels.is_floating_point()):
            raise TypeError(WRONG_CALLS["time"])
        check_images(z)
        if labels is None:
            self._wrong.append("no-labels")
            labels = torch.full((len(z),), self.num_classes, device=z.device)
        else:
            if any(labels is t for t in self.times):
                self._wrong.append("time")
            self._check_labels(labels, z)
            self.labels.append(labels)
        shift = self.weight[1 + labels.long()].reshape(len(z), -1, 1, 1)
        return self._answer(z, self.weight[0], shift)

    def _check_labels(self, labels: torch.Tensor, z: torch.Tensor) -> None:
        whole = isinstance(labels, torch.Tensor) and labels.shape == z.shape[:1]
        if whole and (labels.min() < 0 or labels.max() >= self.num_classes):
            raise TypeError(WRONG_CALLS["label-range"])
        check_labels(labels, z, self.num_classes)


def check_images(x: Any) -> None:
    """Raise a `ValueError` that says so if `x` is not (batch, channels, height, width)."""
    if not isinstance(x, torch.Tensor) or x.ndim != 4:
        found = tuple(x.shape) if isinstance(x, torch.Tensor) else type(x).__name__
        raise ValueError(f"eps_model wants (batch, channels, height, width) images, not {found}")


class _Given:
    """A diffusion model that looks everything up in the tables `given_<name>` of a case.

    What it does not have, such as a helper or a setting that only the student's class knows, comes
    from the student's own model, which `own` makes when it is first needed.
    """

    def __init__(
        self, inputs: Inputs, eps_model: _Eps, own: Callable[[], Any] | None = None
    ) -> None:
        self.tables = {k[6:]: v for k, v in inputs.items() if k.startswith("given_")}
        self.eps_model = eps_model
        self._own, self._made = own, None

    def __getattr__(self, name: str) -> Any:
        if name in ("_own", "_made") or name.startswith("__") or self._own is None:
            raise AttributeError(f"the diffusion model has nothing named {name}")
        if self._made is None:
            self._made = self._own()
        return getattr(self._made, name)


class GivenDDPM(_Given):
    """A `DenoiseDiffusion`; its tables hold n_steps numbers each."""

    def __init__(
        self, inputs: Inputs, eps_model: _Eps, own: Callable[[], Any] | None = None
    ) -> None:
        super().__init__(inputs, eps_model, own)
        self.n_steps = len(self.tables["beta"])
        self.device = self.tables["beta"].device
        self.beta = self.sigma2 = self.tables["beta"]
        self.alpha, self.alpha_bar = self.tables["alpha"], self.tables["alpha_bar"]

    def gather(self, c: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return c[t].reshape(-1, 1, 1, 1)

    def _at(self, name: str, t: Any) -> torch.Tensor:
        if not isinstance(t, torch.Tensor) or t.is_floating_point() or t.ndim != 1:
            raise ValueError("the diffusion model wants t as a (batch,) tensor of integers")
        if t.min() < 0 or t.max() >= self.n_steps:
            raise ValueError(f"times must be from 0 to n_steps - 1 = {self.n_steps - 1}")
        return self.gather(self.tables[name], t)

    def q_xt_x0(self, x0: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self._at("q_mean", t) * x0, self._at("q_var", t)

    def q_sample(
        self, x0: torch.Tensor, t: torch.Tensor, eps: torch.Tensor | None = None
    ) -> torch.Tensor:
        eps = randomizer.normal_like(x0) if eps is None else eps
        return self._at("q_mean", t) * x0 + self._at("q_noise", t) * eps

    def p_xt_prev_xt(self, xt: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        mean = self._at("p_image", t) * xt + self._at("p_eps", t) * self.eps_model(xt, t)
        return mean, self._at("p_var", t)

    def p_sample(self, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        mean, _ = self.p_xt_prev_xt(xt, t)
        return mean + self._at("p_noise", t) * randomizer.normal_like(xt)


class GivenCFG(_Given):
    """A `CFGDiffusion`.

    `given_lambda` lists K noise levels, by time where a task has times; `given_alpha` and
    `given_sigma` belong to them. `given_<name>` of shape (K, K) belongs to a pair of levels. No
    method answers from the tables of another, since those may be what a task is asked.
    """

    def __init__(
        self, inputs: Inputs, eps_model: _Eps, own: Callable[[], Any] | None = None
    ) -> None:
        super().__init__(inputs, eps_model, own)
        self.levels = self.tables["lambda"]
        self.n_steps = len(self.levels)
        self.device = self.levels.device
        self.lambda_min, self.lambda_max = -20.0, 20.0

    def _index(self, level: Any) -> torch.Tensor:
        if not isinstance(level, torch.Tensor):
            raise ValueError(f"a noise level must be a tensor, not {type(level).__name__}")
        distance, index = (level.reshape(-1, 1) - self.levels).abs().min(dim=1)
        if distance.max() > 1e-3:
            raise ValueError(
                "this is no noise level that get_lambda returns; "
                "was a time t passed in place of lambda?"
            )
        return index.reshape(level.shape)

    def _at(self, name: str, *levels: torch.Tensor) -> torch.Tensor:
        """The entries of a table, in the shape that the levels have together."""
        return self.tables[name][torch.broadcast_tensors(*map(self._index, levels))]

    def get_lambda(self, t: torch.Tensor) -> torch.Tensor:
        self.eps_model.times.append(t)
        # A sampler may ask for the level "after" t = 0 and not use what it then draws.
        return self.levels[t.long().clamp(0, self.n_steps - 1)].reshape(-1, 1, 1, 1)

    def get_exp_ratio(self, l: torch.Tensor, l_prim: torch.Tensor) -> torch.Tensor:  # noqa: E741
        return torch.exp(l - l_prim)

    def alpha_lambda(self, lambda_t: torch.Tensor) -> torch.Tensor:
        return self._at("alpha", lambda_t)

    def sigma_lambda(self, lambda_t: torch.Tensor) -> torch.Tensor:
        return self._at("sigma", lambda_t)

    def q_sample(
        self, x: torch.Tensor, lambda_t: torch.Tensor, noise: torch.Tensor
    ) -> torch.Tensor:
        return self._at("q_image", lambda_t) * x + self._at("q_noise", lambda_t) * noise

    def sigma_q(self, lambda_t: torch.Tensor, lambda_t_prim: torch.Tensor) -> torch.Tensor:
        return self._at("sigma_q", lambda_t, lambda_t_prim)

    def sigma_q_x(self, lambda_t: torch.Tensor, lambda_t_prim: torch.Tensor) -> torch.Tensor:
        return self._at("sigma_q_x", lambda_t, lambda_t_prim)

    def mu_p_theta(
        self,
        z_lambda_t: torch.Tensor,
        x: torch.Tensor,
        lambda_t: torch.Tensor,
        lambda_t_prim: torch.Tensor,
    ) -> torch.Tensor:
        levels = lambda_t, lambda_t_prim
        return self._at("mu_z", *levels) * z_lambda_t + self._at("mu_x", *levels) * x

    def var_p_theta(
        self, lambda_t: torch.Tensor, lambda_t_prim: torch.Tensor, v: float = 0.3
    ) -> torch.Tensor:
        if v != 0.3:
            raise ValueError("only v = 0.3 is known here")
        return self._at("var", lambda_t, lambda_t_prim)

    def p_sample(
        self,
        z_lambda_t: torch.Tensor,
        lambda_t: torch.Tensor,
        lambda_t_prim: torch.Tensor,
        x_t: torch.Tensor,
        *more: Any,
        **named: Any,
    ) -> torch.Tensor:
        # Whatever else a student's own p_sample takes is of no use here.
        center = self.mu_p_theta(z_lambda_t, x_t, lambda_t, lambda_t_prim)
        std = self._at("std", lambda_t, lambda_t_prim)
        return center + std * randomizer.normal_like(z_lambda_t)


def looked_up(owner: Any, *names: str) -> dict[str, Callable[..., Any]]:
    """Methods of `owner` for `Student.give`; where a look-up fails, the student's own answers."""

    def method(name: str) -> Callable[..., Any]:
        known = getattr(owner, name)

        def function(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            try:
                return known(*args, **kwargs)
            except (KeyError, TypeError, ValueError, IndexError):
                return original(*args, **kwargs)

        return function

    return {name: method(name) for name in names}


def with_gradient(value: Any, eps_model: _Eps, weight: torch.Tensor) -> dict[str, Any]:
    """A loss, the gradient of its backward pass, and what the loss itself left in the network.

    `left_gradient` is the gradient before the backward pass, `left_weight` the change of the
    weights: both are zero unless a loss also does what belongs to the training loop.
    """
    mine = eps_model.weight
    left = torch.zeros_like(weight) if mine.grad is None else mine.grad.clone()
    values = {"left_gradient": left, "left_weight": mine.detach() - weight}
    mine.grad = None
    if isinstance(value, torch.Tensor) and value.requires_grad:
        with contextlib.suppress(RuntimeError):  # of a graph that a backward pass has freed
            value.sum().backward()
    return {"value": value, "grad_eps_model": mine.grad} | values
