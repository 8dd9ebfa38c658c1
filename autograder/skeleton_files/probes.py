"""Probes of the tasks of @NAME@: they drive students' code and know no answer.

FILL IN: the shapes of inputs. What the names of outputs mean is told in `homework/probes/__init__.py`.
"""

from __future__ import annotations

from typing import Any

import torch

from homework.student import Student

Inputs = dict[str, torch.Tensor]
Values = dict[str, Any]
