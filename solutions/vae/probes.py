"""Probes of the VAE tasks. All inputs are (batch, features) unless a line says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from homework.randomizer import replay
from homework.student import Student

Inputs = dict[str, torch.Tensor]
Values = dict[str, Any]


def _two_calls(function: Callable[..., Any], inputs: Inputs, names: tuple[str, ...]) -> Values:
    """Call twice, the second time with the rows in reverse order, and look at the inputs after."""
    arguments = [inputs[name] for name in names]
    mine = [argument.clone() for argument in arguments]
    values: Values = {"value": function(*mine)}
    values["second"] = function(*(argument.flip(0) for argument in arguments))
    values |= {f"after_{name}": argument for name, argument in zip(names, mine)}
    return values


def _gradients(function: Callable[..., Any], inputs: Inputs, names: tuple[str, ...]) -> Values:
    """Gradients of sum(weight * value) with respect to the inputs that are named in `names`."""
    leaves = {name: inputs[name].clone().requires_grad_() for name in names}
    value = function(*leaves.values())
    values: Values = {"value": value}
    if isinstance(value, torch.Tensor) and value.requires_grad:
        fits = value.shape == inputs["weight"].shape
        (value * inputs["weight"] if fits else value).sum().backward()
    return values | {f"grad_{name}": leaf.grad for name, leaf in leaves.items() if name != "target"}


def log_likelihood_bernoulli(student: Student, inputs: Inputs) -> Values:
    function = student.function("q1_vae", "log_likelihood_bernoulli")
    return _two_calls(function, inputs, ("mu", "target"))


def log_likelihood_bernoulli_gradient(student: Student, inputs: Inputs) -> Values:
    function = student.function("q1_vae", "log_likelihood_bernoulli")
    return _gradients(function, inputs, ("mu", "target"))


def log_likelihood_normal(student: Student, inputs: Inputs) -> Values:
    function = student.function("q1_vae", "log_likelihood_normal")
    return _two_calls(function, inputs, ("mu", "logvar", "z"))


def log_likelihood_normal_gradient(student: Student, inputs: Inputs) -> Values:
    function = student.function("q1_vae", "log_likelihood_normal")
    return _gradients(function, inputs, ("mu", "logvar", "z"))


def log_mean_exp(student: Student, inputs: Inputs) -> Values:
    return _two_calls(student.function("q1_vae", "log_mean_exp"), inputs, ("y",))


def log_mean_exp_gradient(student: Student, inputs: Inputs) -> Values:
    return _gradients(student.function("q1_vae", "log_mean_exp"), inputs, ("y",))


_KL = ("mu_q", "logvar_q", "mu_p", "logvar_p")


def kl_gaussian_gaussian_analytic(student: Student, inputs: Inputs) -> Values:
    function = student.function("q1_vae", "kl_gaussian_gaussian_analytic")
    return _two_calls(function, inputs, _KL)


def kl_gaussian_gaussian_analytic_gradient(student: Student, inputs: Inputs) -> Values:
    function = student.function("q1_vae", "kl_gaussian_gaussian_analytic")
    return _gradients(function, inputs, _KL)


def kl_gaussian_gaussian_mc(student: Student, inputs: Inputs) -> Values:
    """With all noise equal to one constant, so that the layout of the draws does not matter."""
    function = student.function("q1_vae", "kl_gaussian_gaussian_mc")
    num_samples = int(inputs["num_samples"])
    with replay(0, constant=float(inputs["constant"])):
        return _two_calls(lambda *kl: function(*kl, num_samples), inputs, _KL)


def kl_gaussian_gaussian_mc_default(student: Student, inputs: Inputs) -> Values:
    """Without the last argument."""
    function = student.function("q1_vae", "kl_gaussian_gaussian_mc")
    with replay(0, constant=float(inputs["constant"])):
        return _two_calls(function, inputs, _KL)


def kl_gaussian_gaussian_mc_spread(student: Student, inputs: Inputs) -> Values:
    """Many equal rows with real noise: the estimates must scatter as independent samples do.

    `noise_estimates` is (rows,), of a first call; `noise_of_two_calls` is (2, rows, 1).
    """
    function = student.function("q1_vae", "kl_gaussian_gaussian_mc")
    with replay(int(inputs["seed"])):
        first, second = (
            function(*(inputs[name].clone() for name in _KL), int(inputs["num_samples"]))
            for _ in range(2)
        )
    values: Values = {"noise_estimates": first}
    if isinstance(first, torch.Tensor) and first.ndim == 1:
        values["noise_of_two_calls"] = torch.stack([first, second])[:, :, None]
    return values


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


def loss_function(student: Student, inputs: Inputs) -> Values:
    """recon_x and x: (batch, pixels) or images; the functions of q1_vae are given if known."""
    known = {
        "log_likelihood_bernoulli": remembered(inputs, "log_likelihood", ("recon_x", "x")),
        "kl_gaussian_gaussian_analytic": remembered(inputs, "kl", ("mu", "logvar", "0", "0")),
    }
    given = {"q1_vae": known} if "given_kl" in inputs else {}
    function = student.function("q1_train_vae", "loss_function", given=given)
    leaves = {n: inputs[n].clone().requires_grad_() for n in ("recon_x", "mu", "logvar")}
    x = inputs["x"].clone()
    value = function(leaves["recon_x"], x, leaves["mu"], leaves["logvar"])
    values: Values = {"value": value, "after_x": x}
    if isinstance(value, torch.Tensor) and value.requires_grad:
        value.sum().backward()
    return values | {f"grad_{name}": leaf.grad for name, leaf in leaves.items()}
