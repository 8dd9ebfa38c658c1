# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] name="title"
r"""
# Assignment 2: a denoising diffusion model

@BADGE@

A diffusion model learns to undo noise. Destroying an image is easy: add a little noise, a thousand
times over, until nothing is left. If a network can undo each of these small steps, then it can start
from pure noise and walk back to an image that nobody has seen. In this assignment you write the
forward process, the reverse process, the loss and the sampling loop of a DDPM, train it on
handwritten digits, and take the sampling apart.

**How to work.** Go from top to bottom. Each task names a method in `student_src` that you fill in;
the cell below the task checks it and tells you what it sees. Cells that need something which is not
there yet say so and do no harm. Questions with points end in a cell for your answer, which people
grade. @POINTS@ points in all.

Read along: Ho, Jain & Abbeel 2020, *Denoising Diffusion Probabilistic Models* (arXiv:2006.11239).
"""

# %% name="setup"
@SETUP@

# %% [markdown]
r"""
### How much to compute

| profile | made for | what you get |
|---|---|---|
| `smoke` | seconds | everything runs once; the results mean nothing |
| `cpu` | a laptop without a GPU | an honest result in about ten minutes |
| `full` | a GPU | the settings of the course |

`None` takes the profile that the environment variable `HOMEWORK_PROFILE` names; where there is
none, `full` with a GPU and `cpu` without.
"""

# %% name="profile"
PROFILE = None  # "smoke", "cpu", "full" or None
RESUME = False  # True: write checkpoints, and go on from the last one

import torch
from IPython.display import display
from matplotlib import pyplot as plt

from homework import metrics, profiles
from homework.check import check
from homework.plots import show_images

args = profiles.settings("ddpm", PROFILE)
checkpoint = HOME / "runs" / f"ddpm-{args.profile}.safetensors" if RESUME else None
print(f"profile {args.profile}: up to {args.epochs} epochs, on {args.device}")

# %% [markdown] name="agreement-text" tags=["agreement"]
r"""
### Agreement

I know the course's rules on working together and on using tools. What I hand in is my own work;
the people, texts and tools that helped me are named in my answers. I confirm this by filling in my
name and my student number.
"""

# %% name="agreement" tags=["agreement"]
NAME = ""
STUDENT_ID = ""

# %% [markdown]
r"""
## The idea

The **forward process** $q$ takes an image $x_0$ and makes it noisier step by step,

$$q(x_t \mid x_{t-1}) = \mathcal N\big(\sqrt{1 - \beta_t}\; x_{t-1},\ \beta_t I\big),$$

with small variances $\beta_t$ that are chosen once and never learned. The factor $\sqrt{1-\beta_t}$
shrinks the image just enough that the variance, added noise included, does not grow beyond one. The **reverse process**
$p_\theta(x_{t-1} \mid x_t)$ is also Gaussian, and its mean is what a network learns. It is trained
like a VAE whose encoder is fixed: by a bound on $\log p_\theta(x_0)$, of which Ho et al. found that a
simple part is enough, namely *guess the noise that was added*.

Here there are $T$ = `args.n_steps` steps, $\beta$ rises in equal steps from $10^{-4}$ to $0.02$,
$\alpha_t = 1 - \beta_t$ and $\bar\alpha_t = \prod_{s \le t} \alpha_s$. Times in the code are counted
from 0: $t = 0$ is the least noisy step, and after it comes $x_0$ itself. Each image of a batch has a
time of its own; the given method `gather(c, t)` picks `c[t]` for each and shapes it
`(batch, 1, 1, 1)`.
"""

# %% [markdown]
r"""
### Picture: the schedule

Left: the variance of each step. Middle: how much of the image and how much noise is in $x_t$. Right:
the ratio of the two on a logarithmic scale. The image fades over hundreds of steps, and at the end
hardly any of it is left.
"""

