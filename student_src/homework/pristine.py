"""Undoes what was changed in a module since it was executed, as if it were executed again.

Names get back their values, and so do attributes of the module's classes; dictionaries, lists and
sets that it keeps get back their contents, and caches are emptied. So a right cache is never asked
about the inputs of another case, and a function that was replaced for one case is itself again.
"""

from __future__ import annotations

import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import FunctionType, ModuleType
from typing import Any

from homework.surroundings import refill

_CACHE = type(lru_cache(len))
_CONTAINERS = (dict, OrderedDict, defaultdict, list, set, deque)


class Pristine:
    """A module's state, taken when it has just been executed."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._names = dict(vars(module))
        own = [value for value in self._names.values() if _is_own(value, module.__name__)]
        self._classes = {cls: _attributes(cls) for cls in own if isinstance(cls, type)}
        members = [value for names in self._classes.values() for value in names.values()]
        plain = [getattr(value, "__wrapped__", value) for value in (*own, *members)]
        functions = [value for value in plain if isinstance(value, FunctionType)]
        kept = [v for n, v in self._names.items() if not n.startswith("__")]  # not __builtins__
        kept = [value for value in (*kept, *members) if value is not sys.modules]
        kept += [value for one in functions for value in (one.__defaults__ or (), vars(one))]
        self._contents = [(value, value.copy()) for value in _containers(kept)]
        self._caches: list[Callable[[], None]] = [
            value.cache_clear
            for value in (*self._names.values(), *members)
            if isinstance(value, _CACHE) and _is_own(value, module.__name__)
        ]

    def restore(self) -> None:
        """Put everything back."""
        names = vars(self._module)
        names.clear()
        names.update(self._names)
        for cls, attributes in self._classes.items():
            _restore_class(cls, attributes)
        for container, contents in self._contents:
            refill(container, contents)
        for clear in self._caches:
            clear()


def _is_own(value: Any, module: str) -> bool:
    return getattr(value, "__module__", None) == module


def _attributes(cls: type) -> dict[str, Any]:
    return {name: value for name, value in vars(cls).items() if not name.startswith("__")}


def _containers(values: list[Any]) -> Iterator[Any]:
    for value in values:
        if type(value) in _CONTAINERS:
            yield value
        elif type(value) is tuple:  # of defaults
            yield from (part for part in value if type(part) in _CONTAINERS)


def _restore_class(cls: type, attributes: Mapping[str, Any]) -> None:
    now = _attributes(cls)
    for name in now.keys() - attributes.keys():
        delattr(cls, name)
    for name, value in attributes.items():
        if now.get(name) is not value:
            setattr(cls, name, value)
