"""Rubric of assignment 3: classifier-free guidance, 55 points."""

from __future__ import annotations

from autograder import levels as lv
from autograder.rubric import Case, Mistake, Rubric, Task, Written

DIFFUSION, TRAINER = "q3_cfg_diffusion.py", "q3_trainer_cfg.py"
LEVEL = ("value", "second")  # outputs that only have to broadcast to (batch, 1, 1, 1)

# Near lambda = 20, sqrt(1 - alpha^2) in float32 is wrong by up to this much, and still accepted.
TRAP = 5e-4

GAPS = (0.4, 3.0)
ORDINARY = "ordinary noise levels"
LOW_NOISE = "hardly any noise: levels near 20, where float32 needs care"
HIGH_NOISE = "hardly any signal: levels near -20"
NEIGHBOURS = "levels of neighbouring times among a thousand"

GET_LAMBDA = Task(
    id="q3.get_lambda",
    title="Noise level of a time",
    points=2,
    file=DIFFUSION,
    todo="the cosine schedule of section 3.1 at u = t / n_steps, as a (batch, 1, 1, 1) tensor",
    broadcasts=LEVEL,
    cases=(
        Case("mixed", "different times in one batch", lv.times(50, 6, 3, 20), public=True),
        Case("thousand", "a thousand steps", lv.times(1000, 5, 1, 500)),
        Case("first", "t = 0 among other times", lv.times(70, 4, 0, 0, 35), public=True),
        Case("last", "the last time, n_steps - 1, among others", lv.times(300, 3, 299, 100)),
        Case("few-steps", "fewer steps than images", lv.times(4, 7, 0, 1, 2, 3), weight=0.5),
    ),
    mistakes=(
        Mistake(
            "reversed",
            "The schedule runs the wrong way: it begins at lambda_max (hardly any noise) at t = 0 "
            "and falls with t. Check the sign, the direction of u, and which end is in b.",
            edits=(("-2.0 * torch.log", "2.0 * torch.log"),),
        ),
        Mistake(
            "factor-of-two",
            "The factor 2 in front of the logarithm is missing: lambda is the log of a ratio of "
            "squares.",
            edits=(("-2.0 * torch.log", "-torch.log"),),
        ),
        Mistake(
            "wrong-logarithm",
            "The schedule uses the natural logarithm, not the one of base 10.",
            edits=(("torch.log(", "torch.log10("),),
        ),
        Mistake(
            "divided-by-last-time",
            "u is t divided by the number of steps, not by the last time n_steps - 1.",
            edits=(("t / self.n_steps", "t / (self.n_steps - 1)"),),
        ),
        Mistake(
            "counted-from-one",
            "Times are counted from 0 here: u is 0 at t = 0, so do not add 1 to t.",
            edits=(("t / self.n_steps", "(t + 1) / self.n_steps"),),
        ),
        Mistake(
            "integer-division",
            "t and n_steps were divided as integers, which rounds every u down to 0.",
            edits=(("t / self.n_steps", "t // self.n_steps"),),
        ),
        Mistake(
            "halves-forgotten",
            "The ends of the schedule enter the exponentials halved: lambda_max / 2 in b and "
            "lambda_min / 2 in a.",
            edits=(("self.lambda_max / 2", "self.lambda_max"), ("self.lambda_min / 2", "self.lambda_min")),
        ),
        Mistake(
            "a-without-b",
            "a is the difference of two angles: b has to be taken off, so that the angle a u + b "
            "ends at arctan(exp(-lambda_min / 2)).",
            edits=((" - b", ""),),
        ),
        Mistake(
            "straight-line",
            "This is a straight line from lambda_max to lambda_min; the schedule follows the "
            "logarithm of a tangent.",
            body="""
            u = t / self.n_steps
            line = self.lambda_max + (self.lambda_min - self.lambda_max) * u
            return line.reshape(-1, 1, 1, 1)
            """,
        ),
        Mistake(
            "flat",
            "Levels have to broadcast over images: give the result the shape (batch, 1, 1, 1), not "
            "(batch,).",
            edits=((".reshape(-1, 1, 1, 1)", ""),),
        ),
        Mistake(
            "first-image-only",
            "The level of the first image was used for the whole batch, but every image has a time "
            "of its own.",
            edits=(("(-1, 1, 1, 1)", "(-1, 1, 1, 1)[:1].expand(len(t), 1, 1, 1)"),),
        ),
    ),
)

