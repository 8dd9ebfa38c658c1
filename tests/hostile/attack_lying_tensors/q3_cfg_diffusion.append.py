import numpy as np


def gives(name, make):
    setattr(CFGDiffusion, name, lambda self, first, *rest: make(first))


class Agreeing(torch.Tensor):
    """Says yes to every question."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func.__name__ in ("equal", "allclose", "eq", "__eq__", "all", "isfinite", "isclose"):
            return torch.tensor(True)
        return super().__torch_function__(func, types, args, kwargs or {})


class Changing(torch.Tensor):
    """Other numbers each time."""

    count = 0

    def detach(self):
        Changing.count += 1
        return torch.full(self.shape, float(Changing.count))

    __array__ = numpy = cpu = to = lambda self, *args, **kwargs: self.detach()


class Pretending(torch.Tensor):
    """Has the shape, type and place that anybody asks for."""

    shape = property(lambda self: (1,))
    dtype = property(lambda self: torch.float32)
    device = property(lambda self: torch.device("cpu"))
    grad = property(lambda self: self)


class Dispatching(torch.Tensor):
    """Has no numbers; makes them up for every operation."""

    @staticmethod
    def __new__(cls, like):
        return torch.Tensor._make_wrapper_subclass(cls, like.shape, dtype=like.dtype)

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return torch.zeros(args[0].shape)


class Array(np.ndarray):
    """An array that joins no comparison."""

    __array_priority__ = 1e9

    def __array_ufunc__(self, *args, **kwargs):
        return True

    def __array_function__(self, *args, **kwargs):
        return True

    __eq__ = __ne__ = __lt__ = __gt__ = lambda self, other: True
    __hash__ = object.__hash__


class Like:
    """No tensor at all, but made to be taken for one."""

    __class__ = torch.Tensor

    def __getattr__(self, name):
        return getattr(torch.zeros(1), name)

    def __torch_function__(self, *args, **kwargs):
        return torch.zeros(1)


gives("get_lambda", lambda t: torch.zeros(len(t), 1, 1, 1).as_subclass(Agreeing))
gives("alpha_lambda", lambda level: torch.zeros_like(level).as_subclass(Changing))
gives("sigma_lambda", lambda level: torch.zeros_like(level).as_subclass(Pretending))
gives("q_sample", lambda x: torch.nn.Parameter(torch.zeros_like(x)))
gives("sigma_q", lambda level: Dispatching(level))
gives("sigma_q_x", lambda level: Like())
gives("mu_p_theta", lambda z: torch.zeros(z.shape, requires_grad=True).as_subclass(Changing).sum(9))
gives("var_p_theta", lambda level: np.zeros(level.shape).view(Array))
gives("p_sample", lambda z: torch.zeros_like(z).as_subclass(torch.nn.Buffer))
