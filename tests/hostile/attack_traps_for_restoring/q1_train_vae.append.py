import sys
import types


class Module(types.ModuleType):
    """A module that is another each time."""

    @property
    def __dict__(self):
        raise SystemExit

    def __getattribute__(self, name):
        raise GeneratorExit


sys.modules[__name__].__class__ = Module
