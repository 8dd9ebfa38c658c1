"""The same VAE checks through this judge and through other graders, in one run.

    python benchmarks/graders.py                                  ten minutes on an idle machine
    python benchmarks/graders.py --memory --profile --mix         everything
    python benchmarks/graders.py --sizes 1,4 --repeats 1 --others pytest     a quick look

Ours is the real command with isolation on. The others get one test for each check, and confine
nothing: `otter run`, gradescope-utils and pytest with a process for each submission, nbgrader with
all submissions at once. Slow ones grade fewer and are scaled, which the table says. Before anything
is timed, every grader has to give the reference full marks, and fewer to a wrong submission.

It needs hidden fixtures (`autograder release`) and what requirements-dev.txt lists. Linux only.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "student_src")]

from benchmarks.peers import judge, summary, tools  # noqa: E402
from benchmarks.peers.course import HIDDEN, Course, Submission, few, make  # noqa: E402
from benchmarks.peers.summary import Grid, Measurements  # noqa: E402
from benchmarks.peers.tools import Tool  # noqa: E402
from benchmarks.peers.usage import MeasureError, Memory, Used  # noqa: E402
from homework.fixtures import FixtureError  # noqa: E402

OURS: tuple[type[Tool], ...] = (judge.Command, judge.CommandTwo, judge.Started, judge.Warm)
OTHERS = {kind.__name__.lower(): kind for kind in tools.OTHERS}
PARENT_SIZES = (10, 100, 1000)
WATCHED = 20  # submissions while the judge's memory is looked at
console = Console(highlight=False, width=None if sys.stdout.isatty() else 100)


class Benchmark:
    """Runs the tools in turn, and checks every time that they graded.

    Args:
        course: the checks and where everything is written.
        others: the other graders to run.
        sizes: numbers of submissions.
        most: the largest number that each of the others grades.
        mix: every third submission is wrong or broken.
    """

    def __init__(
        self, course: Course, others: Sequence[type[Tool]], sizes: Sequence[int], most: int,
        mix: bool,
    ) -> None:  # fmt: skip
        self.course, self.sizes, self.most, self.mix = course, sizes, most, mix
        self.found = Measurements()
        self.tools = [kind(course) for kind in (*OURS, *others)]
        self.found.at_once = {tool.name for tool in self.tools if tool.at_once}

    @property
    def isolation(self) -> str:
        return self._command.isolation

    @property
    def _command(self) -> judge.Command:
        command = self.tools[0]
        assert isinstance(command, judge.Command)
        return command

    def prove(self) -> None:
        """Every tool tells right from wrong; this also fills the disk's cache. Notes memory."""
        for tool in self.tools:
            peak = Memory()
            self._grade(tool, self.course.proof()[:2], peak)
            if not isinstance(tool, OURS):
                self.found.memory[tool.name] = peak
        peak = self.found.memory[self._command.name] = Memory()
        self._grade(self._command, self._submissions(min(WATCHED, max(self.sizes))), peak)

    def time(self, repeats: int) -> None:
        """All tools and sizes, one round after the other, so that a slow minute hits all alike."""
        for turn in range(repeats):
            for tool in self.tools:
                for number in self._numbers(tool):
                    used = self._grade(tool, self._submissions(number))
                    self.found.add(tool.name, number, Used(used.wall, used.cpu))
                    each = used.wall / number
                    console.print(
                        f"  {turn + 1}/{repeats}  {tool.name}, {number}: {each:.3f} s each"
                    )

    def start_cold(self, repeats: int) -> None:
        """One submission, with us and with pytest in turn; a fresh process, a warm disk cache."""
        pytest = next((tool for tool in self.tools if isinstance(tool, tools.Pytest)), None)
        if pytest is None:
            return
        for _ in range(repeats):
            for tool in (self._command, pytest):
                used = self._grade(tool, self._submissions(1))
                self.found.cold.setdefault(tool.name, []).append(used.wall)

    def watch_parent(self) -> None:
        """Memory of the judge's parent with ever more submissions, each of one check."""
        small = judge.Command(few(self.course, 1))
        for number in PARENT_SIZES:
            console.print(f"  memory with {number} submissions")
            memory = small.parent_memory(small.course.submissions(number))
            self.found.parent[number] = memory

    def profile(self) -> None:
        tool = judge.Profiled(self.course)
        phases = tool.loop(self._submissions(min(WATCHED, max(self.sizes))))["phases"]
        if not phases["child"]:
            console.print("  no times of children: the zygote could not load benchmarks.peers")
        for place in phases.pop("missing"):
            console.print(f"  no clock on {place}: there is no such function any more")
        self.found.phases = phases

    def _numbers(self, tool: Tool) -> list[int]:
        """How many submissions a tool is given, for all sizes."""
        if isinstance(tool, judge.CommandTwo):
            return [size for size in self.sizes if size > 1]
        if isinstance(tool, OURS):
            return list(self.sizes)
        numbers = {min(size, self.most) for size in self.sizes}
        return sorted(numbers | ({1} if tool.at_once else set()))

    def _submissions(self, number: int) -> list[Submission]:
        return self.course.submissions(number, self.mix)

    def _grade(self, tool: Tool, given: Sequence[Submission], watch: Memory | None = None) -> Used:
        used, passed = tool.grade(given, watch)
        _require_marks(tool.name, given, passed, len(self.course.checks))
        return used