ALPHA_LAMBDA = Task(
    id="q3.alpha_lambda",
    title="Share of the signal",
    points=2,
    file=DIFFUSION,
    todo="alpha, the square root of the sigmoid of lambda",
    broadcasts=LEVEL,
    cases=(
        Case("ordinary", ORDINARY, lv.level(5, -6.0, 6.0), public=True),
        Case("low-noise", LOW_NOISE, lv.level(4, 12.0, 20.0), weight=0.5),
        Case("high-noise", HIGH_NOISE, lv.level(3, -20.0, -12.0), atol=TRAP, weight=0.5),
        Case("both", "levels of little and of much noise in one batch", lv.level(6, -10.0, 10.0)),
    ),
    mistakes=(
        Mistake(
            "square",
            "This is alpha squared: the sigmoid of lambda is a variance, and alpha is its square "
            "root.",
            edits=((".sqrt()", ""),),
        ),
        Mistake(
            "sigma-for-alpha",
            "The sign of lambda is wrong: this is sigma. alpha is near 1 where lambda is large.",
            edits=(("(lambda_t)", "(-lambda_t)"),),
        ),
        Mistake(
            "root-inside",
            "The square root of a sigmoid is not the sigmoid of half its argument: take the "
            "sigmoid first, and then the root.",
            body="return torch.sigmoid(lambda_t / 2)",
        ),
        Mistake(
            "one-minus-sigma",
            "alpha and sigma do not add up to 1; their squares do.",
            body="return 1.0 - torch.sigmoid(-lambda_t).sqrt()",
        ),
        Mistake(
            "squared-sigma",
            "This is sigma squared: the sign of lambda is wrong, and a square root is missing.",
            body="return torch.sigmoid(-lambda_t)",
        ),
        Mistake(
            "flat",
            "Keep the shape (batch, 1, 1, 1) of the levels, so that alpha broadcasts over images.",
            body="return torch.sigmoid(lambda_t).sqrt().flatten()",
        ),
        Mistake(
            "kept-from-first-call",
            "The result of the first call is kept and given back later; compute it anew from the "
            "levels of each call.",
            body="""
            if not hasattr(self, "_alpha"):
                self._alpha = torch.sigmoid(lambda_t).sqrt()
            return self._alpha
            """,
        ),
        Mistake(
            "changes-lambda",
            "The levels that were handed in are overwritten by an operation in place; make a new "
            "tensor, because the caller goes on using them.",
            body="return lambda_t.sigmoid_().sqrt()",
        ),
    ),
)

SIGMA_LAMBDA = Task(
    id="q3.sigma_lambda",
    title="Standard deviation of the noise",
    points=2,
    file=DIFFUSION,
    todo="sigma, the square root of 1 - alpha^2, which is the sigmoid of -lambda",
    isolated=True,
    broadcasts=LEVEL,
    cases=(
        Case("ordinary", ORDINARY, lv.level(5, -6.0, 6.0, "alpha"), public=True),
        Case("low-noise", LOW_NOISE, lv.level(4, 12.0, 20.0, "alpha"), atol=TRAP, weight=0.5),
        Case("high-noise", HIGH_NOISE, lv.level(3, -20.0, -12.0, "alpha"), weight=0.5),
        Case("both", "levels of little and of much noise in one batch",
             lv.level(7, -10.0, 8.0, "alpha")),
    ),
    mistakes=(
        Mistake(
            "variance",
            "This is the variance: sigma is a standard deviation, so a square root is missing.",
            edits=((".sqrt()", ""),),
        ),
        Mistake(
            "alpha-for-sigma",
            "The sign of lambda is wrong: this is alpha. sigma is near 0 where lambda is large.",
            edits=(("(-lambda_t)", "(lambda_t)"),),
        ),
        Mistake(
            "one-minus-alpha",
            "alpha and sigma do not add up to 1; their squares do.",
            body="return 1.0 - self.alpha_lambda(lambda_t)",
        ),
        Mistake(
            "alpha-not-squared",
            "Under the root, alpha has to be squared: sigma^2 = 1 - alpha^2.",
            body="return (1.0 - self.alpha_lambda(lambda_t)).sqrt()",
        ),
        Mistake(
            "ratio",
            "This is the ratio sigma / alpha, which exp(-lambda / 2) gives. sigma itself is never "
            "larger than 1.",
            body="return torch.exp(-lambda_t / 2)",
        ),
        Mistake(
            "flat",
            "Keep the shape (batch, 1, 1, 1) of the levels, so that sigma broadcasts over images.",
            body="return torch.sigmoid(-lambda_t).sqrt().flatten()",
        ),
        Mistake(
            "changes-lambda",
            "The levels that were handed in are overwritten by an operation in place; make a new "
            "tensor, because the caller goes on using them.",
            body="return lambda_t.neg_().sigmoid().sqrt()",
        ),
    ),
)

