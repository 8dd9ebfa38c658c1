"""Part of the rubric of assignment 3: the moments of one step."""

from __future__ import annotations

from autograder.rubric import Case, Mistake, Task

from . import ingredients
from . import levels as lv

FILE = "q3_cfg_diffusion.py"

SIGMA_Q = Task(
    id="q3.sigma_q",
    ingredients=ingredients.DEVIATION,
    title="Standard deviation of the forward step",
    points=2,
    file=FILE,
    todo="the square root of (1 - exp(lambda - lambda')) sigma_lambda^2 (eq. 2)",
    isolated=True,
    broadcasts=lv.LEVEL,
    cases=(
        Case(
            "ordinary",
            lv.ORDINARY,
            lv.pair(5, -5.0, 4.0, lv.GAPS, *lv.SINGLE),
            lv.pair(4, -4.0, 5.0, lv.GAPS, *lv.SINGLE),
        ),
        Case(
            "neighbours",
            lv.NEIGHBOURS,
            lv.neighbours(4, *lv.SINGLE),
            lv.neighbours(3, *lv.SINGLE, n_steps=499),
        ),
        Case(
            "low-noise",
            lv.LOW_NOISE,
            lv.pair(3, 14.0, 17.0, (1.0, 3.0), *lv.SINGLE),
            lv.pair(4, 13.0, 17.0, (1.0, 3.0), *lv.SINGLE),
            atol=lv.TRAP,
            weight=0.5,
        ),
        Case(
            "high-noise",
            lv.HIGH_NOISE,
            lv.pair(6, -20.0, -17.0, lv.GAPS, *lv.SINGLE),
            lv.pair(5, -20.0, -16.0, lv.GAPS, *lv.SINGLE),
            weight=0.5,
        ),
    ),
    mistakes=(
        Mistake(
            "variance",
            "This is the variance of the step: the method returns its square root, the standard "
            "deviation.",
            edits=(
                (
                    "share.sqrt() * self.sigma_lambda(lambda_t)",
                    "share * self.sigma_lambda(lambda_t) ** 2",
                ),
            ),
        ),
        Mistake(
            "root-of-sigma-only",
            "The square root covers the factor 1 - exp(lambda - lambda') too, not only sigma^2.",
            edits=(("share.sqrt()", "share"),),
        ),
        Mistake(
            "root-of-share-only",
            "The square root covers sigma^2 too, not only the factor 1 - exp(lambda - lambda').",
            edits=(("self.sigma_lambda(lambda_t)", "self.sigma_lambda(lambda_t) ** 2"),),
        ),
        Mistake(
            "other-level",
            "This is sigma_q_x: the forward step is scaled by sigma of the noisier level lambda, "
            "not of lambda'.",
            edits=(("sigma_lambda(lambda_t)", "sigma_lambda(lambda_t_prim)"),),
        ),
        Mistake(
            "levels-swapped",
            "The square root of a negative number was taken: lambda is below lambda', so the "
            "exponential is exp(lambda - lambda'), not exp(lambda' - lambda).",
            edits=(("lambda_t - lambda_t_prim", "lambda_t_prim - lambda_t"),),
        ),
        Mistake(
            "one-minus-forgotten",
            "The factor is 1 - exp(lambda - lambda'), not the exponential itself.",
            edits=(
                (
                    "-torch.expm1(lambda_t - lambda_t_prim)",
                    "self.get_exp_ratio(lambda_t, lambda_t_prim)",
                ),
            ),
        ),
        Mistake(
            "alpha-for-sigma",
            "The step is scaled by sigma, the share of the noise, not by alpha.",
            edits=(("self.sigma_lambda", "self.alpha_lambda"),),
        ),
        Mistake(
            "changes-lambda",
            "The levels that were handed in are overwritten by an operation in place; make a new "
            "tensor, because the caller goes on using them.",
            body="""
            sigma = self.sigma_lambda(lambda_t)
            return (-torch.expm1(lambda_t.sub_(lambda_t_prim))).sqrt() * sigma
            """,
        ),
    ),
)

