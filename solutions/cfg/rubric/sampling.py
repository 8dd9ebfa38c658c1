"""Part of the rubric of assignment 3: the guided sampler of the trainer."""

from __future__ import annotations

from autograder.rubric import Case, Mistake, Task

from . import ingredients
from . import levels as lv

FILE = "q3_trainer_cfg.py"

FIRST = "lambda_t = self.diffusion.get_lambda(t)"
GUIDED = "noise = (1.0 + cfg_scale) * conditional - cfg_scale * unconditional"

SAMPLE = Task(
    id="q3.sample",
    ingredients=ingredients.SAMPLE,
    title="Guided sampling",
    points=10,
    file=FILE,
    todo="one guided reverse step: noise, image estimate x_t, and z at the next level",
    isolated=True,
    atol=1e-3,  # at t = 0, sqrt(1 - alpha^2) in float32 may be wrong by 5e-5, times 7 by guidance
    cases=(
        Case(
            "default",
            "labels, the default weight, all noise set to one number",
            lv.sampling((3, 2, 5, 5), 6, 0.7),
            lv.sampling((4, 1, 4, 4), 13, -0.6),
        ),
        Case(
            "weight",
            "a guidance weight of 0.5",
            lv.sampling((4, 1, 6, 6), 7, -0.5, cfg_scale=0.5),
            lv.sampling((3, 2, 4, 4), 13, 0.7, cfg_scale=0.25),
        ),
        Case(
            "weight-two",
            "a guidance weight of 2",
            lv.sampling((5, 2, 4, 4), 9, 0.4, cfg_scale=2.0),
            lv.sampling((3, 1, 5, 5), 13, -0.8, cfg_scale=2.0),
        ),
        Case(
            "conditional",
            "a guidance weight of 0",
            lv.sampling((3, 2, 7, 7), 8, 0.6, cfg_scale=0.0),
            lv.sampling((4, 1, 5, 5), 13, 0.9, cfg_scale=0.0),
            weight=0.5,
        ),
        Case(
            "fewer-steps",
            "n_steps handed in",
            lv.sampling((4, 3, 5, 5), 11, 0.8, asked_steps=6, cfg_scale=1.0),
            lv.sampling((3, 1, 4, 4), 13, -0.7, asked_steps=5, cfg_scale=1.5),
            weight=1.5,
        ),
        Case(
            "no-labels",
            "labels None, and a network that only knows whether there is a label",
            lv.sampling((12, 3, 4, 4), 5, -0.9, labelled=False),
            lv.sampling((10, 2, 3, 3), 13, 0.8, labelled=False),
        ),
        Case(
            "one-image",
            "a single image",
            lv.sampling((1, 2, 5, 5), 10, 0.3, cfg_scale=1.5),
            lv.sampling((1, 3, 4, 4), 13, 0.6, cfg_scale=0.75),
            weight=0.5,
        ),
        Case(
            "draws",
            "real noise, at first and at every step",
            weight=2.0,
            probe="q3.sample_draws",
            inputs=lv.sampling_draws((3, 2, 9, 9), 6),
            public=lv.sampling_draws((3, 2, 5, 5), 13),
        ),
    ),
    mistakes=(
        Mistake(
            "other-weight",
            "This is u + w (c - u), where w = 1 means no guidance. Here w = 0 does: the guided "
            "noise is (1 + w) conditional - w unconditional.",
            edits=((GUIDED, "noise = unconditional + cfg_scale * (conditional - unconditional)"),),
        ),
        Mistake(
            "predictions-swapped",
            "The conditional and the unconditional prediction changed places: this leads away from "
            "the label.",
            edits=(
                (GUIDED, "noise = (1.0 + cfg_scale) * unconditional - cfg_scale * conditional"),
            ),
        ),
        Mistake(
            "difference-added",
            "The unconditional prediction is subtracted in (1 + w) conditional - w unconditional; "
            "it was added.",
            edits=(
                (GUIDED, "noise = (1.0 + cfg_scale) * conditional + cfg_scale * unconditional"),
            ),
        ),
        Mistake(
            "one-forgotten",
            "The weight of the conditional prediction is 1 + w, not w: the two weights add up "
            "to 1.",
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
            edits=((GUIDED, GUIDED.replace("cfg_scale", "self.args.cfg_scale")),),
        ),
        Mistake(
            "latent-for-image",
            "The latent z is returned in place of the estimate x_t of the last step.",
            body="""
            lambda_t = self.diffusion.get_lambda(t)
            conditional, unconditional = self.eps_model(z, labels), self.eps_model(z, None)
            noise = (1.0 + cfg_scale) * conditional - cfg_scale * unconditional
            sigma = self.diffusion.sigma_lambda(lambda_t)
            alpha = self.diffusion.alpha_lambda(lambda_t)
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
            "alpha and sigma changed places: sigma scales the noise, alpha the image.",
            edits=(("(z - sigma * noise) / alpha", "(z - alpha * noise) / sigma"),),
        ),
        Mistake(
            "clipped",
            "The estimate of the image was clipped; it is used here as it is.",
            edits=(
                ("(z - sigma * noise) / alpha", "((z - sigma * noise) / alpha).clamp(-1.0, 1.0)"),
            ),
        ),
        Mistake(
            "q-sample-in-reverse",
            "The estimate was noised again with q_sample, which forgets z; draw the next latent "
            "with p_sample.",
            edits=(
                (
                    "z = self.diffusion.p_sample(z, lambda_t, lambda_t_prim, x_t)",
                    "z = self.diffusion.q_sample(x_t, lambda_t_prim, randomizer.normal_like(z))",
                ),
            ),
        ),
        Mistake(
            "mean-for-sample",
            "The next latent is the mean of the reverse step, without its noise; draw it with "
            "p_sample.",
            edits=(
                (
                    "self.diffusion.p_sample(z, lambda_t, lambda_t_prim, x_t)",
                    "self.diffusion.mu_p_theta(z, x_t, lambda_t, lambda_t_prim)",
                ),
            ),
        ),
        Mistake(
            "levels-swapped",
            "p_sample got the two levels in the wrong order: lambda_t, the noisier one, comes "
            "first.",
            edits=(
                (
                    "p_sample(z, lambda_t, lambda_t_prim, x_t)",
                    "p_sample(z, lambda_t_prim, lambda_t, x_t)",
                ),
            ),
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
            edits=((FIRST, f"t = torch.full_like(t, t_); {FIRST}"),),
        ),
        Mistake(
            "n-steps-ignored",
            "The times are counted down from the n_steps of the settings; use the argument n_steps "
            "where it is given.",
            edits=((FIRST, f"t = torch.full_like(t, self.args.n_steps - 1 - t_); {FIRST}"),),
        ),
        Mistake(
            "one-label-for-all",
            "All images get the label of the first one. Every image has a label of its own, also "
            "where labels are drawn.",
            edits=((FIRST, f"labels = labels[:1].expand_as(labels); {FIRST}"),),
        ),
        Mistake(
            "starts-flat",
            "All pixels of an image start from the same number: draw the initial noise for every "
            "pixel.",
            edits=((FIRST, f"z = z if t_ else z[:, :1, :1, :1].expand_as(z); {FIRST}"),),
        ),
        Mistake(
            "starts-alike",
            "All images start from the same noise, whatever their labels: draw it for every image.",
            edits=((FIRST, f"z = z if t_ else z[:1].expand_as(z); {FIRST}"),),
        ),
        Mistake(
            "seeded",
            "A generator is re-seeded at every step, so every step adds the same noise. Seed once, "
            "outside of your code, or not at all.",
            edits=((FIRST, f"torch.manual_seed(42); {FIRST}"),),
        ),
    ),
)
