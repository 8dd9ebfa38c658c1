def __getattr__(name):
    return lambda *args, **kwargs: None


__builtins__ = {}
del Trainer
