def _alpha(self, lambda_t):
    return (1 / (1 + torch.exp(-lambda_t))) ** 0.5


def _sigma(self, lambda_t):
    return (1 - self.alpha_lambda(lambda_t) ** 2) ** 0.5


def _sigma_q(self, lambda_t, lambda_t_prim):
    return ((1 - self.get_exp_ratio(lambda_t, lambda_t_prim)) * self.sigma_lambda(lambda_t) ** 2) ** 0.5


def _sigma_q_x(self, lambda_t, lambda_t_prim):
    share = 1 - self.get_exp_ratio(lambda_t, lambda_t_prim)
    return (share * self.sigma_lambda(lambda_t_prim) ** 2) ** 0.5


CFGDiffusion.alpha_lambda, CFGDiffusion.sigma_lambda = _alpha, _sigma
CFGDiffusion.sigma_q, CFGDiffusion.sigma_q_x = _sigma_q, _sigma_q_x
