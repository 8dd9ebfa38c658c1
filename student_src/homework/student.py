"""Loads a student's files, fresh from disk, so that probes can drive them.

Every load executes the file anew, hence an edited file is picked up at once. While a `Student` is
entered, `import q1_vae` inside another of the student's files finds the student's own `q1_vae.py`;
if that one is missing or broken, it finds a placeholder that complains only when it is used, so
that a mistake in one file does not cost another its points. What the notebook had imported itself
is put back on leaving.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import sys
import tokenize
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any

from homework.args import Args
from homework.own_modules import OwnModules
from homework.redirect import patched


class SubmissionError(Exception):
    """Something about the student's file that is told in a sentence: no file, no such function."""


class Student:
    """The files of one student, as probes see them.

    Args:
        folder: where the files are.
        stems: names, without `.py`, of all files that belong to the assignment.
        isolated: if true, what a task builds on (other methods, functions of another file) is
            replaced by given values, so that a mistake there does not spread.
        device: where probes put their inputs.
    """

    def __init__(
        self, folder: Path, stems: Iterable[str], isolated: bool = False, device: str = "cpu"
    ) -> None:
        self.folder = Path(folder).resolve()
        self.stems = tuple(stems)
        self.isolated = isolated
        self.device = device
        self._saved: dict[str, ModuleType] = {}
        self._finder = _Siblings(self)
        self._own = OwnModules(self.folder, _code)

    def __enter__(self) -> Student:
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
        """Execute `<stem>.py` and return it as a module.

        Args:
            given: functions that replace those of other files, by file and name; used only if the
                student is isolated. A replacement gets the original as its first argument.

        Raises:
            SubmissionError: the file is not there or cannot be read.
            BaseException: whatever executing the file raises, `SystemExit` included.
        """
        if self.isolated:
            for other, functions in (given or {}).items():
                self._replace(other, functions)
        sys.modules.pop(stem, None)
        return self._execute(stem)

    def function(self, stem: str, name: str, **options: Any) -> Callable[..., Any]:
        """The function or class `name` of `<stem>.py`; `SubmissionError` if it has none."""
        module = self.module(stem, **options)
        found = getattr(module, name, None)
        if not callable(found):
            raise SubmissionError(f"{stem}.py has no function or class named {name}")
        return found

    def method(self, owner: Any, name: str) -> Callable[..., Any]:
        """The method `name` of `owner`; `SubmissionError` if it has none."""
        found = getattr(owner, name, None)
        if not callable(found):
            raise SubmissionError(f"the class has no method named {name}")
        return found

    def give(self, owner: Any, **methods: Callable[..., Any]) -> None:
        """In isolation, replace methods of `owner` by given ones (each gets the original first)."""
        if not self.isolated:
            return
        for name, method in methods.items():
            setattr(owner, name, _bound(method, getattr(owner, name, None)))

    def _replace(self, stem: str, functions: Mapping[str, Callable[..., Any]]) -> None:
        module = importlib.import_module(stem)
        for name, function in functions.items():
            setattr(module, name, _bound(function, getattr(module, name, None)))

    def _execute(self, stem: str) -> ModuleType:
        path = self.folder / f"{stem}.py"
        code = _code(path)
        module = ModuleType(stem)
        module.__file__ = str(path)
        sys.modules[stem] = module
        with patched():
            exec(code, module.__dict__)
        return module


def _code(path: Path) -> CodeType:
    linecache.checkcache(str(path))
    return _compiled(str(path), read_source(path))


@lru_cache(maxsize=32)
def _compiled(path: str, text: str) -> CodeType:
    return compile(text, path, "exec", dont_inherit=True)


def read_source(path: Path) -> str:
    """The text of a Python file, by its declared encoding.

    Raises:
        SubmissionError: there is no such file, it is not text, or it may not be read.
        SyntaxError: the declared encoding does not exist.
    """
    try:
        with tokenize.open(path) as file:
            text = file.read()
    except FileNotFoundError:
        raise SubmissionError(f"there is no file {path.name}") from None
    except UnicodeDecodeError:
        raise SubmissionError(
            f"{path.name} is not UTF-8 text; save it as UTF-8, or declare its encoding in line 1"
        ) from None
    except OSError as error:
        raise SubmissionError(f"{path.name} cannot be read ({error.strerror})") from None
    if "\0" in text:
        raise SubmissionError(f"{path.name} is not a Python file: it holds binary data")
    return text


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
        try:
            return self.student._execute(spec.name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            reason = f"{spec.name}.py could not be imported: {type(error).__name__}: {error}"
            return _Placeholder(spec.name, reason)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to do: `create_module` has executed the file."""


class _Placeholder(ModuleType):
    """Stands for a file that cannot be imported; its names raise only when they are used."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name)
        self.__dict__["_reason"] = reason

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        reason = self.__dict__["_reason"]

        def unusable(*args: Any, **kwargs: Any) -> Any:
            raise ImportError(reason)

        return type(name, (), {"__init__": unusable})