# %% name="schedule"
with when_ready():
    schedule = fresh("q2_ddpm").DenoiseDiffusion(torch.nn.Identity(), args.n_steps, "cpu")
    signal, noise = schedule.alpha_bar.sqrt(), (1 - schedule.alpha_bar).sqrt()
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 2.6), layout="constrained")
    left.plot(schedule.beta, "k")
    left.set_title(r"variance of a step, $\beta_t$")
    middle.plot(signal, "#2a6f97", label=r"image, $\sqrt{\bar\alpha_t}$")
    middle.plot(noise, "#c8553d", label=r"noise, $\sqrt{1 - \bar\alpha_t}$")
    middle.legend(frameon=False)
    middle.set_title(r"what $x_t$ is made of")
    right.plot(2 * (signal / noise).log(), "k")
    right.set_title(r"$\log\,(\bar\alpha_t / (1 - \bar\alpha_t))$")
    for axes in (left, middle, right):
        axes.set_xlabel("time t")
        axes.spines[["top", "right"]].set_visible(False)
    plt.show()

# %% [markdown]
r"""
## Mean and variance of the forward process (`q2.q_xt_x0`)

A sum of Gaussian steps is Gaussian, so there is no need to walk: $x_t$ can be had from $x_0$ at once
(eq. 4),

$$q(x_t \mid x_0) = \mathcal N\big(\sqrt{\bar\alpha_t}\; x_0,\ (1 - \bar\alpha_t) I\big).$$

Fill in `q_xt_x0` in `student_src/q2_ddpm.py`. It returns the mean and the *variance*.
"""

# %% check="q2.q_xt_x0"

# %% [markdown]
r"""
## Sampling from the forward process (`q2.q_sample`)

A draw from this Gaussian is mean plus standard deviation times noise:
$x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\; \varepsilon$ with
$\varepsilon \sim \mathcal N(0, I)$. Fill in `q_sample`.
"""

# %% check="q2.q_sample"

# %% [markdown]
r"""
### Picture: noising at ten times

Each row is one digit, noised straight to ten times with your `q_sample`. Until when would you still
recognise it?
"""

# %% name="noising"
images = profiles.images(args)
with when_ready():
    schedule = fresh("q2_ddpm").DenoiseDiffusion(torch.nn.Identity(), args.n_steps, args.device)
    times = torch.linspace(0, args.n_steps - 1, 10).long().to(args.device)
    digits = images.test.images(slice(0, 3))
    noisy = schedule.q_sample(digits.repeat_interleave(10, 0), times.repeat(3))
    labels = [f"t = {time}" for time in times.tolist()]
    display(show_images(noisy, columns=10, column_labels=labels))

# %% [markdown]
r"""
## Mean and variance of a reverse step (`q2.p_xt_prev_xt`)

If we knew the noise $\varepsilon$ in $x_t$, we could say where $x_{t-1}$ lies. The network
$\varepsilon_\theta(x_t, t)$ guesses it, and the mean of the reverse step follows (eq. 11):

$$\mu_\theta(x_t, t) = \frac{1}{\sqrt{\alpha_t}} \Big( x_t - \frac{\beta_t}{\sqrt{1 - \bar\alpha_t}}\; \varepsilon_\theta(x_t, t) \Big), \qquad \sigma_t^2 = \beta_t.$$

Only a small part of the guessed noise is taken away, because the guess is rough; the next step makes
a new one. The variance is $\beta_t$ at all times, $t = 0$ included. Fill in `p_xt_prev_xt`: mean and variance.
"""

# %% check="q2.p_xt_prev_xt"

# %% [markdown]
r"""
## One step of the reverse process (`q2.p_sample`)

One step of the reverse process is a draw: $x_{t-1} = \mu_\theta(x_t, t) + \sigma_t z$ with fresh
$z \sim \mathcal N(0, I)$, and $z = 0$ where $t = 0$, since after the last step no noise shall remain.
Fill in `p_sample`. Whether $t$ is 0 is decided image by image.
"""

