"""Part of the rubric of assignment 3: noisy images, the reverse step and the loss."""

from __future__ import annotations

from autograder.rubric import Case, Mistake, Task

from . import ingredients
from . import levels as lv

FILE = "q3_cfg_diffusion.py"

Q_SAMPLE = Task(
    id="q3.q_sample",
    ingredients=ingredients.Q_SAMPLE,
    title="Noisy image at a level",
    points=2,
    file=FILE,
    todo="scale the image by alpha and the noise by sigma, and add them (eq. 1)",
    isolated=True,
    cases=(
        Case(
            "ordinary",
            lv.ORDINARY,
            lv.latent((5, 3, 4, 6), -5.0, 5.0),
            lv.latent((4, 2, 5, 3), -4.0, 4.0),
        ),
        Case(
            "gray",
            "images of one channel",
            lv.latent((3, 1, 7, 5), -4.0, 4.0),
            lv.latent((4, 1, 5, 6), -5.0, 5.0),
        ),
        Case(
            "low-noise",
            lv.LOW_NOISE,
            lv.latent((4, 2, 5, 3), 12.0, 20.0),
            lv.latent((3, 3, 4, 5), 13.0, 20.0),
            atol=2e-3,
            weight=0.5,
        ),
        Case(
            "high-noise",
            lv.HIGH_NOISE,
            lv.latent((2, 3, 6, 4), -20.0, -12.0),
            lv.latent((3, 2, 4, 5), -20.0, -13.0),
            atol=lv.TRAP,
            weight=0.5,
        ),
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
            "New noise was drawn, though noise is handed in. Use the argument `noise`: the loss "
            "compares its prediction with that very noise.",
            edits=(("* noise", "* torch.randn_like(x)"),),
        ),
        Mistake(
            "first-image-only",
            "The level of the first image was used for the whole batch; every image has its own.",
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
            body="""
            x *= self.alpha_lambda(lambda_t)
            return x + self.sigma_lambda(lambda_t) * noise
            """,
        ),
    ),
)

