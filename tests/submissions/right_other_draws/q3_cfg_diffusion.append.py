def _p_sample(self, z_lambda_t, lambda_t, lambda_t_prim, x_t):
    # Row by row, with the inverse of the normal distribution function.
    rows = []
    for i in range(len(z_lambda_t)):
        level, prim = lambda_t[i : i + 1], lambda_t_prim[i : i + 1]
        mean = self.mu_p_theta(z_lambda_t[i : i + 1], x_t[i : i + 1], level, prim)
        std = self.var_p_theta(level, prim).sqrt()
        uniform = torch.rand(mean.shape).clamp(1e-7, 1 - 1e-7)
        rows.append(mean + std * torch.distributions.Normal(0, 1).icdf(uniform))
    return torch.cat(rows)


def _loss(self, x0, labels, noise=None):
    noise = torch.zeros_like(x0).normal_() if noise is None else noise
    t = torch.randint_like(x0[:, 0, 0, 0], self.n_steps).long()
    prediction = self.eps_model(self.q_sample(x0, self.get_lambda(t), noise), labels)
    return torch.linalg.vector_norm((prediction - noise).flatten(1), dim=1).square().mean()


CFGDiffusion.p_sample = _p_sample
CFGDiffusion.loss = _loss
