"""@TITLE@. FILL IN: conventions that hold for all tasks of this file."""

from __future__ import annotations

import torch
