"""Starts Ray on this machine, quietly and in a folder of its own, or joins a cluster."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.judge import surroundings
from autograder.judge.leftovers import HeldFolder
from autograder.judge.sandbox import SandboxError

STORE_BYTES = 100 << 20  # of shared memory; little but the hidden fixtures goes through it
_NO_RECORDS = {"task_events_report_interval_ms": 0}  # else Ray keeps 3 KB for each submission
_STARTS = 3
_CLEAR_SECONDS = 5.0
_MOST_PATH = 16  # of the folder of temporary files: in it lie sockets, with 107 bytes at most
_MISSING = (
    "--engine ray needs Ray: install the kit with its extra, `pip install -e '.[ray]'` in its"
    " checkout"
)


@contextlib.contextmanager
def session(address: str | None, jobs: int | None, gpus: float) -> Iterator[Any]:
    """The module `ray`, connected as long as the block lasts.

    Args:
        address: of a cluster that this machine belongs to; None starts Ray on this machine alone.
        jobs: processors for it, or None for those that there are; not for a cluster.
        gpus: above 0 to use the machine's GPUs.

    Raises:
        SandboxError: Ray is not installed, does not start, or there is no such cluster.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if address is None and "RAY_AUTH_MODE" not in os.environ:
        # Ray listens on all of the machine's addresses, and obeys who has its token: this one, or
        # else one that it would write to the user's home.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    try:
        import ray
    except ImportError:
        raise SandboxError(_MISSING) from None
    if ray.is_initialized():
        yield ray
        return
    handler = signal.getsignal(signal.SIGTERM)
    with _started(ray, jobs, gpus) if address is None else _joined(ray, address):
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray has put its own in place
        yield ray


def _joined(ray: Any, address: str) -> contextlib.ExitStack:
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL)
    except Exception as error:  # of many kinds
        raise SandboxError(
            f"there is no Ray cluster at {address} that this machine belongs to"
            f" ({_first_line(error)}); `ray status` on this machine shows whether there is one"
        ) from None
    stack = contextlib.ExitStack()
    stack.callback(ray.shutdown)
    return stack


def _started(ray: Any, jobs: int | None, gpus: float) -> contextlib.ExitStack:
    why = ""
    for _ in range(_STARTS):
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(_private_folder())
            stack.callback(ray.shutdown)
            try:
                with python_path(folder):
                    ray.init(
                        "local",
                        num_cpus=jobs,
                        num_gpus=None if gpus else 0,
                        object_store_memory=STORE_BYTES,
                        include_dashboard=False,
                        log_to_driver=False,
                        logging_level=logging.CRITICAL,
                        _temp_dir=str(folder / "ray"),
                        _system_config=_NO_RECORDS,
                    )
                return stack.pop_all()
            except Exception as error:
                # Ray gives its helpers 15 seconds to start: not always enough on a busy machine.
                why = _first_line(error)
    raise SandboxError(f"Ray did not start ({why}); try again when this machine is less busy")


@contextlib.contextmanager
def _private_folder() -> Iterator[Path]:
    """A folder around Ray's own, which Ray opens to everybody."""
    short = len(tempfile.gettempdir()) <= _MOST_PATH
    with HeldFolder("ray", None if short else "/tmp") as folder:
        (folder / "ray").mkdir()
        try:
            yield folder
        finally:
            clear(folder / "ray")


def clear(folder: Path) -> None:
    """Remove Ray's folder, and first what is still at work in it: Ray does not wait for its end."""
    deadline = time.monotonic() + _CLEAR_SECONDS
    while folder.exists() and time.monotonic() < deadline:
        for process in Path("/proc").glob("[0-9]*"):
            if int(process.name) != os.getpid() and _uses(process, str(folder)):
                with contextlib.suppress(OSError):
                    os.kill(int(process.name), signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _uses(process: Path, folder: str) -> bool:
    """Whether a process was given a file of this folder, or has one open."""
    with contextlib.suppress(OSError):
        if os.fsencode(folder) in (process / "cmdline").read_bytes():
            return True
        return any(os.readlink(fd).startswith(folder) for fd in (process / "fd").iterdir())
    return False


@contextlib.contextmanager
def python_path(folder: Path) -> Iterator[None]:
    """For Ray's processes to find the kit where this one has found it, and to start faster.

    Each of them loads `jsonschema`, which loads `rfc3987_syntax` if it is there, as it is with
    Jupyter. That takes longer than all the rest, and Ray never checks such addresses.
    """
    (folder / "quick").mkdir()
    (folder / "quick" / "rfc3987_syntax.py").write_text("raise ImportError\n")
    before = os.environ.get("PYTHONPATH")
    paths = [str(path) for path in (folder / "quick", *surroundings.import_paths())]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths if before is None else [*paths, before])
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
