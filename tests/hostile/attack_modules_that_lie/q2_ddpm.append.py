import sys

del sys.modules[__name__]
sys.modules["homework.probes.q2"] = None
