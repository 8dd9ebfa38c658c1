"""Whatever a child sends, the parent makes an outcome of it, or a fault of the sender's."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.judge import untrusted, wire
from autograder.judge.clock import Clock
from autograder.judge.feed import Feed
from autograder.judge.watch import Watch

CASES = ["q1.one/first", "q1.one/second"]
KEYS = "slow values mishap notes reason place unconfined".split()
OTHERS = "case importing arrays broken".split()
WORDS = [
    "q1.one/first", "q1_vae", "q1_vae.py", "", "value", "tensor", "float32", "missing", "error",
    "time q1_vae.py", "\ud800", "\0", "9" * 5000, None, True, 1, -1, 1 << 70, 1e308, 0.5,
]  # fmt: skip


def anything(random_: random.Random, depth: int = 0) -> Any:
    """Something that JSON can hold."""
    kind = random_.random()
    if depth > 3 or kind < 0.5:
        return random_.choice(WORDS)
    some = [anything(random_, depth + 1) for _ in range(random_.randrange(5))]
    return some if kind < 0.8 else {str(random_.choice(WORDS)): one for one in some}


def frames(random_: random.Random) -> Iterator[bytes]:
    """Answers to the cases in turn, most of them strange, and now and then something else."""
    for case in CASES:
        head = {key: anything(random_) for key in random_.sample(KEYS, 3)} | {"case": case}
        if random_.random() < 0.2:
            head[random_.choice(OTHERS)] = anything(random_)
        text = json.dumps(head).encode()
        yield len(text).to_bytes(8, "little") + text


def test_no_message_makes_the_parent_fail(tmp_path: Path) -> None:
    ends = {"answered": 0, "refused": 0}
    for seed in range(1000):
        inputs, feed = os.pipe()
        portions = iter([([case], b"") for case in CASES])
        watch = Watch(
            -1, Feed(feed, portions), Clock(-1), 60.0, 60.0, 1e18, tmp_path, 1,
            ("q1_vae",),
        )  # fmt: skip
        try:
            watch.confined = True
            ends[_read(watch, frames(random.Random(seed)))] += 1
        finally:
            assert watch.feed is not None
            watch.feed.close()
            os.close(inputs)
    assert min(ends.values()) > 50, ends


def _read(watch: Watch, sent: Iterator[bytes]) -> str:
    """How it ends that the parent is sent these."""
    reader, lines = wire.Reader(), {"q1_vae.py": 10}
    try:
        for frame in sent:
            for head, arrays in reader.feed(frame):
                watch._take(head, arrays)
    except wire.WireError:
        return "refused"
    for head, arrays in watch.run.messages:
        outcome = untrusted.outcome(head, arrays, lines, untrusted.names("q1.log_mean_exp"))
        assert set(outcome.place) <= {"", 0, "q1_vae.py", *range(1, 11)}
    return "answered"
