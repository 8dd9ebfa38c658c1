class CFGDiffusion(CFGDiffusion):
    def loss(self, x0, labels, noise=None):
        t = torch.randint(0, self.n_steps, (len(x0),))
        noise = torch.randn_like(x0) if noise is None else noise
        z = self.q_sample(x0, self.get_lambda(t), noise)
        parallel = torch.nn.DataParallel(self.eps_model)
        return (parallel(z, labels=labels) - noise).pow(2).flatten(1).sum(1).mean()
