"""One session of grading under attack, in a process of its own, on one rung of isolation.

    python tests/hostile_session.py SETTINGS REPORT

reads `Settings` and writes a `Report`, both pickled. First some honest submissions are graded
alone; then all attacks, two at a time, with honest ones in between; then this process looks for
what has been left behind. It stands in strange surroundings on purpose: another language and time
zone, a folder full of files that are named like modules.
"""

from __future__ import annotations

import dataclasses
import os
import pickle
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from autograder import results
from autograder.grade import Grader, Grading
from autograder.intake.submission import Submission
from autograder.judge import calls, sandbox, scratch, watch
from autograder.judge.rungs import NoIsolation
from cases import CASES, HOSTILE, ROOT, expectation, submit
from hostile_decoys import Decoys
from hostile_traces import Traces, adopt_orphans
from judging import contents, open_all

JOBS = 2
MOST_FILES = 1_100  # in a scratch folder: fewer than usual, since it takes a while to make them
BETWEEN = 5  # so many attacks from one honest submission to the next
STRANGE = {
    "LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7",
    "PYTHONOPTIMIZE": "2", "PYTHONPATH": ".", "OMP_NUM_THREADS": "3",
}  # fmt: skip
DANGEROUS = """
add_key bpf capset chroot execveat fanotify_init finit_module fsopen init_module inotify_init1
io_uring_setup kcmp keyctl madvise memfd_create migrate_pages mlock mount move_mount move_pages
name_to_handle_at open_by_handle_at open_tree perf_event_open personality pidfd_open pivot_root
process_madvise request_key setgroups setns setresuid setuid umount2 unshare userfaultfd
""".split()
SHADOWS = ("torch", "numpy", "homework", "q1_vae", "sitecustomize", "json", "landlockpy")


@dataclass
class Settings:
    """What to do.

    Attributes:
        rung: layers of isolation.
        fixtures: folder of hidden fixtures.
        home: an empty folder, for everything else.
        attacks, honest: names of cases.
    """

    rung: tuple[str, ...]
    fixtures: Path
    home: Path
    attacks: list[str]
    honest: list[str]


@dataclass
class Report:
    """What happened.

    Attributes:
        refusal: why nothing was graded: this rung does not hold here.
        alone: of honest submissions, before any attack; by name.
        beside: of honest submissions, each time one was graded among attacks.
        attacks, again: of attacks, and of those that were graded a second time.
        traces: what was left behind, or touched, or changed.
        peak_kib: the largest size of the parent.
    """

    isolation: str = ""
    refusal: str = ""
    alone: dict[str, Grading] = field(default_factory=dict)
    beside: list[tuple[str, Grading]] = field(default_factory=list)
    attacks: dict[str, Grading] = field(default_factory=dict)
    again: dict[str, Grading] = field(default_factory=dict)
    traces: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    peak_kib: int = 0
    seconds: float = 0.0


def run(settings: Settings) -> Report:
    """Grade everything and look around; see the top of this file."""
    begin = time.monotonic()
    watch.CASE_SECONDS, watch.FIRST_SECONDS, sandbox.TASK_SECONDS = 2.0, 3.0, 5.0
    scratch.MOST_ENTRIES = MOST_FILES
    warnings.simplefilter("error")  # a warning would mean that something went unforeseen
    adopt_orphans()
    _surround(settings.home)
    report, before = Report(), Traces.now(settings.home / "tmp")
    with Decoys(settings.home) as decoys:
        folders = _hand_in(settings, decoys.targets)
        own = [
            settings.fixtures,
            *(settings.home / name for name in ("handed-in", "honest", "out")),
        ]
        kept = contents(*own)
        try:
            _grade(settings, report, *folders)
        except NoIsolation as error:
            report.refusal = _reason(str(error))
        if contents(*own) != kept:
            report.traces.append("a file of the grader's was changed")
        report.traces += decoys.touched()
        report.traces += decoys.close()
    Traces.settle()
    report.traces += Traces.now(settings.home / "tmp").since(before)
    report.loaded = sorted({"torch", "q1_vae", "q2_ddpm", "q3_cfg_diffusion"} & set(sys.modules))
    report.peak_kib = _peak_kib()
    report.seconds = time.monotonic() - begin
    return report


