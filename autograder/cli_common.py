"""What the commands share: errors told in one sentence, and where to print."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console

BAD_INPUT = 2
DOUBTFUL = 3
PLAIN_WIDTH = 240  # of a file or a pipe: there rows are searched, not looked at
console = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)


class Failure(click.ClickException):
    """An error told in one sentence, with exit code 2 and no traceback."""

    exit_code = BAD_INPUT

    def show(self, file: object = None) -> None:
        say(self.message)


def say(problem: str) -> None:
    """Tell of something that went wrong, on standard error."""
    click.echo(f"autograder: {problem}", err=True)


# Errors that users can do something about. Only modules that are loaded can have raised theirs;
# to load the others would take seconds, and torch into a process that does not need it.
_KNOWN = {
    "autograder.build_fixtures": "BuildError",
    "autograder.batch.storage": "StorageError",
    "autograder.description": "DescriptionError",
    "autograder.files": "OutError",
    "autograder.intake.entries": "IntakeError",
    "autograder.judge.rungs": "NoIsolation",
    "autograder.judge.sandbox": "SandboxError",
    "autograder.release": "ReleaseError",
    "autograder.rubric": "RubricError",
    "autograder.source": "MarkerError",
    "homework.fixtures": "FixtureError",
}


@contextmanager
def told() -> Iterator[None]:
    """Turn the errors that users can do something about into one sentence."""
    try:
        yield
    except PermissionError as error:
        raise Failure(f"no permission for {error.filename}; change its mode or owner") from None
    except Exception as error:
        loaded = {name: sys.modules[name] for name in _KNOWN if name in sys.modules}
        known = tuple(getattr(module, _KNOWN[name]) for name, module in loaded.items())
        if not isinstance(error, known):
            raise
        raise Failure(str(error)) from None
