"""Wrong formulas beside the planted mistakes, and what each is recognised as.

A row has the task, what to replace in the reference (or a whole body), and a part of the sentence
that it must get. An empty part demands silence: no formula of the grammar is what this gives.
"""

from __future__ import annotations

from autograder.rubric import Mistake

_SUM = "log_density.sum(dim=1)"
_BERNOULLI = "target * torch.log(mu) + (1 - target) * torch.log1p(-mu)"
_NORMAL = "(math.log(2 * math.pi) + logvar + squared_distance)"
_KL = "0.5 * (logvar_p - logvar_q - 1 + ratio)"
_RATIO = "torch.exp(logvar_q - logvar_p) + (mu_q - mu_p) ** 2 * torch.exp(-logvar_p)"
_DRAW = "z = mu_q + torch.exp(0.5 * logvar_q) * eps"
_LEVEL = "(-2.0 * torch.log(torch.tan(a * u + b)))"
_MEAN = "(xt - noise_share * eps) / self.gather(self.alpha, t).sqrt()"
_SHARE = "beta / (1.0 - self.gather(self.alpha_bar, t)).sqrt()"
_AFTER = "squared_error.flatten(start_dim=1).sum(dim=1).mean()"
_STEP = "ratio * (alpha_prim / alpha) * z_lambda_t + (1.0 - ratio) * alpha_prim * x"
_VAR = "var_q_x ** (1.0 - v) * var_q**v"
_X = "(z - sigma * noise) / alpha"
_GUIDED = "(1.0 + cfg_scale) * conditional - cfg_scale * unconditional"
_FORWARD = "alpha_bar.sqrt() * x0, 1.0 - alpha_bar"

Row = tuple[str, str, str, str]

