"""`autograder grade`: options, what is printed, and how a run ends."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.box import HEAVY_HEAD
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from autograder.cli_common import BAD_INPUT, DOUBTFUL, Failure, console, say, told

if TYPE_CHECKING:  # torch aside, these take a moment to import, which --help should not
    from autograder.batch.batch import Batch
    from autograder.batch.ledger import Row
    from autograder.batch.manifest import Manifest
    from autograder.engines.engine import Engine

    Make = Callable[[Sequence[Path], int], Engine]

STOPPED = 130
MOST_ROWS = 40  # of a table that is printed without being asked for


@click.command()
@click.argument("places", metavar="PATHS...", nargs=-1, required=True)
@click.option("--out", default="grading", show_default=True, help="Folder or URL for results.")
@click.option(
    "--fixtures", type=click.Path(path_type=Path), help="Hidden fixtures, if not build/hidden."
)
@click.option(
    "--assignment", "--task", "-a", "-t", "only", multiple=True,
    help="Grade these only: an assignment, a prefix such as q0, or a task such as q0.mean.",
)  # fmt: skip
@click.option(
    "--jobs", "-j", type=int, show_default="1; with Ray one for each processor",
    help="Submissions at a time.",
)  # fmt: skip
@click.option(
    "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True,
    help="Grade in this process, or by Ray on this machine or a cluster.",
)  # fmt: skip
@click.option(
    "--address", help="Ray cluster that this machine belongs to, as in auto or HOST:PORT."
)
@click.option(
    "--gpus-per-unit", "gpus", default=0.0, show_default=True,
    help="Part of a GPU for each submission that Ray grades at a time.",
)  # fmt: skip
@click.option(
    "--resume/--again", "resume", default=True, show_default="resume",
    help="Grade what is new or has changed, or everything.",
)  # fmt: skip
@click.option(
    "--watch", is_flag=True,
    help="Grade what appears in the folders until Ctrl-C; each thing in them is a submission.",
)  # fmt: skip
@click.option("--table", is_flag=True, help="Print a line for each submission, however many.")
@click.option(
    "--sentences", type=click.Path(path_type=Path, dir_okay=False),
    help="Your sentences for behaviours, if not sentences.toml in the folder for results.",
)  # fmt: skip
@click.option("--unsafe", is_flag=True, help="Grade even where nothing confines students' code.")
@click.pass_obj
def grade(
    root: Path,
    places: tuple[str, ...],
    out: str,
    fixtures: Path | None,
    only: tuple[str, ...],
    jobs: int | None,
    engine: str,
    address: str | None,
    gpus: float,
    resume: bool,
    watch: bool,
    table: bool,
    sentences: Path | None,
    unsafe: bool,
) -> None:
    """Grade submissions: a file, a folder, a zip, or a folder of many; or such a thing at a URL.

    The exit status is 2 if something could not be read or belongs to nobody, and 3 if all was
    graded but a remark tells of a doubt.

    What is graded already, by this version and on the very same files, is not graded again: after
    an interruption the same command does the rest.
    """
    if jobs is not None and jobs < 1:
        raise Failure(f"--jobs must be at least 1, not {jobs}")
    _check_ray(engine, address, gpus)
    if watch:
        _check_watched(places, resume)
    fixtures = fixtures or root / "build" / "hidden"
    chosen = list(only) or None
    from autograder.batch import clusters
    from autograder.batch.batch import Batch
    from autograder.batch.manifest import Manifest
    from autograder.batch.storage import ResultsFolder, submissions
    from autograder.engines.choose import make_engine
    from autograder.files import held

    def make(private: Sequence[Path], most: int) -> Engine:
        return make_engine(engine, fixtures, chosen, jobs, unsafe, private, most, address, gpus)

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does
    with told(), ResultsFolder(out) as results, ExitStack() as stack:
        found = [stack.enter_context(submissions(place)) for place in places]
        paths, folder = [one.path for one in found], results.path
        known = clusters.sentences(sentences or folder / clusters.SENTENCES)
        batch = Batch(paths, folder, fixtures, chosen, watch, results.send, known)
        batch.problems += [problem for one in found for problem in one.problems]
        how = {"engine": engine, "jobs": jobs or (1 if engine == "local" else "all processors")}
        with held(folder):
            manifest = Manifest(folder, {"command": shlex.join(sys.argv), **batch.facts, **how})
            try:
                state = _run(batch, manifest, make, not resume, watch)
            finally:
                batch.problems += results.finish()
    _print_all(batch, manifest, table, out)
    _end(batch, state, watch)


def _check_ray(engine: str, address: str | None, gpus: float) -> None:
    if engine != "ray" and (address or gpus):
        raise Failure("--address and --gpus-per-unit are for --engine ray: add that")
    if gpus < 0 or (gpus > 1 and gpus != int(gpus)):
        raise Failure(f"--gpus-per-unit must be a part of 1 or a whole number, not {gpus:g}")


def _check_watched(places: Sequence[str], resume: bool) -> None:
    if not resume:
        raise Failure("--again and --watch do not go together: grade again first, then watch")
    for place in places:
        if not Path(place).is_dir():
            raise Failure(f"{place} is not a folder: --watch needs folders to look into")


def _run(batch: Batch, manifest: Manifest, make: Make, again: bool, watch: bool) -> str:
    """Grade, and keep account however that ends; returns the state that the manifest has then."""
    from autograder.batch import manifest as states

    state = states.FAILED
    manifest.begin()
    try:
        if watch:
            _watch(batch, manifest, make)
        else:
            _grade_once(batch, manifest, make, again)
        state = states.FINISHED
    except KeyboardInterrupt:
        state = states.FINISHED if watch else states.INTERRUPTED
    finally:
        try:
            batch.write_csv()
            manifest.write(state, batch.rows.values())
        except OSError as error:
            say(f"grades.csv and manifest.json are not up to date: {error}")
    return state


def _grade_once(batch: Batch, manifest: Manifest, make: Make, again: bool) -> None:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        bar = progress.add_task("reading", total=None)
        found = batch.find()
        waiting = [one for one in found if batch.look(one, again)]
        done = len(found) - len(waiting)
        progress.update(bar, description="grading", total=len(found), completed=done)
        if waiting:
            with make(batch.private(found), len(waiting)) as engine:
                manifest.started_engine(engine.isolation, engine.device)
                batch.grade(waiting, engine, manifest, lambda: progress.advance(bar))


def _watch(batch: Batch, manifest: Manifest, make: Make) -> None:
    from autograder.batch.watch_folder import watch

    def tell(row: Row) -> None:
        points = "" if row.score is None else f"{row.score:g}/{row.points:g}, "
        console.print(f"{row.name}: {points}{row.remark}", markup=False)

    private = [*batch.private(batch.find()), *batch.paths]
    with make(private, sys.maxsize) as engine:
        manifest.started_engine(engine.isolation, engine.device)
        console.print("Watching for submissions. Ctrl-C ends it.")
        watch(batch, engine, manifest, tell, say)


def _print_all(batch: Batch, manifest: Manifest, everything: bool, out: str) -> None:
    from autograder.batch import clusters, ledger, summary

    rows = [batch.rows[name] for name in sorted(batch.rows)]
    if everything or len(rows) <= MOST_ROWS:
        _print("Grades", ledger.table(rows, batch.chosen))
    else:
        odd = [row for row in rows if row.needs_a_look]
        if odd:
            _print("To be looked at", ledger.table(odd[:MOST_ROWS], batch.chosen))
        console.print(
            f"{len(rows)} submissions, {len(odd)} to be looked at. grades.csv in {out} has"
            " them all; --table prints them.",
            markup=False,
        )
    tasks = summary.by_task(rows, batch.chosen)
    if len(tasks) > 1:
        _print("Tasks", tasks)
    mistakes = summary.frequent_mistakes(rows, batch.chosen)
    if mistakes:
        console.print("Most frequent mistakes:")
    for found in mistakes:
        console.print(f"  {found.count} x {found.task} {found.id}: {found.hint}", markup=False)
    unexplained = clusters.clusters(rows)
    if unexplained:
        console.print(
            f"Equal wrong results that no sentence explains; write one in {clusters.SENTENCES}:"
        )
    for one in unexplained[: clusters.MOST]:
        console.print(f"  {one.count} x {one.task} {one.digest}: {one.example}", markup=False)
    console.print(f"{manifest.in_words(rows)}. Results are in {out}.", markup=False)


def _print(title: str, lines: list[tuple[str, ...]]) -> None:
    """A table: with lines in a terminal, plain where it is searched."""
    plain = not console.is_terminal
    shown = Table(title=title, box=None if plain else HEAVY_HEAD, title_justify="left")
    for number, heading in enumerate(lines[0]):
        shown.add_column(heading, justify="left" if number == 0 else "right", overflow="fold")
    for line in lines[1:]:
        shown.add_row(*map(escape, line))
    console.print(shown)


def _end(batch: Batch, state: str, watch: bool) -> None:
    """Say what went wrong, and leave with the status that tells it."""
    from autograder.batch.ledger import FAULT, WAITING
    from autograder.batch.manifest import INTERRUPTED
    from autograder.intake.names import listed

    states = [row.state for row in batch.rows.values()]
    if batch.stale:
        say(f"results of earlier runs, marked stale: {listed(batch.stale)}")
    if watch:
        return  # all was told when it was seen
    for problem in batch.problems:
        say(problem)
    if FAULT in states:
        failed = f"{states.count(FAULT)} of {len(states)} submissions"
        say(f"the grader failed at {failed}: give the same command to grade them again")
    if state == INTERRUPTED:
        left = f"{states.count(WAITING)} of {len(states)} submissions"
        say(f"interrupted; {left} are left: give the same command to grade them")
        sys.exit(STOPPED)
    if batch.problems or FAULT in states:
        sys.exit(BAD_INPUT)
    if any(row.is_doubtful for row in batch.rows.values()):
        sys.exit(DOUBTFUL)
