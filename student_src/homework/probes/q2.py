"""Probes of the DDPM tasks. Images are (batch, channels, height, width), times t are (batch,)."""

from __future__ import annotations

from typing import Any

import torch

from homework.probes.given import GivenDDPM, Inputs, TimedEps, looked_up
from homework.randomizer import replay
from homework.student import Student

Values = dict[str, Any]


def _model(student: Student, inputs: Inputs, *given: str) -> Any:
    """The student's DenoiseDiffusion; in isolation the methods named in `given` are looked up."""
    eps_model = TimedEps(inputs["weight"])
    make = student.function("q2_ddpm", "DenoiseDiffusion")
    model = make(eps_model, int(inputs["n_steps"]), torch.device(student.device))
    if given:
        student.give(model, **looked_up(GivenDDPM(inputs, eps_model), *given))
    return model


def _pair(values: Values, result: Any, names: tuple[str, str], prefix: str = "") -> Values:
    """Name the two parts of a result; anything but a pair is recorded as it is."""
    if isinstance(result, (tuple, list)) and len(result) == 2:
        return values | {f"{prefix}{name}": part for name, part in zip(names, result)}
    return values | {f"{prefix}{names[0]}": result, f"{prefix}{names[1]}": None}


def q_xt_x0(student: Student, inputs: Inputs) -> Values:
    q = student.method(_model(student, inputs), "q_xt_x0")
    x0, t = inputs["x0"].clone(), inputs["t"].clone()
    values = _pair({}, q(x0, t), ("mean", "var"))
    second = q(inputs["x0"].flip(0), inputs["t"].flip(0))
    values = _pair(values, second, ("mean", "var"), "second_")
    return values | {"after_x0": x0, "after_t": t}


def q_sample(student: Student, inputs: Inputs) -> Values:
    draw = student.method(_model(student, inputs, "q_xt_x0"), "q_sample")
    x0, t, eps = (inputs[name].clone() for name in ("x0", "t", "eps"))
    with replay(0, constant=0.5):  # nothing should be drawn here; if it is, then repeatably
        value = draw(x0, t, eps)
        second = draw(*(inputs[name].flip(0) for name in ("x0", "t", "eps")))
    return {"value": value, "second": second, "after_x0": x0, "after_t": t, "after_eps": eps}


def q_sample_draws(student: Student, inputs: Inputs) -> Values:
    """Without `eps`: once with constant noise, then twice with real noise."""
    draw = student.method(_model(student, inputs, "q_xt_x0"), "q_sample")
    x0, t = inputs["x0"], inputs["t"]
    with replay(0, constant=float(inputs["constant"])):
        value = draw(x0.clone(), t.clone())
    with replay(int(inputs["seed"])):
        noisy = [draw(x0.clone(), t.clone()) for _ in range(2)]
    return {"value": value, "noise_xt": _stack(noisy)}


def p_xt_prev_xt(student: Student, inputs: Inputs) -> Values:
    p = student.method(_model(student, inputs), "p_xt_prev_xt")
    xt, t = inputs["xt"].clone(), inputs["t"].clone()
    with torch.no_grad():
        values = _pair({}, p(xt, t), ("mean", "var"))
        second = p(inputs["xt"].flip(0), inputs["t"].flip(0))
    values = _pair(values, second, ("mean", "var"), "second_")
    return values | {"after_xt": xt, "after_t": t}


def p_sample(student: Student, inputs: Inputs) -> Values:
    """With all noise equal to one constant."""
    draw = student.method(_model(student, inputs, "p_xt_prev_xt"), "p_sample")
    xt, t = inputs["xt"].clone(), inputs["t"].clone()
    with torch.no_grad(), replay(0, constant=float(inputs["constant"])):
        value = draw(xt, t)
        second = draw(inputs["xt"].flip(0), inputs["t"].flip(0))
    return {"value": value, "second": second, "after_xt": xt, "after_t": t}


def p_sample_draws(student: Student, inputs: Inputs) -> Values:
    """Twice with real noise."""
    draw = student.method(_model(student, inputs, "p_xt_prev_xt"), "p_sample")
    with torch.no_grad(), replay(int(inputs["seed"])):
        drawn = [draw(inputs["xt"].clone(), inputs["t"].clone()) for _ in range(2)]
    return {"noise_x": _stack(drawn)}


