"""The instructors' side of the kit: releases, proofs of releases, and grading."""

__version__ = "0.1.0"
