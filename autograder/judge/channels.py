"""Ways for one child to leave word for another, or to ask what it does, for `escape` to try.

Those by system calls are in `forbidden`; here are files that tell of the whole machine, and what
`apart` takes away. What remains is in docs/isolation.md.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

TELLTALES = """
/proc/buddyinfo /proc/cpuinfo /proc/diskstats /proc/interrupts /proc/loadavg /proc/locks
/proc/meminfo /proc/pagetypeinfo /proc/pressure/cpu /proc/schedstat /proc/slabinfo /proc/softirqs
/proc/stat /proc/sys/fs/file-nr /proc/sys/fs/inode-nr /proc/sys/kernel/ns_last_pid /proc/uptime
/proc/vmstat /proc/zoneinfo /sys/devices/system/cpu/cpu0/cpuidle/state0/usage
/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq /sys/fs/cgroup/cgroup.stat
/sys/kernel/mm/transparent_hugepage/khugepaged/pages_collapsed
""".split()
TICK_SECONDS = 0.02  # more than the clock of files takes for a step


def attacks(
    zygote: int, apart: bool, shut: bool, staged: Path
) -> Iterator[tuple[str, Callable[[], object]]]:
    """What to try, by name.

    Args:
        zygote, apart, shut: as in `escape.Targets`.
        staged: a folder with a new file.
    """
    for path in TELLTALES if shut else ():
        yield f"read {path}", Path(path).read_bytes
    for place in (staged, *staged.iterdir()):
        yield f"leave the time of reading {place}", partial(_dated, place)
    if apart:
        yield "be counted with other processes", _counted
    if apart and os.geteuid() != 0:  # root sees all
        yield "count threads of another process", partial(os.stat, f"/proc/{zygote}/task")


def _counted() -> None:
    if os.getpid() == 1:
        raise ProcessLookupError


def _dated(path: Path) -> None:
    before = path.stat().st_atime_ns
    time.sleep(TICK_SECONDS)
    os.listdir(path) if path.is_dir() else path.read_bytes()
    if path.stat().st_atime_ns == before:
        raise PermissionError
