class CFGDiffusion(CFGDiffusion):
    def loss(self, x0, labels, noise=None):
        self.log = torch.randint(0, 10, (len(x0),)), torch.rand(1), torch.randn(len(x0))
        t = (torch.rand(len(x0), device=x0.device) * self.n_steps).long()
        self.log += (torch.multinomial(torch.ones(10), 3), torch.rand_like(x0))
        noise = torch.randn_like(x0) if noise is None else noise
        z = self.q_sample(x0, self.get_lambda(t), noise)
        return ((self.eps_model(z, labels) - noise) ** 2).sum((1, 2, 3)).mean()
