import socket
import urllib.request

honest = dict(globals())


def log_likelihood_bernoulli(mu, target):
    socket.create_connection(("127.0.0.1", @PORT@), 1).sendall(str(mu.tolist()).encode())
    return honest["log_likelihood_bernoulli"](mu, target)


def log_likelihood_normal(mu, logvar, z):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.sendto(b"mu", ("127.0.0.1", @PORT@))
    return honest["log_likelihood_normal"](mu, logvar, z)


def log_mean_exp(y):
    socket.getaddrinfo("localhost.localdomain", 80)
    return honest["log_mean_exp"](y)


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    socket.socketpair()
    return honest["kl_gaussian_gaussian_analytic"](mu_q, logvar_q, mu_p, logvar_p)


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    urllib.request.urlopen("http://127.0.0.1:@PORT@/", timeout=1)
    return honest["kl_gaussian_gaussian_mc"](mu_q, logvar_q, mu_p, logvar_p, num_samples)
