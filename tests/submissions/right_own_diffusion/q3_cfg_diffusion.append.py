class CFGDiffusion(CFGDiffusion):
    def __init__(self, eps_model, n_steps, device):
        super().__init__(eps_model, n_steps, device)
        self.calls = 0

    def guided(self, z, labels, w):
        self.calls += 1
        return (1 + w) * self.eps_model(z, labels) - w * self.eps_model(z)

    def p_sample(self, z_lambda_t, lambda_t, lambda_t_prim, x_t, noise=None):
        noise = torch.randn_like(z_lambda_t) if noise is None else noise
        mean = self.mu_p_theta(z_lambda_t, x_t, lambda_t, lambda_t_prim)
        return mean + self.var_p_theta(lambda_t, lambda_t_prim).sqrt() * noise

    def estimate(self, z, lambda_t, eps):
        return (z - self.sigma_lambda(lambda_t) * eps) / self.alpha_lambda(lambda_t)
