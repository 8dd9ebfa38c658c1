"""Executes a student's files: each once, within a limit of time, and as a whole if that works.

A file that fails for want of files or the network, or takes too long, is executed once more without
what is neither an import, a definition nor an assignment that works (`definitions`). What one probe
changes in a file's names is undone before the next one (`pristine`), as if the file were executed
again.
"""

from __future__ import annotations

import linecache
import os
import signal
import sys
import threading
import tokenize
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any

from homework import definitions, remarks
from homework.own_modules import OwnModules
from homework.pristine import Pristine
from homework.redirect import patched
from homework.surroundings import Settings


class SubmissionError(Exception):
    """Something about the student's file that is told in a sentence: no file, no such function.

    `name` is the function that is missing, if that is what is told.
    """

    def __init__(self, sentence: str, name: str = "") -> None:
        super().__init__(sentence)
        self.name = name


class TooLong(BaseException):
    """Raised in a file that is executed for too long; not an `Exception`, lest it be caught."""


@dataclass
class _Executed:
    """What came of executing a file: a module, or an error."""

    text: str
    module: ModuleType
    notes: set[str] = field(default_factory=set)
    left_out: dict[str, int] = field(default_factory=dict)
    pristine: Pristine | None = None
    settings: Settings | None = None
    error: BaseException | None = None
    trace: TracebackType | None = None


class Loader:
    """Executes files of a folder, each once as long as its text stays the same.

    Args:
        notes: gets what the author should be told; see `homework.remarks`.
        reduced: names of files that are known to take too long as a whole.
        announce: called with a file's name before it is executed and with "" afterwards.

    Attributes:
        slow: names of files that took too long.
    """

    def __init__(
        self,
        folder: Path,
        reduced: set[str] | None = None,
        announce: Callable[[str], None] = lambda stem: None,
    ) -> None:
        self.folder = Path(folder).resolve()
        self.slow = set(reduced or ())
        self.notes: set[str] = set()
        self._announce = announce
        self.own = OwnModules(self.folder, compiled)
        self._executed: dict[str, _Executed] = {}
        self._placeholders: dict[str, Placeholder] = {}
        self._read: tuple[Any, bytes] = (None, b"")

    def reset(self) -> None:
        """Undo what has changed since files were executed, and forget notes."""
        self.notes.clear()
        for executed in self._executed.values():
            if executed.pristine is not None:
                executed.pristine.restore()
        for placeholder in self._placeholders.values():
            placeholder.reset()

    def sibling(self, stem: str) -> ModuleType:
        """As `load`, but a file that does not work gives a placeholder."""
        try:
            return self.load(stem)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            reason = f"{stem}.py could not be imported: {type(error).__name__}: {error}"
            return self._placeholders.setdefault(stem, Placeholder(stem, reason))

    def load(self, stem: str) -> ModuleType:
        """The module of `<stem>.py`.

        Raises:
            SubmissionError: there is no such file, it cannot be read, or it takes too long.
            BaseException: whatever executing the file raises, `SystemExit` included.
        """
        path = self.folder / f"{stem}.py"
        text = read_source(path)
        executed = self._executed.get(stem)
        if executed is None or executed.text != text:
            executed = self._executed[stem] = self._execute(stem, path, text)
        self.notes |= executed.notes
        if executed.error is not None:
            raise executed.error.with_traceback(executed.trace)
        if executed.settings is not None:
            executed.settings.apply()
        sys.modules[stem] = executed.module
        return executed.module

    def left_out(self, name: str) -> tuple[str, int]:
        """The file and the line to blame that a name does not exist, if it was left out."""
        for stem, executed in self._executed.items():
            if name in executed.left_out:
                return f"{stem}.py", executed.left_out[name]
        return "", 0

    def text(self) -> bytes:
        """All Python text in the folder, where it can be read."""
        stamps = _stamps(self.folder)
        if stamps != self._read[0]:  # or each case would read all files again
            texts = [(self.folder / name).read_bytes() for name, *_ in stamps]
            self._read = stamps, b"\n".join(texts)
        return self._read[1]

    def _execute(self, stem: str, path: Path, text: str) -> _Executed:
        outer, self.notes = self.notes, set()
        executed = _Executed(text, _new(stem, path), self.notes)
        self._announce(stem)
        try:
            self._run(executed)
            executed.pristine, executed.settings = Pristine(executed.module), Settings()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            sys.modules.pop(stem, None)
            executed.error, executed.trace = error, error.__traceback__
        finally:
            self.notes = outer
            self._announce("")
        return executed

    def _run(self, executed: _Executed) -> None:
        module = executed.module
        stem, path = module.__name__, Path(str(module.__file__))
        code, line = compiled(path), 0
        if stem not in self.slow:
            try:
                with patched(), limited(definitions.WHOLE_SECONDS):
                    exec(code, module.__dict__)
                return
            except TooLong as error:
                self.slow.add(stem)
                line = definitions.line_in(error, str(path))
            except Exception as error:
                if not definitions.needs_outside(error):
                    raise
                line = definitions.line_in(error, str(path))
        kind = "time" if stem in self.slow else "outside"
        executed.notes.add(remarks.code(kind, path.name, line))
        executed.module = _new(stem, path)
        try:
            with patched(), limited(definitions.SECONDS):
                executed.left_out = definitions.execute(
                    code, executed.text, executed.module, TooLong
                )
        except TooLong:
            raise SubmissionError(definitions.too_slow(path.name)) from None


class Placeholder(ModuleType):
    """Stands for a file that cannot be imported; its names raise only when they are used."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name)
        self._reason = reason
        self._made: dict[str, type] = {}

    def reset(self) -> None:
        """Forget names that were set."""
        for name in [name for name in vars(self) if not name.startswith("_")]:
            delattr(self, name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def unusable(*args: Any, **kwargs: Any) -> Any:
            raise ImportError(self._reason)

        return self._made.setdefault(name, type(name, (), {"__init__": unusable}))


def _stamps(folder: Path) -> list[tuple[Any, ...]]:
    """Names of Python files, with numbers that change when the files do."""
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.stat()) for entry in entries if entry.name.endswith(".py")]
    return sorted((name, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in found)


def _new(stem: str, path: Path) -> ModuleType:
    module = ModuleType(stem)
    module.__file__ = str(path)
    sys.modules[stem] = module
    return module


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise `TooLong` in the block after some seconds, and again each second from then on.

    Nothing is limited outside of the main thread, and on Windows. An outer limit stands still.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not hasattr(signal, "setitimer"):
        yield
        return

    def ring(number: int, frame: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, ring)
    left = signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before or signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, *left)


def compiled(path: Path) -> CodeType:
    """The code of a file, as its text is now; raises as `read_source`, and `SyntaxError`."""
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
