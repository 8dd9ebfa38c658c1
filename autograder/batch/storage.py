"""Submissions and results that are elsewhere: in object stores, on servers, in archives.

Whatever `fsspec` can name by a URL is copied to a folder on this machine, where all else works as
always. Results go back one submission at a time, as each is graded, and only whole: an object store
shows an object once all of it is there; elsewhere a file is written under another name and then
renamed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

from autograder.intake.names import is_archive, shown

MOST_BYTES = 256 << 20  # of one file; what is larger is no submission
_AT_A_TIME = 16
_TRIES = 3
# There a put is one request, which takes effect as a whole or not at all.
_OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oci", "oss"}
_CODE = (".py", ".py.txt", ".yml", ".yaml")  # the lists beside Gradescope's submissions are YAML
_EARLIER = ("results.json", "manifest.json", "timings.csv")  # what a later run wants to know
_REST = ("grades.csv", "manifest.json", "timings.csv")


class StorageError(Exception):
    """A place that cannot be read or written: one sentence that says what to do."""


def is_url(place: str) -> bool:
    """Whether a place is for `fsspec` to open: `s3://bucket/term`, `zip::https://host/all.zip`."""
    return "://" in place or "::" in place


@dataclass
class Found:
    """Submissions on this machine: where, and a sentence on each file that a copy lacks."""

    path: Path
    problems: list[str] = field(default_factory=list)


@contextmanager
def submissions(place: str) -> Iterator[Found]:
    """The submissions at a path, or a copy of those at a URL as long as the block lasts.

    Only code and archives are copied; of other files there are but the names.

    Raises:
        StorageError: nothing can be read there.
    """
    remote = _opened(place)
    if isinstance(remote, Path):
        yield Found(remote)
        return
    items = remote.items()
    if not items:
        raise StorageError(f"there is nothing at {place}: check the address")
    folder = Path(tempfile.mkdtemp(prefix="submissions-"))
    try:
        top = folder / remote.name
        yield Found(top, list(remote.copy(items, top, _is_work)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_work(name: str) -> bool:
    return is_archive(name) or name.casefold().endswith(_CODE)


class ResultsFolder:
    """The folder for results on this machine, which may stand for one at a URL.

    Attributes:
        path: where to write. For a URL a folder of its own, at first with what tells of earlier
            runs.

    Raises:
        StorageError: nothing can be read or written there.
    """

    def __init__(self, place: str) -> None:
        remote = _opened(place)
        self._remote = None if isinstance(remote, Path) else remote
        self._sent: list[tuple[str, Future[None]]] = []
        self._keep = True
        if isinstance(remote, Path):
            self.path = remote
            return
        self.path = Path(tempfile.mkdtemp(prefix="results-"))
        try:
            items = [i for i in remote.items() if i.place.rpartition("/")[2] in _EARLIER]
            for problem in remote.copy(items, self.path, lambda name: True):
                raise StorageError(f"of the results at {place}, {problem}")
            self._pool = remote.pool()
            self._keep = False
        except BaseException:
            shutil.rmtree(self.path, ignore_errors=True)
            raise

    def __enter__(self) -> ResultsFolder:
        return self

    def send(self, name: str) -> None:
        """Send the results of one submission to the URL, without waiting until they are there."""
        if self._remote is not None:
            self._sent.append((name, self._pool.submit(self._send, name)))

    def finish(self) -> list[str]:
        """Send what is about the whole, and wait for all; sentences on what could not be sent."""
        problems: list[str] = []
        if self._remote is None:
            return problems
        self._sent += [(name, self._pool.submit(self._put, name)) for name in _REST]
        for name, future in self._sent:
            error = future.exception()
            if error is not None:
                self._keep = True
                problems.append(
                    f"{name} could not be sent to {self._remote.url} ({_first_line(error)}): it is"
                    f" in {self.path}; or give the same command again."
                )
        self._sent.clear()
        return problems

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._remote is not None:
            self._pool.shutdown(cancel_futures=True)
        if not self._keep:
            shutil.rmtree(self.path, ignore_errors=True)

    def _send(self, name: str) -> None:
        self._put(f"{name}/feedback.md")
        self._put(f"{name}/results.json")  # whose presence says that all is there

    def _put(self, place: str) -> None:
        for left in reversed(range(_TRIES)):
            try:
                if self._remote is not None and (self.path / place).exists():
                    self._remote.put(self.path / place, place)
                return
            except Exception:
                if not left:
                    raise


@dataclass(frozen=True)
class _Item:
    """Something at a URL: its name there, its place in a copy, and what is known of it."""

    remote: str
    place: str
    is_folder: bool
    size: int | None


def _opened(place: str) -> Path | _Remote:
    """A path of this machine, or a URL ready to be used; `StorageError` if it cannot be opened."""
    if not is_url(place):
        return Path(place)
    try:
        from fsspec.core import url_to_fs

        system, root = url_to_fs(place)
    except ImportError as error:
        missing = (error.name or "").partition(".")[0] == "fsspec"
        why = "pip install fsspec" if missing else _first_line(error)  # which says the same
        raise StorageError(f"{place} cannot be opened without a package: {why}") from None
    except Exception as error:  # each system has its own
        why = _first_line(error)
        raise StorageError(f"{place} cannot be opened ({why}): check the address") from None
    remote = _Remote(place, system, str(root))
    # Intake reads what is here where it is, and follows no links.
    return Path(root) if "file" in remote.protocols else remote


class _Remote:
    """A URL of another system of files.

    Attributes:
        protocols: names of the system, as in URLs.
        name: of a copy.
    """

    def __init__(self, url: str, system: Any, root: str) -> None:
        self.url, self._system, self._root = url, system, root
        known = system.protocol
        self.protocols = {known} if isinstance(known, str) else set(known)
        self._is_web = bool(self.protocols & {"http", "https"})
        self.name = self._last_part(root) or self._last_part(url) or "submissions"

    def _last_part(self, path: str) -> str:
        path = unquote(urlsplit(path).path) if self._is_web else path
        return PurePosixPath(path).name

    def items(self) -> list[_Item]:
        """All files and folders there; none if there is no such place."""
        try:
            if not self._is_web and not self._system.exists(self._root):
                return []
            if self._system.isfile(self._root) and not self._root.endswith("/"):
                return [_Item(self._root, "", False, self._system.info(self._root).get("size"))]
            found = self._system.find(self._root, withdirs=True, detail=True)
        except Exception as error:
            why = _first_line(error)
            raise StorageError(
                f"{self.url} cannot be read ({why}): check the address and your rights"
            ) from None
        items = (self._item(remote, info) for remote, info in found.items())
        return [item for item in items if item.place]

    def _item(self, remote: str, info: dict[str, Any]) -> _Item:
        place = remote.removeprefix(self._root.rstrip("/"))
        place = unquote(urlsplit(place).path) if self._is_web else place
        return _Item(remote, place.strip("/"), info["type"] == "directory", info.get("size"))

    def copy(
        self, items: Iterable[_Item], top: Path, is_wanted: Callable[[str], bool]
    ) -> Iterator[str]:
        """Copy to below `top`, with names alone of unwanted files; sentences on what failed."""

        def fetch(item: _Item) -> str:
            name, path = shown(item.place or top.name), top / item.place
            if ".." in path.parts or "\0" in item.place:
                return "" if item.is_folder else f"{name} was left out: its path leads elsewhere."
            if (item.size or 0) > MOST_BYTES:
                return f"{name} was left out: it is larger than {MOST_BYTES >> 20} MB."
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                if item.is_folder:
                    path.mkdir(exist_ok=True)
                elif is_wanted(path.name):
                    self._system.get_file(item.remote, str(path))
                else:
                    path.touch()
            except Exception as error:
                return f"{name} could not be fetched ({_first_line(error)}): try again."
            return ""

        with self.pool() as pool:
            yield from filter(None, pool.map(fetch, items))

    def pool(self) -> ThreadPoolExecutor:
        """Threads to use this place with: many only where its system is made for that."""
        return ThreadPoolExecutor(_AT_A_TIME if self._system.async_impl else 1)

    def put(self, source: Path, place: str) -> None:
        """Write a file there, so that it is always either the old one or the new one."""
        target = f"{self._root.rstrip('/')}/{place}"
        if self.protocols & _OBJECT_STORES:
            self._system.put_file(str(source), target)
            return
        folder, _, name = target.rpartition("/")
        self._system.makedirs(folder, exist_ok=True)
        self._system.put_file(str(source), f"{folder}/.{name}.part")
        self._system.mv(f"{folder}/.{name}.part", target)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
