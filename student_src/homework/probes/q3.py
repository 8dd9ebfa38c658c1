"""Probes of the CFG tasks. Noise levels are (batch, 1, 1, 1), times and labels (batch,)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from homework.probes.given import GivenCFG, Inputs, LabelledEps, looked_up
from homework.probes.q2 import _stack
from homework.randomizer import replay
from homework.student import Student

Values = dict[str, Any]

_LEVELS = ("alpha_lambda", "sigma_lambda")
_STEPS = (*_LEVELS, "sigma_q", "sigma_q_x")
_REST = ("get_lambda", "q_sample", "mu_p_theta", "var_p_theta", "p_sample")


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
    with replay(0):  # nothing is to be drawn; if something is, it is the same each time
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
    mine = {"x0": x0, "labels": labels, "noise": noise}
    return values | {f"after_{name}": a for name, a in mine.items() if a is not None}


def loss_draws(student: Student, inputs: Inputs) -> Values:
    """Three times with real noise, looking at what eps_model is fed."""
    model = _model(student, inputs, *_LEVELS, "get_lambda", "q_sample")
    fed = _fed(model.eps_model)
    drawn = []
    with replay(int(inputs["seed"])):
        for _ in range(3):
            fed.clear()
            student.method(model, "loss")(inputs["x0"].clone(), inputs["labels"].clone())
            drawn += _in_batches(fed, len(inputs["x0"]))[:1]
    return {"noise_z": _stack(drawn)}


def _fed(eps_model: torch.nn.Module) -> list[torch.Tensor]:
    """A list that will hold the different latents that eps_model is called with, in their order."""
    fed: list[torch.Tensor] = []

    def note(module: Any, args: Any, out: Any) -> None:
        z = args[0].detach()
        if not any(z.shape == known.shape and torch.equal(z, known) for known in fed):
            fed.append(z.clone())

    eps_model.register_forward_hook(note)
    return fed


def _in_batches(fed: list[torch.Tensor], batch: int) -> list[torch.Tensor]:
    """Whole batches, also where eps_model was called with one image at a time."""
    if not fed:
        return []
    images = torch.cat(fed)
    return list(images[: len(images) // batch * batch].split(batch))


def _trainer(student: Student, inputs: Inputs) -> Any:
    """The student's Trainer, around the student's CFGDiffusion or, in isolation, a given one."""
    eps_model = LabelledEps(inputs["weight"])
    n_steps, device = int(inputs["n_steps"]), torch.device(student.device)

    def own() -> Any:
        model = student.function("q3_cfg_diffusion", "CFGDiffusion")(eps_model, n_steps, device)
        student.give(model, **looked_up(GivenCFG(inputs, eps_model), *_STEPS, *_REST))
        return model

    diffusion = GivenCFG(inputs, eps_model, own) if student.isolated else own()
    args = student.args(
        n_steps=n_steps,
        n_samples=int(inputs["n_samples"]),
        image_channels=int(inputs["image_channels"]),
        image_size=int(inputs["image_size"]),
    )
    make = student.function("q3_trainer_cfg", "Trainer")
    return make(args, eps_model, diffusion)


def sample(student: Student, inputs: Inputs) -> Values:
    """The guided process with constant noise; what a case does not name is left at its default."""
    trainer = _trainer(student, inputs)
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
    """The noise of each step, found from the latents that eps_model is fed one step later.

    The network of these cases does not look at z, so a step without noise takes z to
    step_scale z + step_shift: numbers of the case.
    """
    trainer = _trainer(student, inputs)
    fed = _fed(trainer.eps_model)
    with replay(int(inputs["seed"])):
        student.method(trainer, "sample")(labels=inputs["labels"].clone())
    z = _in_batches(fed, int(inputs["n_samples"]))
    steps = zip(z, z[1:], inputs["step_scale"], inputs["step_shift"], inputs["step_std"])
    return {
        "noise_steps": _stack([(b - scale * a - shift) / std for a, b, scale, shift, std in steps])
    }