# %% check="q2.p_sample"

# %% [markdown]
r"""
## Training loss (`q2.loss`)

The network is trained to guess the noise at random times (eq. 14):

$$L = \mathbb E_{t,\, x_0,\, \varepsilon}\; \big\| \varepsilon - \varepsilon_\theta\big(\sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \varepsilon,\; t\big) \big\|^2.$$

A squared norm is a *sum* over channels and pixels; then comes the mean over the batch. Fill in
`loss`; the times `t` are drawn for you.
"""

# %% check="q2.loss"

# %% [markdown]
r"""
## Sampling loop of the trainer (`q2.sample`)

Sampling runs the whole reverse process: start from $x_T \sim \mathcal N(0, I)$ and call `p_sample` for
$t = T-1, \dots, 1, 0$ (algorithm 2). Fill in `Trainer.sample` in `student_src/q2_trainer_ddpm.py`.
"""

# %% check="q2.sample"

# %% [markdown]
r"""
## Images at chosen steps of the reverse process (`q2.generate_intermediate_samples`)

The same loop, but it keeps copies of the images on the way. The first entry is the initial noise;
step $s$ is kept after `p_sample` has been called $s$ times. Fill in `generate_intermediate_samples`.
"""

# %% check="q2.generate_intermediate_samples"

# %% [markdown]
r"""
## Training

The network is a small U-Net (`homework/unet.py`): convolutions at several resolutions, told the time
by sines and cosines of it. Digits are padded to 32 x 32 pixels and scaled to [-1, 1]. Training uses
your `loss`; every few epochs a few images are drawn with your `sample`. After training the network
holds an average of its weights over the last steps, from which sampling is better. You can stop
training at any time with the stop button: what was learned is kept, and `trainer.train(images)` goes
on from there.
"""

# %% name="train" tags=["q2.written_trained"]
with when_ready():
    from homework.unet import DDPMUNet

    torch.manual_seed(0)
    model = DDPMUNet.from_args(args)
    diffusion = fresh("q2_ddpm").DenoiseDiffusion(model, args.n_steps, args.device)
    new = fresh("q2_trainer_ddpm").Trainer(args, model, diffusion)
    new.train(images, checkpoint=checkpoint)
    trainer = new  # only now: the cells below want a trained one
    history = need(trainer.history, "Not one epoch is finished: trainer.train(images) goes on.")
    last = history[-1]
    print(
        f"{len(history)} epochs in {last['seconds'] / 60:.1f} minutes; squared error per "
        f"pixel in the last epoch: {last['loss']:.4f}"
    )

# %% name="loss-curve" tags=["q2.written_trained"]
with when_ready():
    history = need(trainer.history, "The curve appears after the first epoch.")
    figure, axes = plt.subplots(figsize=(6, 2.8), layout="constrained")
    axes.plot([e["epoch"] for e in history], [e["loss"] for e in history], "k.-")
    axes.set(xlabel="epoch", ylabel="squared error per pixel", title="Loss")
    axes.locator_params(axis="x", integer=True)
    axes.spines[["top", "right"]].set_visible(False)
    plt.show()
    by_epoch = need(
        trainer.samples_by_epoch,
        "Samples are drawn during training, once `Trainer.sample` is filled in.",
    )
    for epoch, pictures in by_epoch.items():
        display(show_images(pictures[:10], title=f"samples after epoch {epoch}", zoom=1.6))

# %% [markdown] question="q2.written_trained"
r"""
### Trained within 20 epochs (`q2.written_trained`)

Train the model (at most 20 epochs) and keep the output above in your notebook: the loss by epoch and
samples by epoch. Say which profile you used and which loss per pixel you reached. From which epoch on
are the samples digits? Compare with the loss curve: what does the loss tell about the quality of
samples, and what does it not tell? Why does it not go to 0?
"""