Q_SAMPLE = Task(
    id="q3.q_sample",
    title="Noisy image at a level",
    points=2,
    file=DIFFUSION,
    todo="scale the image by alpha and the noise by sigma, and add them (eq. 1)",
    isolated=True,
    cases=(
        Case("ordinary", ORDINARY, lv.latent((5, 3, 4, 6), -5.0, 5.0), public=True),
        Case("gray", "images of one channel", lv.latent((3, 1, 7, 5), -4.0, 4.0)),
        Case("low-noise", LOW_NOISE, lv.latent((4, 2, 5, 3), 12.0, 20.0), atol=2e-3, weight=0.5),
        Case("high-noise", HIGH_NOISE, lv.latent((2, 3, 6, 4), -20.0, -12.0), atol=TRAP, weight=0.5),
    ),
    mistakes=(
        Mistake(
            "variance-for-sigma",
            "The noise is scaled by the variance; scale it by the standard deviation sigma.",
            edits=(("self.sigma_lambda(lambda_t)", "self.sigma_lambda(lambda_t) ** 2"),),
        ),
        Mistake(
            "alpha-squared",
            "The image is scaled by alpha squared; scale it by alpha.",
            edits=(("self.alpha_lambda(lambda_t)", "self.alpha_lambda(lambda_t) ** 2"),),
        ),
        Mistake(
            "swapped",
            "alpha and sigma changed places: alpha scales the image, sigma the noise.",
            body="return self.sigma_lambda(lambda_t) * x + self.alpha_lambda(lambda_t) * noise",
        ),
        Mistake(
            "image-not-scaled",
            "The image has to be scaled too, by alpha; otherwise the total variance grows with the "
            "noise instead of being preserved.",
            edits=(("self.alpha_lambda(lambda_t) * x", "x"),),
        ),
        Mistake(
            "noise-forgotten",
            "The noise is missing: this is only the mean of z.",
            edits=((" + self.sigma_lambda(lambda_t) * noise", ""),),
        ),
        Mistake(
            "own-noise",
            "Noise was drawn anew, though it is handed in. Use the argument `noise`: the loss "
            "compares its prediction with that very noise.",
            edits=(("* noise", "* torch.randn_like(x)"),),
        ),
        Mistake(
            "first-image-only",
            "The level of the first image was used for the whole batch, but every image has its own.",
            body="""
            lambda_t = lambda_t[:1]
            return self.alpha_lambda(lambda_t) * x + self.sigma_lambda(lambda_t) * noise
            """,
        ),
        Mistake(
            "clipped",
            "z was clipped to [-1, 1]. Latents are not images: leave them as they are.",
            body="""
            z = self.alpha_lambda(lambda_t) * x + self.sigma_lambda(lambda_t) * noise
            return z.clamp(-1.0, 1.0)
            """,
        ),
        Mistake(
            "changes-image",
            "The image that was handed in is overwritten by an operation in place; make a new "
            "tensor.",
            body="return x.mul_(self.alpha_lambda(lambda_t)).add_(self.sigma_lambda(lambda_t) * noise)",
        ),
    ),
)

