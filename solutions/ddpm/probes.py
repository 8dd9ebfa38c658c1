"""Probes of the DDPM tasks. Images are (batch, channels, height, width), times t are (batch,)."""

from __future__ import annotations

import functools
from typing import Any

import torch

from homework.probes.elsewhere import note_device
from homework.probes.given import GivenDDPM, Inputs, TimedEps, looked_up, stack, with_gradient
from homework.randomizer import replay
from homework.student import Student

__all__ = ["looked_up"]  # beside the probes: for the proof that nothing given is an answer
Values = dict[str, Any]


def _model(student: Student, inputs: Inputs) -> Any:
    """The student's DenoiseDiffusion; methods that come with the case are looked up."""
    return _own_model(student, inputs, TimedEps(inputs["weight"]))


def _own_model(student: Student, inputs: Inputs, eps_model: TimedEps) -> Any:
    make = student.function("q2_ddpm", "DenoiseDiffusion")
    model = make(eps_model, int(inputs["n_steps"]), torch.device(student.device))
    student.give(model, **GivenDDPM(inputs, eps_model).methods())
    return model


def _pair(values: Values, result: Any, names: tuple[str, str], prefix: str = "") -> Values:
    """Name the two parts of a result; anything but a pair is recorded as it is."""
    if isinstance(result, (tuple, list)) and len(result) == 2:
        return values | {f"{prefix}{name}": part for name, part in zip(names, result)}
    return values | {f"{prefix}{names[0]}": result, f"{prefix}{names[1]}": None}


def q_xt_x0(student: Student, inputs: Inputs) -> Values:
    model = _model(student, inputs)
    q = student.method(model, "q_xt_x0")
    x0, t = inputs["x0"].clone(), inputs["t"].clone()
    values = _pair({}, q(x0, t), ("mean", "var"))
    second = q(inputs["x0"].flip(0), inputs["t"].flip(0))
    values = _pair(values, second, ("mean", "var"), "second_")
    values |= note_device(model, "q_xt_x0", inputs["x0"], inputs["t"])
    return values | {"after_x0": x0, "after_t": t}


def q_sample(student: Student, inputs: Inputs) -> Values:
    draw = student.method(_model(student, inputs), "q_sample")
    x0, t, eps = (inputs[name].clone() for name in ("x0", "t", "eps"))
    with replay(0, constant=0.5):  # nothing should be drawn here; if it is, then repeatably
        value = draw(x0, t, eps)
        second = draw(*(inputs[name].flip(0) for name in ("x0", "t", "eps")))
    return {"value": value, "second": second, "after_x0": x0, "after_t": t, "after_eps": eps}


def q_sample_draws(student: Student, inputs: Inputs) -> Values:
    """Without `eps`: once with constant noise, then twice with real noise."""
    draw = student.method(_model(student, inputs), "q_sample")
    x0, t = inputs["x0"], inputs["t"]
    with replay(0, constant=float(inputs["constant"])):
        value = draw(x0.clone(), t.clone())
    with replay(int(inputs["seed"])):
        noisy = [draw(x0.clone(), t.clone()) for _ in range(2)]
    return {"value": value, "noise_xt": stack(noisy)}


def p_xt_prev_xt(student: Student, inputs: Inputs) -> Values:
    model = _model(student, inputs)
    p = student.method(model, "p_xt_prev_xt")
    xt, t = inputs["xt"].clone(), inputs["t"].clone()
    with torch.no_grad():
        values = _pair({}, p(xt, t), ("mean", "var"))
        second = p(inputs["xt"].flip(0), inputs["t"].flip(0))
    values = _pair(values, second, ("mean", "var"), "second_")
    values |= model.eps_model.note_calls()
    values |= note_device(model, "p_xt_prev_xt", inputs["xt"], inputs["t"])
    return values | {"after_xt": xt, "after_t": t}


def p_sample(student: Student, inputs: Inputs) -> Values:
    """With all noise equal to one constant."""
    draw = student.method(_model(student, inputs), "p_sample")
    xt, t = inputs["xt"].clone(), inputs["t"].clone()
    with torch.no_grad(), replay(0, constant=float(inputs["constant"])):
        value = draw(xt, t)
        second = draw(inputs["xt"].flip(0), inputs["t"].flip(0))
    return {"value": value, "second": second, "after_xt": xt, "after_t": t}


def p_sample_draws(student: Student, inputs: Inputs) -> Values:
    """Twice with real noise."""
    draw = student.method(_model(student, inputs), "p_sample")
    with torch.no_grad(), replay(int(inputs["seed"])):
        drawn = [draw(inputs["xt"].clone(), inputs["t"].clone()) for _ in range(2)]
    return {"noise_x": stack(drawn)}


def loss(student: Student, inputs: Inputs) -> Values:
    """With the noise handed in, or, where the case has none, with constant noise."""
    model = _model(student, inputs)
    x0 = inputs["x0"].clone()
    noise = inputs["noise"].clone() if "noise" in inputs else None
    with replay(int(inputs["seed"]), constant=float(inputs.get("constant", 0.0))):
        value = student.method(model, "loss")(x0, noise)
    values = with_gradient(value, model.eps_model, inputs["weight"])
    mine = {"x0": x0, "noise": noise}
    return values | {f"after_{name}": a for name, a in mine.items() if a is not None}


