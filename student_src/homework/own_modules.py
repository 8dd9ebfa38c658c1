"""Imports a student's own modules: `utils.py`, `helpers/` and what else lies beside the files.

While the finder is in place, such a module is executed from its file, once, not taken from what a
notebook had imported, and with its draws redirected like those of the graded files. A mapping
`args` in it takes on the settings of the run, where it has settings of these names: the handout's
files read their steps and their device from a module, not from what they are given.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Collection, MutableMapping
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from homework.allowed import is_taken
from homework.pristine import Pristine
from homework.redirect import patched


class OwnModules(importlib.abc.MetaPathFinder):
    """Finds the modules of a folder whose names are not taken.

    Args:
        compiled: gives the code of a file.
    """

    def __init__(self, folder: Path, compiled: Callable[[Path], CodeType]) -> None:
        self.folder, self.compiled = folder, compiled
        self.settings: dict[str, Any] = {}
        self._args: list[tuple[MutableMapping[str, Any], dict[str, Any]]] = []
        self._executed: list[Pristine] = []
        self._saved: dict[str, ModuleType] = {}
        self._mine: dict[str, ModuleType] = {}
        self._tops: set[str] = set()

    def enter(self, graded: Collection[str], **settings: Any) -> None:
        """Put aside what was imported by these names; `graded` are names that others find.

        What this finder has imported earlier is there again, as it was when it was executed.
        """
        self.settings = settings
        found = {path.name.removesuffix(".py") for path in _entries(self.folder)}
        self._tops = {name for name in found if not is_taken(name)} - set(graded)
        self._saved = self._loaded()
        sys.modules.update(self._mine)
        for pristine in self._executed:
            pristine.restore()
        for args, first in self._args:
            args.clear()
            args.update(first)
            self._adapt(args)
        sys.meta_path.insert(0, self)

    def leave(self) -> None:
        sys.meta_path.remove(self)
        self._mine = self._loaded()
        sys.modules.update(self._saved)

    def set(self, **settings: Any) -> None:
        """Change settings of the run."""
        self.settings |= settings
        for args, _ in self._args:
            self._adapt(args)

    def adopt(self, module: ModuleType) -> None:
        """Keep a module as it is now, and its `args` in line with the settings of the run."""
        self._executed.append(Pristine(module))
        args = vars(module).get("args")
        if isinstance(args, MutableMapping):
            self._args.append((args, dict(args)))
            self._adapt(args)

    def _adapt(self, args: MutableMapping[str, Any]) -> None:
        for name in self.settings.keys() & args.keys():
            args[name] = self.settings[name]

    def _loaded(self) -> dict[str, ModuleType]:
        """Modules by the names of the folder's own, which are forgotten."""
        tops = self._tops & sys.modules.keys()
        names = [name for name in sys.modules if name.partition(".")[0] in tops] if tops else []
        return {name: sys.modules.pop(name) for name in names}

    def find_spec(
        self, fullname: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        parts = fullname.split(".")
        if parts[0] not in self._tops:
            return None
        place = self.folder.joinpath(*parts)
        for file, inside in (
            (place / "__init__.py", [str(place)]),
            (place.with_suffix(".py"), None),
        ):
            if file.is_file():
                loader = _Loader(fullname, file, self)
                return importlib.util.spec_from_file_location(
                    fullname, file, loader=loader, submodule_search_locations=inside
                )
        if not place.is_dir():
            return None
        package = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
        package.submodule_search_locations = [str(place)]
        return package


class _Loader(importlib.machinery.SourceFileLoader):
    """Executes a file's present text; no bytecode is read or written."""

    def __init__(self, fullname: str, file: Path, finder: OwnModules) -> None:
        super().__init__(fullname, str(file))
        self.finder = finder

    def get_code(self, fullname: str) -> CodeType:
        return self.finder.compiled(Path(self.path))

    def exec_module(self, module: ModuleType) -> None:
        with patched():
            super().exec_module(module)
        self.finder.adopt(module)


def _entries(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()]
    except OSError:
        return []
