"""Settings of one experiment, readable as `args.n_steps` and as `args["n_steps"]`."""

from __future__ import annotations

import copy
from collections.abc import Iterator, MutableMapping
from typing import Any

DEFAULTS: dict[str, Any] = {
    "image_channels": 1,
    "image_size": 32,
    "n_steps": 1000,
    "n_samples": 16,
    "batch_size": 128,
    "learning_rate": 1e-3,
    "epochs": 20,
    "device": "cpu",
    "fp16_precision": False,
    "nb_save": None,
    "show_every_n_epochs": 5,
    "save_every_n_epochs": 5,
    "cfg_scale": 3.0,
}


class Args(MutableMapping[str, Any]):
    """A mapping whose keys are also attributes.

    `Args(n_steps=100)` starts from `DEFAULTS` and changes `n_steps`; settings of your own may be
    added. An unknown name raises `AttributeError` or `KeyError` and lists the names there are.
    """

    def __init__(self, **settings: Any) -> None:
        object.__setattr__(self, "_settings", {**DEFAULTS, **settings})

    def __getitem__(self, name: str) -> Any:
        try:
            return self._settings[name]
        except KeyError:
            raise KeyError(self._unknown(name)) from None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_settings":  # copy and pickle look these up
            raise AttributeError(name)
        try:
            return self._settings[name]
        except KeyError:
            raise AttributeError(self._unknown(name)) from None

    def __setitem__(self, name: str, value: Any) -> None:
        self._settings[name] = value

    __setattr__ = __setitem__

    def __delitem__(self, name: str) -> None:
        del self._settings[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings)

    def __len__(self) -> int:
        return len(self._settings)

    def __repr__(self) -> str:
        return f"Args({', '.join(f'{name}={value!r}' for name, value in self._settings.items())})"

    def _unknown(self, name: str) -> str:
        return f"args has no setting {name!r}; it has: {', '.join(self._settings)}"


def with_settings(args: Any, **settings: Any) -> Any:
    """A copy of `args` with some settings changed."""
    changed = copy.copy(args)
    if hasattr(changed, "_settings"):  # `Args` keeps its settings in this dict
        object.__setattr__(changed, "_settings", dict(args))
    for name, value in settings.items():
        changed[name] = value
    return changed
