"""Part of the rubric of assignment 3: the level of a time, alpha and sigma."""

from __future__ import annotations

from autograder.rubric import Case, Mistake, Task

from . import ingredients
from . import levels as lv

FILE = "q3_cfg_diffusion.py"

GET_LAMBDA = Task(
    id="q3.get_lambda",
    ingredients=ingredients.GET_LAMBDA,
    title="Noise level of a time",
    points=2,
    file=FILE,
    todo="the cosine schedule of section 3.1 at u = t / n_steps, as a (batch, 1, 1, 1) tensor",
    broadcasts=lv.LEVEL,
    cases=(
        Case("mixed", "different times in one batch", lv.times(50, 6, 3, 20), lv.times(37, 5, 2)),
        Case("thousand", "many steps", lv.times(1000, 5, 1, 500), lv.times(499, 4, 1, 250)),
        Case("first", "t = 0 among other times", lv.times(70, 4, 0, 0, 35), lv.times(53, 3, 0, 0)),
        Case(
            "last",
            "the last time, n_steps - 1, among others",
            lv.times(300, 3, 299, 101),
            lv.times(211, 4, 210, 70),
        ),
        Case(
            "few-steps",
            "fewer steps than images",
            lv.times(4, 7, 0, 1, 2, 3),
            lv.times(3, 6, 0, 1, 2),
            weight=0.5,
        ),
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
            edits=(
                ("self.lambda_max / 2", "self.lambda_max"),
                ("self.lambda_min / 2", "self.lambda_min"),
            ),
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
    ingredients=ingredients.LEVEL,
    title="Share of the signal",
    points=2,
    file=FILE,
    todo="alpha, the square root of the sigmoid of lambda",
    broadcasts=lv.LEVEL,
    cases=(
        Case("ordinary", lv.ORDINARY, lv.level(5, -6.0, 6.0), lv.level(4, -5.0, 5.0)),
        Case(
            "low-noise", lv.LOW_NOISE, lv.level(4, 12.0, 20.0), lv.level(3, 13.0, 20.0), weight=0.5
        ),
        Case(
            "high-noise",
            lv.HIGH_NOISE,
            lv.level(3, -20.0, -12.0),
            lv.level(4, -20.0, -13.0),
            atol=lv.TRAP,
            weight=0.5,
        ),
        Case(
            "both",
            "levels of little and of much noise in one batch",
            lv.level(6, -10.0, 10.0),
            lv.level(5, -9.0, 11.0),
        ),
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
            "The result of the first call is kept and given back later; compute it from the levels "
            "of each call.",
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
    ingredients=ingredients.LEVEL,
    title="Standard deviation of the noise",
    points=2,
    file=FILE,
    todo="sigma, the square root of 1 - alpha^2, which is the sigmoid of -lambda",
    isolated=True,
    broadcasts=lv.LEVEL,
    cases=(
        Case(
            "ordinary",
            lv.ORDINARY,
            lv.level(5, -6.0, 6.0, "alpha_lambda"),
            lv.level(4, -5.0, 5.0, "alpha_lambda"),
        ),
        Case(
            "low-noise",
            lv.LOW_NOISE,
            lv.level(4, 12.0, 20.0, "alpha_lambda"),
            lv.level(3, 13.0, 20.0, "alpha_lambda"),
            atol=lv.TRAP,
            weight=0.5,
        ),
        Case(
            "high-noise",
            lv.HIGH_NOISE,
            lv.level(3, -20.0, -12.0, "alpha_lambda"),
            lv.level(4, -20.0, -13.0, "alpha_lambda"),
            weight=0.5,
        ),
        Case(
            "both",
            "levels of little and of much noise in one batch",
            lv.level(7, -10.0, 8.0, "alpha_lambda"),
            lv.level(6, -9.0, 9.0, "alpha_lambda"),
        ),
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
