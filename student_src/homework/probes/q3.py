"""Probes of the CFG tasks. Noise levels are (batch, 1, 1, 1), times and labels (batch,)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from homework.args import Args
from homework.probes.given import GivenCFG, Inputs, LabelledEps, looked_up
from homework.probes.q2 import _stack
from homework.randomizer import replay
from homework.student import Student

Values = dict[str, Any]

_LEVELS = ("alpha_lambda", "sigma_lambda")
_STEPS = (*_LEVELS, "sigma_q", "sigma_q_x")


def _model(student: Student, inputs: Inputs, *given: str) -> Any:
    """The student's CFGDiffusion; in isolation the methods named in `given` are looked up."""
    eps_model = LabelledEps(inputs["weight"])
    make = student.function("q3_cfg_diffusion", "CFGDiffusion")
    model = make(eps_model, int(inputs["n_steps"]), torch.device(student.device))
    if given:
        student.give(model, **looked_up(GivenCFG(inputs, eps_model), *given))
    return model


def _two_calls(function: Callable[..., Any], inputs: Inputs, *names: str) -> Values:
    """Call twice, the second time with the batch in reverse order; look at the inputs after."""
    mine = [inputs[name].clone() for name in names]
    values: Values = {"value": function(*mine)}
    values["second"] = function(*(inputs[name].flip(0) for name in names))
    return values | {f"after_{name}": argument for name, argument in zip(names, mine)}


def get_lambda(student: Student, inputs: Inputs) -> Values:
    return _two_calls(student.method(_model(student, inputs), "get_lambda"), inputs, "t")


def alpha_lambda(student: Student, inputs: Inputs) -> Values:
    method = student.method(_model(student, inputs), "alpha_lambda")
    return _two_calls(method, inputs, "lambda_t")


def sigma_lambda(student: Student, inputs: Inputs) -> Values:
    method = student.method(_model(student, inputs, "alpha_lambda"), "sigma_lambda")
    return _two_calls(method, inputs, "lambda_t")


def q_sample(student: Student, inputs: Inputs) -> Values:
    method = student.method(_model(student, inputs, *_LEVELS), "q_sample")
    return _two_calls(method, inputs, "x", "lambda_t", "noise")


def sigma_q(student: Student, inputs: Inputs) -> Values:
    method = student.method(_model(student, inputs, *_LEVELS), "sigma_q")
    return _two_calls(method, inputs, "lambda_t", "lambda_t_prim")


def sigma_q_x(student: Student, inputs: Inputs) -> Values:
    method = student.method(_model(student, inputs, *_LEVELS), "sigma_q_x")
    return _two_calls(method, inputs, "lambda_t", "lambda_t_prim")


def mu_p_theta(student: Student, inputs: Inputs) -> Values:
    method = student.method(_model(student, inputs, *_STEPS), "mu_p_theta")
    return _two_calls(method, inputs, "z", "x", "lambda_t", "lambda_t_prim")


def var_p_theta(student: Student, inputs: Inputs) -> Values:
    """With the v of the case, or the default where it has none."""
    method = student.method(_model(student, inputs, *_STEPS), "var_p_theta")
    if "v" not in inputs:
        return _two_calls(method, inputs, "lambda_t", "lambda_t_prim")
    v = float(inputs["v"])
    return _two_calls(lambda *levels: method(*levels, v), inputs, "lambda_t", "lambda_t_prim")


_STEP = ("z", "lambda_t", "lambda_t_prim", "x")


def p_sample(student: Student, inputs: Inputs) -> Values:
    """With all noise equal to one constant."""
    model = _model(student, inputs, *_STEPS, "mu_p_theta", "var_p_theta")
    with torch.no_grad(), replay(0, constant=float(inputs["constant"])):
        return _two_calls(student.method(model, "p_sample"), inputs, *_STEP)


def p_sample_draws(student: Student, inputs: Inputs) -> Values:
    """Twice with real noise."""
    model = _model(student, inputs, *_STEPS, "mu_p_theta", "var_p_theta")
    draw = student.method(model, "p_sample")
    with torch.no_grad(), replay(int(inputs["seed"])):
        drawn = [draw(*(inputs[name].clone() for name in _STEP)) for _ in range(2)]
    return {"noise_z": _stack(drawn)}


def loss(student: Student, inputs: Inputs) -> Values:
    """With noise and labels handed in; where the case has none, constant noise and no labels."""
    model = _model(student, inputs, *_LEVELS, "get_lambda", "q_sample")
    x0 = inputs["x0"].clone()
    labels = inputs["labels"].clone() if "labels" in inputs else None
    noise = inputs["noise"].clone() if "noise" in inputs else None
    with replay(int(inputs["seed"]), constant=float(inputs.get("constant", 0.0))):
        value = student.method(model, "loss")(x0, labels, noise)
    if isinstance(value, torch.Tensor) and value.requires_grad:
        value.sum().backward()
    values: Values = {"value": value, "grad_eps_model": model.eps_model.weight.grad}
    return values | {"after_x0": x0} | ({} if labels is None else {"after_labels": labels})


def loss_draws(student: Student, inputs: Inputs) -> Values:
    """Twice with real noise, looking at what eps_model is fed."""
    model = _model(student, inputs, *_LEVELS, "get_lambda", "q_sample")
    fed: list[torch.Tensor] = []
    model.eps_model.register_forward_hook(lambda module, args, out: fed.append(args[0].detach()))
    with replay(int(inputs["seed"])):
        for _ in range(2):
            student.method(model, "loss")(inputs["x0"].clone(), inputs["labels"].clone())
    return {"noise_z": _stack(fed[:2])}


def _trainer(student: Student, inputs: Inputs) -> tuple[Any, GivenCFG]:
    eps_model = LabelledEps(inputs["weight"])
    diffusion = GivenCFG(inputs, eps_model)
    args = Args(
        n_steps=int(inputs["n_steps"]),
        n_samples=int(inputs["n_samples"]),
        image_channels=int(inputs["image_channels"]),
        image_size=int(inputs["image_size"]),
        device=student.device,
    )
    make = student.function("q3_trainer_cfg", "Trainer")
    return make(args, eps_model, diffusion), diffusion


def sample(student: Student, inputs: Inputs) -> Values:
    """The guided process with constant noise; what the case does not name is left at its default."""
    trainer, _ = _trainer(student, inputs)
    settings: dict[str, Any] = {}
    if "labels" in inputs:
        settings["labels"] = inputs["labels"].clone()
    if "cfg_scale" in inputs:
        settings["cfg_scale"] = float(inputs["cfg_scale"])
    if "asked_steps" in inputs:
        settings["n_steps"] = int(inputs["asked_steps"])
    with replay(0, constant=float(inputs["constant"])):
        return {"value": student.method(trainer, "sample")(**settings)}


def sample_draws(student: Student, inputs: Inputs) -> Values:
    """The noise of each step, as the diffusion model drew it while the process ran."""
    trainer, diffusion = _trainer(student, inputs)
    with replay(int(inputs["seed"])):
        student.method(trainer, "sample")(labels=inputs["labels"].clone())
    noises = diffusion.noises
    return {"noise_steps": _stack(noises[: diffusion.n_steps - 1])}
