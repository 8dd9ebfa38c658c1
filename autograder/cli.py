"""The command line: `autograder release`, `verify`, `grade` and `doctor`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
from rich.table import Table

from autograder import __version__, kit_files
from autograder.cli_common import Failure, console, told
from autograder.cli_grade import grade
from autograder.description import COURSE


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option(
    "--course", type=click.Path(path_type=Path, file_okay=False), envvar="AUTOGRADER_COURSE",
    help="Folder of a course outside the kit: it holds solutions/, and what is made of them.",
)  # fmt: skip
@click.pass_context
def main(context: click.Context, course: Path | None) -> None:
    """Release, prove and grade the assignments of a course."""
    context.obj = root = course.resolve() if course else kit_files.KIT
    made_from_source = context.invoked_subcommand in ("release", "verify")
    if (
        (course or made_from_source)
        and context.invoked_subcommand != "new"
        and not (root / kit_files.SOLUTIONS / COURSE).is_file()
    ):
        raise Failure(
            f"{root} is no course: {kit_files.SOLUTIONS}/{COURSE} is not there; name its folder by "
            "--course, or begin one with `autograder --course FOLDER new assignment NAME`"
        )
    kit_files.enter(root)


@main.command()
@click.option("--seed", help="The term's secret; without it the stored one, or a new one, is used.")
@click.option(
    "--sets", type=click.IntRange(1), default=16, show_default=True,
    help="Sets of hidden cases to draw; a submission's files choose one.",
)  # fmt: skip
@click.option("--check", is_flag=True, help="Change nothing; fail if a generated file is stale.")
@click.pass_obj
def release(root: Path, seed: str | None, sets: int, check: bool) -> None:
    """Build stubs, notebooks, fixtures, and the zips for students and Gradescope."""
    if not check:
        kit_files.lay_out(root)  # before anything imports it
    from autograder import release as releasing

    places = releasing.Places(root)
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
@click.pass_obj
def verify(root: Path, jobs: int) -> None:
    """Prove that the release is sound, and print a table of tasks, cases and mistakes."""
    from autograder import course, release_page, verify
    from autograder import release as releasing

    places = releasing.Places(root)
    start = time.monotonic()
    with told():
        releasing.require_built(places)
        with console.status("proving the release") as status:

            def say(text: str) -> None:
                console.print(f"{time.monotonic() - start:6.1f} s  {text}")
                status.update(text)

            problems = verify.prove(places, jobs, say)
        rubrics = course.load_all(places.solutions)
        rows = verify.table(rubrics)
        release_page.write(places.page, rubrics, problems)
    shown = Table("task", "points", "public cases", "hidden cases", "mistakes", title="Release")
    for row in rows:
        shown.add_row(*row, style="bold" if row[0].endswith("in all") else None)
    console.print(shown)
    for problem in problems:
        console.print(f"PROBLEM: {problem}", style="red", markup=False)
    if problems:
        sys.exit(1)
    console.print(f"The release is sound; {places.page} shows it.", soft_wrap=True)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs to read.")
@click.pass_obj
def doctor(root: Path, as_json: bool) -> None:
    """Show what isolation this machine gives, by trying to break it."""
    from autograder import doctor as examining

    answers = root / "build" / "hidden"
    with console.status("looking around") as status:
        report = examining.examine([answers], status.update)
    if as_json:
        click.echo(report.as_json)
    else:
        examining.show(report, console)
    if not report.chosen:
        sys.exit(1)


@main.group()
def new() -> None:
    """Begin an assignment, or a task of one."""


@new.command("assignment")
@click.argument("name")
@click.pass_obj
def new_assignment(root: Path, name: str) -> None:
    """Write an assignment that releases, verifies and grades at once, for you to fill in."""
    from autograder import skeleton

    with told():
        written = skeleton.new_assignment(root / kit_files.SOLUTIONS, name)
    _tell_what_to_fill_in(root, written)


@new.command("task")
@click.argument("name")
@click.option("--assignment", "-a", required=True, help="The assignment that it belongs to.")
@click.pass_obj
def new_task(root: Path, name: str, assignment: str) -> None:
    """Add a task to an assignment: function, probe, rubric and cells of the notebook."""
    from autograder import skeleton

    with told():
        written = skeleton.new_task(root / kit_files.SOLUTIONS, assignment, name)
    _tell_what_to_fill_in(root, written)


def _tell_what_to_fill_in(root: Path, written: list[Path]) -> None:
    for path in written:
        console.print(f"wrote {path.relative_to(root)}", markup=False)
    course = "" if root == kit_files.KIT else f" --course {root}"
    console.print("Search these files for FILL IN; docs/write-a-task.md goes through them.")
    console.print(f"Then: autograder{course} release, and autograder{course} verify", markup=False)


main.add_command(grade)


if __name__ == "__main__":
    main()