SIGMA_Q_X = Task(
    id="q3.sigma_q_x",
    ingredients=ingredients.DEVIATION,
    title="Standard deviation of the posterior step",
    points=2,
    file=FILE,
    todo="the square root of (1 - exp(lambda - lambda')) sigma_lambda'^2 (eq. 3)",
    isolated=True,
    broadcasts=lv.LEVEL,
    cases=(
        Case(
            "ordinary",
            lv.ORDINARY,
            lv.pair(4, -5.0, 3.0, lv.GAPS, *lv.SINGLE),
            lv.pair(5, -4.0, 4.0, lv.GAPS, *lv.SINGLE),
        ),
        Case(
            "neighbours",
            lv.NEIGHBOURS,
            lv.neighbours(6, *lv.SINGLE),
            lv.neighbours(5, *lv.SINGLE, n_steps=499),
        ),
        Case(
            "low-noise",
            lv.LOW_NOISE,
            lv.pair(5, 14.0, 17.0, (1.0, 3.0), *lv.SINGLE),
            lv.pair(6, 13.0, 17.0, (1.0, 3.0), *lv.SINGLE),
            atol=lv.TRAP,
            weight=0.5,
        ),
        Case(
            "high-noise",
            lv.HIGH_NOISE,
            lv.pair(3, -20.0, -17.0, lv.GAPS, *lv.SINGLE),
            lv.pair(4, -20.0, -16.0, lv.GAPS, *lv.SINGLE),
            weight=0.5,
        ),
    ),
    mistakes=(
        Mistake(
            "variance",
            "This is the variance of the step: the method returns its square root, the standard "
            "deviation.",
            edits=(
                (
                    "share.sqrt() * self.sigma_lambda(lambda_t_prim)",
                    "share * self.sigma_lambda(lambda_t_prim) ** 2",
                ),
            ),
        ),
        Mistake(
            "root-of-sigma-only",
            "The square root covers the factor 1 - exp(lambda - lambda') too, not only sigma^2.",
            edits=(("share.sqrt()", "share"),),
        ),
        Mistake(
            "other-level",
            "This is sigma_q: the posterior step is scaled by sigma of the less noisy level "
            "lambda', where it arrives.",
            edits=(("sigma_lambda(lambda_t_prim)", "sigma_lambda(lambda_t)"),),
        ),
        Mistake(
            "levels-swapped",
            "The square root of a negative number was taken: lambda is below lambda', so the "
            "exponential is exp(lambda - lambda'), not exp(lambda' - lambda).",
            edits=(("lambda_t - lambda_t_prim", "lambda_t_prim - lambda_t"),),
        ),
        Mistake(
            "one-minus-forgotten",
            "The factor is 1 - exp(lambda - lambda'), not the exponential itself.",
            edits=(
                (
                    "-torch.expm1(lambda_t - lambda_t_prim)",
                    "self.get_exp_ratio(lambda_t, lambda_t_prim)",
                ),
            ),
        ),
        Mistake(
            "alpha-for-sigma",
            "The step is scaled by sigma, the share of the noise, not by alpha.",
            edits=(("self.sigma_lambda", "self.alpha_lambda"),),
        ),
        Mistake(
            "both-sigmas",
            "Only sigma of the level lambda' enters, not the product with sigma of lambda.",
            edits=(("(lambda_t_prim)", "(lambda_t_prim) * self.sigma_lambda(lambda_t)"),),
        ),
    ),
)

