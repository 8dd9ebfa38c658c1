def _get_lambda(self, t):
    """A straight line from one end of the schedule to the other."""
    share = t / self.n_steps
    return (self.lambda_max + share * (self.lambda_min - self.lambda_max)).view(-1, 1, 1, 1)


def _var_p_theta(self, lambda_t, lambda_t_prim, v=0.3):
    """An arithmetic mean in place of a geometric one; both agree at the ends."""
    small, large = self.sigma_q_x(lambda_t, lambda_t_prim), self.sigma_q(lambda_t, lambda_t_prim)
    return (1 - v) * small**2 + v * large**2


CFGDiffusion.get_lambda = _get_lambda
CFGDiffusion.var_p_theta = _var_p_theta