def _require_marks(
    grader: str, given: Sequence[Submission], passed: Mapping[str, int], full: int
) -> None:
    """`MeasureError` unless right submissions, and no others, have full marks."""
    for submission in given:
        marks = passed.get(submission.folder.name, -1)
        if marks < 0 or (marks == full) != submission.right:
            raise MeasureError(
                f"{grader} gave {submission.folder} {marks} of {full} checks: it does not grade"
            )


def _numbers(context: click.Context, option: click.Parameter, text: str) -> list[int]:
    try:
        numbers = sorted({int(word) for word in text.split(",")})
    except ValueError:
        raise click.BadParameter(f"give numbers with commas between them, not {text!r}") from None
    if numbers[0] < 1:
        raise click.BadParameter("give numbers from 1 up")
    return numbers


def _checks(context: click.Context, option: click.Parameter, text: str) -> int | None:
    return None if text == "all" else _numbers(context, option, text)[0]


def _others(context: click.Context, option: click.Parameter, text: str) -> list[type[Tool]]:
    names = [name for name in text.split(",") if name]
    unknown = sorted(set(names) - set(OTHERS))
    if unknown:
        raise click.BadParameter(f"there is no {unknown[0]}; there are: {', '.join(OTHERS)}")
    return [OTHERS[name] for name in names]


@click.command(context_settings={"show_default": True})
@click.option("--checks", default="all", callback=_checks, help="How many, or `all`.")
@click.option("--sizes", default="1,20,200", callback=_numbers, help="Numbers of submissions.")
@click.option("--repeats", default=3, type=click.IntRange(min=1), help="Rounds; medians are shown.")
@click.option(
    "--others", default=",".join(OTHERS), callback=_others, help="Other graders, or none."
)
@click.option(
    "--peer-submissions", default=3, type=click.IntRange(min=1),
    help="What each other grader grades at most.",
)  # fmt: skip
@click.option("--mix", is_flag=True, help="Every third submission is wrong or broken.")
@click.option(
    "--cold", default=5, type=click.IntRange(min=0),
    help="Cold starts of one submission; 0 leaves them out.",
)  # fmt: skip
@click.option("--memory", is_flag=True, help="The parent's memory up to 1,000 submissions.")
@click.option("--profile", is_flag=True, help="Where the time of one further submission goes.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the numbers.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the tables.")
def main(
    checks: int | None, sizes: list[int], repeats: int, others: list[type[Tool]],
    peer_submissions: int, mix: bool, cold: int, memory: bool, profile: bool,
    json_file: Path | None, markdown: Path | None,
) -> None:  # fmt: skip
    """Measure this judge and other graders on the same VAE checks, in one run."""
    if sys.platform != "linux":
        raise click.ClickException("processes and memory are read from /proc: this needs Linux")
    start = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="graders-") as folder:
            course = make(Path(folder) / "course", checks, HIDDEN)
            benchmark = Benchmark(course, others, sizes, peer_submissions, mix)
            console.print("Each grader has to tell right from wrong.")
            benchmark.prove()
            console.print("Each grader is timed.")
            benchmark.time(repeats)
            benchmark.start_cold(cold)
            if memory:
                benchmark.watch_parent()
            if profile:
                benchmark.profile()
    except (FixtureError, MeasureError) as error:
        raise click.ClickException(str(error)) from None
    about = _about(course, benchmark.isolation, mix, time.monotonic() - start)
    _report(benchmark.found, sizes, about, json_file, markdown)


def _about(course: Course, isolation: str, mix: bool, seconds: float) -> str:
    return (
        f"{len(course.checks)} VAE checks in {len({c.task for c in course.checks})} tasks; "
        f"{'a third wrong or broken' if mix else 'all right'}; isolation: {isolation}; "
        f"{os.cpu_count()} cores, one thread each; Python {platform.python_version()}; "
        f"load at the end {os.getloadavg()[0]:.1f}; measured in {seconds / 60:.0f} minutes"
    )


def _report(
    found: Measurements, sizes: Sequence[int], about: str, json_file: Path | None,
    markdown: Path | None,
) -> None:  # fmt: skip
    grids = [summary.throughput(found, sizes), *summary.memory(found)]
    if found.phases:
        grids.append(summary.profile(found))
    goals = summary.goals(found, sizes)
    marks = Grid("Goals", ("goal", "met", "measured"))
    marks.rows = [(g.text, "passed" if g.met else "missed", g.value) for g in goals]
    console.print(about)
    for grid in grids:
        grid.show(console)
    for goal in goals:
        style = "green" if goal.met else "red"
        word = "passed" if goal.met else "missed"
        console.print(f"[{style}]{word}[/]  {goal.text}: {goal.value}")
    if markdown is not None:
        text = "\n".join([about, "", *(grid.markdown() for grid in (*grids, marks))])
        markdown.write_text(text, encoding="utf-8")
    if json_file is not None:
        plain = asdict(found) | {"at_once": sorted(found.at_once), "about": about}
        plain["goals"] = [asdict(goal) for goal in goals]
        json_file.write_text(json.dumps(plain, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
