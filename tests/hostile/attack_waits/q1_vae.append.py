import os
import select


def attack(name, work):
    """Make a function that is right, but only once somebody's end has been seen."""
    honest = globals()[name]

    def attacked(*args, **kwargs):
        if not work():
            raise LookupError
        return honest(*args, **kwargs)

    globals()[name] = attacked


def descriptors():
    """A descriptor of a process can be read once the process has ended."""
    poll = select.poll()
    poll.register(os.pidfd_open(@PARENT@), select.POLLIN)
    return poll.poll(10)


attack("log_likelihood_bernoulli", lambda: os.waitpid(-1, os.WNOHANG))
attack("log_likelihood_normal", lambda: os.waitid(os.P_PID, @PARENT@, os.WEXITED | os.WNOHANG))
attack("log_mean_exp", lambda: os.waitid(os.P_PGID, os.getppid(), os.WEXITED | os.WNOHANG))
attack("kl_gaussian_gaussian_analytic", descriptors)
attack("kl_gaussian_gaussian_mc", lambda: os.wait3(os.WNOHANG))
