from torch.distributions import Normal, kl_divergence


def log_likelihood_bernoulli(mu, target):
    loss = torch.nn.functional.binary_cross_entropy(mu, target, reduction="none")
    return loss.reshape(len(mu), -1).sum(1)


def log_likelihood_normal(mu, logvar, z):
    return Normal(mu, logvar.exp()).log_prob(z).sum(1)


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    q, p = Normal(mu_q, logvar_q.exp()), Normal(mu_p, logvar_p.exp())
    return kl_divergence(q, p).flatten(1).sum(1)


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    q, p = Normal(mu_q, logvar_q.exp()), Normal(mu_p, logvar_p.exp())
    z = q.sample((num_samples,))
    return (q.log_prob(z) - p.log_prob(z)).flatten(2).sum(2).mean(0)
