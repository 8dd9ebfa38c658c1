"""The command line: `autograder release`, `autograder verify`, `autograder grade`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from autograder import __version__

BAD_INPUT = 2
console = Console(highlight=False)


class Failure(click.ClickException):
    """An error told in one sentence, with exit code 2 and no traceback."""

    exit_code = BAD_INPUT

    def show(self, file: object = None) -> None:
        click.echo(f"autograder: {self.message}", err=True)


@contextmanager
def _told() -> Iterator[None]:
    """Turn the errors that users can do something about into one sentence."""
    from autograder.build_fixtures import BuildError
    from autograder.intake import IntakeError
    from autograder.judge.rungs import NoIsolation
    from autograder.judge.sandbox import SandboxError
    from autograder.release import ReleaseError
    from autograder.rubric import RubricError
    from autograder.source import MarkerError
    from homework.fixtures import FixtureError

    known = (
        BuildError, FixtureError, IntakeError, MarkerError,
        NoIsolation, ReleaseError, RubricError, SandboxError,
    )  # fmt: skip
    try:
        yield
    except known as error:
        raise Failure(str(error)) from None
    except PermissionError as error:
        raise Failure(f"no permission for {error.filename}; change its mode or owner") from None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Release, prove and grade the assignments of a course on generative models."""


def _places() -> object:
    from autograder.release import Places

    root = Path(__file__).resolve().parents[1]
    if not (root / "solutions" / "rubrics").is_dir():
        raise Failure("this command needs a checkout of the kit: solutions/rubrics is not there")
    return Places(root)


@main.command()
@click.option("--seed", help="The term's secret; without it the stored one, or a new one, is used.")
@click.option("--check", is_flag=True, help="Change nothing; fail if a generated file is stale.")
def release(seed: str | None, check: bool) -> None:
    """Build stubs, notebooks, fixtures, and the zips for students and Gradescope."""
    places = _places()
    from autograder import release as releasing
    from autograder import rubric

    assert isinstance(places, releasing.Places)
    with _told():
        if not check:
            releasing.build(places, seed, console.print)
            return
        stale = releasing.stale(places, rubric.load_all(places.solutions))
    for name in stale:
        console.print(f"stale: {name}")
    if stale:
        console.print("Run `autograder release` and commit what changed.")
        sys.exit(1)
    console.print("All generated files are up to date.")


@main.command()
@click.option("--jobs", "-j", default=2, show_default=True, help="Children at a time.")
def verify(jobs: int) -> None:
    """Prove that the release is sound, and print a table of tasks, cases and mistakes."""
    places = _places()
    from autograder import release as releasing
    from autograder import rubric, verify

    assert isinstance(places, releasing.Places)
    start = time.monotonic()
    with _told():
        releasing.require_built(places)
        with console.status("proving the release") as status:

            def say(text: str) -> None:
                console.print(f"{time.monotonic() - start:6.1f} s  {text}")
                status.update(text)

            problems = verify.prove(places, jobs, say)
        rows = verify.table(rubric.load_all(places.solutions))
    shown = Table("task", "points", "public cases", "hidden cases", "mistakes", title="Release")
    for row in rows:
        shown.add_row(*row, style="bold" if row[0].endswith("in all") else None)
    console.print(shown)
    for problem in problems:
        console.print(f"PROBLEM: {problem}", style="red", markup=False)
    if problems:
        sys.exit(1)
    console.print("The release is sound.")


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", default=Path("grading"), show_default=True, type=click.Path(path_type=Path),
    help="Folder for results.",
)  # fmt: skip
@click.option(
    "--fixtures", type=click.Path(path_type=Path), help="Hidden fixtures, if not build/hidden."
)
@click.option(
    "--assignment", "--task", "-a", "-t", "only", multiple=True,
    help="Grade these only: vae, q1, or q1.log_mean_exp.",
)  # fmt: skip
@click.option("--jobs", "-j", default=1, show_default=True, help="Submissions at a time.")
@click.option("--again", is_flag=True, help="Grade unchanged submissions too.")
@click.option("--unsafe", is_flag=True, help="Grade even where nothing confines students' code.")
def grade(
    paths: tuple[Path, ...],
    out: Path,
    fixtures: Path | None,
    only: tuple[str, ...],
    jobs: int,
    again: bool,
    unsafe: bool,
) -> None:
    """Grade submissions: a file, a folder, a zip, or a folder of many."""
    from autograder.batch import Batch

    if jobs < 1:
        raise Failure(f"--jobs must be at least 1, not {jobs}")
    fixtures = fixtures or Path(__file__).resolve().parents[1] / "build" / "hidden"
    with _told():
        batch = Batch(list(paths), out, fixtures, list(only) or None)
        waiting = batch.open(again)
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
        with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
            bar = progress.add_task("grading", total=len(batch.names))
            progress.advance(bar, len(batch.names) - len(waiting))
            batch.grade(waiting, jobs, unsafe, lambda: progress.advance(bar))
        batch.write_csv()
    _print_grades(batch.table())
    console.print(f"Isolation: {batch.isolation}. Results are in {out}.")
    for problem in batch.problems:
        click.echo(f"autograder: {problem}", err=True)
    if batch.problems:
        sys.exit(BAD_INPUT)


def _print_grades(rows: list[tuple[str, ...]]) -> None:
    shown = Table(title="Grades")
    for number, heading in enumerate(rows[0]):
        shown.add_column(heading, justify="left" if number == 0 else "right", overflow="fold")
    for row in rows[1:]:
        shown.add_row(*row)
    console.print(shown)


if __name__ == "__main__":
    main()
