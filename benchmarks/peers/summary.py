"""From single measurements to medians, ratios and goals, and to tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.peers.usage import Memory, Used

MB = 1e6
OURS, TWO_JOBS = "autograder grade", "autograder grade, 2 jobs"
STARTED, WARM, PYTEST = "judge, already started", "the checks alone, warm", "bare pytest"
# At the largest size: how many times faster than each of the others.
TIMES_FASTER = {"otter run": 100.0, "nbgrader autograde": 40.0, "gradescope-utils": 20.0}
MARGINAL_S, TIMES_WARM, GROWTH = 0.050, 2.0, 0.10


@dataclass
class Grid:
    """A table, to be shown in a terminal or written as Markdown."""

    title: str
    headings: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def show(self, console: Console) -> None:
        table = Table(title=self.title, title_justify="left")
        table.add_column(self.headings[0], no_wrap=True)
        for heading in self.headings[1:]:
            table.add_column(heading, justify="right", overflow="fold")
        for row in self.rows:
            table.add_row(*row)
        console.print(table)

    def markdown(self) -> str:
        rule = ("---", *("---:" for _ in self.headings[1:]))
        lines = [f"| {' | '.join(row)} |" for row in (self.headings, rule, *self.rows)]
        return "\n".join([f"{self.title}:", "", *lines, ""])


@dataclass
class Each:
    """Seconds for each submission of a batch, and how they were found."""

    grader: str
    submissions: int
    wall: float
    cpu: float
    measured: int
    repeats: int

    @property
    def scaled(self) -> bool:
        return self.measured < self.submissions


@dataclass
class Measurements:
    """All that one run of the benchmark measured; `used` is by grader and number of submissions."""

    used: dict[str, dict[int, list[Used]]] = field(default_factory=dict)
    at_once: set[str] = field(default_factory=set)
    memory: dict[str, Memory] = field(default_factory=dict)
    parent: dict[int, Memory] = field(default_factory=dict)
    cold: dict[str, list[float]] = field(default_factory=dict)
    phases: dict[str, dict[str, float]] = field(default_factory=dict)

    def add(self, grader: str, submissions: int, used: Used) -> None:
        self.used.setdefault(grader, {}).setdefault(submissions, []).append(used)

    def each(self, grader: str, submissions: int) -> Each | None:
        """Medians for each submission; from fewer ones where not so many were graded."""
        runs = self.used.get(grader, {})
        measured = max((number for number in runs if number <= submissions), default=0)
        if not measured:
            return None
        wall, cpu = (total / measured for total in self._total(grader, measured))
        if grader in self.at_once and 1 < measured < submissions and 1 in runs:
            # What a start takes is counted once, and each further one at its own price.
            first, more = self._total(grader, 1), self.further(grader, 1, measured)
            wall, cpu = (
                (start + (submissions - 1) * slope) / submissions
                for start, slope in zip(first, more)
            )
        return Each(grader, submissions, wall, cpu, measured, len(runs[measured]))

    def further(self, grader: str, small: int, large: int) -> tuple[float, float]:
        """Seconds, on the clock and of processors, that each further submission adds."""
        low, high = self._total(grader, small), self._total(grader, large)
        return (high[0] - low[0]) / (large - small), (high[1] - low[1]) / (large - small)

    def _total(self, grader: str, submissions: int) -> tuple[float, float]:
        runs = self.used[grader][submissions]
        return median(run.wall for run in runs), median(run.cpu for run in runs)


def throughput(found: Measurements, sizes: Sequence[int]) -> Grid:
    """One row for each grader and size."""
    headings = ("grader", "submissions", "graded", "s each", "CPU s each", "against ours")
    grid = Grid("Seconds for each submission, medians", headings)
    for size in sizes:
        ours = found.each(OURS, size)
        for grader in found.used:
            row = found.each(grader, size)
            if row is None or (row.scaled and grader == TWO_JOBS):
                continue
            ratio = f"{row.wall / ours.wall:.3g} x" if ours is not None else "-"
            graded = f"{row.measured}, scaled" if row.scaled else str(row.measured)
            graded += f" (x{row.repeats})"
            cells = (grader, str(size), graded, f"{row.wall:.3f}", f"{row.cpu:.3f}", ratio)
            grid.rows.append(cells)
    return grid


def memory(found: Measurements) -> list[Grid]:
    """Peaks by grader and role, and the parent's by size of the batch."""
    sizes = Grid("Peak memory in MB", ("processes", "PSS", "RSS of one process"))
    for grader, peak in found.memory.items():
        for role in ("all", "parent", "zygote", "child"):
            if role in peak.pss and (role in ("all", "parent") or grader == OURS):
                rss = f"{peak.rss[role] / MB:.0f}" if role != "all" else "-"
                sizes.rows.append((f"{grader}: {role}", f"{peak.pss[role] / MB:.0f}", rss))
    grids = [sizes]
    if found.parent:
        grown = Grid("Memory of the judge's parent in MB", ("submissions", "PSS", "RSS"))
        for number, peak in found.parent.items():
            cells = (f"{peak.pss['parent'] / MB:.1f}", f"{peak.rss['parent'] / MB:.1f}")
            grown.rows.append((str(number), *cells))
        grids.append(grown)
    return grids


