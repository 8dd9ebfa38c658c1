"""Other ways of writing the solutions of the VAE tasks."""

from __future__ import annotations

FORMS = {
    "q1.log_likelihood_bernoulli": [
        """
batch = mu.shape[0]
x, m = target.reshape(batch, -1), mu.reshape(batch, -1)
return torch.einsum("bi,bi->b", x, m.log()) + torch.einsum("bi,bi->b", 1 - x, (1 - m).log())
""",
        """
density = torch.distributions.Bernoulli(probs=mu, validate_args=False)
return density.log_prob(target).flatten(1).sum(1)
""",
        """
odds = torch.log(mu) - torch.log1p(-mu)
per_pixel = target * odds + torch.log1p(-mu)
return per_pixel.reshape(mu.shape[0], -1).sum(dim=-1)
""",
        """
loss = torch.nn.functional.binary_cross_entropy(mu, target, reduction="none")
return -loss.reshape(loss.shape[0], -1).sum(1)
""",
        """
total = torch.zeros(mu.shape[0], device=mu.device)
for row, (m, x) in enumerate(zip(mu, target)):
    total[row] = (x * m.log() + (1 - x) * (1 - m).log()).sum()
return total
""",
        """
logits = torch.logit(mu)
loss = -torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
return loss.sum(dim=tuple(range(1, loss.ndim)))
""",
    ],
    "q1.log_likelihood_normal": [
        """
std = torch.exp(0.5 * logvar)
return torch.distributions.Normal(mu, std).log_prob(z).sum(-1)
""",
        """
variance = torch.exp(logvar)
exponent = torch.einsum("bi,bi->b", (z - mu) ** 2, 1 / variance)
features = mu.shape[1]
return -0.5 * (features * math.log(2 * math.pi) + logvar.sum(dim=1) + exponent)
""",
        """
standard = (z - mu) / (0.5 * logvar).exp()
constant = 0.5 * torch.log(torch.tensor(2 * math.pi))
return (-constant - 0.5 * logvar - 0.5 * standard ** 2).sum(dim=1)
""",
        """
std = logvar.exp().sqrt()
density = torch.distributions.Independent(torch.distributions.Normal(mu, std), 1)
return density.log_prob(z)
""",
        """
total = 0.0
for i in range(mu.shape[1]):
    gap = z[:, i] - mu[:, i]
    total = total - (math.log(2 * math.pi) + logvar[:, i] + gap * gap / logvar[:, i].exp()) / 2
return total
""",
        """
std = torch.exp(logvar / 2)
return -((z - mu) ** 2 / (2 * std ** 2) + torch.log(std) + math.log(math.sqrt(2 * math.pi))).sum(1)
""",
        """
return -torch.nn.functional.gaussian_nll_loss(
    mu, z, logvar.exp(), full=True, eps=1e-30, reduction="none"
).sum(dim=1)
""",
    ],
    "q1.log_mean_exp": [
        "return torch.logsumexp(y, dim=1) - math.log(y.shape[1])",
        """
a, _ = torch.max(y, dim=1)
return a + torch.log(torch.mean(torch.exp(y - a.unsqueeze(1)), dim=1))
""",
        """
largest = torch.amax(y, dim=1, keepdim=True)
return (largest + (y - largest).exp().mean(dim=1, keepdim=True).log()).squeeze(1)
""",
        "return y.logsumexp(1) - torch.log(torch.tensor(float(y.size(1)), device=y.device))",
        """
total = y[:, 0]
for i in range(1, y.shape[1]):
    total = torch.logaddexp(total, y[:, i])
return total - math.log(y.shape[1])
""",
        """
top = y.max(1)[0].reshape(-1, 1)
shares = torch.nn.functional.softmax(y, dim=1)
best = y.argmax(1, keepdim=True)
return (top - shares.gather(1, best).log()).flatten() - math.log(y.shape[1])
""",
        """
ordered = y.sort(dim=1, descending=True).values
first = ordered[:, :1]
return first[:, 0] + torch.log(torch.exp(ordered - first).sum(dim=1)) - math.log(len(y[0]))
""",
    ],
    "q1.kl_gaussian_gaussian_analytic": [
        """
batch = mu_q.shape[0]
q = torch.distributions.Normal(mu_q.reshape(batch, -1), (0.5 * logvar_q.reshape(batch, -1)).exp())
p = torch.distributions.Normal(mu_p.reshape(batch, -1), (0.5 * logvar_p.reshape(batch, -1)).exp())
return torch.distributions.kl_divergence(q, p).sum(dim=1)
""",
        """
batch = mu_q.shape[0]
variance_q, variance_p = logvar_q.exp(), logvar_p.exp()
each = (variance_q + (mu_q - mu_p) ** 2) / variance_p - 1.0 + torch.log(variance_p / variance_q)
return 0.5 * each.reshape(batch, -1).sum(dim=1)
""",
        """
std_q, std_p = torch.exp(logvar_q / 2), torch.exp(logvar_p / 2)
each = torch.log(std_p / std_q) + (std_q ** 2 + (mu_q - mu_p) ** 2) / (2 * std_p ** 2) - 0.5
return each.flatten(start_dim=1).sum(dim=1)
""",
        """
batch = mu_q.shape[0]
mu_q, mu_p = mu_q.reshape(batch, -1), mu_p.reshape(batch, -1)
logvar_q, logvar_p = logvar_q.reshape(batch, -1), logvar_p.reshape(batch, -1)
gap = mu_q - mu_p
precision = torch.exp(-logvar_p)
trace = torch.einsum("bi,bi->b", precision, logvar_q.exp())
distance = torch.einsum("bi,bi,bi->b", gap, precision, gap)
return 0.5 * (trace + distance - mu_q.shape[1] + (logvar_p - logvar_q).sum(dim=1))
""",
        """
rows = []
for a, b, c, d in zip(mu_q, logvar_q, mu_p, logvar_p):
    rows.append((0.5 * (d - b - 1 + (b.exp() + (a - c) ** 2) / d.exp())).sum())
return torch.stack(rows)
""",
    ],
    "q1.kl_gaussian_gaussian_mc": [
        """
total = torch.zeros(batch_size, device=mu_q.device)
for mean, log_variance, m, v in zip(*(a.unbind(1) for a in (mu_q, logvar_q, mu_p, logvar_p))):
    z = mean + torch.exp(log_variance / 2) * randomizer.normal_like(mean)
    log_q = -0.5 * (log_variance + (z - mean) ** 2 / log_variance.exp())
    log_p = -0.5 * (v + (z - m) ** 2 / v.exp())
    total = total + (log_q - log_p).sum(1)
return total / num_samples
""",
        """
q = torch.distributions.Normal(mu_q, torch.exp(0.5 * logvar_q))
p = torch.distributions.Normal(mu_p, torch.exp(0.5 * logvar_p))
z = q.sample()
return (q.log_prob(z) - p.log_prob(z)).sum(dim=2).mean(dim=1)
""",
        """
z = mu_q + torch.sqrt(torch.exp(logvar_q)) * torch.randn(batch_size, num_samples, input_size)
def log_density(m, v):
    return -0.5 * (math.log(2 * math.pi) + v + (z - m) ** 2 * torch.exp(-v)).sum(dim=-1)
return (log_density(mu_q, logvar_q) - log_density(mu_p, logvar_p)).mean(-1)
""",
        """
estimates = []
for a, b, c, d in zip(mu_q, logvar_q, mu_p, logvar_p):
    eps = torch.randn(num_samples, input_size)
    z = a + (b / 2).exp() * eps
    ratio = 0.5 * (d - b - eps ** 2 + (z - c) ** 2 / d.exp())
    estimates.append(ratio.sum(1).mean())
return torch.stack(estimates)
""",
    ],
    "q1.loss_function": [
        """
batch = mu.shape[0]
recon_x, x = recon_x.reshape(batch, -1), x.reshape(batch, -1)
entropy = torch.nn.functional.binary_cross_entropy(recon_x, x, reduction="sum")
return entropy - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
""",
        """
batch = mu.shape[0]
kl = kl_gaussian_gaussian_analytic(mu, logvar, torch.zeros_like(mu), torch.zeros_like(logvar))
return -(log_likelihood_bernoulli(recon_x.reshape(batch, -1), x.reshape(batch, -1)) - kl).sum()
""",
        """
x = x.reshape(recon_x.shape)
reconstruction = -(x * torch.log(recon_x) + (1 - x) * torch.log(1 - recon_x)).sum()
divergence = 0.5 * (mu ** 2 + torch.exp(logvar) - logvar - 1).sum()
return reconstruction + divergence
""",
        """
total = 0.0
for image, truth, m, v in zip(recon_x, x, mu, logvar):
    truth = truth.reshape(image.shape)
    total = total - (truth * image.log() + (1 - truth) * (1 - image).log()).sum()
    total = total + 0.5 * (m * m + v.exp() - v - 1).sum()
return total
""",
    ],
}