def loss(student: Student, inputs: Inputs) -> Values:
    """With the noise handed in, or, where the case has none, with constant noise."""
    model = _model(student, inputs, "q_xt_x0", "q_sample")
    x0 = inputs["x0"].clone()
    noise = inputs["noise"].clone() if "noise" in inputs else None
    with replay(int(inputs["seed"]), constant=float(inputs.get("constant", 0.0))):
        value = student.method(model, "loss")(x0, noise)
    if isinstance(value, torch.Tensor) and value.requires_grad:
        value.sum().backward()
    values: Values = {"value": value, "grad_eps_model": model.eps_model.weight.grad}
    return values | {"after_x0": x0} | ({} if noise is None else {"after_noise": noise})


def loss_draws(student: Student, inputs: Inputs) -> Values:
    """Twice with real noise, looking at the x_t that eps_model is fed."""
    model = _model(student, inputs, "q_xt_x0", "q_sample")
    fed: list[torch.Tensor] = []
    with replay(int(inputs["seed"])):
        for _ in range(2):
            model.eps_model.fed.clear()
            student.method(model, "loss")(inputs["x0"].clone())
            if model.eps_model.fed:  # perhaps called again, or with one image at a time
                fed.append(torch.cat(model.eps_model.fed)[: len(inputs["x0"])])
    return {"noise_xt": _stack(fed)}


def _stack(tensors: list[Any]) -> Any:
    """Stack tensors of one shape; else give back the first, for its type or shape to be told."""
    if not tensors:
        return None
    same = all(isinstance(x, torch.Tensor) and x.shape == tensors[0].shape for x in tensors)
    return torch.stack(tensors) if same else tensors[0]


def _trainer(student: Student, inputs: Inputs) -> tuple[Any, GivenDDPM]:
    eps_model = TimedEps(inputs["weight"])
    diffusion = GivenDDPM(inputs, eps_model)
    args = student.args(
        n_steps=int(inputs["n_steps"]),
        n_samples=int(inputs["n_samples"]),
        image_channels=int(inputs["image_channels"]),
        image_size=int(inputs["image_size"]),
    )
    make = student.function("q2_trainer_ddpm", "Trainer")
    return make(args, eps_model, diffusion), diffusion


def sample(student: Student, inputs: Inputs) -> Values:
    """The whole reverse process with constant noise; with `asked_steps`, n_steps is handed in."""
    trainer, _ = _trainer(student, inputs)
    draw = student.method(trainer, "sample")
    with replay(0, constant=float(inputs["constant"])):
        if "asked_steps" in inputs:
            return {"value": draw(n_steps=int(inputs["asked_steps"]))}
        return {"value": draw()}


def _step_noise(diffusion: GivenDDPM, samples: int) -> Any:
    """(n_steps - 1, samples, ...) noise: by how much images differ from the mean of their step.

    Told from what eps_model was fed, so that it does not matter who draws the noise, nor whether
    images are taken all at once.
    """
    fed = list(diffusion.eps_model.fed)
    steps = diffusion.n_steps
    if sum(map(len, fed)) != steps * samples:
        return fed[0] if fed else None
    x = torch.cat(fed).reshape(steps, samples, *fed[0].shape[1:])
    noises = []
    for step in range(steps - 1):
        t = torch.full((samples,), steps - 1 - step, device=x.device)
        mean, var = diffusion.p_xt_prev_xt(x[step], t)
        noises.append((x[step + 1] - mean) / var.sqrt())
    return torch.stack(noises)


def sample_draws(student: Student, inputs: Inputs) -> Values:
    """The noise of each step, while the process runs on real noise."""
    trainer, diffusion = _trainer(student, inputs)
    with replay(int(inputs["seed"])):
        student.method(trainer, "sample")()
    return {"noise_steps": _step_noise(diffusion, int(inputs["n_samples"]))}


def generate_intermediate_samples_draws(student: Student, inputs: Inputs) -> Values:
    """The noise of each step, while the process runs on real noise."""
    trainer, diffusion = _trainer(student, inputs)
    shape = {"n_samples": int(inputs["shown_samples"]), "img_size": int(inputs["shown_size"])}
    with replay(int(inputs["seed"])):
        student.method(trainer, "generate_intermediate_samples")(**shape)
    return {"noise_steps": _step_noise(diffusion, shape["n_samples"])}


def generate_intermediate_samples(student: Student, inputs: Inputs) -> Values:
    trainer, _ = _trainer(student, inputs)
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
    return {"number_of_images": len(arrays)} | {f"image_{k}": a for k, a in enumerate(arrays)}
