"""The digits, under the handout's name: images without labels."""

import torch  # noqa: F401

from homework.handout import MNISTDataset  # noqa: F401