def profile(found: Measurements) -> Grid:
    """Where the time of one further submission goes, in milliseconds."""
    grid = Grid("One further submission, milliseconds", ("phase", "parent", "child"))
    for side, times in found.phases.items():
        for label, milliseconds in times.items():
            cell = f"{milliseconds:.2f}"
            grid.rows.append((label, *((cell, "") if side == "parent" else ("", cell))))
    sums = (f"{sum(times.values()):.2f}" for times in found.phases.values())
    grid.rows.append(("in all (the parent's holds the child's)", *sums))
    return grid


@dataclass
class Goal:
    """A bound, and what was measured."""

    text: str
    value: str
    met: bool


def goals(found: Measurements, sizes: Sequence[int]) -> list[Goal]:
    """Those that this run can tell about."""
    return [*_faster(found, max(sizes)), *_marginal(found, sizes), *_others(found)]


def _faster(found: Measurements, size: int) -> Iterable[Goal]:
    ours, two = found.each(OURS, size), found.each(TWO_JOBS, size)
    for grader, times in TIMES_FASTER.items():
        theirs = found.each(grader, size)
        if ours is None or theirs is None:
            continue
        value = f"{theirs.wall / ours.wall:.1f} x on one core"
        if two is not None and not two.scaled:
            value += f"; with 2 jobs, against one at a time: {theirs.wall / two.wall:.1f} x"
        value += f"; by processor time {theirs.cpu / ours.cpu:.1f} x"
        text = f"at {size} submissions at least {times:g} times {grader}"
        yield Goal(text, value, theirs.wall >= times * ours.wall)


def _marginal(found: Measurements, sizes: Sequence[int]) -> Iterable[Goal]:
    """What a further submission takes, measured in two ways; the worse one counts.

    In a process that is started; and as the slope of the real command from the smallest batch to
    the largest, which drowns in the start's own scatter when both are small.
    """
    size = max(sizes)
    floor, started, whole = (found.each(name, size) for name in (WARM, STARTED, OURS))
    if floor is None or whole is None or started is None or min(sizes) == size:
        return
    wall, cpu = found.further(OURS, min(sizes), size)
    beyond = started.cpu - floor.cpu, cpu - floor.cpu
    said = (
        f"{1e3 * beyond[0]:.1f} ms once started, {1e3 * beyond[1]:.1f} ms by slope "
        f"(the checks: {1e3 * floor.cpu:.1f} ms)"
    )
    text = f"a further submission takes at most {1e3 * MARGINAL_S:g} ms of one core beyond checks"
    yield Goal(text, said, max(beyond) <= MARGINAL_S)
    times = started.wall / floor.wall, wall / floor.wall
    said = f"one at a time {times[0]:.2f} x once started, {times[1]:.2f} x by slope"
    said += f"; by processor time {started.cpu / floor.cpu:.2f} x"
    said += f"; with the start of the batch {whole.wall / floor.wall:.2f} x"
    text = f"a further submission takes at most {TIMES_WARM:g} times the warm checks in all"
    two_sizes = sorted(found.used.get(TWO_JOBS, {}))
    if len(two_sizes) > 1:
        both = found.further(TWO_JOBS, two_sizes[0], two_sizes[-1])[0] / floor.wall
        yield Goal(f"on 2 cores {text}", f"{both:.2f} x with 2 jobs, by slope", both <= TIMES_WARM)
    yield Goal(f"on 1 core {text}", said, max(times) <= TIMES_WARM)


def _others(found: Measurements) -> Iterable[Goal]:
    if len(found.parent) > 1:
        few, many = min(found.parent), max(found.parent)
        # By RSS: PSS also says how many other programs happen to share Python's own pages.
        growth = found.parent[many].rss["parent"] / found.parent[few].rss["parent"] - 1
        text = f"the parent grows by less than {GROWTH:.0%} from {few} to {many} submissions"
        yield Goal(text, f"{growth:+.1%} (RSS)", growth < GROWTH)
    if found.cold:
        ours, theirs = median(found.cold[OURS]), median(found.cold[PYTEST])
        value = f"{ours:.2f} s against {theirs:.2f} s (medians of {len(found.cold[OURS])})"
        yield Goal("one submission from a cold start no slower than pytest", value, ours <= theirs)
