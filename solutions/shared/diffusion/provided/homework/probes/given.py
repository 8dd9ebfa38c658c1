"""Given values: what a task builds on, when it is looked at in isolation.

A task should not lose points for a mistake in another one. So a probe can replace the methods a
task calls by look-ups in tables that come with the case: numbers, no formulas. Where a look-up does
not know an argument, the student's own method answers.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from homework import randomizer
from homework.calls import WRONG_CALLS
from homework.fixtures import GIVEN
from homework.unet_inputs import check_labels, check_times

Inputs = dict[str, torch.Tensor]
V = 0.3  # for which variances are given
_LEVELS = ("t", "lambda_t", "lambda_t_prim")  # arguments that say where in a table to look


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


class Given:
    """A diffusion model made of numbers: it knows what comes with a case, and no formula.

    An input `given_<method>.<term>` is a table over times or noise levels. What the method returns
    is the sum of all its terms, each an entry of its table times

    * the argument that the term is named after; noise that is left out is drawn;
    * `draw`: new noise; `eps_model`: what the network says of the image; `value`: nothing more.

    A table `second` is the second thing that the method returns. An input `given_<name>` without a
    term is an attribute. Whatever else a trainer asks for, such as a helper or a setting that only
    the student's class knows, comes from the student's own model, which `own` makes when it is
    first needed.
    """

    takes: dict[str, tuple[str, ...]]  # names of the arguments of all methods, in their order

    def __init__(
        self, inputs: Inputs, eps_model: _Eps, own: Callable[[], Any] | None = None
    ) -> None:
        self.n_steps, self.device = int(inputs["n_steps"]), eps_model.weight.device
        self.eps_model = eps_model
        self._own, self._made = own, None
        self._tables: dict[str, dict[str, torch.Tensor]] = {}
        for key, table in inputs.items():
            name, _, term = key.removeprefix(GIVEN).partition(".")
            if key.startswith(GIVEN) and term:
                self._tables.setdefault(name, {})[term] = table
            elif key.startswith(GIVEN):
                setattr(self, name, table)

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__.get("_tables", {}):
            return functools.partial(self._look_up, name)
        own = self.__dict__.get("_own")
        if name.startswith("__") or own is None:
            raise AttributeError(f"the diffusion model has nothing named {name}")
        if self._made is None:
            self._made = own()
        return getattr(self._made, name)

    def _look_up(self, name: str, *args: Any, **named: Any) -> Any:
        takes, tables = self.takes[name], dict(self._tables[name])
        values = dict(zip(takes, args)) | named
        if not {*takes} - {"eps", "noise", "v"} <= values.keys():
            raise TypeError(f"{name} takes {', '.join(takes)}")
        if values.get("v", V) != V:
            raise ValueError(f"only v = {V} is known here")
        index = self._index({n: values[n] for n in takes if n in _LEVELS})
        image: Any = next((values[n] for n in takes if n in values.keys() - {*_LEVELS}), None)
        second = tables.pop("second", None)
        result: Any = 0.0
        for term, table in tables.items():
            if term == "value":
                result = result + table[index]
            elif term == "eps_model":
                result = result + table[index] * self.eps_model(image, values["t"])
            else:
                argument = values.get(term)
                noise = randomizer.normal_like(image) if argument is None else argument
                result = result + table[index] * noise
        return result if second is None else (result, second[index])

    def _index(self, levels: Inputs) -> tuple[torch.Tensor, ...]:
        """Where in a table the entries for times or noise levels are."""
        raise NotImplementedError

    def methods(self) -> dict[str, Callable[..., Any]]:
        """What is known, for `Student.give`; where that fails, the student's own answers."""

        def method(name: str) -> Callable[..., Any]:
            def function(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
                try:
                    return self._look_up(name, *args, **kwargs)
                except (KeyError, TypeError, ValueError, IndexError):
                    return original(*args, **kwargs)

            return function

        return {name: method(name) for name in self._tables}


class GivenDDPM(Given):
    """A `DenoiseDiffusion`; its tables hold n_steps numbers each."""

    takes = {
        "q_xt_x0": ("x0", "t"),
        "q_sample": ("x0", "t", "eps"),
        "p_xt_prev_xt": ("xt", "t"),
        "p_sample": ("xt", "t"),
    }

    def gather(self, c: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return c[t].reshape(-1, 1, 1, 1)

    def _index(self, levels: Inputs) -> tuple[torch.Tensor, ...]:
        t = levels["t"]
        if not isinstance(t, torch.Tensor) or t.is_floating_point() or t.ndim != 1:
            raise ValueError("the diffusion model wants t as a (batch,) tensor of integers")
        if t.min() < 0 or t.max() >= self.n_steps:
            raise ValueError(f"times must be from 0 to n_steps - 1 = {self.n_steps - 1}")
        return (t.reshape(-1, 1, 1, 1),)


class GivenCFG(Given):
    """A `CFGDiffusion`; its tables are over K noise levels, `given_levels`, or (K, K) over pairs.

    The table of `get_lambda` is over times.
    """

    takes = {
        "get_lambda": ("t",),
        "alpha_lambda": ("lambda_t",),
        "sigma_lambda": ("lambda_t",),
        "q_sample": ("x", "lambda_t", "noise"),
        "sigma_q": ("lambda_t", "lambda_t_prim"),
        "sigma_q_x": ("lambda_t", "lambda_t_prim"),
        "mu_p_theta": ("z_lambda_t", "x", "lambda_t", "lambda_t_prim"),
        "var_p_theta": ("lambda_t", "lambda_t_prim", "v"),
        # Whatever else a student's own p_sample takes is of no use here.
        "p_sample": ("z_lambda_t", "lambda_t", "lambda_t_prim", "x_t"),
    }
    levels: torch.Tensor
    lambda_min, lambda_max = -20.0, 20.0

    def get_exp_ratio(self, l: torch.Tensor, l_prim: torch.Tensor) -> torch.Tensor:  # noqa: E741
        return torch.exp(l - l_prim)  # as in what students are given

    def _index(self, levels: Inputs) -> tuple[torch.Tensor, ...]:
        if "t" in levels:
            self.eps_model.times.append(levels["t"])
            # A sampler may ask for the level "after" t = 0 and not use what it then draws.
            return (levels["t"].long().clamp(0, self.n_steps - 1).reshape(-1, 1, 1, 1),)
        return tuple(torch.broadcast_tensors(*map(self._place, levels.values())))

    def _place(self, level: Any) -> torch.Tensor:
        if not isinstance(level, torch.Tensor):
            raise ValueError(f"a noise level must be a tensor, not {type(level).__name__}")
        distance, index = (level.reshape(-1, 1) - self.levels).abs().min(dim=1)
        if distance.max() > 1e-3:
            raise ValueError(
                "this is no noise level that get_lambda returns; "
                "was a time t passed in place of lambda?"
            )
        return index.reshape(level.shape)


def stack(tensors: list[Any]) -> Any:
    """Stack tensors of one shape; else give back the first, for its type or shape to be told."""
    if not tensors:
        return None
    same = all(isinstance(x, torch.Tensor) and x.shape == tensors[0].shape for x in tensors)
    return torch.stack(tensors) if same else tensors[0]


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


# How inputs of a case are called where a method calls them otherwise.
_CALLED = {"z_lambda_t": "z", "x_t": "x"}


def looked_up(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the given methods of a case answer to its own inputs: no task may be solved by that."""
    inputs: dict[str, Any] = {name: torch.tensor(array) for name, array in arrays.items()}
    if not any("." in name for name in inputs if name.startswith(GIVEN)):
        return {}
    is_cfg = "given_levels" in inputs
    network: _Eps = (LabelledEps if is_cfg else TimedEps)(inputs["weight"])
    model = (GivenCFG if is_cfg else GivenDDPM)(inputs, network)
    found = {}
    for method in model.methods():
        arguments = [inputs.get(_CALLED.get(name, name)) for name in model.takes[method]]
        needed = [a for name, a in zip(model.takes[method], arguments) if name != "v"]
        if any(argument is None for argument in needed):
            continue
        with torch.no_grad(), randomizer.replay(0, constant=float(inputs.get("constant", 0.5))):
            result = getattr(model, method)(*needed)
        for place, part in enumerate(result if isinstance(result, tuple) else (result,)):
            found[f"{method} ({place})"] = part.numpy()
    return found