P_SAMPLE = Task(
    id="q3.p_sample",
    ingredients=ingredients.P_SAMPLE,
    title="Draw from the reverse step",
    points=2,
    file=FILE,
    todo="the mean mu_p_theta, plus the square root of var_p_theta times fresh noise",
    isolated=True,
    cases=(
        Case(
            "ordinary",
            "ordinary noise levels, all noise set to one number",
            lv.step((5, 3, 4, 6), lv.pair(5, -5.0, 3.0, lv.GAPS, *lv.ALL), 0.9),
            lv.step((4, 2, 5, 3), lv.pair(4, -4.0, 4.0, lv.GAPS, *lv.ALL), -0.7),
        ),
        Case(
            "neighbours",
            "levels of neighbouring times, all noise set to one number",
            lv.step((4, 1, 7, 5), lv.neighbours(4, *lv.ALL), -1.3),
            lv.step((3, 2, 5, 4), lv.neighbours(3, *lv.ALL, n_steps=499), 1.2),
        ),
        Case(
            "low-noise",
            lv.LOW_NOISE,
            atol=1e-3,
            weight=0.5,
            inputs=lv.step((3, 2, 6, 5), lv.pair(3, 14.0, 17.0, (1.0, 3.0), *lv.ALL), 1.1),
            public=lv.step((4, 3, 5, 4), lv.pair(4, 13.0, 17.0, (1.0, 3.0), *lv.ALL), -0.9),
        ),
        Case(
            "high-noise",
            lv.HIGH_NOISE,
            weight=0.5,
            inputs=lv.step((2, 3, 5, 4), lv.pair(2, -20.0, -17.0, lv.GAPS, *lv.ALL), 0.7),
            public=lv.step((3, 2, 4, 5), lv.pair(3, -20.0, -16.0, lv.GAPS, *lv.ALL), -0.8),
        ),
        Case(
            "draws",
            "real noise, drawn twice",
            probe="q3.p_sample_draws",
            weight=2.0,
            inputs=lv.step((4, 3, 9, 8), lv.pair(4, -5.0, 3.0, lv.GAPS, *lv.ALL)),
            public=lv.step((3, 2, 8, 10), lv.pair(3, -4.0, 4.0, lv.GAPS, *lv.ALL)),
        ),
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
            "The estimated image was noised again, as in q_sample, which forgets z. A reverse step "
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
            edits=(
                (
                    "z_lambda_t, x_t, lambda_t, lambda_t_prim",
                    "x_t, z_lambda_t, lambda_t, lambda_t_prim",
                ),
            ),
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
            "shared-by-channels",
            "The channels of an image share one noise; every channel needs its own.",
            edits=(("normal_like(z_lambda_t)", "normal_like(z_lambda_t[:, :1])"),),
        ),
        Mistake(
            "shared-by-pixels",
            "A single number was drawn for each image; every pixel of every channel needs its own.",
            edits=(("normal_like(z_lambda_t)", "normal_like(z_lambda_t[:, :1, :1, :1])"),),
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
            "The noise of the first call is kept and used again; draw new noise at every call.",
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

_RESULT = "squared_error.flatten(start_dim=1).sum(dim=1).mean()"
_BACKWARD = f"loss = {_RESULT}; loss.backward(retain_graph=True); return loss"

LOSS = Task(
    id="q3.loss",
    ingredients=ingredients.LOSS,
    title="Training loss",
    points=2,
    file=FILE,
    todo="noise x0 to the levels of t, predict the noise, sum the squared errors of each image, "
    "and average over the batch",
    isolated=True,
    atol=2e-3,  # of sums of hundreds of terms; leaves room for sqrt(1 - alpha^2) near t = 0
    cases=(
        Case(
            "labels",
            "noise and labels handed in",
            lv.training((4, 3, 5, 6), 12),
            lv.training((5, 2, 4, 3), 13),
        ),
        Case(
            "thousand",
            "many steps",
            lv.training((5, 1, 7, 4), 800),
            lv.training((4, 2, 5, 3), 499),
        ),
        Case(
            "often",
            "noise and labels handed in, in many calls",
            lv.training_often((4, 1, 3, 2), 44),
            lv.training_often((3, 1, 2, 4), 31),
            probe="q3.loss_often",
        ),
        Case(
            "no-labels",
            "labels None, and all noise set to one number",
            lv.training((3, 2, 6, 5), 20, labelled=False, constant=0.8),
            lv.training((4, 3, 5, 2), 17, labelled=False, constant=-0.7),
        ),
        Case(
            "own-draws",
            "labels, and all noise set to one number",
            lv.training((6, 2, 3, 4), 40, constant=-1.2),
            lv.training((5, 3, 4, 2), 23, constant=1.1),
        ),
        Case(
            "draws",
            "real noise: what eps_model is fed, and the losses",
            lv.training_draws((4, 2, 9, 12), 60),
            lv.training_draws((3, 2, 8, 10), 29),
            probe="q3.loss_draws",
            weight=0.5,
            moments=lv.loss_moments,
        ),
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
            edits=(
                (
                    "squared_error.flatten(start_dim=1).sum(dim=1).mean()",
                    "squared_error.mean(dim=1).sum(dim=(1, 2)).mean()",
                ),
            ),
        ),
        Mistake(
            "not-squared",
            "The loss is the squared error, not its absolute value.",
            edits=(
                (
                    "squared_error = (self.eps_model(z, labels) - noise) ** 2",
                    "squared_error = (self.eps_model(z, labels) - noise).abs()",
                ),
            ),
        ),
        Mistake(
            "labels-dropped",
            "The labels do not reach eps_model: hand them over with z.",
            edits=(("(z, labels)", "(z, None)"),),
        ),
        Mistake(
            "labels-dropped-at-random",
            "The labels are dropped now and then. The training loop does that already: hand them "
            "to eps_model as they come.",
            edits=(("z = self", "labels = None if torch.rand(()) < 0.1 else labels; z = self"),),
        ),
        Mistake(
            "labels-dropped-by-image",
            "The labels of some images are dropped. The training loop drops labels already: hand "
            "them to eps_model as they come.",
            body="""
            z = self.q_sample(x0, self.get_lambda(t), noise)
            keep = (torch.rand(len(x0)) >= 0.1).to(x0.device).reshape(-1, 1, 1, 1)
            predicted = torch.where(keep, self.eps_model(z, labels), self.eps_model(z, None))
            return ((predicted - noise) ** 2).flatten(start_dim=1).sum(dim=1).mean()
            """,
        ),
        Mistake(
            "images-scaled-again",
            "The images are scaled from [0, 1] to [-1, 1] here, but they come scaled already: use "
            "x0 as it is.",
            edits=(("z = self", "x0 = 2 * x0 - 1; z = self"),),
        ),
        Mistake(
            "backward-inside",
            "The loss runs backward() itself. The training loop does that: return the loss, and "
            "nothing else.",
            edits=((f"return {_RESULT}", _BACKWARD),),
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
            "One time was used for the whole batch; use the time that was drawn for each image.",
            edits=(("self.get_lambda(t)", "self.get_lambda(t[:1])"),),
        ),
        Mistake(
            "noise-ignored",
            "New noise was drawn, though noise is handed in: use the argument `noise` where there "
            "is one.",
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