# %% [markdown] answer="q2.written_trained"
r"""
**Your answer** (`q2.written_trained`):

### BEGIN SOLUTION
With the `cpu` profile the error per pixel was 0.039, 0.024, 0.022, 0.021 and 0.020 in the five
epochs (the last one is cut short by the time limit).

After the first epoch most samples can be read already, though many are broken or uneven; later
epochs make strokes even and unclear samples rarer, but one in eight or so remains. The loss shows
little of this. Most of its drop happens in the first few hundred steps, when the network learns the
easy part (at large $t$ nearly all of $x_t$ *is* the noise). Later it moves in its third decimal only:
the mean over all times hides the improvements at those times that decide the shape.

It cannot go to 0: at small $t$ the noise is hidden beneath the image, and many pairs of image and
noise give the same $x_t$. The best possible guess is the conditional mean of the noise, and its
remaining variance is the floor of the loss.
### END SOLUTION
"""

# %% [markdown]
r"""
## Samples
"""

# %% name="samples" tags=["q2.written_samples"]
from homework.sampling import draw, respace
from homework.args import with_settings

steps = args.sample_steps or args.n_steps
with when_ready():
    torch.manual_seed(1)
    samples = draw(trainer, args.metric_samples, n_steps=steps)
    display(show_images(samples[:40], title=f"samples in {steps} steps", zoom=1.6))
    real = images.test.images(slice(0, args.metric_samples))
    print(metrics.measure(samples, real=real))

# %% [markdown]
r"""
The numbers come from a small classifier that knows real digits. *Mean top probability* is how sure it
is of what it sees: 0.996 for real digits, of which it reads about that share right. *Diversity* tells
whether all ten digits are equally frequent. The *Fréchet distance* compares samples with real digits
as two clouds of points; few images overstate it (200 real digits get about 2, 1000 about 0.3). None of
them says that a sample is *new*; for that one would have to compare it with the training set.

The `cpu` profile samples in fewer steps than it was trained with; what that costs is an experiment
further below.
"""

# %% [markdown]
r"""
## The reverse process, step by step

Upper rows: three samples on their way from noise to digit, kept by your
`generate_intermediate_samples`. Lower rows: what the network believes the final image to be at that
moment, $\hat x_0 = (x_t - \sqrt{1 - \bar\alpha_t}\, \varepsilon_\theta) / \sqrt{\bar\alpha_t}$.
"""

# %% name="reverse-process" tags=["q2.written_reverse_process"]
def in_steps(count):
    """A trainer like yours that goes from noise to image in `count` steps."""
    shorter = respace(diffusion, count)
    return type(trainer)(with_settings(args, n_steps=count), model, shorter)


def believed(x, taken, process):
    """The network's estimate of the final image after `taken` steps."""
    x = torch.as_tensor(x, device=args.device)
    t = torch.full((len(x),), process.n_steps - 1 - taken, device=args.device)
    alpha_bar = process.gather(process.alpha_bar, t)
    return ((x - (1 - alpha_bar).sqrt() * process.eps_model(x, t)) / alpha_bar.sqrt()).cpu()


with when_ready(), torch.no_grad():
    torch.manual_seed(2)
    walker = in_steps(steps)
    taken = sorted({int(steps * share / 100) for share in (30, 50, 60, 70, 80, 85, 90, 95)})
    kept = walker.generate_intermediate_samples(3, args.image_size, [*taken, steps])
    on_the_way = torch.stack([torch.as_tensor(x) for x in kept], dim=1)
    beliefs = [believed(x, s, walker.diffusion) for x, s in zip(kept, [0, *taken], strict=False)]
    beliefs = torch.stack([*beliefs, torch.as_tensor(kept[-1])], dim=1)
    labels = [f"{100 * s // steps} %" for s in [0, *taken, steps]]
    for rows, title in ((on_the_way, "images on the way"), (beliefs, "what the network believes")):
        display(
            show_images(rows.flatten(0, 1), columns=len(labels), title=title, column_labels=labels)
        )

