def attack(name, work):
    """Make a function that is right, but only once the attack has worked."""
    honest = globals()[name]

    def attacked(*args, **kwargs):
        work()
        return honest(*args, **kwargs)

    globals()[name] = attacked


import os

ME = str(os.getpid())
OTHERS = ["@PARENT@", "@VICTIM@", str(os.getppid()), "1", *map(str, range(2, 60))]
OTHERS = [pid for pid in OTHERS if pid != ME]


def any_of(work, names):
    """Whether something can be had that this process is not to know."""
    for name in names:
        try:
            if work(name):
                return
        except OSError:
            pass
    raise PermissionError


def content(path):
    with open(path, "rb") as file:
        return file.read(1 << 16)


def environments():
    any_of(content, [f"/proc/{pid}/{name}" for pid in OTHERS for name in ("environ", "auxv")])


def memory():
    names = ("mem", "maps", "smaps", "pagemap", "stack", "syscall", "personality", "numa_maps")
    any_of(content, [f"/proc/{pid}/{name}" for pid in OTHERS for name in names])


def open_files():
    any_of(os.listdir, [f"/proc/{pid}/{name}" for pid in OTHERS for name in ("fd", "root", "cwd")])


def command_lines():
    """Only the parent's own words count: the name of the program that grades, or its seed."""
    everybody = OTHERS + [str(@PARENT@ + step) for step in range(-50, 200)]
    any_of(lambda pid: b"hostile_" in content(f"/proc/{pid}/cmdline"), everybody)


def the_system():
    names = "kcore kmsg kallsyms sched_debug timer_list vmallocinfo keys key-users slabinfo "
    names += "sys/kernel/core_pattern sysrq-trigger self/mem self/oom_score_adj self/coredump_filter"
    flags = {"self/mem": os.O_RDWR, "self/oom_score_adj": os.O_RDWR}
    any_of(lambda name: os.open(f"/proc/{name}", flags.get(name, os.O_RDWR)), names.split())


attack("log_likelihood_bernoulli", environments)
attack("log_likelihood_normal", memory)
attack("log_mean_exp", open_files)
attack("kl_gaussian_gaussian_analytic", command_lines)
attack("kl_gaussian_gaussian_mc", the_system)
