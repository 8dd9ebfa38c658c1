def loss_function(recon_x, x, mu, logvar):
    batch = recon_x.size(0)
    likelihood = log_likelihood_bernoulli(recon_x.view(batch, -1), x.view(batch, -1))
    zeros = torch.zeros(mu.shape)
    return -(likelihood - kl_gaussian_gaussian_analytic(mu, logvar, zeros, zeros)).mean()
