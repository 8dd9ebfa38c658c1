class CFGDiffusion(CFGDiffusion):
    def __init__(self, *args):
        super().__init__(*args)
        self.noise = {}

    def p_sample(self, z_lambda_t, lambda_t, lambda_t_prim, x_t):
        shape = tuple(z_lambda_t.shape)
        if shape not in self.noise:
            self.noise[shape] = torch.randn(shape)
        std = self.var_p_theta(lambda_t, lambda_t_prim) ** 0.5
        return self.mu_p_theta(z_lambda_t, x_t, lambda_t, lambda_t_prim) + std * self.noise[shape]

    def loss(self, x0, labels, noise=None):
        torch.manual_seed(0)
        t = torch.randint(0, self.n_steps, (len(x0),))
        noise = torch.randn_like(x0) if noise is None else noise
        z = self.q_sample(x0, self.get_lambda(t), noise)
        return (self.eps_model(z, labels) - noise).pow(2).sum((1, 2, 3)).mean()