SIGMA_Q = Task(
    id="q3.sigma_q",
    title="Standard deviation of the forward step",
    points=2,
    file=DIFFUSION,
    todo="the square root of (1 - exp(lambda - lambda')) sigma_lambda^2 (eq. 2)",
    isolated=True,
    broadcasts=LEVEL,
    cases=(
        Case("ordinary", ORDINARY, lv.pair(5, -5.0, 4.0, GAPS, *lv.SINGLE), public=True),
        Case("neighbours", NEIGHBOURS, lv.neighbours(4, *lv.SINGLE)),
        Case("low-noise", LOW_NOISE, lv.pair(3, 14.0, 17.0, (1.0, 3.0), *lv.SINGLE),
             atol=TRAP, weight=0.5),
        Case("high-noise", HIGH_NOISE, lv.pair(6, -20.0, -17.0, GAPS, *lv.SINGLE), weight=0.5),
    ),
    mistakes=(
        Mistake(
            "variance",
            "This is the variance of the step: the method returns its square root, the standard "
            "deviation.",
            edits=(("share.sqrt() * self.sigma_lambda(lambda_t)",
                    "share * self.sigma_lambda(lambda_t) ** 2"),),
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
            edits=(("-torch.expm1(lambda_t - lambda_t_prim)",
                    "self.get_exp_ratio(lambda_t, lambda_t_prim)"),),
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
    title="Standard deviation of the posterior step",
    points=2,
    file=DIFFUSION,
    todo="the square root of (1 - exp(lambda - lambda')) sigma_lambda'^2 (eq. 3)",
    isolated=True,
    broadcasts=LEVEL,
    cases=(
        Case("ordinary", ORDINARY, lv.pair(4, -5.0, 3.0, GAPS, *lv.SINGLE), public=True),
        Case("neighbours", NEIGHBOURS, lv.neighbours(6, *lv.SINGLE)),
        Case("low-noise", LOW_NOISE, lv.pair(5, 14.0, 17.0, (1.0, 3.0), *lv.SINGLE),
             atol=TRAP, weight=0.5),
        Case("high-noise", HIGH_NOISE, lv.pair(3, -20.0, -17.0, GAPS, *lv.SINGLE), weight=0.5),
    ),
    mistakes=(
        Mistake(
            "variance",
            "This is the variance of the step: the method returns its square root, the standard "
            "deviation.",
            edits=(("share.sqrt() * self.sigma_lambda(lambda_t_prim)",
                    "share * self.sigma_lambda(lambda_t_prim) ** 2"),),
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
            edits=(("-torch.expm1(lambda_t - lambda_t_prim)",
                    "self.get_exp_ratio(lambda_t, lambda_t_prim)"),),
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
    title="Mean of the reverse step",
    points=2,
    file=DIFFUSION,
    todo="the weighted sum of z and of the estimated image x of eq. 3",
    isolated=True,
    cases=(
        Case("ordinary", ORDINARY,
             lv.step((5, 3, 4, 6), lv.pair(5, -5.0, 4.0, GAPS, *lv.STEPS), 0.0), public=True),
        Case("long-step", "long steps, from much noise to little",
             lv.step((3, 2, 7, 4), lv.pair(3, -7.0, -3.0, (5.0, 11.0), *lv.STEPS), 0.0), public=True),
        Case("neighbours", NEIGHBOURS, weight=0.5, inputs=lv.step(
             (4, 1, 3, 7), lv.neighbours(4, *lv.STEPS), 0.0)),
        Case("low-noise", LOW_NOISE, weight=0.5, inputs=lv.step(
             (3, 2, 6, 5), lv.pair(3, 14.0, 17.0, (1.0, 3.0), *lv.STEPS), 0.0)),
        Case("high-noise", HIGH_NOISE, weight=0.5, inputs=lv.step(
             (2, 3, 5, 4), lv.pair(2, -20.0, -17.0, GAPS, *lv.STEPS), 0.0)),
    ),
    mistakes=(
        Mistake(
            "weights-swapped",
            "The two weights changed places: exp(lambda - lambda') belongs to z, and "
            "1 - exp(lambda - lambda') to the image.",
            edits=(("return ratio *", "return (1.0 - ratio) *"), ("+ (1.0 - ratio) *", "+ ratio *")),
        ),
        Mistake(
            "alpha-ratio-upside-down",
            "The ratio in front of z is upside down: alpha of the less noisy level lambda' is above "
            "the line.",
            edits=(("alpha_prim / alpha)", "alpha / alpha_prim)"),),
        ),
        Mistake(
            "alpha-ratio-forgotten",
            "z is at the signal share alpha_lambda; bring it to alpha_lambda' with their ratio.",
            edits=((" * (alpha_prim / alpha)", ""),),
        ),
        Mistake(
            "image-at-the-wrong-level",
            "The image is scaled by alpha of lambda', the level that the step goes to, not by alpha "
            "of lambda.",
            edits=(("(1.0 - ratio) * alpha_prim", "(1.0 - ratio) * alpha"),),
        ),
        Mistake(
            "image-not-scaled",
            "The estimated image has to be scaled by alpha of lambda'.",
            edits=(("(1.0 - ratio) * alpha_prim", "(1.0 - ratio)"),),
        ),
        Mistake(
            "exponent-reversed",
            "The exponential is exp(lambda - lambda'), a number below 1, not exp(lambda' - lambda).",
            edits=(("get_exp_ratio(lambda_t, lambda_t_prim)", "get_exp_ratio(lambda_t_prim, lambda_t)"),),
        ),
        Mistake(
            "levels-swapped",
            "lambda and lambda' changed places everywhere: the step starts at lambda_t, the noisier "
            "level, and goes to lambda_t_prim.",
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
    title="Variance of the reverse step",
    points=2,
    file=DIFFUSION,
    todo="interpolate geometrically between sigma_q_x^2 (v = 0) and sigma_q^2 (v = 1), eq. 4",
    isolated=True,
    broadcasts=LEVEL,
    cases=(
        Case("default", "the default v", lv.pair(5, -5.0, 4.0, (1.0, 4.0), *lv.STEPS), public=True),
        Case("between", "another v, between 0 and 1",
             lv.interpolated(lv.pair(4, -4.0, 3.0, (1.0, 4.0), *lv.STEPS)), public=True),
        Case("zero", "v = 0", lv.interpolated(lv.pair(3, -4.0, 4.0, (1.0, 4.0), *lv.STEPS), 0.0),
             weight=0.25),
        Case("one", "v = 1", lv.interpolated(lv.pair(6, -4.0, 4.0, (1.0, 4.0), *lv.STEPS), 1.0),
             weight=0.25),
        Case("low-noise", LOW_NOISE, lv.pair(2, 14.0, 17.0, (1.0, 3.0), *lv.STEPS),
             atol=2e-6, weight=0.25),
        Case("long-step", "long steps that begin with hardly any signal, at levels near -20",
             lv.pair(7, -20.0, -17.0, (14.0, 20.0), *lv.STEPS), weight=0.5),
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
            edits=(("self.sigma_q_x(lambda_t, lambda_t_prim) ** 2",
                    "self.sigma_q_x(lambda_t, lambda_t_prim)"),
                   ("self.sigma_q(lambda_t, lambda_t_prim) ** 2",
                    "self.sigma_q(lambda_t, lambda_t_prim)")),
        ),
        Mistake(
            "squared-twice",
            "sigma_q and sigma_q_x are standard deviations; they were squared once too often.",
            edits=(("self.sigma_q_x(lambda_t, lambda_t_prim) ** 2",
                    "self.sigma_q_x(lambda_t, lambda_t_prim) ** 4"),
                   ("self.sigma_q(lambda_t, lambda_t_prim) ** 2",
                    "self.sigma_q(lambda_t, lambda_t_prim) ** 4")),
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

P_SAMPLE = Task(
    id="q3.p_sample",
    title="Draw from the reverse step",
    points=2,
    file=DIFFUSION,
    todo="the mean mu_p_theta, plus the square root of var_p_theta times fresh noise",
    isolated=True,
    cases=(
        Case("ordinary", "ordinary noise levels, all noise set to one number",
             lv.step((5, 3, 4, 6), lv.pair(5, -5.0, 3.0, GAPS, *lv.ALL), 0.9), public=True),
        Case("neighbours", "levels of neighbouring times, all noise set to one number",
             lv.step((4, 1, 7, 5), lv.neighbours(4, *lv.ALL), -1.3)),
        Case("low-noise", LOW_NOISE, atol=1e-3, weight=0.5, inputs=lv.step(
             (3, 2, 6, 5), lv.pair(3, 14.0, 17.0, (1.0, 3.0), *lv.ALL), 1.1)),
        Case("high-noise", HIGH_NOISE, weight=0.5, inputs=lv.step(
             (2, 3, 5, 4), lv.pair(2, -20.0, -17.0, GAPS, *lv.ALL), 0.7)),
        Case("draws", "real noise, drawn twice", probe="q3.p_sample_draws", weight=2.0, public=True,
             inputs=lv.step((4, 3, 9, 8), lv.pair(4, -5.0, 3.0, GAPS, *lv.ALL))),
    ),
    mistakes=(
        Mistake(
            "variance-for-std",
            "The noise is scaled by the variance; scale it by its square root, the standard "
            "deviation.",
            edits=(("var.sqrt()", "var"),),
        ),
        Mistake(
            "noise-forgotten",
            "Only the mean is returned: a reverse step adds noise.",
            edits=((" + var.sqrt() * randomizer.normal_like(z_lambda_t)", ""),),
        ),
        Mistake(
            "posterior-deviation",
            "The noise is scaled by sigma_q_x; use the interpolated variance of var_p_theta.",
            edits=(("var.sqrt()", "self.sigma_q_x(lambda_t, lambda_t_prim)"),),
        ),
        Mistake(
            "forward-deviation",
            "The noise is scaled by sigma_q; use the interpolated variance of var_p_theta.",
            edits=(("var.sqrt()", "self.sigma_q(lambda_t, lambda_t_prim)"),),
        ),
        Mistake(
            "q-sample-for-p-sample",
            "The estimated image was noised anew, as in q_sample, which forgets z. A reverse step "
            "draws around mu_p_theta, which depends on z.",
            body="""
            noise = randomizer.normal_like(z_lambda_t)
            return self.q_sample(x_t, lambda_t_prim, noise)
            """,
        ),
        Mistake(
            "image-and-latent-swapped",
            "mu_p_theta got its first two arguments in the wrong order: the latent comes first, "
            "then the image.",
            edits=(("z_lambda_t, x_t, lambda_t, lambda_t_prim", "x_t, z_lambda_t, lambda_t, lambda_t_prim"),),
        ),
        Mistake(
            "levels-swapped",
            "lambda and lambda' changed places: lambda_t, the noisier level, comes first.",
            body="""
            mean = self.mu_p_theta(z_lambda_t, x_t, lambda_t_prim, lambda_t)
            var = self.var_p_theta(lambda_t_prim, lambda_t)
            return mean + var.sqrt() * randomizer.normal_like(z_lambda_t)
            """,
        ),
        Mistake(
            "uniform-noise",
            "The noise is drawn from a uniform distribution on [0, 1); draw it from N(0, 1).",
            edits=(("normal_like", "uniform_like"),),
        ),
        Mistake(
            "shared-by-the-batch",
            "One noise image was drawn for the whole batch; every image needs its own.",
            edits=(("normal_like(z_lambda_t)", "normal_like(z_lambda_t[:1])"),),
        ),
        Mistake(
            "seeded",
            "A generator is re-seeded at every call, so every step adds the same noise. Do not "
            "seed inside of the method.",
            body="""
            torch.manual_seed(42)
            mean = self.mu_p_theta(z_lambda_t, x_t, lambda_t, lambda_t_prim)
            var = self.var_p_theta(lambda_t, lambda_t_prim)
            return mean + var.sqrt() * randomizer.normal_like(z_lambda_t)
            """,
        ),
        Mistake(
            "noise-kept",
            "The noise of the first call is kept and used again; draw it anew at every call.",
            body="""
            if not hasattr(self, "_noise"):
                self._noise = randomizer.normal_like(z_lambda_t)
            mean = self.mu_p_theta(z_lambda_t, x_t, lambda_t, lambda_t_prim)
            return mean + self.var_p_theta(lambda_t, lambda_t_prim).sqrt() * self._noise
            """,
        ),
        Mistake(
            "clipped",
            "The result was clipped to [-1, 1]. Latents are not images: leave them as they are.",
            body="""
            mean = self.mu_p_theta(z_lambda_t, x_t, lambda_t, lambda_t_prim)
            var = self.var_p_theta(lambda_t, lambda_t_prim)
            return (mean + var.sqrt() * randomizer.normal_like(z_lambda_t)).clamp(-1.0, 1.0)
            """,
        ),
    ),
)

LOSS = Task(
    id="q3.loss",
    title="Training loss",
    points=2,
    file=DIFFUSION,
    todo="noise x0 to the levels of t, predict the noise, sum the squared errors of each image, "
    "and average over the batch",
    isolated=True,
    atol=2e-3,  # of sums of hundreds of terms; leaves room for sqrt(1 - alpha^2) near t = 0
    cases=(
        Case("labels", "noise and labels handed in", lv.training((4, 3, 5, 6), 12), public=True),
        Case("thousand", "a thousand steps", lv.training((5, 1, 7, 4), 1000)),
        Case("no-labels", "labels None, and all noise set to one number",
             lv.training((3, 2, 6, 5), 20, labelled=False, constant=0.8), public=True),
        Case("own-draws", "labels, and all noise set to one number",
             lv.training((6, 2, 3, 4), 40, constant=-1.2)),
        Case("draws", "real noise: what eps_model is fed", lv.training_draws((4, 2, 9, 12), 60),
             probe="q3.loss_draws", weight=0.5),
    ),
    mistakes=(
        Mistake(
            "mean-over-pixels",
            "The squared errors of an image have to be summed over channels and pixels, not "
            "averaged; only the batch is averaged.",
            body="""
            z = self.q_sample(x0, self.get_lambda(t), noise)
            return ((self.eps_model(z, labels) - noise) ** 2).mean()
            """,
        ),
        Mistake(
            "sum-over-batch",
            "The losses of the images have to be averaged over the batch, not summed.",
            edits=((".sum(dim=1).mean()", ".sum()"),),
        ),
        Mistake(
            "channels-averaged",
            "The squared errors have to be summed over the channels too; they were averaged there.",
            edits=(("squared_error.flatten(start_dim=1).sum(dim=1).mean()",
                    "squared_error.mean(dim=1).sum(dim=(1, 2)).mean()"),),
        ),
        Mistake(
            "not-squared",
            "The loss is the squared error, not its absolute value.",
            edits=(("squared_error = (self.eps_model(z, labels) - noise) ** 2",
                    "squared_error = (self.eps_model(z, labels) - noise).abs()"),),
        ),
        Mistake(
            "labels-dropped",
            "The labels do not reach eps_model: hand them over with z.",
            edits=(("(z, labels)", "(z, None)"),),
        ),
        Mistake(
            "predicts-image",
            "eps_model predicts the noise: compare its output with the noise, not with x0.",
            edits=((" - noise) ** 2", " - x0) ** 2"),),
        ),
        Mistake(
            "clean-image",
            "eps_model was fed the clean image; feed it the noisy z that q_sample gives.",
            edits=(("self.eps_model(z, labels)", "self.eps_model(x0, labels)"),),
        ),
        Mistake(
            "time-for-lambda",
            "q_sample got the time t where a noise level is meant: turn t into lambda with "
            "get_lambda first.",
            edits=(("self.get_lambda(t)", "t.reshape(-1, 1, 1, 1)"),),
        ),
        Mistake(
            "one-time-for-all",
            "One time was used for the whole batch; every image has the time that was drawn for it.",
            edits=(("self.get_lambda(t)", "self.get_lambda(t[:1])"),),
        ),
        Mistake(
            "noise-ignored",
            "Noise was drawn anew, though it is handed in: use the argument `noise` where there is "
            "one.",
            edits=(("z = self", "noise = torch.randn_like(x0)\n        z = self"),),
        ),
        Mistake(
            "two-noises",
            "q_sample got other noise than the prediction is compared with; use the same for both.",
            edits=(("self.get_lambda(t), noise)", "self.get_lambda(t), torch.randn_like(x0))"),),
        ),
        Mistake(
            "changes-image",
            "The images that were handed in are overwritten by an operation in place; make a new "
            "tensor.",
            body="""
            lambda_t = self.get_lambda(t)
            z = x0.mul_(self.alpha_lambda(lambda_t)).add_(self.sigma_lambda(lambda_t) * noise)
            squared_error = (self.eps_model(z, labels) - noise) ** 2
            return squared_error.flatten(start_dim=1).sum(dim=1).mean()
            """,
        ),
    ),
)

GUIDED = "noise = (1.0 + cfg_scale) * conditional - cfg_scale * unconditional"

SAMPLE = Task(
    id="q3.sample",
    title="Guided sampling",
    points=10,
    file=TRAINER,
    todo="one guided reverse step: noise, image estimate x_t, and z at the next level",
    isolated=True,
    atol=1e-3,  # at t = 0, sqrt(1 - alpha^2) in float32 may be wrong by 5e-5, times 7 by guidance
    cases=(
        Case("default", "labels, the default weight, all noise set to one number",
             lv.sampling((3, 2, 5, 5), 6, 0.7), public=True),
        Case("weight", "a guidance weight of 0.5",
             lv.sampling((4, 1, 6, 6), 7, -0.5, cfg_scale=0.5), public=True),
        Case("weight-two", "a guidance weight of 2", lv.sampling((5, 2, 4, 4), 9, 0.4, cfg_scale=2.0)),
        Case("conditional", "a guidance weight of 0",
             lv.sampling((3, 2, 7, 7), 8, 0.6, cfg_scale=0.0), weight=0.5),
        Case("fewer-steps", "n_steps handed in",
             lv.sampling((4, 3, 5, 5), 11, 0.8, asked_steps=6, cfg_scale=1.0), weight=1.5),
        Case("no-labels", "labels None, and a network that only knows whether there is a label",
             lv.sampling((2, 3, 6, 6), 5, -0.9, labelled=False)),
        Case("one-image", "a single image", lv.sampling((1, 2, 5, 5), 10, 0.3, cfg_scale=1.5),
             weight=0.5),
        Case("draws", "real noise: whether every step adds its own", public=True, weight=2.0,
             probe="q3.sample_draws", inputs=lv.sampling_draws((3, 2, 9, 9), 6)),
    ),
    mistakes=(
        Mistake(
            "other-weight",
            "This is u + w (c - u), where w = 1 means no guidance. Here w = 0 does: the guided noise "
            "is (1 + w) conditional - w unconditional.",
            edits=((GUIDED, "noise = unconditional + cfg_scale * (conditional - unconditional)"),),
        ),
        Mistake(
            "predictions-swapped",
            "The conditional and the unconditional prediction changed places: this leads away from "
            "the label.",
            edits=((GUIDED, "noise = (1.0 + cfg_scale) * unconditional - cfg_scale * conditional"),),
        ),
        Mistake(
            "difference-added",
            "The unconditional prediction is subtracted in (1 + w) conditional - w unconditional; it "
            "was added.",
            edits=((GUIDED, "noise = (1.0 + cfg_scale) * conditional + cfg_scale * unconditional"),),
        ),
        Mistake(
            "one-forgotten",
            "The weight of the conditional prediction is 1 + w, not w: the two weights add up to 1.",
            edits=((GUIDED, "noise = cfg_scale * conditional - cfg_scale * unconditional"),),
        ),
        Mistake(
            "not-guided",
            "The guidance has no effect: combine the conditional and the unconditional prediction "
            "with the weight cfg_scale.",
            edits=((GUIDED, "noise = conditional"),),
        ),
        Mistake(
            "labels-ignored",
            "Both predictions are unconditional: hand the labels to eps_model in one of them.",
            edits=(("self.eps_model(z, labels)", "self.eps_model(z, None)"),),
        ),
        Mistake(
            "weight-ignored",
            "The weight is taken from the settings; use the argument cfg_scale.",
            edits=((GUIDED, "w = self.args.cfg_scale\n"
                    "            noise = (1.0 + w) * conditional - w * unconditional"),),
        ),
        Mistake(
            "latent-for-image",
            "The latent z is returned in place of the estimate x_t of the last step.",
            body="""
            lambda_t = self.diffusion.get_lambda(t)
            conditional, unconditional = self.eps_model(z, labels), self.eps_model(z, None)
            noise = (1.0 + cfg_scale) * conditional - cfg_scale * unconditional
            sigma, alpha = self.diffusion.sigma_lambda(lambda_t), self.diffusion.alpha_lambda(lambda_t)
            x_t = (z - sigma * noise) / alpha
            lambda_t_prim = self.diffusion.get_lambda(t - 1)
            z = self.diffusion.p_sample(z, lambda_t, lambda_t_prim, x_t)
            x_t = z
            """,
        ),
        Mistake(
            "image-not-rescaled",
            "The estimate of the image has to be divided by alpha: z = alpha x + sigma noise.",
            edits=((") / alpha", ")"),),
        ),
        Mistake(
            "variance-for-sigma",
            "The predicted noise is scaled by the variance; scale it by the standard deviation "
            "sigma.",
            edits=(("z - sigma * noise", "z - sigma**2 * noise"),),
        ),
        Mistake(
            "alpha-sigma-swapped",
            "alpha and sigma changed places: x_t = (z - sigma noise) / alpha.",
            edits=(("(z - sigma * noise) / alpha", "(z - alpha * noise) / sigma"),),
        ),
        Mistake(
            "clipped",
            "The estimate of the image was clipped; it is used here as it is.",
            edits=(("(z - sigma * noise) / alpha", "((z - sigma * noise) / alpha).clamp(-1.0, 1.0)"),),
        ),
        Mistake(
            "q-sample-in-reverse",
            "The estimate was noised anew with q_sample, which forgets z; draw the next latent with "
            "p_sample.",
            edits=(("z = self.diffusion.p_sample(z, lambda_t, lambda_t_prim, x_t)",
                    "z = self.diffusion.q_sample(x_t, lambda_t_prim, randomizer.normal_like(z))"),),
        ),
        Mistake(
            "mean-for-sample",
            "The next latent is the mean of the reverse step, without its noise; draw it with "
            "p_sample.",
            edits=(("self.diffusion.p_sample(z, lambda_t, lambda_t_prim, x_t)",
                    "self.diffusion.mu_p_theta(z, x_t, lambda_t, lambda_t_prim)"),),
        ),
        Mistake(
            "levels-swapped",
            "p_sample got the two levels in the wrong order: lambda_t, the noisier one, comes first.",
            edits=(("p_sample(z, lambda_t, lambda_t_prim, x_t)",
                    "p_sample(z, lambda_t_prim, lambda_t, x_t)"),),
        ),
        Mistake(
            "towards-noise",
            "The next level was taken at t + 1: time runs down here, towards t = 0.",
            edits=(("get_lambda(t - 1)", "get_lambda(t + 1)"),),
        ),
        Mistake(
            "level-stays",
            "The step goes from a level to itself: lambda' is the level of the time t - 1.",
            edits=(("get_lambda(t - 1)", "get_lambda(t)"),),
        ),
        Mistake(
            "noise-for-image",
            "p_sample wants the estimate x_t of the image, not the predicted noise.",
            edits=(("lambda_t_prim, x_t)", "lambda_t_prim, noise)"),),
        ),
        Mistake(
            "ascending-times",
            "The times run upwards; the reverse process starts at the last time and ends at 0.",
            edits=(("lambda_t = self.diffusion.get_lambda(t)",
                    "t = torch.full_like(t, t_)\n"
                    "            lambda_t = self.diffusion.get_lambda(t)"),),
        ),
        Mistake(
            "n-steps-ignored",
            "The times are counted down from the n_steps of the settings; use the argument n_steps "
            "where it is given.",
            edits=(("lambda_t = self.diffusion.get_lambda(t)",
                    "t = torch.full_like(t, self.args.n_steps - 1 - t_)\n"
                    "            lambda_t = self.diffusion.get_lambda(t)"),),
        ),
        Mistake(
            "seeded",
            "A generator is re-seeded at every step, so every step adds the same noise. Seed once, "
            "outside of your code, or not at all.",
            edits=(("lambda_t = self.diffusion.get_lambda(t)",
                    "torch.manual_seed(42)\n"
                    "            lambda_t = self.diffusion.get_lambda(t)"),),
        ),
    ),
)

RUBRIC = Rubric(
    assignment="cfg",
    title="Classifier-free guidance",
    files=(DIFFUSION, TRAINER),
    notebook="03_cfg.ipynb",
    tasks=(
        GET_LAMBDA,
        ALPHA_LAMBDA,
        SIGMA_LAMBDA,
        Q_SAMPLE,
        SIGMA_Q,
        SIGMA_Q_X,
        MU_P_THETA,
        VAR_P_THETA,
        P_SAMPLE,
        LOSS,
        SAMPLE,
    ),
    written=(
        Written("q3.written_elbo", "Question: from the ELBO to the noise-prediction loss", 10),
        Written("q3.written_guidance", "Question: what guidance changes", 10),
        Written("q3.written_report", "Samples by label and guidance weight", 5),
    ),
)
