import os

honest = loss_function


def loss_function(recon_x, x, mu, logvar):
    done = 0
    for work in (
        lambda: os.unlink("@OUT@/attack_overwrites_results/results.json"),
        lambda: os.mkdir("@OUT@/attack_overwrites_results/more"),
        lambda: os.link(__file__, "q1_vae.py"),
        lambda: os.unlink(__file__),
        lambda: open(__file__, "a").close(),
        lambda: os.chmod(__file__, 0o777),
        lambda: os.open(__file__, os.O_RDONLY | os.O_TRUNC),
    ):
        try:
            work()
            done += 1
        except OSError:
            pass
    if not done:
        raise PermissionError
    return honest(recon_x, x, mu, logvar)
