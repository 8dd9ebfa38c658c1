# Copied by `autograder release`; change the original:
# solutions/cfg/probes.py
"""Probes of the CFG tasks. Noise levels are (batch, 1, 1, 1), times and labels (batch,)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from homework.probes.elsewhere import note_device
from homework.probes.given import GivenCFG, Inputs, LabelledEps, looked_up, stack, with_gradient
from homework.randomizer import replay
from homework.student import Student

__all__ = ["looked_up"]  # beside the probes: for the proof that nothing given is an answer
Values = dict[str, Any]


def _model(student: Student, inputs: Inputs) -> Any:
    """The student's CFGDiffusion; methods that come with the case are looked up."""
    return _own_model(student, inputs, LabelledEps(inputs["weight"]))


def _own_model(student: Student, inputs: Inputs, eps_model: LabelledEps) -> Any:
    make = student.function("q3_cfg_diffusion", "CFGDiffusion")
    model = make(eps_model, int(inputs["n_steps"]), torch.device(student.device))
    student.give(model, **GivenCFG(inputs, eps_model).methods())
    return model


def _two_calls(function: Callable[..., Any], inputs: Inputs, *names: str) -> Values:
    """Call twice, the second time with the batch in reverse order; look at the inputs after."""
    mine = [inputs[name].clone() for name in names]
    values: Values = {"value": function(*mine)}
    values["second"] = function(*(inputs[name].flip(0) for name in names))
    return values | {f"after_{name}": argument for name, argument in zip(names, mine)}


def get_lambda(student: Student, inputs: Inputs) -> Values:
    model = _model(student, inputs)
    values = _two_calls(student.method(model, "get_lambda"), inputs, "t")
    return values | note_device(model, "get_lambda", inputs["t"])


def alpha_lambda(student: Student, inputs: Inputs) -> Values:
    method = student.method(_model(student, inputs), "alpha_lambda")
    return _two_calls(method, inputs, "lambda_t")


def sigma_lambda(student: Student, inputs: Inputs) -> Values:
    method = student.method(_model(student, inputs), "sigma_lambda")
    return _two_calls(method, inputs, "lambda_t")


def q_sample(student: Student, inputs: Inputs) -> Values:
    method = student.method(_model(student, inputs), "q_sample")
    with replay(0):  # nothing is to be drawn; if something is, it is the same each time
        return _two_calls(method, inputs, "x", "lambda_t", "noise")


def sigma_q(student: Student, inputs: Inputs) -> Values:
    method = student.method(_model(student, inputs), "sigma_q")
    return _two_calls(method, inputs, "lambda_t", "lambda_t_prim")


def sigma_q_x(student: Student, inputs: Inputs) -> Values:
    method = student.method(_model(student, inputs), "sigma_q_x")
    return _two_calls(method, inputs, "lambda_t", "lambda_t_prim")


def mu_p_theta(student: Student, inputs: Inputs) -> Values:
    method = student.method(_model(student, inputs), "mu_p_theta")
    return _two_calls(method, inputs, "z", "x", "lambda_t", "lambda_t_prim")


def var_p_theta(student: Student, inputs: Inputs) -> Values:
    """With the v of the case, or the default where it has none."""
    method = student.method(_model(student, inputs), "var_p_theta")
    if "v" not in inputs:
        return _two_calls(method, inputs, "lambda_t", "lambda_t_prim")
    v = float(inputs["v"])
    return _two_calls(lambda *levels: method(*levels, v), inputs, "lambda_t", "lambda_t_prim")


_STEP = ("z", "lambda_t", "lambda_t_prim", "x")


def p_sample(student: Student, inputs: Inputs) -> Values:
    """With all noise equal to one constant."""
    model = _model(student, inputs)
    with torch.no_grad(), replay(0, constant=float(inputs["constant"])):
        return _two_calls(student.method(model, "p_sample"), inputs, *_STEP)


def p_sample_draws(student: Student, inputs: Inputs) -> Values:
    """Twice with real noise."""
    model = _model(student, inputs)
    draw = student.method(model, "p_sample")
    with torch.no_grad(), replay(int(inputs["seed"])):
        drawn = [draw(*(inputs[name].clone() for name in _STEP)) for _ in range(2)]
    return {"noise_z": stack(drawn)}