def _reason(text: str) -> str:
    """Why the one rung that was tried does not hold, of all that `NoIsolation` says."""
    tried = text.partition(" (")[2].partition("). ")[0]
    return tried.partition("resource limits: ")[2] or text


def _peak_kib() -> int:
    """Largest size since this program began; `getrusage` counts what had been before, too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def _surround(home: Path) -> None:
    for folder in ("tmp", "here", "handed-in", "honest", "out"):
        (home / folder).mkdir()
    for name in SHADOWS:
        (home / "here" / f"{name}.py").write_text("raise SystemExit('the wrong file was imported')")
    os.chdir(home / "here")
    os.umask(0o077)
    os.environ |= STRANGE | {"TMPDIR": str(home / "tmp"), "HOME": str(home / "here")}
    time.tzset()


def _hand_in(settings: Settings, targets: dict[str, str]) -> tuple[list[Submission], ...]:
    """Attacks and honest submissions, opened as the grader opens them."""
    home = settings.home
    targets = targets | {
        "FIXTURES": str(settings.fixtures),
        "ANSWERS": str(ROOT),
        "OTHERS": str(home / "handed-in"),
        "OUT": str(home / "out"),
        "MOST_FILES": str(MOST_FILES),
        **_calls(),
    }
    for case in HOSTILE:
        if case.name in settings.attacks:
            submit(case, home / "handed-in", targets)
            results.write_fault(home / "out" / case.name, "it was ended before it was done.")
    for case in CASES:
        if case.name in settings.honest:
            submit(case, home / "honest", {})
    return tuple(open_all(home / folder, settings.fixtures) for folder in ("handed-in", "honest"))


def _calls() -> dict[str, str]:
    """Numbers of this machine's system calls, as Python text for submissions."""
    seccomp = calls.library()

    def number(name: str) -> int:
        return seccomp.resolve_syscall(seccomp.Arch.NATIVE, name)

    with_limits = ("clone", "clone3", "fcntl", "ioctl", "prctl", "prlimit64")
    allowed = sorted(map(number, (*calls.ALLOWED, *with_limits)))
    names = (*with_limits, *DANGEROUS)
    return {
        "ALLOWED_CALLS": repr(allowed),
        "NUMBERED_CALLS": repr({name: number(name) for name in names}),
    }


def _grade(
    settings: Settings, report: Report, attacks: list[Submission], honest: list[Submission]
) -> None:
    private = [settings.home, ROOT / "solutions"]
    with Grader(
        settings.fixtures,
        jobs=JOBS,
        private=private,
        allowed=[settings.rung],
    ) as grader:
        report.isolation = grader.isolation
        report.alone = {one.name: grader.grade(one) for one in honest}

        def done(grading: Grading) -> None:
            name, _, beside = grading.submission.name.partition(" beside ")
            if beside:
                report.beside.append((name, grading))
            elif name in report.attacks:
                report.again[name] = grading
            else:
                report.attacks[name] = grading

        grader.grade_all(_mixed(attacks, honest), done)
        grader.grade_all([one for one in attacks if _again(one.name)], done)
        uids = [one.slot.uid for one in grader.sandboxes if one.slot.uid != os.getuid()]
        report.traces += [f"still running: {process}" for process in Traces.of_users(uids)]


def _again(name: str) -> bool:
    return any(case.name == name and expectation(case).get("again") for case in HOSTILE)


def _mixed(attacks: Sequence[Submission], honest: Sequence[Submission]) -> Iterator[Submission]:
    """All attacks, with honest submissions between them and at the end."""
    turn = cycle(honest)
    for number, attack in enumerate(attacks, start=1):
        yield attack
        if number % BETWEEN == 0 or number == len(attacks):
            one = next(turn)
            yield dataclasses.replace(one, name=f"{one.name} beside {number}")


def main() -> None:
    settings: Settings = pickle.loads(Path(sys.argv[1]).read_bytes())
    Path(sys.argv[2]).write_bytes(pickle.dumps(run(settings)))


if __name__ == "__main__":
    # What is pickled has to be found again under the name that importing gives it.
    from hostile_session import main as imported

    imported()
