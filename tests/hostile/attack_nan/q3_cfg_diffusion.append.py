def gives(name, make):
    honest = getattr(CFGDiffusion, name)
    setattr(CFGDiffusion, name, lambda self, first, *rest: make(first, honest(self, first, *rest)))


def among_right_ones(first, right):
    wrong = right.clone()
    wrong.view(-1)[-1] = float("nan")
    return wrong


gives("get_lambda", lambda first, right: right * float("nan"))
gives("alpha_lambda", among_right_ones)
gives("sigma_lambda", lambda first, right: right / 0)
gives("q_sample", lambda first, right: right.double() + 1e300)
gives("sigma_q", lambda first, right: torch.full_like(right, float("inf")))
gives("sigma_q_x", lambda first, right: right.half().float() * 1e30 * 1e30)
gives("mu_p_theta", lambda first, right: right.double() * 1.7e308)
gives("var_p_theta", lambda first, right: -right * float("inf"))
gives("p_sample", lambda first, right: torch.full_like(right, float("nan")))
