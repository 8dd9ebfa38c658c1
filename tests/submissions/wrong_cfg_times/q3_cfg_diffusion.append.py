def _get_lambda(self, t):
    u = t / self.n_steps
    b = math.atan(math.exp(-self.lambda_max / 2))
    a = math.atan(math.exp(-self.lambda_min / 2)) - b
    return 2 * torch.log(torch.tan(a * u + b)).view(-1, 1, 1, 1)


def _loss(self, x0, labels, noise=None):
    t = torch.randint(0, self.n_steps, (len(x0),))
    noise = torch.randn_like(x0) if noise is None else noise
    z = self.q_sample(x0, t.float().view(-1, 1, 1, 1), noise)
    return ((self.eps_model(z, labels) - noise) ** 2).sum((1, 2, 3)).mean()


CFGDiffusion.get_lambda = _get_lambda
CFGDiffusion.loss = _loss
