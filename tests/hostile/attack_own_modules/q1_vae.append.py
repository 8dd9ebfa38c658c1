import random

import numpy

import given
import q1
import homework.probes.q1

for _module in ("m00", "m19", "outside", "fast", "deep.outside", "autograder.shadow"):
    try:
        __import__(_module)
    except ImportError:
        pass
"""
import m00, m01, m02, m03, m04, m05, m06, m07, m08, m09, m10, m11, m12, m13, m14, m15, m16, m17
import m18, m19, m20, m21, outside, fast, autograder, torch
from .. import outside
from ..... import outside
"""
