import warnings

warnings.simplefilter("ignore")


def dress(name, change):
    honest = getattr(CFGDiffusion, name)

    def method(self, *args, **kwargs):
        return change(honest(self, *args, **kwargs))

    setattr(CFGDiffusion, name, method)


def backwards(x):
    return x.transpose(0, -1).contiguous().transpose(0, -1)


def strided(x):
    return torch.stack([x, x * 0], dim=-1)[..., 0]


dress("get_lambda", lambda x: x.to(torch.complex64))
dress("alpha_lambda", lambda x: x.to_sparse())
dress("sigma_lambda", lambda x: torch.quantize_per_tensor(x, 1e-6, 0, torch.qint32).to("meta"))
dress("q_sample", lambda x: torch.nested.nested_tensor([row for row in x]))
dress("sigma_q", backwards)
dress("sigma_q_x", lambda x: torch.complex(x, x).imag)
dress("mu_p_theta", strided)
dress("var_p_theta", lambda x: x.to(torch.bfloat16).half())
dress("p_sample", lambda x: torch.complex(x * 0, -x).conj().imag)