# %% [markdown] question="q2.written_reverse_process"
r"""
### The reverse process, step by step (`q2.written_reverse_process`)

Describe the way from noise to digit. When is it decided which digit it becomes, and when are details
settled? Compare the images with the beliefs below them: why does the belief look blurred at first?
"""

# %% [markdown] answer="q2.written_reverse_process"
r"""
**Your answer** (`q2.written_reverse_process`):

### BEGIN SOLUTION
For the first half nothing can be seen: $x_t$ is nearly pure noise, and each step changes it by
little. Between about half and four fifths of the way strokes appear; the last tenth only takes the
remaining noise away and sharpens edges. This follows the schedule: the ratio of signal to noise
passes 1 around a quarter of $T$, that is, after three quarters of the way back.

The belief is ahead of the image: it is a blob at 30 % of the way, and at 50 to 60 % a digit, while the
image still looks like noise. Then it is mostly decided which digit it becomes, though a 9 may still
open into a 4; later steps only fill in details. At first the belief is blurred, because a network
trained with a squared error answers with the *mean* of all images that fit what it sees. At high noise
nearly all digits fit, and the mean of many digits is a grey blob; as the noise falls fewer fit, and the
mean becomes one digit.
### END SOLUTION
"""

# %% [markdown]
r"""
## Experiment: the same initial noise

Is the digit already hidden in the initial noise? Each row starts from the very same $x_T$, and every
image then goes its own way, with noise of its own at each step. If a row shows many different digits,
then the choice is made by the noise of the steps.

Your `Trainer.sample` does the work here too. It is handed a diffusion that swaps the image for the
given start when `p_sample` is called for the first time, and otherwise does what yours does.
"""

# %% name="same-start" tags=["q2.written_samples"]
class Changed:
    """A diffusion that begins with given noise and may leave out the noise of each step."""

    def __init__(self, diffusion, begin, add_noise):
        self.diffusion, self.begin, self.add_noise = diffusion, begin, add_noise

    def __getattr__(self, name):  # all else is as it was
        return getattr(self.__dict__["diffusion"], name)

    def p_sample(self, xt, t):
        if int(t[0]) == self.diffusion.n_steps - 1:
            xt = self.begin
        if self.add_noise:
            return self.diffusion.p_sample(xt, t)
        return self.diffusion.p_xt_prev_xt(xt, t)[0]


def denoise(begin, process, add_noise=True):
    """Images that your `sample` makes of given noise, with or without the noise of each step."""
    changed = with_settings(args, n_samples=len(begin), n_steps=process.n_steps)
    return type(trainer)(changed, model, Changed(process, begin, add_noise)).sample()


with when_ready(), torch.no_grad():
    torch.manual_seed(3)
    begin = torch.randn(3, 1, args.image_size, args.image_size, device=args.device)
    process = respace(diffusion, min(steps, 200))
    pictures = denoise(begin.repeat_interleave(8, 0), process)
    labels = [f"start {row + 1}" for row in range(3)]
    display(show_images(pictures, columns=8, row_labels=labels))

# %% [markdown]
r"""
## Experiment: sampling without the noise term

`p_sample` adds new noise after each step, which seems to undo work. Here it is left out: the mean is
taken at every step. Columns begin with the same noise.
"""

# %% name="no-noise" tags=["q2.written_samples"]
with when_ready(), torch.no_grad():
    torch.manual_seed(4)
    begin = torch.randn(10, 1, args.image_size, args.image_size, device=args.device)
    rows = torch.cat([denoise(begin, process), denoise(begin, process, add_noise=False)])
    display(show_images(rows, columns=10, row_labels=["with noise", "without"]))

