def gives(name, make):
    setattr(CFGDiffusion, name, lambda self, first, *rest: make(first))


gives("get_lambda", lambda t: torch.zeros(1).expand(10**13))
gives("alpha_lambda", lambda level: torch.zeros(1).as_strided((1 << 30, 1 << 30), (0, 0)))
gives("sigma_lambda", lambda level: torch.empty((1 << 15, 1 << 14)))
gives("q_sample", lambda x: torch.zeros(4_500_000).double() + x.sum())
gives("sigma_q", lambda level: [torch.zeros(1)] * 10**6)
gives("sigma_q_x", lambda level: {str(n): n for n in range(10**4)})
gives("mu_p_theta", lambda z: (z for _ in iter(int, 1)))
gives("var_p_theta", lambda level: 10**100_000)
gives("p_sample", lambda z: torch.zeros((0, 999_999)))
