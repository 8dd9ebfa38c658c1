# Copied by `autograder release`; change the original:
# solutions/ddpm/provided/ddpm_utils/args.py
"""The settings `args`, under the handout's name. `import *` gives what it gives there."""

import os  # noqa: F401

import torch  # noqa: F401
from easydict import EasyDict  # noqa: F401

from homework.handout import settings

args = settings()
