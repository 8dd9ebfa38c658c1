import numpy as np


def log_likelihood_bernoulli(mu, target):
    batch_size = mu.size(0)
    mu = mu.view(batch_size, -1)
    target = target.view(batch_size, -1)
    return torch.sum(target * torch.log(mu) + (1.0 - target) * torch.log(1.0 - mu), dim=1)


def log_likelihood_normal(mu, logvar, z):
    batch_size = mu.size(0)
    mu = mu.view(batch_size, -1)
    logvar = logvar.view(batch_size, -1)
    z = z.view(batch_size, -1)
    constant = torch.log(torch.tensor(2 * np.pi))
    return torch.sum(-0.5 * (constant + logvar + (z - mu) ** 2 / torch.exp(logvar)), dim=1)


def log_mean_exp(y):
    sample_size = y.size(1)
    largest, _ = torch.max(y, dim=1)
    return torch.log(torch.exp(y - largest[:, None]).sum(1) / sample_size) + largest


def kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p):
    batch_size = mu_q.size(0)
    mu_q = mu_q.view(batch_size, -1)
    logvar_q = logvar_q.view(batch_size, -1)
    mu_p = mu_p.view(batch_size, -1)
    logvar_p = logvar_p.view(batch_size, -1)
    variances = torch.exp(logvar_q) + (mu_q - mu_p) ** 2
    return 0.5 * torch.sum(logvar_p - logvar_q + variances / torch.exp(logvar_p) - 1, dim=1)


def kl_gaussian_gaussian_mc(mu_q, logvar_q, mu_p, logvar_p, num_samples=1):
    batch_size = mu_q.size(0)
    input_size = np.prod(mu_q.size()[1:])
    shape = batch_size, num_samples, input_size
    mu_q = mu_q.view(batch_size, -1).unsqueeze(1).expand(shape)
    logvar_q = logvar_q.view(batch_size, -1).unsqueeze(1).expand(shape)
    mu_p = mu_p.view(batch_size, -1).unsqueeze(1).expand(shape)
    logvar_p = logvar_p.view(batch_size, -1).unsqueeze(1).expand(shape)
    z = mu_q + torch.exp(0.5 * logvar_q) * torch.randn_like(mu_q)
    log_q = -0.5 * (logvar_q + (z - mu_q) ** 2 / torch.exp(logvar_q))
    log_p = -0.5 * (logvar_p + (z - mu_p) ** 2 / torch.exp(logvar_p))
    return (log_q - log_p).sum(dim=2).mean(dim=1)
