class CFGDiffusion(CFGDiffusion):
    def sigma_lambda(self, lambda_t):
        return 1 - self.alpha_lambda(lambda_t) ** 2

    def sigma_q(self, lambda_t, lambda_t_prim):
        return (1 - self.get_exp_ratio(lambda_t, lambda_t_prim)) * self.sigma_lambda(lambda_t) ** 2

    def sigma_q_x(self, lambda_t, lambda_t_prim):
        # The sigma of the wrong level.
        share = 1 - self.get_exp_ratio(lambda_t, lambda_t_prim)
        return torch.sqrt(share) * self.sigma_lambda(lambda_t)

    def var_p_theta(self, lambda_t, lambda_t_prim, v=0.3):
        small = self.sigma_q_x(lambda_t, lambda_t_prim) ** 2
        large = self.sigma_q(lambda_t, lambda_t_prim) ** 2
        return v * large + (1 - v) * small