ROWS: tuple[Row, ...] = (
    # --- log_likelihood_bernoulli
    ("q1.log_likelihood_bernoulli", _BERNOULLI, "target * torch.log(mu)",
     "`(1 - target) log(1 - mu)` is missing"),
    ("q1.log_likelihood_bernoulli", _BERNOULLI,
     "target * torch.log(mu) - (1 - target) * torch.log1p(-mu)", "has the factor -1 where 1"),
    ("q1.log_likelihood_bernoulli", _BERNOULLI, "target * torch.log(mu) + torch.log1p(-mu)",
     "a further term `target log(1 - mu)` with the factor 1"),
    ("q1.log_likelihood_bernoulli", _BERNOULLI, "-((target - mu) ** 2)", "(target - mu)^2"),
    ("q1.log_likelihood_bernoulli", _BERNOULLI,
     "target * torch.log(mu) + (1 - target) * torch.log(mu)", "`(1 - target) log(mu)` stands"),
    ("q1.log_likelihood_bernoulli", _BERNOULLI,
     "target * torch.log2(mu) + (1 - target) * torch.log2(1 - mu)", "log2"),
    ("q1.log_likelihood_bernoulli", _SUM, "-log_density.mean(dim=1)",
     "with its sign turned and divided by the number of features"),
    ("q1.log_likelihood_bernoulli", _SUM, "0.5 * log_density.sum(dim=1)", "halved"),
    ("q1.log_likelihood_bernoulli", _SUM, "log_density.sum(dim=1) / mu.shape[0]", ""),
    ("q1.log_likelihood_bernoulli", _SUM, "log_density.max(dim=1).values", ""),
    # --- log_likelihood_normal
    ("q1.log_likelihood_normal", _NORMAL, "(math.log(math.pi) + logvar + squared_distance)",
     "a further term `log(2) for every feature` with the factor 1/2"),
    ("q1.log_likelihood_normal", _NORMAL, "(math.log(2 * math.pi) + squared_distance)",
     "`logvar` is missing"),
    ("q1.log_likelihood_normal", _NORMAL, "(math.log(2 * math.pi) + 0.5 * logvar + "
     "squared_distance)", "`logvar` has the factor -1/4 where -1/2"),
    ("q1.log_likelihood_normal", _NORMAL, "(2 * math.log(2 * math.pi) + logvar + "
     "squared_distance)", "`log(2 pi) for every feature` has the factor -1 where -1/2"),
    ("q1.log_likelihood_normal", _NORMAL, "(-math.log(2 * math.pi) + logvar + squared_distance)",
     "`log(2 pi) for every feature` has the factor 1/2"),
    ("q1.log_likelihood_normal", _NORMAL, "(math.log(2 * math.pi) + logvar.exp() + "
     "squared_distance)", "`var` stands where `logvar`"),
    ("q1.log_likelihood_normal", "torch.exp(-logvar)", "torch.exp(-logvar / 2)",
     "`(z - mu)^2 / std` stands where `(z - mu)^2 / var`"),
    ("q1.log_likelihood_normal", "torch.exp(-logvar)", "torch.exp(logvar)",
     "`(z - mu)^2 var` stands"),
    ("q1.log_likelihood_normal", "(z - mu) ** 2 * torch.exp(-logvar)", "(z - mu) ** 2",
     "`(z - mu)^2` stands"),
    ("q1.log_likelihood_normal", "(z - mu) ** 2", "(z + mu) ** 2", "`(z + mu)^2 / var` stands"),
    ("q1.log_likelihood_normal", "-0.5 *", "0.5 *", "with its sign turned"),
    ("q1.log_likelihood_normal", "(z - mu) ** 2", "(z - mu) ** 3", ""),
    # --- log_mean_exp
    ("q1.log_mean_exp", ".sum(dim=1) / sample_size", ".sum(dim=1) / y.shape[0]",
     "`log(number of rows)` stands where `log(number of samples)`"),
    ("q1.log_mean_exp", ".sum(dim=1) / sample_size", ".sum(dim=1) * sample_size",
     "`log(number of samples)` has the factor 1 where -1"),
    ("q1.log_mean_exp", "largest.squeeze(1) +", "-largest.squeeze(1) +",
     "`the largest entry of the row` has the factor -1"),
    ("q1.log_mean_exp", ".sum(dim=1) / sample_size)", ".sum(dim=1) / sample_size) / 2",
     "has the factor 1/2 where 1 is expected"),
    # --- kl_gaussian_gaussian_analytic
    ("q1.kl_gaussian_gaussian_analytic", _KL, "(logvar_p - logvar_q + 0.5 * (ratio - 1))",
     "`logvar_p` has the factor 1 where 1/2 is expected and the term `logvar_q` has the factor -1"),
    ("q1.kl_gaussian_gaussian_analytic", _KL, "0.5 * (logvar_p - logvar_q + 1 + ratio)",
     "`1 for every feature` has the factor 1/2 where -1/2"),
    ("q1.kl_gaussian_gaussian_analytic", _KL, "0.5 * (ratio - 1)", "`logvar_p` is missing and"),
    ("q1.kl_gaussian_gaussian_analytic", _KL, "-0.5 * (logvar_p - logvar_q - 1 + ratio)",
     "-KL(q || p)"),
    ("q1.kl_gaussian_gaussian_analytic", _KL, "0.25 * (logvar_p - logvar_q - 1 + ratio)",
     "KL(q || p) / 2"),
    ("q1.kl_gaussian_gaussian_analytic", _RATIO,
     "torch.exp(logvar_q - logvar_p) + (mu_q - mu_p) ** 2 * torch.exp(-logvar_q)",
     "`(mu_q - mu_p)^2 / var_q` stands"),
    ("q1.kl_gaussian_gaussian_analytic", _RATIO,
     "torch.exp(logvar_p - logvar_q) + (mu_q - mu_p) ** 2 * torch.exp(-logvar_p)",
     "`var_p / var_q` stands where `var_q / var_p`"),
    ("q1.kl_gaussian_gaussian_analytic", _RATIO,
     "torch.exp(logvar_q) + (mu_q - mu_p) ** 2 * torch.exp(-logvar_p)", "`var_q` stands"),
    ("q1.kl_gaussian_gaussian_analytic", _RATIO,
     "torch.exp(logvar_q - logvar_p) - (mu_q - mu_p) ** 2 * torch.exp(-logvar_p)",
     "`(mu_q - mu_p)^2 / var_p` has the factor -1/2 where 1/2"),
    ("q1.kl_gaussian_gaussian_analytic", _RATIO,
     "torch.exp(logvar_q - logvar_p) + (mu_q + mu_p) ** 2 * torch.exp(-logvar_p)",
     "`(mu_q + mu_p)^2 / var_p` stands"),
    ("q1.kl_gaussian_gaussian_analytic", _RATIO,
     "torch.exp(0.5 * (logvar_q - logvar_p)) + (mu_q - mu_p) ** 2 * torch.exp(-logvar_p)",
     "`std_q / std_p` stands"),
    ("q1.kl_gaussian_gaussian_analytic", _RATIO, "torch.exp(logvar_q - logvar_p)",
     "KL(q || p) without the means"),
    ("q1.kl_gaussian_gaussian_analytic", ".sum(dim=1)", ".sum(dim=1).abs().sqrt()", ""),
    # --- kl_gaussian_gaussian_mc
    ("q1.kl_gaussian_gaussian_mc", _DRAW, "z = mu_q + 0 * eps", "z = mu_q, where nothing is drawn"),
    ("q1.kl_gaussian_gaussian_mc", _DRAW, "z = mu_q + eps", "z = mu_q + eps"),
    ("q1.kl_gaussian_gaussian_mc", _DRAW, "z = eps", "z = eps"),
    ("q1.kl_gaussian_gaussian_mc", _DRAW, "z = mu_p + torch.exp(0.5 * logvar_p) * eps",
     "z = mu_p + std_p eps"),
    ("q1.kl_gaussian_gaussian_mc", "log_p = -0.5 * (logvar_p +", "log_p = -0.5 * (",
     "`logvar_p` is missing"),
    ("q1.kl_gaussian_gaussian_mc", "log_p = -0.5 * (logvar_p + (z - mu_p) ** 2 * "
     "torch.exp(-logvar_p))", "log_p = -0.5 * (logvar_p + (z - mu_p) ** 2 * torch.exp(-logvar_q))",
     "`(z - mu_p)^2 / var_q` stands"),
    ("q1.kl_gaussian_gaussian_mc", "log_p = -0.5 * (logvar_p +",
     "log_p = -0.5 * (math.log(2 * math.pi) + logvar_p +", "log(2 pi) for every feature"),
    ("q1.kl_gaussian_gaussian_mc", "return (log_q - log_p)", "return -(log_q - log_p)", "-("),
    # --- loss_function
    ("q1.loss_function", "(kl - log_likelihood).sum()",
     "(kl.mean() - log_likelihood).sum() / batch",
     "averaged over the batch plus the divergence averaged over the batch"),
    ("q1.loss_function", "(kl - log_likelihood).sum()",
     "kl.sum() - log_likelihood.sum() / recon_x[0].numel()", "averaged over pixels"),
    ("q1.loss_function", "(kl - log_likelihood).sum()", "kl.mean() - log_likelihood.sum()",
     "the divergence averaged over the batch"),
    ("q1.loss_function", "(kl - log_likelihood).sum()",
     "((recon_x.reshape(batch, -1) - x.reshape(batch, -1)) ** 2).sum() + kl.sum()",
     "the squared error plus the divergence"),
    # --- DDPM
    ("q2.q_xt_x0", _FORWARD, "(1 - alpha_bar).sqrt() * x0, 1.0 - alpha_bar",
     "the factor of x_0 is sqrt(1 - alpha_bar_t)"),
    ("q2.q_xt_x0", _FORWARD, "alpha_bar.sqrt() * x0, (1.0 - alpha_bar) ** 2",
     "(1 - alpha_bar_t)^2"),
    ("q2.q_xt_x0", _FORWARD, "x0, 1.0 - alpha_bar", "the factor of x_0 is 1"),
    ("q2.q_xt_x0", _FORWARD, "x0 / alpha_bar.sqrt(), 1.0 - alpha_bar", "1 / sqrt(alpha_bar_t)"),
    ("q2.q_sample", "mean + var.sqrt() * eps", "mean - var.sqrt() * eps",
     "the factor of the noise is -sqrt(1 - alpha_bar_t)"),
    ("q2.q_sample", "mean + var.sqrt() * eps", "x0 + var.sqrt() * eps", "the factor of x_0 is 1"),
    ("q2.q_sample", "mean + var.sqrt() * eps", "mean + self.gather(self.beta, t).sqrt() * eps",
     "the factor of the noise is sqrt(beta_t)"),
    ("q2.p_xt_prev_xt", _SHARE, "beta",
     "the factor of the predicted noise is -beta_t / sqrt(alpha_t)"),
    ("q2.p_xt_prev_xt", _SHARE, "beta.sqrt()", "-sqrt(beta_t) / sqrt(alpha_t)"),
    ("q2.p_xt_prev_xt", _SHARE, "(1 - self.gather(self.alpha_bar, t)).sqrt()",
     "-sqrt(1 - alpha_bar_t) / sqrt(alpha_t)"),
    ("q2.p_xt_prev_xt", _SHARE, "(1 - beta) / (1.0 - self.gather(self.alpha_bar, t)).sqrt()",
     "-sqrt(alpha_t) / sqrt(1 - alpha_bar_t)"),
    ("q2.p_xt_prev_xt", _MEAN, "(xt - noise_share * eps) / self.gather(self.alpha, t)",
     "the factor of x_t is 1 / alpha_t"),
    ("q2.p_xt_prev_xt", _MEAN, "(xt - noise_share) / self.gather(self.alpha, t).sqrt()", ""),
    ("q2.p_xt_prev_xt", "mean, self.gather(self.sigma2, t)",
     "mean, self.gather(self.beta, t) ** 2", "beta_t^2"),
    ("q2.p_sample", "keeps_noise * var.sqrt()", "keeps_noise * var.sqrt() / 2",
     "the factor of the noise is sqrt(beta_t) / 2"),
    ("q2.p_sample", "mean + keeps_noise", "mean - keeps_noise", "is -sqrt(beta_t)"),
    ("q2.loss", "(noise - self.eps_model(xt, t)) ** 2", "(noise + self.eps_model(xt, t)) ** 2",
     "noise + eps_model(x_t, t)"),
    ("q2.loss", "self.eps_model(xt, t)", "self.eps_model(noise, t)", "eps_model(noise, t)"),
    ("q2.loss", "self.eps_model(xt, t)", "self.eps_model(x0 + noise, t)",
     "eps_model(x_0 + noise, t)"),
    ("q2.loss", _AFTER, "squared_error.sum(dim=(2, 3)).mean()",
     "the batch size * the number of channels"),
    ("q2.loss", _AFTER, "0.5 * squared_error.flatten(start_dim=1).sum(dim=1).mean()", "/ (2 *"),
    # --- CFG
    ("q3.get_lambda", _LEVEL, "(40 * u - 20)", "the straight line from -20 to 20"),
    ("q3.get_lambda", _LEVEL, "(20 * (1 - 2 * t / (self.n_steps - 1)))",
     "the straight line from 20 to -20, with u = t / (n_steps - 1)"),
    ("q3.get_lambda", _LEVEL, "(-2.0 * torch.log(a * u + b))", "-2 log(a u + b)"),
    ("q3.get_lambda", _LEVEL, "(-2.0 * torch.log(torch.tan(a * (1 - u) + b)))",
     "with u = 1 - t / n_steps"),
    ("q3.get_lambda", _LEVEL, "(-2.0 * torch.log(torch.tan(torch.rad2deg(a * u + b)).abs()))", ""),
    ("q3.alpha_lambda", "torch.sigmoid(lambda_t).sqrt()", "torch.sigmoid(2 * lambda_t)",
     "sigmoid(2 lambda)"),
    ("q3.alpha_lambda", "torch.sigmoid(lambda_t).sqrt()", "torch.sigmoid(2 * lambda_t).sqrt()",
     "sqrt(sigmoid(2 lambda))"),
    ("q3.sigma_lambda", "torch.sigmoid(-lambda_t).sqrt()",
     "(1 - torch.sigmoid(lambda_t) ** 2).sqrt()", "sqrt(1 - alpha^4)"),
    ("q3.q_sample", "self.sigma_lambda(lambda_t) * noise", "noise", "the factor of the noise is 1"),
    ("q3.q_sample", "self.alpha_lambda(lambda_t) * x + self", "self.alpha_lambda(lambda_t) * x - "
     "self", "the factor of the noise is -sigma"),
    ("q3.sigma_q", "share.sqrt() * self.sigma_lambda(lambda_t)",
     "self.sigma_lambda(lambda_t) / self.sigma_lambda(lambda_t_prim)", "sigma / sigma'"),
    ("q3.sigma_q_x", "share.sqrt() * self.sigma_lambda(lambda_t_prim)",
     "self.sigma_lambda(lambda_t_prim) / (share.sqrt() * self.sigma_lambda(lambda_t))",
     "sigma' / (sigma * sqrt(1 - exp(lambda - lambda')))"),
    ("q3.sigma_q_x", "share.sqrt() * self.sigma_lambda(lambda_t_prim)",
     "(1 - self.get_exp_ratio(lambda_t, lambda_t_prim) ** 2).sqrt() "
     "* self.sigma_lambda(lambda_t_prim)", "sqrt(1 - exp(lambda - lambda')^2)"),
    ("q3.mu_p_theta", _STEP, "ratio * (alpha_prim / alpha) * z_lambda_t", "x has no part"),
    ("q3.mu_p_theta", _STEP,
     "ratio * (alpha_prim / alpha) * z_lambda_t - (1.0 - ratio) * alpha_prim * x",
     "the factor of x is -alpha' * (1 - exp(lambda - lambda'))"),
    ("q3.mu_p_theta", _STEP, "ratio * (alpha_prim / alpha) * z_lambda_t + ratio * alpha_prim * x",
     "the factor of x is alpha' * exp(lambda - lambda')"),
    ("q3.var_p_theta", _VAR, "v * var_q_x + (1 - v) * var_q",
     "v (sigma_q_x^2) + (1 - v) (sigma_q^2)"),
    ("q3.var_p_theta", _VAR, "(1 - v) * var_q_x.sqrt() + v * var_q.sqrt()",
     "(1 - v) sigma_q_x + v sigma_q"),
    ("q3.var_p_theta", _VAR, "var_q_x + var_q", "(sigma_q_x^2) + (sigma_q^2)"),
    ("q3.var_p_theta", _VAR, "(var_q_x ** (1.0 - v) * var_q**v).sqrt()", "sigma_q_x^(1 - v)"),
    ("q3.p_sample", "mean + var.sqrt()", "mean - var.sqrt()", "is -sqrt(var_p_theta)"),
    ("q3.p_sample", "mean + var.sqrt() * randomizer", "mean + randomizer",
     "the factor of the noise is 1"),
    ("q3.p_sample", "mean + var.sqrt()", "z_lambda_t + var.sqrt()", "the factor of z is 1"),
    ("q3.loss", "(self.eps_model(z, labels) - noise) ** 2",
     "(self.eps_model(z, labels) - z) ** 2", "z - eps_model(z, labels)"),
    ("q3.loss", "self.eps_model(z, labels)", "self.eps_model(noise, labels)",
     "eps_model(noise, labels)"),
    ("q3.loss", _AFTER, "squared_error.mean() * x0.shape[0]",
     "/ (the number of channels * the pixels of a channel)"),
    ("q3.sample", _X, "z - noise", "x_t = z - eps "),
    ("q3.sample", _X, "(z - noise) / alpha", "x_t = (z - eps) / alpha"),
    ("q3.sample", _X, "(z + sigma * noise) / alpha", "x_t = (z + sigma eps) / alpha"),
    ("q3.sample", _X, "(z - sigma * noise) * alpha", "x_t = alpha (z - sigma eps)"),
    ("q3.sample", _X, "noise", "x_t = eps "),
    ("q3.sample", _GUIDED, "(1.0 - cfg_scale) * conditional + cfg_scale * unconditional",
     "eps = (1 - w) cond + w uncond"),
    ("q3.sample", _GUIDED, "cfg_scale * conditional + (1.0 + cfg_scale) * unconditional",
     "eps = w cond + (1 + w) uncond"),
    ("q3.sample", _GUIDED, "unconditional", "eps = uncond"),
    ("q3.sample", "z = self.diffusion.p_sample(z, lambda_t, lambda_t_prim, x_t)", "z = x_t",
     "z' = x_t"),
)  # fmt: skip


def planted(row: Row) -> Mistake:
    _, old, new, _ = row
    return Mistake("wrong", "", edits=((old, new),))
