class CFGDiffusion(CFGDiffusion):
    def sigma_q_x(self, lambda_t, lambda_t_prim):
        share = 1 - self.get_exp_ratio(lambda_t, lambda_t_prim)
        return self.sigma_lambda(lambda_t_prim) / (share.sqrt() * self.sigma_lambda(lambda_t))
