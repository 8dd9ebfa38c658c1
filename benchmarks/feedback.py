"""How right and how useful feedback is: on a thousand right rewrites and a thousand wrong edits.

    python benchmarks/feedback.py                 about ten minutes; needs no release
    python benchmarks/feedback.py --quick         a hundred of each, as in the tests
    python benchmarks/feedback.py --sets          right rewrites on all sets of a release

Right rewrites of the reference must get full marks. Of wrong edits it counts how many lose points,
what they are told (`named`: a planted mistake or a formula; `useful`: in which way the result
differs; `raised`: the exception of the student's code; `silent`: that it is wrong), and how many
are told something false: named as a mistake whose values they do not have on fresh inputs, or told
a sentence that other inputs do not bear out. Edits that change nothing are left out. Some are drawn
for reading by eye.
"""

from __future__ import annotations

import argparse
import difflib
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from autograder import release  # noqa: E402
from benchmarks.variants import course, judging, mutations, rewrites  # noqa: E402
from benchmarks.variants.course import Variant  # noqa: E402
from benchmarks.variants.judging import KINDS, Finding, Said  # noqa: E402

SEEDS = (0xA11CE, 0xB0B)  # secrets of two terms: what is said must hold in both


def variants(make: Callable[..., Iterator[Variant]], number: int, seed: int) -> list[Variant]:
    """So many variants, as evenly over the tasks as there are different ones."""
    tasks = list(course.tasks())
    share = -(-number // len(tasks))
    found = [list(islice(make(task, random.Random(f"{seed} {task}")), share)) for task in tasks]
    mixed = [one for row in found for one in row]
    random.Random(seed).shuffle(mixed)
    return mixed[:number]


def fixtures(folder: Path, secret: int) -> Path:
    """Hidden fixtures of a term of their own."""

    class Elsewhere(release.Places):
        @property
        def build(self) -> Path:
            return folder

    places = Elsewhere(course.ROOT)
    release.write_hidden(places, course.rubrics(), secret=secret, sets=4)
    return places.hidden


def examine_right(number: int, seed: int, terms: Sequence[Path], jobs: int) -> list[tuple]:
    made = variants(rewrites.rewrites, number, seed)
    return list(zip(made, judging.each(judging.say, made, terms[0], jobs=jobs), strict=True))


def examine_wrong(number: int, seed: int, terms: Sequence[Path], jobs: int) -> list[Finding]:
    made = variants(mutations.wrong_edits, number, seed)
    return list(judging.each(judging.examine, made, *terms, jobs=jobs))


def on_all_sets(number: int, seed: int, hidden: Path, jobs: int) -> int:
    """How many right rewrites do not pass each set of hidden cases; prints them."""
    made, lost = variants(rewrites.rewrites, number, seed), 0
    for variant, failing in zip(
        made, judging.each(judging.failing_sets, made, hidden, jobs=jobs), strict=True
    ):
        if failing:
            lost += 1
            print(f"LOST sets {failing} of {variant.task} ({', '.join(variant.made)})")
            print(f"{variant.body}\n{variant.extra}\n", flush=True)
    print(f"{len(made)} right rewrites: {len(made) - lost} pass all sets")
    return lost


def right_table(found: Sequence[tuple[Variant, Said]]) -> Iterator[str]:
    lost = [(variant, said) for variant, said in found if said.kind]
    yield f"{len(found)} right rewrites: {len(found) - len(lost)} get full marks"
    for variant, said in lost:
        yield f"\nLOST {1 - said.share:.0%} of {variant.task} ({', '.join(variant.made)})"
        yield f"{variant.body}\n{variant.extra}\n{said.text}"


def wrong_table(found: Sequence[Finding]) -> Iterator[str]:
    yield f"{'':12}{'wrong':>7}{'full':>6}" + "".join(f"{k:>8}" for k in KINDS) + f"{'false':>8}"
    groups = [*course.rubrics(), None]
    for item in groups:
        ids = {task.id for task in item.tasks} if item else set(course.tasks())
        yield _line(item.assignment if item else "all", [f for f in found if f.variant.task in ids])
    same = Counter(finding.differs for finding in found)
    yield f"left out: {same['none']} that change nothing, {same['near']} within roundings"


def _line(name: str, found: Sequence[Finding]) -> str:
    wrong = [f for f in found if f.said is not None]
    kinds = Counter(f.said.kind for f in wrong if f.said)
    total = max(1, len(wrong))
    shares = "".join(f"{kinds[kind] / total:8.1%}" for kind in KINDS)
    false = sum(bool(f.false) for f in wrong)
    return f"{name:12}{len(wrong):7}{sum(f.slipped for f in wrong):6}{shares}{false / total:8.1%}"


def told(finding: Finding) -> str:
    """A wrong edit as a difference from the reference, and all that is said of it."""
    task = finding.variant.task
    before = course.unparsed(course.parsed(course.solution(task)).body).splitlines()
    after = finding.variant.body.splitlines()
    changes = list(difflib.unified_diff(before, after, lineterm="", n=0))[2:]
    edit = "\n".join(line for line in changes if not line.startswith("@@"))
    said = finding.said
    if said is None:
        return edit
    kind = "FULL MARKS" if finding.slipped else said.kind
    false = f" FALSE: {finding.false}" if finding.false else ""
    return f"--- {task} [{kind}, {said.share:.0%}]{false}\n{edit}\n{said.text}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="How right and how useful feedback is.")
    parser.add_argument("--right", type=int, default=1000)
    parser.add_argument("--wrong", type=int, default=1100, help="before those that change nothing")
    parser.add_argument("--quick", action="store_true", help="a hundred of each")
    parser.add_argument("--sets", action="store_true", help="right rewrites alone, on all sets")
    parser.add_argument("--read", type=int, default=50, help="wrong edits to print")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    if options.quick:
        options.right, options.wrong = 100, 110
    if options.sets:
        hidden = release.Places(course.ROOT).hidden
        return int(bool(on_all_sets(options.right, options.seed, hidden, options.jobs)))
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        terms = [fixtures(Path(folder) / str(s), s) for s in SEEDS]
        right = examine_right(options.right, options.seed, terms, options.jobs)
        print(*right_table(right), sep="\n", flush=True)
        wrong = examine_wrong(options.wrong, options.seed, terms, options.jobs)
    print(*wrong_table(wrong), sep="\n")
    print(f"{time.monotonic() - start:.0f} s\n")
    odd = [f for f in wrong if f.slipped or f.false]
    drawn = [f for f in wrong if f.said is not None]
    drawn = random.Random(options.seed).sample(drawn, min(options.read, len(drawn)))
    print("## Full marks or false\n", *map(told, odd), "## Drawn\n", *map(told, drawn), sep="\n")
    return 1 if any(said.kind for _, said in right) else 0


if __name__ == "__main__":
    sys.exit(main())