def loss_draws(student: Student, inputs: Inputs) -> Values:
    """Twice with real noise, looking at the losses and at the x_t that eps_model is fed."""
    model = _model(student, inputs)
    fed, losses = [], []
    with replay(int(inputs["seed"])):
        for _ in range(2):
            model.eps_model.fed.clear()
            losses.append(student.method(model, "loss")(inputs["x0"].clone()))
            if model.eps_model.fed:  # perhaps called again, or with one image at a time
                fed.append(torch.cat(model.eps_model.fed)[: len(inputs["x0"])])
    return {"noise_xt": stack(fed), "noise_value": stack(losses)}


def _trainer(student: Student, inputs: Inputs) -> tuple[Any, TimedEps]:
    """The student's Trainer, around a given diffusion model or, where none is, their own."""
    eps_model = TimedEps(inputs["weight"])
    own = functools.partial(_own_model, student, inputs, eps_model)
    diffusion = GivenDDPM(inputs, eps_model, own) if "given_beta" in inputs else own()
    args = student.args(
        n_steps=int(inputs["n_steps"]),
        n_samples=int(inputs["n_samples"]),
        image_channels=int(inputs["image_channels"]),
        image_size=int(inputs["image_size"]),
    )
    make = student.function("q2_trainer_ddpm", "Trainer")
    return make(args, eps_model, diffusion), eps_model


def sample(student: Student, inputs: Inputs) -> Values:
    """The whole reverse process with constant noise; with `asked_steps`, n_steps is handed in."""
    trainer, eps_model = _trainer(student, inputs)
    asked = {"n_steps": int(inputs["asked_steps"])} if "asked_steps" in inputs else {}
    with replay(0, constant=float(inputs["constant"])):
        value = student.method(trainer, "sample")(**asked)
    return {"value": value} | eps_model.note_calls()


def _noise(inputs: Inputs, eps_model: TimedEps, samples: int) -> Values:
    """`noise_first`, (1, samples, ...), are the first images; `noise_steps`, (n_steps - 1, samples,
    ...), is by how much images differ from the mean of their step.

    Told from what eps_model was fed, so that it does not matter who draws the noise, nor whether
    images are taken all at once. The mean of a step is step_scale x + step_eps eps_model(x, t), by
    numbers of the case.
    """
    fed, steps = eps_model.fed, int(inputs["n_steps"])
    if sum(map(len, fed)) != steps * samples:
        return {"noise_first": fed[0] if fed else None}
    x = torch.cat(list(fed)).reshape(steps, samples, *fed[0].shape[1:])
    network, noises = TimedEps(inputs["weight"]), []
    for step, t in enumerate(range(steps - 1, 0, -1)):
        predicted = network(x[step], torch.full((samples,), t, device=x.device))
        mean = inputs["step_scale"][t] * x[step] + inputs["step_eps"][t] * predicted
        noises.append((x[step + 1] - mean) / inputs["step_std"][t])
    return {"noise_first": x[:1], "noise_steps": torch.stack(noises).detach()}


def sample_draws(student: Student, inputs: Inputs) -> Values:
    """The noise at first and at each step, while the process runs on real noise."""
    trainer, eps_model = _trainer(student, inputs)
    with replay(int(inputs["seed"])):
        student.method(trainer, "sample")()
    return _noise(inputs, eps_model, int(inputs["n_samples"]))


def generate_intermediate_samples_draws(student: Student, inputs: Inputs) -> Values:
    """The noise at first and at each step, while the process runs on real noise."""
    trainer, eps_model = _trainer(student, inputs)
    shape = {"n_samples": int(inputs["shown_samples"]), "img_size": int(inputs["shown_size"])}
    with replay(int(inputs["seed"])):
        student.method(trainer, "generate_intermediate_samples")(**shape)
    return _noise(inputs, eps_model, shape["n_samples"])


def generate_intermediate_samples(student: Student, inputs: Inputs) -> Values:
    trainer, eps_model = _trainer(student, inputs)
    generate = student.method(trainer, "generate_intermediate_samples")
    settings = {
        "n_samples": int(inputs["shown_samples"]),
        "img_size": int(inputs["shown_size"]),
        "steps_to_show": [int(step) for step in inputs["steps_to_show"]],
    }
    if "asked_steps" in inputs:
        settings["n_steps"] = int(inputs["asked_steps"])
    with replay(0, constant=float(inputs["constant"])):
        images = generate(**settings)
    if not isinstance(images, (list, tuple)):
        return {"number_of_images": images}
    arrays = [i.detach().cpu().numpy() if isinstance(i, torch.Tensor) else i for i in images]
    values: Values = {"number_of_images": len(arrays)} | eps_model.note_calls()
    return values | {f"image_{k}": a for k, a in enumerate(arrays)}
