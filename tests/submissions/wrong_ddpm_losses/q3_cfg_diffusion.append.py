def _loss(self, x0, labels, noise=None):
    t = torch.randint(0, self.n_steps, (len(x0),))
    noise = torch.randn_like(x0) if noise is None else noise
    z = self.q_sample(x0, self.get_lambda(t), noise)
    return (self.eps_model(z, labels) - x0).square().flatten(1).sum(1).mean()


CFGDiffusion.loss = _loss
