import os
import subprocess


def attack(name, work):
    """Make a method that is right, but only once the attack has worked."""
    honest = getattr(CFGDiffusion, name)

    def method(self, *args, **kwargs):
        work()
        return honest(self, *args, **kwargs)

    setattr(CFGDiffusion, name, method)


def fork_many():
    for _ in range(20):
        if os.fork() == 0:
            os._exit(0)


def leave_a_daemon():
    if os.fork() == 0:
        os.setsid()
        os.execv("/bin/sleep", ["sleep", "60"])


def kill_everybody():
    os.kill(-1, 0)  # what would be killed by 9 in place of 0


def pool():
    import multiprocessing

    with multiprocessing.get_context("fork").Pool(1) as workers:
        workers.map(abs, [1])


attack("get_lambda", fork_many)
attack("alpha_lambda", lambda: os.kill(@PARENT@, 0))
attack("sigma_lambda", kill_everybody)
attack("q_sample", lambda: open("/proc/@PARENT@/mem", "rb"))
attack("sigma_q", lambda: open(f"/proc/{os.getppid()}/mem", "rb"))
attack("sigma_q_x", leave_a_daemon)
attack("mu_p_theta", lambda: subprocess.run(["/bin/sh", "-c", "true"], check=True))
attack("var_p_theta", lambda: os.killpg(os.getpgid(@PARENT@), 0))
attack("p_sample", pool)