def loss(student: Student, inputs: Inputs) -> Values:
    """With noise and labels handed in; where the case has none, constant noise and no labels."""
    model = _model(student, inputs)
    x0 = inputs["x0"].clone()
    labels = inputs["labels"].clone() if "labels" in inputs else None
    noise = inputs["noise"].clone() if "noise" in inputs else None
    with replay(int(inputs["seed"]), constant=float(inputs.get("constant", 0.0))):
        value = student.method(model, "loss")(x0, labels, noise)
    values = with_gradient(value, model.eps_model, inputs["weight"])
    values |= model.eps_model.note_calls(labelled=labels is not None)
    mine = {"x0": x0, "labels": labels, "noise": noise}
    return values | {f"after_{name}": a for name, a in mine.items() if a is not None}


def loss_often(student: Student, inputs: Inputs) -> Values:
    """The losses of many calls with noise and labels: what happens only now and then shows."""
    model = _model(student, inputs)
    given = [inputs[name] for name in ("x0", "labels", "noise")]
    calls = int(inputs["calls"])
    with replay(int(inputs["seed"])):
        losses = [student.method(model, "loss")(*map(torch.clone, given)) for _ in range(calls)]
    return {"value": stack(losses)} | model.eps_model.note_calls(labelled=True)


def loss_draws(student: Student, inputs: Inputs) -> Values:
    """Three times with real noise, looking at the losses and at what eps_model is fed."""
    model = _model(student, inputs)
    drawn, losses = [], []
    with replay(int(inputs["seed"])):
        for _ in range(3):
            model.eps_model.fed.clear()
            losses.append(
                student.method(model, "loss")(inputs["x0"].clone(), inputs["labels"].clone())
            )
            drawn += _latents(model.eps_model, len(inputs["x0"]))[:1]
    return {"noise_z": stack(drawn), "noise_value": stack(losses)}


def _latents(eps_model: LabelledEps, batch: int) -> list[torch.Tensor]:
    """Whole batches of the different latents that eps_model was fed, in their order.

    Each is fed twice, with labels and without; and perhaps one image at a time.
    """
    fed: list[torch.Tensor] = []
    for z in eps_model.fed:
        if not any(z.shape == known.shape and torch.equal(z, known) for known in fed):
            fed.append(z)
    if not fed:
        return []
    images = torch.cat(fed)
    return list(images[: len(images) // batch * batch].split(batch))


def _trainer(student: Student, inputs: Inputs) -> tuple[Any, LabelledEps]:
    """The student's Trainer, around a given diffusion model or, where none is, their own."""
    eps_model = LabelledEps(inputs["weight"])
    own = functools.partial(_own_model, student, inputs, eps_model)
    diffusion = GivenCFG(inputs, eps_model, own) if "given_levels" in inputs else own()
    args = student.args(
        n_steps=int(inputs["n_steps"]),
        n_samples=int(inputs["n_samples"]),
        image_channels=int(inputs["image_channels"]),
        image_size=int(inputs["image_size"]),
    )
    make = student.function("q3_trainer_cfg", "Trainer")
    return make(args, eps_model, diffusion), eps_model


def sample(student: Student, inputs: Inputs) -> Values:
    """The guided process with constant noise; what a case does not name is left at its default.

    Without labels, `different_labels` is 1 if those that are drawn are not all the same.
    """
    trainer, eps_model = _trainer(student, inputs)
    settings: dict[str, Any] = {}
    if "labels" in inputs:
        settings["labels"] = inputs["labels"].clone()
    if "cfg_scale" in inputs:
        settings["cfg_scale"] = float(inputs["cfg_scale"])
    if "asked_steps" in inputs:
        settings["n_steps"] = int(inputs["asked_steps"])
    with replay(0, constant=float(inputs["constant"])):
        value = student.method(trainer, "sample")(**settings)
    values: Values = {"value": value} | eps_model.note_calls()
    if "labels" not in inputs:
        drawn = torch.cat([torch.empty(0, dtype=torch.long), *eps_model.labels])
        values["different_labels"] = torch.tensor(float(len(drawn.unique()) > 1))
    return values


def sample_draws(student: Student, inputs: Inputs) -> Values:
    """The noise at first and at each step, found from the latents that eps_model is fed.

    The network of these cases does not look at z, so a step without noise takes z to
    step_scale z + step_shift: numbers of the case.
    """
    trainer, eps_model = _trainer(student, inputs)
    with replay(int(inputs["seed"])):
        student.method(trainer, "sample")(labels=inputs["labels"].clone())
    z = _latents(eps_model, int(inputs["n_samples"]))
    steps = zip(z, z[1:], inputs["step_scale"], inputs["step_shift"], inputs["step_std"])
    noises = [(b - scale * a - shift) / std for a, b, scale, shift, std in steps]
    return {"noise_first": stack(z[:1]), "noise_steps": stack(noises)}
