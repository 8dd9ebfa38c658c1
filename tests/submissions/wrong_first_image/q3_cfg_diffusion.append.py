def _q_sample(self, x, lambda_t, noise):
    level = lambda_t[0]
    return self.alpha_lambda(level) * x + self.sigma_lambda(level) * noise


CFGDiffusion.q_sample = _q_sample
