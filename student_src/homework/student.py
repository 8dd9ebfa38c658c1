"""A student's files, as probes drive them.

An edited file is executed again, hence picked up at once (`loading`). While a `Student` is
entered, `import q0_toy` inside another of the student's files finds the student's own `q0_toy.py`;
if that one is missing or broken, it finds a placeholder that complains only when it is used, so
that a mistake in one file does not cost another its points. What the notebook had imported itself
is put back on leaving.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from homework.args import Args
from homework.loading import Loader, SubmissionError


class Student:
    """The files of one student, as probes see them.

    Args:
        folder: where the files are.
        stems: names, without `.py`, of all files that belong to the assignment.
        device: where probes put their inputs.
        loader: executes the files; one may serve several students of the same folder.
    """

    def __init__(
        self,
        folder: Path,
        stems: Iterable[str],
        device: str = "cpu",
        loader: Loader | None = None,
    ) -> None:
        self.folder = Path(folder).resolve()
        self.stems = tuple(stems)
        self.device = device
        self.loader = loader or Loader(self.folder)
        self._saved: dict[str, ModuleType] = {}
        self._finder = _Siblings(self)
        self._own = self.loader.own

    def __enter__(self) -> Student:
        self.loader.reset()
        self._own.enter(self.stems, device=self.device)
        self._saved = {stem: sys.modules.pop(stem) for stem in self.stems if stem in sys.modules}
        sys.meta_path.insert(0, self._finder)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        sys.meta_path.remove(self._finder)
        self._own.leave()
        for stem in self.stems:
            sys.modules.pop(stem, None)
        sys.modules.update(self._saved)

    def args(self, **settings: Any) -> Args:
        """The settings of this run, which `args` of the student's own modules take on too."""
        self._own.set(**settings)
        return Args(**self._own.settings)

    def module(
        self, stem: str, given: Mapping[str, Mapping[str, Callable[..., Any]]] | None = None
    ) -> ModuleType:
        """The module of `<stem>.py`, as if it had just been executed.

        Args:
            given: functions that replace those of other files, by file and name. A replacement
                gets the original as its first argument.

        Raises:
            SubmissionError: the file is not there or cannot be read.
            BaseException: whatever executing the file raises, `SystemExit` included.
        """
        module = self.loader.load(stem)
        for other, functions in (given or {}).items():
            self._replace(other, functions, module)
        return module

    def function(self, stem: str, name: str, **options: Any) -> Callable[..., Any]:
        """The function or class `name` of `<stem>.py`; `SubmissionError` if it has none."""
        module = self.module(stem, **options)
        found = getattr(module, name, None)
        if not callable(found):
            raise SubmissionError(f"{stem}.py has no function or class named {name}", name)
        return found

    def method(self, owner: Any, name: str) -> Callable[..., Any]:
        """The method `name` of `owner`; `SubmissionError` if it has none."""
        found = getattr(owner, name, None)
        if not callable(found):
            raise SubmissionError(f"the class has no method named {name}")
        return found

    def give(self, owner: Any, **methods: Callable[..., Any]) -> None:
        """Replace methods of `owner` by given ones (each gets the original first)."""
        for name, method in methods.items():
            setattr(owner, name, _bound(method, getattr(owner, name, None)))

    def _replace(
        self, stem: str, functions: Mapping[str, Callable[..., Any]], user: ModuleType
    ) -> None:
        """Replace functions of another file, also where `user` has imported them by name."""
        module = importlib.import_module(stem)
        for name, function in functions.items():
            original = getattr(module, name, None)
            replacement = _bound(function, original)
            setattr(module, name, replacement)
            imported = [n for n, value in vars(user).items() if value is original is not None]
            vars(user).update(dict.fromkeys(imported, replacement))


def _bound(function: Callable[..., Any], original: Any) -> Callable[..., Any]:
    def replacement(*args: Any, **kwargs: Any) -> Any:
        return function(original, *args, **kwargs)

    return replacement


class _Siblings(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the student's other files, or placeholders for those that do not work."""

    def __init__(self, student: Student) -> None:
        self.student = student

    def find_spec(
        self, fullname: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self.student.stems:
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return self.student.loader.sibling(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to do: the file has been executed."""
