"""Measure how much memory a command and all its descendants take together, at the worst moment.

    python benchmarks/memory.py -- otter run -a vae.zip submission.zip
    python benchmarks/memory.py --zip vae.zip --submission submission.zip    both ways of grading

Two sums over all processes are sampled: RSS counts a page shared by two processes twice (too
pessimistic after a fork), PSS divides it among them (what a container is charged with). The peak of
the PSS sum is set against the sizes of Gradescope's containers. A peak shorter than the sampling
interval can be missed, so leave some room.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

# CPUs and GB of memory that an instructor can choose from; the first is the default.
CONTAINERS_GB = {"0.5 CPU": 0.75, "1 CPU": 1.5, "2 CPU": 3.0, "4 CPU": 6.0}
PR_SET_CHILD_SUBREAPER = 36
MB = 1e6


@dataclass
class Peak:
    """The largest sums seen, in bytes, and what each process had when PSS was largest."""

    rss: int = 0
    pss: int = 0
    processes: int = 0
    seconds: float = 0.0
    status: int = 0
    at_peak: list[tuple[str, int]] = field(default_factory=list)


def measure(
    command: list[str], interval_s: float = 0.02, env: dict[str, str] | None = None
) -> Peak:
    """Run `command` to its end and return the peak of its process tree (Linux only)."""
    # Orphans of the command become our children, so that they are still counted.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    peak, start = Peak(), time.monotonic()
    process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    while process.poll() is None:
        _sample(peak)
        time.sleep(interval_s)
    peak.seconds, peak.status = time.monotonic() - start, process.returncode
    return peak


def _sample(peak: Peak) -> None:
    found = [(pid, *memory_of(pid)) for pid in descendants(os.getpid())]
    rss, pss = sum(row[1] for row in found), sum(row[2] for row in found)
    peak.rss = max(peak.rss, rss)
    peak.processes = max(peak.processes, len(found))
    if pss > peak.pss:
        peak.pss = pss
        peak.at_peak = [(_title(pid), bytes_) for pid, _, bytes_ in found if bytes_ > MB]


def descendants(root: int) -> list[int]:
    """Process ids below `root`, without itself."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path("/proc", entry, "stat").read_text()
            except OSError:
                continue  # it ended meanwhile
            # pid (any name, even with brackets) state ppid ...
            parent = int(stat.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry))
    found, queue = [], [root]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def memory_of(pid: int) -> tuple[int, int]:
    """RSS and PSS in bytes; (0, 0) for a process that has ended."""
    values = {"Rss": 0, "Pss": 0}
    try:
        for line in Path("/proc", str(pid), "smaps_rollup").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name in values:
                values[name] = int(rest.split()[0]) * 1024
    except (OSError, ValueError):
        pass
    return values["Rss"], values["Pss"]


def _title(pid: int) -> str:
    try:
        words = Path("/proc", str(pid), "cmdline").read_bytes().split(b"\0")
    except OSError:
        return "?"
    return " ".join(word.decode("utf-8", "replace") for word in words[:6])[:70]


def report(name: str, peak: Peak) -> str:
    """A few lines for a person: the peaks, the processes, and which containers are enough."""
    lines = [
        f"{name}: peak PSS {peak.pss / MB:.0f} MB, RSS {peak.rss / MB:.0f} MB, "
        f"{peak.processes} processes, {peak.seconds:.1f} s, exit status {peak.status}"
    ]
    lines += [f"  {pss / MB:6.0f} MB  {title}" for title, pss in peak.at_peak]
    for size, gigabytes in CONTAINERS_GB.items():
        share = peak.pss / (gigabytes * 1e9)
        verdict = "fits" if share <= 0.85 else "tight" if share <= 1 else "too small"
        lines.append(f"  Gradescope {size}, {gigabytes} GB: {share:4.0%}  {verdict}")
    return "\n".join(lines)


def measure_zip(zip_path: Path, submission: Path) -> dict[str, Peak]:
    """Grade `submission` with a Gradescope zip in both ways: ``otter run`` and run_autograder."""
    with tempfile.TemporaryDirectory(prefix="memory-") as folder:
        otter = [sys.executable, "-m", "otter", "run", "-a", str(zip_path.resolve())]
        otter += ["-o", folder, str(submission.resolve())]
        gradescope = [sys.executable, "-c", AS_GRADESCOPE, str(zip_path), str(submission), folder]
        return {"otter run": measure(otter), "run_autograder": measure(gradescope)}


AS_GRADESCOPE = """
import sys; from pathlib import Path; from autograder.gradescope import run_as_gradescope
zip_path, submission, folder = map(Path, sys.argv[1:])
run_as_gradescope(zip_path, submission, folder / "autograder")
"""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Peak memory of a command and its descendants.")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--zip", type=Path, help="a Gradescope zip, graded in both ways")
    parser.add_argument("--submission", type=Path, help="the submission for --zip")
    parser.add_argument("command", nargs="*", help="a command, after --")
    options = parser.parse_args(argv)
    if options.zip and options.submission:
        peaks = measure_zip(options.zip, options.submission)
    elif options.command:
        peaks = {options.command[0]: measure(options.command)}
    else:
        parser.error("give a command after --, or --zip and --submission")
    if options.json:
        print(json.dumps({name: asdict(peak) for name, peak in peaks.items()}, indent=1))
    else:
        print("\n".join(report(name, peak) for name, peak in peaks.items()))
    return max(abs(peak.status) for peak in peaks.values())


if __name__ == "__main__":
    sys.exit(main())
