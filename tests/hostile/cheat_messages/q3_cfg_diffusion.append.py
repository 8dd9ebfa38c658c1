class NoText(Exception):
    def __str__(self):
        raise SystemExit

    __repr__ = __str__


class EndlessText(Exception):
    def __str__(self):
        while True:
            pass


class NotText(Exception):
    def __str__(self):
        return 1


class NoTrace(Exception):
    __traceback__ = property(lambda self: self)
    __class__ = property(lambda self: NotImplementedError)


class Chain(Exception):
    @property
    def __cause__(self):
        return self


def throws(name, error):
    def method(self, *args):
        raise error

    setattr(CFGDiffusion, name, method)


throws("get_lambda", NoText())
throws("alpha_lambda", NotText())
throws("sigma_lambda", EndlessText())
throws("q_sample", NoTrace())
throws("sigma_q", Chain())