MU_P_THETA = Task(
    id="q3.mu_p_theta",
    ingredients=ingredients.MU_P_THETA,
    title="Mean of the reverse step",
    points=2,
    file=FILE,
    todo="the weighted sum of z and of the estimated image x of eq. 3",
    isolated=True,
    cases=(
        Case(
            "ordinary",
            lv.ORDINARY,
            lv.step((5, 3, 4, 6), lv.pair(5, -5.0, 4.0, lv.GAPS, *lv.STEPS), 0.0),
            lv.step((4, 2, 5, 3), lv.pair(4, -4.0, 5.0, lv.GAPS, *lv.STEPS), 0.0),
        ),
        Case(
            "long-step",
            "long steps, from much noise to little",
            lv.step((3, 2, 7, 4), lv.pair(3, -7.0, -3.0, (5.0, 11.0), *lv.STEPS), 0.0),
            lv.step((4, 3, 2, 5), lv.pair(4, -6.0, -2.0, (5.0, 11.0), *lv.STEPS), 0.0),
        ),
        Case(
            "neighbours",
            lv.NEIGHBOURS,
            weight=0.5,
            inputs=lv.step((4, 1, 3, 7), lv.neighbours(4, *lv.STEPS), 0.0),
            public=lv.step((3, 2, 5, 4), lv.neighbours(3, *lv.STEPS, n_steps=499), 0.0),
        ),
        Case(
            "low-noise",
            lv.LOW_NOISE,
            weight=0.5,
            inputs=lv.step((3, 2, 6, 5), lv.pair(3, 14.0, 17.0, (1.0, 3.0), *lv.STEPS), 0.0),
            public=lv.step((4, 1, 5, 3), lv.pair(4, 13.0, 17.0, (1.0, 3.0), *lv.STEPS), 0.0),
        ),
        Case(
            "high-noise",
            lv.HIGH_NOISE,
            weight=0.5,
            inputs=lv.step((2, 3, 5, 4), lv.pair(2, -20.0, -17.0, lv.GAPS, *lv.STEPS), 0.0),
            public=lv.step((3, 2, 4, 5), lv.pair(3, -20.0, -16.0, lv.GAPS, *lv.STEPS), 0.0),
        ),
    ),
    mistakes=(
        Mistake(
            "weights-swapped",
            "The two weights changed places: exp(lambda - lambda') belongs to z, and "
            "1 - exp(lambda - lambda') to the image.",
            edits=(
                ("return ratio *", "return (1.0 - ratio) *"),
                ("+ (1.0 - ratio) *", "+ ratio *"),
            ),
        ),
        Mistake(
            "alpha-ratio-upside-down",
            "The ratio in front of z is upside down: alpha of the less noisy level lambda' is "
            "above the line.",
            edits=(("alpha_prim / alpha)", "alpha / alpha_prim)"),),
        ),
        Mistake(
            "alpha-ratio-forgotten",
            "z is at the signal share alpha_lambda; bring it to alpha_lambda' with their ratio.",
            edits=((" * (alpha_prim / alpha)", ""),),
        ),
        Mistake(
            "image-at-the-wrong-level",
            "The image is scaled by alpha of lambda', the level that the step goes to, not by "
            "alpha of lambda.",
            edits=(("(1.0 - ratio) * alpha_prim", "(1.0 - ratio) * alpha"),),
        ),
        Mistake(
            "image-not-scaled",
            "The estimated image has to be scaled by alpha of lambda'.",
            edits=(("(1.0 - ratio) * alpha_prim", "(1.0 - ratio)"),),
        ),
        Mistake(
            "exponent-reversed",
            "The exponential is exp(lambda - lambda'), a number below 1, not "
            "exp(lambda' - lambda).",
            edits=(
                (
                    "get_exp_ratio(lambda_t, lambda_t_prim)",
                    "get_exp_ratio(lambda_t_prim, lambda_t)",
                ),
            ),
        ),
        Mistake(
            "levels-swapped",
            "lambda and lambda' changed places everywhere: the step starts at lambda_t, the "
            "noisier level, and goes to lambda_t_prim.",
            body="""
            ratio = self.get_exp_ratio(lambda_t_prim, lambda_t)
            alpha, alpha_prim = self.alpha_lambda(lambda_t_prim), self.alpha_lambda(lambda_t)
            return ratio * (alpha_prim / alpha) * z_lambda_t + (1.0 - ratio) * alpha_prim * x
            """,
        ),
        Mistake(
            "forward-mean",
            "This is the mean of q(z | x), which ignores the latent. The reverse step starts at z.",
            body="return self.alpha_lambda(lambda_t_prim) * x",
        ),
        Mistake(
            "changes-latent",
            "The latent that was handed in is overwritten by an operation in place; make a new "
            "tensor.",
            body="""
            ratio = self.get_exp_ratio(lambda_t, lambda_t_prim)
            alpha, alpha_prim = self.alpha_lambda(lambda_t), self.alpha_lambda(lambda_t_prim)
            z_lambda_t *= ratio * (alpha_prim / alpha)
            return z_lambda_t + (1.0 - ratio) * alpha_prim * x
            """,
        ),
    ),
)

