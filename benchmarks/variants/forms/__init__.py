"""Other ways of writing each task's solution, by hand; bodies, as data for `rewrites`."""

from __future__ import annotations

from benchmarks.variants.forms import q1, q2, q3

FORMS: dict[str, list[str]] = {**q1.FORMS, **q2.FORMS, **q3.FORMS}

TENSORS = {
    "mu", "target", "logvar", "z", "y", "mu_q", "logvar_q", "mu_p", "logvar_p", "recon_x", "x",
    "x0", "xt", "t", "z_lambda_t", "x_t", "lambda_t", "lambda_t_prim",
}  # fmt: skip
TWO_RESULTS = {"q2.q_xt_x0", "q2.p_xt_prev_xt"}
NO_GRADIENT = {"q1.kl_gaussian_gaussian_mc", "q2.p_sample", "q3.p_sample"}
_LEVELS = ["lambda_t", "lambda_t_prim"]
_KL = ["mu_q", "logvar_q", "mu_p", "logvar_p"]
IN_DOUBLE = {
    "q1.log_likelihood_bernoulli": ["mu", "target"],
    "q1.log_likelihood_normal": ["mu", "logvar", "z"],
    "q1.log_mean_exp": ["y"],
    "q1.kl_gaussian_gaussian_analytic": _KL,
    "q1.kl_gaussian_gaussian_mc": _KL,
    "q1.loss_function": ["recon_x", "x", "mu", "logvar"],
    "q2.q_xt_x0": ["x0"],
    "q2.q_sample": ["x0", "eps"],
    "q3.get_lambda": ["t"],
    "q3.alpha_lambda": ["lambda_t"],
    "q3.sigma_lambda": ["lambda_t"],
    "q3.q_sample": ["x", "lambda_t", "noise"],
    "q3.sigma_q": _LEVELS,
    "q3.sigma_q_x": _LEVELS,
    "q3.mu_p_theta": ["z_lambda_t", "x", *_LEVELS],
    "q3.var_p_theta": _LEVELS,
    "q3.p_sample": ["z_lambda_t", "x_t", *_LEVELS],
}
BY_ROWS = {
    "q1.log_likelihood_bernoulli": ["mu", "target"],
    "q1.log_likelihood_normal": ["mu", "logvar", "z"],
    "q1.log_mean_exp": ["y"],
    "q1.kl_gaussian_gaussian_analytic": _KL,
    "q1.kl_gaussian_gaussian_mc": _KL,
    "q2.q_sample": ["x0", "t", "eps"],
    "q2.p_sample": ["xt", "t"],
    "q3.get_lambda": ["t"],
    "q3.alpha_lambda": ["lambda_t"],
    "q3.sigma_lambda": ["lambda_t"],
    "q3.q_sample": ["x", "lambda_t", "noise"],
    "q3.sigma_q": _LEVELS,
    "q3.sigma_q_x": _LEVELS,
    "q3.mu_p_theta": ["z_lambda_t", "x", *_LEVELS],
    "q3.var_p_theta": _LEVELS,
    "q3.p_sample": ["z_lambda_t", *_LEVELS, "x_t"],
}
_STRAY = (
    "torch.rand(3)", "torch.randperm(5)", "torch.bernoulli(torch.full((4,), 0.5))",
    "torch.nn.functional.dropout(torch.ones(8), 0.5)", "_unused = torch.randn(2, 3)",
    "import numpy as _np\n_np.random.rand(2)", "import random as _random\n_random.random()",
    "torch.randint(0, 5, (4,))", "torch.rand(2, 3)",
)  # fmt: skip
STRAY_DRAWS = dict.fromkeys(FORMS, _STRAY)
HELPERS = {
    "noise": """
import numpy as _numpy

_GENERATOR = torch.Generator()


def _by_numpy(x):
    return torch.from_numpy(_numpy.random.standard_normal(tuple(x.shape))).to(x)


def _by_distribution(x):
    return torch.distributions.Normal(torch.zeros_like(x), torch.ones_like(x)).sample()


def _by_rows(x):
    return torch.stack([torch.randn(row.shape, dtype=x.dtype, device=x.device) for row in x])


def _by_generator(x):
    return torch.randn(x.shape, generator=_GENERATOR).to(x)
"""
}
