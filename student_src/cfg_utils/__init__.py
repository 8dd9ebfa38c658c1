# Copied by `autograder release`; change the original:
# solutions/cfg/provided/cfg_utils/__init__.py
"""Names that files written for the public course handout import; the kit has them in `homework`."""