VAR_P_THETA = Task(
    id="q3.var_p_theta",
    ingredients=ingredients.VAR_P_THETA,
    title="Variance of the reverse step",
    points=2,
    file=FILE,
    todo="interpolate geometrically between sigma_q_x^2 (v = 0) and sigma_q^2 (v = 1), eq. 4",
    isolated=True,
    broadcasts=lv.LEVEL,
    cases=(
        Case(
            "default",
            "the default v",
            lv.pair(5, -5.0, 4.0, (1.0, 4.0), *lv.STEPS),
            lv.pair(4, -4.0, 5.0, (1.0, 4.0), *lv.STEPS),
        ),
        Case(
            "between",
            "another v, between 0 and 1",
            lv.interpolated(lv.pair(4, -4.0, 3.0, (1.0, 4.0), *lv.STEPS)),
            lv.interpolated(lv.pair(5, -3.0, 4.0, (1.0, 4.0), *lv.STEPS)),
        ),
        Case(
            "zero",
            "v = 0",
            lv.interpolated(lv.pair(3, -4.0, 4.0, (1.0, 4.0), *lv.STEPS), 0.0),
            lv.interpolated(lv.pair(4, -3.0, 5.0, (1.0, 4.0), *lv.STEPS), 0.0),
            weight=0.25,
        ),
        Case(
            "one",
            "v = 1",
            lv.interpolated(lv.pair(6, -4.0, 4.0, (1.0, 4.0), *lv.STEPS), 1.0),
            lv.interpolated(lv.pair(5, -3.0, 5.0, (1.0, 4.0), *lv.STEPS), 1.0),
            weight=0.25,
        ),
        Case(
            "low-noise",
            lv.LOW_NOISE,
            lv.pair(2, 14.0, 17.0, (1.0, 3.0), *lv.STEPS),
            lv.pair(3, 13.0, 17.0, (1.0, 3.0), *lv.STEPS),
            atol=2e-6,
            weight=0.25,
        ),
        Case(
            "long-step",
            "long steps that begin with hardly any signal, at levels near -20",
            lv.pair(7, -20.0, -17.0, (14.0, 20.0), *lv.STEPS),
            lv.pair(6, -20.0, -16.0, (14.0, 20.0), *lv.STEPS),
            weight=0.5,
        ),
    ),
    mistakes=(
        Mistake(
            "linear",
            "This interpolates linearly; eq. 4 interpolates geometrically, with v and 1 - v as "
            "exponents of the two variances.",
            edits=(("var_q_x ** (1.0 - v) * var_q**v", "(1.0 - v) * var_q_x + v * var_q"),),
        ),
        Mistake(
            "ends-swapped",
            "v and 1 - v changed places: v = 0 gives sigma_q_x^2, and v = 1 gives sigma_q^2.",
            edits=(("var_q_x ** (1.0 - v) * var_q**v", "var_q_x**v * var_q ** (1.0 - v)"),),
        ),
        Mistake(
            "standard-deviation",
            "This is the standard deviation: sigma_q and sigma_q_x have to be squared, because the "
            "method returns a variance.",
            edits=(
                (
                    "self.sigma_q_x(lambda_t, lambda_t_prim) ** 2",
                    "self.sigma_q_x(lambda_t, lambda_t_prim)",
                ),
                (
                    "self.sigma_q(lambda_t, lambda_t_prim) ** 2",
                    "self.sigma_q(lambda_t, lambda_t_prim)",
                ),
            ),
        ),
        Mistake(
            "squared-twice",
            "sigma_q and sigma_q_x are standard deviations; they were squared once too often.",
            edits=(
                (
                    "self.sigma_q_x(lambda_t, lambda_t_prim) ** 2",
                    "self.sigma_q_x(lambda_t, lambda_t_prim) ** 4",
                ),
                (
                    "self.sigma_q(lambda_t, lambda_t_prim) ** 2",
                    "self.sigma_q(lambda_t, lambda_t_prim) ** 4",
                ),
            ),
        ),
        Mistake(
            "v-ignored",
            "The value 0.3 is built in: use the argument v.",
            edits=(("var_q_x ** (1.0 - v) * var_q**v", "var_q_x ** (1.0 - 0.3) * var_q**0.3"),),
        ),
        Mistake(
            "posterior-only",
            "This is the variance of the posterior, whatever v is; interpolate between it and "
            "sigma_q^2.",
            edits=(("var_q_x ** (1.0 - v) * var_q**v", "var_q_x"),),
        ),
        Mistake(
            "forward-only",
            "This is the variance of the forward step, whatever v is; interpolate between it and "
            "sigma_q_x^2.",
            edits=(("var_q_x ** (1.0 - v) * var_q**v", "var_q"),),
        ),
        Mistake(
            "sum-of-powers",
            "The two powers have to be multiplied, not added.",
            edits=(("* var_q**v", "+ var_q**v"),),
        ),
        Mistake(
            "linear-then-squared",
            "The standard deviations were interpolated linearly and then squared; eq. 4 raises the "
            "variances to the powers 1 - v and v and multiplies them.",
            body="""
            std_q_x = self.sigma_q_x(lambda_t, lambda_t_prim)
            std_q = self.sigma_q(lambda_t, lambda_t_prim)
            return ((1.0 - v) * std_q_x + v * std_q) ** 2
            """,
        ),
    ),
)
