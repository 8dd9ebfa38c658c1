"""Probes of the flow matching tasks: they drive students' code and know no answer.

Images x0, x1 and x_t are (batch, channels, height, width). t is (batch, 1, 1, 1) where paths are
looked at, and one number for a step of a sampler.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from homework.randomizer import replay
from homework.student import Student

Inputs = dict[str, torch.Tensor]
Values = dict[str, Any]


class Velocity(nn.Module):
    """A small `velocity_model(x, time)`: depends on every pixel, its place, its channel, the time.

    It is smooth in time, so that a time that was rounded otherwise makes little difference.
    weight: (2, channels).
    """

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.clone())
        self.fed: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        if not isinstance(x, torch.Tensor) or x.ndim != 4:
            raise ValueError("velocity_model wants (batch, channels, height, width) images")
        if not isinstance(time, torch.Tensor) or time.shape != x.shape[:1]:
            raise ValueError("velocity_model wants one time for each image, shape (batch,)")
        self.fed.append(x.detach().clone())
        place = torch.arange(x[0, 0].numel(), device=x.device, dtype=x.dtype)
        ripple = 0.1 * torch.sin(place.reshape(x[0, 0].shape))
        level = torch.cos(0.5 + 0.002 * time.to(x.dtype)).reshape(-1, 1, 1, 1)
        scale, shift = self.weight.reshape(2, 1, -1, 1, 1)
        return torch.tanh(scale * x + shift * level + ripple)


def _flow(student: Student, network: nn.Module) -> Any:
    make = student.function("q1_flow", "FlowMatching")
    return make(network, torch.device(student.device))


def sample_xt(student: Student, inputs: Inputs) -> Values:
    """Called twice, with the inputs looked at afterwards."""
    function = student.method(_flow(student, nn.Identity()), "sample_xt")
    x0, x1, t = (inputs[name].clone() for name in ("x0", "x1", "t"))
    with replay(0, constant=0.5):  # nothing should be drawn here; if it is, then repeatably
        value = function(x0, x1, t)
        second = function(*(inputs[name].flip(0) for name in ("x0", "x1", "t")))
    return {"value": value, "second": second, "after_x0": x0, "after_x1": x1, "after_t": t}


def compute_conditional_velocity(student: Student, inputs: Inputs) -> Values:
    """Called twice, with the inputs looked at afterwards."""
    function = student.method(_flow(student, nn.Identity()), "compute_conditional_velocity")
    x0, x1 = inputs["x0"].clone(), inputs["x1"].clone()
    value = function(x0, x1)
    second = function(inputs["x0"].flip(0), inputs["x1"].flip(0))
    return {"value": value, "second": second, "after_x0": x0, "after_x1": x1}


def loss(student: Student, inputs: Inputs) -> Values:
    """With the noise handed in, or, where the case has none, with constant noise.

    The gradient is that of the network's weights. What the loss itself leaves there, which is the
    training loop's business, is looked at as well.
    """
    network = Velocity(inputs["weight"])
    flow = _flow(student, network)
    x0 = inputs["x0"].clone()
    noise = inputs["noise"].clone() if "noise" in inputs else None
    x1 = inputs["noise"] if "noise" in inputs else inputs.get("constant", 0) + 0 * inputs["x0"]
    start = {"x0": inputs["x0"], "x1": x1}
    _give_path(student, flow, inputs)
    _give(student, flow, "compute_conditional_velocity", inputs, start)
    constant = float(inputs["constant"]) if "constant" in inputs else None
    with replay(int(inputs["seed"]), constant=constant):
        value = student.method(flow, "loss")(x0, noise)
    left = network.weight.grad
    values = {
        "value": value,
        "left_gradient": torch.zeros_like(inputs["weight"]) if left is None else left.clone(),
        "left_weight": network.weight.detach() - inputs["weight"],
        "after_x0": x0,
    }
    network.weight.grad = None
    if isinstance(value, torch.Tensor) and value.requires_grad:
        try:
            value.sum().backward()
        except RuntimeError:
            pass  # of a graph that a backward pass has freed
    after = {} if noise is None else {"after_noise": noise}
    return values | {"grad_velocity_model": network.weight.grad} | after


def loss_draws(student: Student, inputs: Inputs) -> Values:
    """Twice with real noise, looking at the x_t that the network is fed."""
    network = Velocity(inputs["weight"])
    flow, fed = _flow(student, network), []
    _give_path(student, flow, inputs)
    with replay(int(inputs["seed"])):
        for _ in range(2):
            network.fed.clear()
            student.method(flow, "loss")(inputs["x0"].clone())
            fed.append(network.fed[0] if network.fed else None)
    same = all(x is not None and x.shape == inputs["x0"].shape for x in fed)
    return {"noise_xt": torch.stack(fed) if same else fed[0]}


def _step(student: Student, inputs: Inputs, name: str) -> Values:
    flow = _flow(student, Velocity(inputs["weight"]))
    named = {"x_t": inputs["x_t"], "t": inputs["t"], "dt": inputs["dt"] / 2}
    _give(student, flow, "euler_step", inputs, named)
    function = student.method(flow, name)
    x_t, t, dt = inputs["x_t"].clone(), float(inputs["t"]), float(inputs["dt"])
    with torch.no_grad(), replay(0, constant=0.5):
        value = function(x_t, t, dt)
        second = function(inputs["x_t"].flip(0), float(inputs["second_t"]), dt)
    return {"value": value, "second": second, "after_x_t": x_t}


def euler_step(student: Student, inputs: Inputs) -> Values:
    """Called twice, at two times, with the input looked at afterwards."""
    return _step(student, inputs, "euler_step")


def midpoint_step(student: Student, inputs: Inputs) -> Values:
    """Called twice, at two times, with the input looked at afterwards."""
    return _step(student, inputs, "midpoint_step")


def _give(
    student: Student, flow: Any, name: str, inputs: Inputs, arguments: dict[str, Any]
) -> None:
    """Let a method that the task builds on answer from the case, where it is asked for just that.

    So a mistake in another task costs nothing here. Asked for anything else, or where the case
    has no input `given_<name>`, the student's own method answers.
    """
    answer = inputs.get(f"given_{name}")
    if answer is None:
        return

    def method(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        asked = dict(zip(arguments, args)) | kwargs
        if all(_alike(asked.get(key), known) for key, known in arguments.items()):
            return answer.clone()
        return original(*args, **kwargs)

    student.give(flow, **{name: method})


def _give_path(student: Student, flow: Any, inputs: Inputs) -> None:
    """The same for `sample_xt` from the case's images at the times that `loss` draws, to any x1."""
    if "given_t" not in inputs:
        return

    def sample_xt(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        asked = dict(zip(("x0", "x1", "t"), args)) | kwargs
        x1 = asked.get("x1")
        given = zip(*(inputs[f"given_{name}"] for name in ("t", "from_x0", "from_x1")))
        for t, from_x0, from_x1 in given:
            if _alike(asked.get("t"), t) and _alike(asked.get("x0"), inputs["x0"]):
                if isinstance(x1, torch.Tensor) and x1.shape == from_x0.shape:
                    return from_x0 + from_x1 * x1
        return original(*args, **kwargs)

    student.give(flow, sample_xt=sample_xt)


def _alike(asked: Any, known: Any) -> bool:
    if not isinstance(asked, (torch.Tensor, float)) or known is None:
        return False
    asked = torch.as_tensor(asked, dtype=known.dtype, device=known.device).detach()
    return asked.shape == known.shape and bool(torch.allclose(asked, known, atol=1e-6))
