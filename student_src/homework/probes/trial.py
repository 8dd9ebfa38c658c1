"""What the grader tries itself with, before it grades anybody."""

from __future__ import annotations

from typing import Any

import torch

from homework.student import Student


def response(student: Student, inputs: dict[str, torch.Tensor]) -> dict[str, Any]:
    return {"value": student.function("trial", "response")(inputs["x"])}
