"""The command line: `autograder release`, `verify`, `grade` and `doctor`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
from rich.table import Table

from autograder import __version__
from autograder.cli_common import Failure, console, told
from autograder.cli_grade import grade


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Release, prove and grade the assignments of a course on generative models."""


def _places() -> object:
    from autograder.release import Places

    root = Path(__file__).resolve().parents[1]
    if not (root / "solutions").is_dir():
        raise Failure("this command needs a checkout of the kit: solutions/ is not there")
    return Places(root)


@main.command()
@click.option("--seed", help="The term's secret; without it the stored one, or a new one, is used.")
@click.option(
    "--sets", type=click.IntRange(1), default=16, show_default=True,
    help="Sets of hidden cases to draw; a submission's files choose one.",
)  # fmt: skip
@click.option("--check", is_flag=True, help="Change nothing; fail if a generated file is stale.")
def release(seed: str | None, sets: int, check: bool) -> None:
    """Build stubs, notebooks, fixtures, and the zips for students and Gradescope."""
    places = _places()
    from autograder import release as releasing

    assert isinstance(places, releasing.Places)
    with told():
        if not check:
            releasing.build(places, seed, console.print, sets)
            return
        stale = releasing.stale(places, releasing.sound_rubrics(places))
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
    from autograder import course, verify
    from autograder import release as releasing

    assert isinstance(places, releasing.Places)
    start = time.monotonic()
    with told():
        releasing.require_built(places)
        with console.status("proving the release") as status:

            def say(text: str) -> None:
                console.print(f"{time.monotonic() - start:6.1f} s  {text}")
                status.update(text)

            problems = verify.prove(places, jobs, say)
        rows = verify.table(course.load_all(places.solutions))
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
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs to read.")
def doctor(as_json: bool) -> None:
    """Show what isolation this machine gives, by trying to break it."""
    from autograder import doctor as examining

    answers = Path(__file__).resolve().parents[1] / "build" / "hidden"
    with console.status("looking around") as status:
        report = examining.examine([answers], status.update)
    if as_json:
        click.echo(report.as_json)
    else:
        examining.show(report, console)
    if not report.chosen:
        sys.exit(1)


main.add_command(grade)


if __name__ == "__main__":
    main()
