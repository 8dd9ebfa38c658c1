def always(name, number):
    def method(self, level, *rest):
        return torch.full_like(level, number)

    setattr(CFGDiffusion, name, method)


always("alpha_lambda", 1.0)
always("sigma_lambda", 1.0)
always("sigma_q", 0.0)
always("sigma_q_x", 0.0)
always("var_p_theta", 0.0)
