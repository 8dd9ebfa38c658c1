"""What Ray costs and gives on this machine: the figures of `docs/scaling.md`.

    python benchmarks/scaling.py                        200 submissions, a worker a processor
    python benchmarks/scaling.py --submissions 2000     for steadier figures

Every submission is the reference of one assignment, the same for both engines. The overhead of Ray
is measured with submissions that cost nothing: they are as large, but none of the files is graded.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "student_src")]
HIDDEN = ROOT / "build" / "hidden"
WARM = 40  # submissions for each worker before anything is measured

from autograder.batch.batch import Batch  # noqa: E402
from autograder.batch.manifest import Manifest  # noqa: E402
from autograder.engines.engine import Engine, Graded, LocalEngine  # noqa: E402
from autograder.engines.ray_engine import RayEngine  # noqa: E402
from autograder.files import held  # noqa: E402
from autograder.intake.submission import Submission, open_submission  # noqa: E402
from autograder.selection import load_assignments  # noqa: E402


@dataclasses.dataclass
class Figures:
    """Of one engine: seconds, and memory in MB.

    Attributes:
        start: until the first worker was ready.
        all_ready: until all were.
        wall: of grading, all workers being ready, for each submission.
        inside: of it within the worker, the median.
        hollow: of a worker's time for a submission that costs nothing.
        cores: processor time of all processes for each submission; unlike the seconds above,
            it is much the same on a busy machine.
        driver: of that in this process.
        memory: of all processes below this one, with a share of what they have in common.
        own: the largest resident size of this process.
    """

    start: float = 0.0
    all_ready: float = 0.0
    wall: float = 0.0
    inside: float = 0.0
    hollow: float = 0.0
    cores: float = 0.0
    driver: float = 0.0
    memory: float = 0.0
    own: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--assignment", default="vae")
    options = parser.parse_args()
    if not HIDDEN.is_dir():
        sys.exit("there are no hidden fixtures: run `autograder release` first")
    (chosen,) = load_assignments(HIDDEN, [options.assignment])
    reference = open_submission(ROOT / "solutions" / options.assignment, list(chosen.files))
    rows = {}
    for kind in (LocalEngine, RayEngine):
        rows[kind.__name__] = measured(kind, reference, options)
    print(f"\n{options.submissions} submissions of {options.assignment}, {options.jobs} workers")
    for field in dataclasses.fields(Figures):
        cells = "".join(f"{getattr(row, field.name):14.4f}" for row in rows.values())
        print(f"{field.name:10s}{cells}")
    local, by_ray = rows.values()
    overhead = by_ray.hollow - local.hollow
    print(f"overhead of Ray: {1000 * overhead:.2f} ms of a worker's time for each submission")
    print(f"Ray's driver can feed {1 / by_ray.driver:.0f} submissions a second")
    seconds = whole_driver(reference, options)
    print(f"reading them and writing results: {1 / seconds:.0f} a second, one after the other")


def measured(
    kind: type[LocalEngine] | type[RayEngine], reference: Submission, options: argparse.Namespace
) -> Figures:
    found, begin = Figures(), time.perf_counter()
    with kind(HIDDEN, [options.assignment], jobs=options.jobs) as engine:
        found.start = time.perf_counter() - begin
        workers: set[str] = set()
        while len(workers) < options.jobs:  # Ray's later workers start beside the first
            engine.grade_all(copies(reference, options.jobs), lambda g: workers.add(g.where))
        found.all_ready = time.perf_counter() - begin
        engine.grade_all(copies(reference, WARM * options.jobs), lambda graded: None)
        seconds: list[float] = []

        def done(graded: Graded) -> None:
            assert not graded.fault and graded.results["score"], graded.fault
            seconds.append(graded.seconds)

        begin, used, spent = time.perf_counter(), processor_time(), time_below(os.getpid())
        engine.grade_all(copies(reference, options.submissions), done)
        found.wall = (time.perf_counter() - begin) / options.submissions
        found.driver = (processor_time() - used) / options.submissions
        found.cores = found.driver + (time_below(os.getpid()) - spent) / options.submissions
        found.inside = sorted(seconds)[len(seconds) // 2]
        content = b"#" * sum(map(len, reference.files.values()))
        hollow = dataclasses.replace(reference, files={"notes.py": content})
        begin = time.perf_counter()
        engine.grade_all(copies(hollow, options.submissions), lambda graded: None)
        found.hollow = (time.perf_counter() - begin) * options.jobs / options.submissions
        found.memory = sum(shared_size(pid) for pid in below(os.getpid())) / 1e6
    found.own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return found


class Instant:
    """An engine that gives the same results to all at once: what is left is the driver's work."""

    isolation, device = "nothing is run", "cpu"

    def __init__(self, like: Graded) -> None:
        self.like = like

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was opened."""

    def grade_all(self, submissions: Iterable[Submission], done: Callable[[Graded], None]) -> None:
        for submission in submissions:
            done(dataclasses.replace(self.like, name=submission.name))


def whole_driver(reference: Submission, options: argparse.Namespace) -> float:
    """Seconds for each submission of finding, opening, accounting and writing, with real files."""
    with LocalEngine(HIDDEN, [options.assignment]) as engine:
        graded: list[Graded] = []
        engine.grade_all(iter([reference]), graded.append)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.submissions):
            place = Path(folder, "in", f"student-{number:06}")
            place.mkdir(parents=True)
            for name, content in reference.files.items():
                (place / name).write_bytes(content)
        begin = time.perf_counter()
        out = Path(folder, "out")
        batch = Batch([Path(folder, "in")], out, HIDDEN, [options.assignment])
        with held(out):
            manifest = Manifest(out, dict(batch.facts))
            waiting = [one for one in batch.find() if batch.look(one)]
            batch.grade(waiting, Instant(graded[0]), manifest, lambda: None)
            batch.write_csv()
        assert len(list(out.glob("*/results.json"))) == options.submissions
        return (time.perf_counter() - begin) / options.submissions


def copies(reference: Submission, count: int) -> Iterator[Submission]:
    for number in range(count):
        yield dataclasses.replace(reference, name=f"copy-{number}")


def processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def time_below(pid: int) -> float:
    """Processor time of all processes that this one has started, also of those that ended."""
    ticks = 0
    for process in (pid, *below(pid)):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[13:15] if process == pid else fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def below(pid: int) -> list[int]:
    """All processes that this one started, and those that they did."""
    parents: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(status.parent.name))
    found, waiting = [], [pid]
    while waiting:
        waiting += parents.get(waiting.pop(), [])
        found = list(dict.fromkeys([*found, *waiting]))
    return found


def shared_size(pid: int) -> int:
    """Bytes of memory, each page counted for its part if several processes have it."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return 0


if __name__ == "__main__":
    main()