# %% [markdown]
r"""
## Experiment: do we need all the steps?

Two ways to take fewer steps. *The first times only*: `trainer.sample(n_steps=k)` starts with pure noise
at time $k - 1$, where the network expects an image with some noise. *Spread out*: visit $k$ times from
the last to the first, and work out a new $\beta$ between them, so that $\bar\alpha$ is right at each
(Nichol & Dhariwal 2021, arXiv:2102.09672; `respace` in `homework/sampling.py`).

The number in brackets is how sure the classifier is, on average. Trust your eyes more than it: it
has only ever seen digits, and may be very sure of an image that is none.
"""

# %% name="fewer-steps" tags=["q2.written_samples"]
with when_ready(), torch.no_grad():
    torch.manual_seed(5)
    tenth = args.n_steps // 10
    few = type(trainer)(with_settings(args, n_samples=10), model, diffusion)
    rows, labels = [few.sample(n_steps=tenth)], [f"first {tenth} times"]
    for count in (5, 10, 25, 50, 100, 250, 1000):
        if count <= max(steps, 10):
            rows.append(draw(trainer, 10, n_steps=count))
            sure = metrics.measure(rows[-1]).confidence.value
            labels.append(f"{count} spread out ({sure:.2f})")
    title = "number of steps (how sure the classifier is)"
    display(show_images(torch.cat(rows), columns=10, row_labels=labels, title=title))

# %% [markdown] question="q2.written_samples"
r"""
### Samples (`q2.written_samples`)

Judge your samples: which flaws do you see, and what do the classifier's numbers add? Then explain the
last three experiments. (a) Does the initial noise decide which digit appears? (b) What happens without
the noise term, and why is it needed? (c) How many steps are enough here, and why does starting at the
first times only fail?
"""

# %% [markdown] answer="q2.written_samples"
r"""
**Your answer** (`q2.written_samples`):

### BEGIN SOLUTION
Most samples are clear digits with even strokes. Typical flaws are loose ends, broken loops and a
few shapes between two digits. The mean top probability counts such unclear cases without looking at
each, though the classifier can be sure of something that is no digit; the diversity near 1 shows that
no digit is missing, which a look at 20 images could not tell.

(a) No: each row shows many different digits. The noise added on the way outweighs the initial one, so
the choice falls during the steps, when the first strokes appear.

(b) Without noise the images collapse into one smooth shape, nearly the same whatever they start from
(in our run ten times the same 1). Each mean is an average of many possible $x_{t-1}$, and their spread
is what the noise restores. Left out, $x_t$ has too little variance for its time; the network, trained
on images with the full amount of noise, is asked about images of a kind that it never saw, and the
error grows from step to step. (A sampler without noise exists, DDIM, but it needs another mean.)

(c) With evenly spread times 25 steps are hard to tell from 100: with 500 images each, the classifier's
mean top probability was 0.93 to 0.94 from 25 to 250 steps, 0.91 with 10 and 0.87 with 5 (the ten images
of a row are too few to see that). With 5, digits stay grey and blurred: one Gaussian step is a poor
match for a large jump, whose outcomes are several digits with nothing in between. Starting at the first
times only gives the network pure noise and tells it that there is little noise in it. It takes noise
for image and removes next to nothing.
### END SOLUTION
"""

# %% [markdown] name="hand-in"
r"""
## Hand in

1. Fill in the agreement near the top, save your files, restart the kernel and run all cells, so that
   the outputs belong to your code. Save the notebook.
2. Run the next cell: all tasks should pass.
3. Run the last cell: it makes `report.pdf` from the saved notebook, each question on pages of its
   own, and says which pages are whose. Look at it, and hand it in where your course wants it.
4. In a terminal, in the assignment's folder: `bash collect_submission.sh ddpm`. It packs what
   you hand in and tells what is missing. (In Colab, in a cell of its own:
   `!bash "{HOME}/collect_submission.sh" ddpm`.)
"""

# %% name="check-all"
check("q2")

# %% name="report"
from homework.pdf import make_pdf

report = make_pdf("ddpm", HOME / "report.pdf")
