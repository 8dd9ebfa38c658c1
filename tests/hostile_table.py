"""Prints what every hostile submission got on every rung of isolation that holds here.

    python tests/hostile_table.py > docs/hostile.md              takes four minutes

Exit code 1 if anything is not as `expect.yml` says, or something was left behind.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "student_src")]

from autograder.grade import Grading  # noqa: E402
from autograder.judge.confine import RUNGS  # noqa: E402
from cases import HOSTILE, expectation  # noqa: E402
from homework.verdict import NOT_RUN  # noqa: E402
from hostile_rungs import session  # noqa: E402
from hostile_session import Report  # noqa: E402
from judging import hidden_fixtures, problems  # noqa: E402


def main() -> int:
    reports = {}
    with tempfile.TemporaryDirectory() as folder:
        hidden = hidden_fixtures(Path(folder) / "build")
        for rung in RUNGS:
            reports[" + ".join(rung)] = session(rung, hidden)
            print(f"{rung}: {reports[' + '.join(rung)].seconds:.0f} s", file=sys.stderr)
    held = {name: report for name, report in reports.items() if not report.refusal}
    print("\n".join([_heading(reports), *_table(held), "", *_below(reports)]))
    return int(any(_faults(report) for report in held.values()))


def _heading(reports: dict[str, Report]) -> str:
    system = f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}"
    user = "root" if os.geteuid() == 0 else "an ordinary user"
    unrun = [name for name, report in reports.items() if report.refusal]
    missing = "" if shutil.which("bwrap") else " and without bubblewrap"
    gaps = f" Not run there: {'; '.join(unrun)}." if unrun else ""
    return f"""\
<!-- Written by `python tests/hostile_table.py > docs/hostile.md`. -->
# Hostile submissions and what they got

Each folder of `tests/hostile/` is a submission, with the promise that it attacks and the verdict
that it must get. Verdicts of its tasks are counted; tasks that passed are those that the attack
left alone, and must not have been harmed by it. Run on {system}, as {user}{missing}.{gaps}
"""


def _table(held: dict[str, Report]) -> list[str]:
    rows = [["attack", "promise", *held], ["---"] * (2 + len(held))]
    for case in HOSTILE:
        promise = expectation(case)["promise"].removesuffix(".")
        cells = [_cell(case, report.attacks[case.name]) for report in held.values()]
        rows.append([f"`{case.name}`", promise, *cells])
    return [f"| {' | '.join(row)} |" for row in rows]


def _cell(case: Path, grading: Grading) -> str:
    """How many tasks got which status; marked if that is not what the submission must get."""
    counts = Counter(task.status for task in grading.tasks if task.status != NOT_RUN)
    text = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    return f"**WRONG** {text}" if problems(case, grading) else text


def _below(reports: dict[str, Report]) -> list[str]:
    lines = []
    for name, report in reports.items():
        if report.refusal:
            lines.append(f"- {name}: does not hold here ({_without_paths(report.refusal)})")
            continue
        harmed = [n for n, g in report.beside if g.tasks != report.alone[n].tasks]
        lines.append(
            f"- {name}: {len(report.attacks)} hostile submissions, {len(report.again)} of them "
            f"twice, and {len(report.beside)} honest ones between them, of which {len(harmed)} got "
            f"another verdict than alone; left behind or touched: {len(report.traces)}; the "
            f"grader's memory: {report.peak_kib / 1024:.0f} MiB; {report.seconds:.0f} s"
        )
    return lines


def _without_paths(text: str) -> str:
    """Where the kit lies on this machine is nobody's business."""
    return text.replace(f"{ROOT}/", "")


def _faults(report: Report) -> bool:
    wrong = any(problems(case, report.attacks[case.name]) for case in HOSTILE)
    harmed = any(g.tasks != report.alone[n].tasks for n, g in report.beside)
    return wrong or harmed or bool(report.traces)


if __name__ == "__main__":
    sys.exit(main())
