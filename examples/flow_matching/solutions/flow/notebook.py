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
# Assignment 1: flow matching

@BADGE@

A diffusion model walks from noise to an image in a thousand small random steps. Flow matching asks
for less: join each image with some noise by a straight line, and train a network to say in which
direction, and how fast, one moves along such lines. To make an image, start at noise and follow the
network's arrows. Nothing random happens on the way, and a few dozen steps will do. In this
assignment you write the lines, the loss and two samplers, train a network on pictures of clothes,
and find out what a step costs and what it buys.

**How to work.** Go from top to bottom. Each task names a method in `student_src/q1_flow.py` that you
fill in; the cell below the task checks it and tells you what it sees. Cells that need something
which is not there yet say so and do no harm. Questions with points end in a cell for your answer,
which people grade. @POINTS@ points in all.

Read along: Lipman et al. 2023, *Flow Matching for Generative Modeling* (arXiv:2210.02747), sections
2 to 4; Liu et al. 2023, *Flow Straight and Fast* (arXiv:2209.03003), section 2.
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
| `full` | a GPU | a wider network and more steps |

`None` takes the profile that the environment variable `HOMEWORK_PROFILE` names; where there is
none, `full` with a GPU and `cpu` without.

The images are Fashion-MNIST. They are downloaded, or read from the folder that the environment
variable `HOMEWORK_DATA` names. Where neither is to be had, 7,000 handwritten digits that come with
the assignment **stand in for them**: the line below says which you have, and each figure of images
names them. Say it in your report, too.
"""

# %% name="profile"
PROFILE = None  # "smoke", "cpu", "full" or None
RESUME = False  # True: write checkpoints, and go on from the last one

import time

import torch
from IPython.display import display
from matplotlib import pyplot as plt

from homework import profiles
from homework.check import check
from homework.flow_training import starting_noise, train_flow, walk
from homework.plots import show_images

args = profiles.settings("flow", PROFILE)
checkpoint = HOME / "runs" / f"flow-{args.profile}.safetensors" if RESUME else None
print(f"profile {args.profile}: up to {args.steps} training steps, on {args.device}")
images = profiles.images(args)

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

Let $x_0$ be an image and $x_1 \sim \mathcal N(0, I)$ noise. **Time runs from data to noise**, from
$t = 0$ to $t = 1$; many texts, Lipman et al. among them, count the other way. The path between the
two is a straight line, walked at one speed:

$$x_t = (1 - t)\, x_0 + t\, x_1, \qquad \frac{d x_t}{d t} = x_1 - x_0 .$$

The right-hand side needs both ends, which a sampler does not know: it stands at some $x_t$ and sees
nothing else. Many lines pass through there. The best guess is their mean velocity,

$$v(x, t) = \mathbb E\big[\, x_1 - x_0 \;\big|\; x_t = x \,\big],$$

and a network trained with a squared error on single lines learns just this mean. The surprise is
that the mean is enough: if $x(t)$ follows $\dot x = v(x, t)$ from a draw of noise at $t = 1$ down to
$t = 0$, then at each time it is distributed as $x_t$ is, so at $t = 0$ it is distributed as the data
(Lipman et al. 2023, theorems 1 and 2). Single lines cross each other; solutions of the equation
cannot.
"""

# %% [markdown]
r"""
## A point on the path (`q1.sample_xt`)

Fill in `sample_xt`: the point at time $t$ between an image and its noise. Each image of the batch has
its own time; `t` comes in the shape `(batch, 1, 1, 1)`.
"""

# %% check="q1.sample_xt"

# %% [markdown]
r"""
### Picture: from data to noise

Each row is one image with one noise, at ten times, made by your `sample_xt`. Compare with the noising
of a diffusion model, if you know one: here half of the way is half of the time.
"""

# %% name="path"
with when_ready():
    flow = fresh("q1_flow").FlowMatching(torch.nn.Identity(), args.device)
    times = torch.linspace(0, 1, 10, device=args.device)
    pictures = images.test.images(slice(0, 3)).repeat_interleave(10, 0)
    noise = starting_noise(3, args).repeat_interleave(10, 0)
    between = flow.sample_xt(pictures, noise, times.repeat(3).reshape(-1, 1, 1, 1))
    labels = [f"t = {t:.2f}" for t in times.tolist()]
    display(show_images(between, columns=10, column_labels=labels, title=images.title))

# %% [markdown]
r"""
## The velocity of the path (`q1.compute_conditional_velocity`)

Fill in `compute_conditional_velocity`: the derivative of $x_t$ with respect to $t$ when both ends are
known.
"""

# %% check="q1.compute_conditional_velocity"

# %% [markdown]
r"""
## Training loss (`q1.loss`)

The network $v_\theta$ sees $x_t$ and $t$, and has to guess the velocity of the line that $x_t$ was
taken from:

$$L = \mathbb E_{t \sim U(0, 1),\; x_0,\; x_1}\; \big\| v_\theta(x_t, t) - (x_1 - x_0) \big\|^2 .$$

A squared norm is a *sum* over channels and pixels; then comes the mean over the batch. Fill in
`loss`. The times are drawn for you, and `predict_velocity(x_t, t)` asks the network.
"""

# %% check="q1.loss"

# %% [markdown]
r"""
## A step of Euler's method (`q1.euler_step`)

To sample, cut the time from 1 to 0 into pieces. Euler's method takes the velocity at the beginning of
a piece for the whole of it,

$$x_{t + \Delta t} = x_t + \Delta t\; v_\theta(x_t, t),$$

with $\Delta t < 0$, since we walk from noise to data. Fill in `euler_step`. Here `t` and `dt` are
floats; `predict_velocity` wants a tensor.
"""

# %% check="q1.euler_step"

# %% [markdown]
r"""
### Picture: lines cross, the flow does not

Images of a single pixel, and a world with two of them only, $-1$ and $+1$. Then the mean velocity can
be worked out: no network is needed. Left: straight lines, by your `sample_xt`. Many cross. Right: from
the same noise, the way that your `euler_step` goes along the mean velocity. Where left and right
lines are equally likely the flow is undecided and stays in the middle, and then it bends.
"""

# %% name="crossing"
class TwoImages(torch.nn.Module):
    """The exact mean velocity where data are -1 and +1 with equal probability."""

    def forward(self, x, time):
        t = (time / 1000).clamp(min=1e-3).reshape(-1, 1, 1, 1)
        side = torch.tanh((1 - t) * x / t**2)  # the mean of x0, given x
        return (x - side) / t


with when_ready():
    flow = fresh("q1_flow").FlowMatching(TwoImages(), "cpu")
    torch.manual_seed(0)
    noise = torch.randn(40, 1, 1, 1)
    data = torch.randint(0, 2, noise.shape) * 2.0 - 1
    ends = torch.stack([flow.sample_xt(data, noise, torch.full_like(noise, t)) for t in (1.0, 0.0)])
    kept = []
    walk(flow.euler_step, noise, 200, kept)
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3), sharey=True, layout="constrained"
    )
    left.plot([1, 0], ends.flatten(1), color="#1b2a41", linewidth=0.7)
    right.plot(torch.linspace(1, 0, 201), torch.stack(kept).flatten(1), "#c8553d", linewidth=0.7)
    left.set(title="lines from noise to data", ylabel="value of the pixel")
    right.set_title("solutions of dx/dt = v(x, t)")
    for axes in (left, right):
        axes.set(xlabel="time t", xlim=(1, 0))
        axes.spines[["top", "right"]].set_visible(False)
    plt.show()

# %% [markdown]
r"""
## A step of the midpoint method (`q1.midpoint_step`)

Where the way bends, the velocity at the beginning is wrong for the rest of the step. The midpoint
method first goes half a step, only to look at the velocity there, and then follows that one from
$x_t$ for the whole step:

$$x_m = x_t + \tfrac{\Delta t}{2}\; v_\theta(x_t, t), \qquad
x_{t + \Delta t} = x_t + \Delta t\; v_\theta\big(x_m,\; t + \tfrac{\Delta t}{2}\big).$$

Two evaluations of the network a step, and an error of the whole way that falls with $\Delta t^2$
where Euler's falls with $\Delta t$. Fill in `midpoint_step`.
"""

# %% check="q1.midpoint_step"

# %% [markdown]
r"""
## Training

The network is a small U-Net (`homework/flow_net.py`) that is told the time by sines and cosines of
it. Training uses your `loss`, and draws a few images with your `euler_step` on the way, always from
the same noise. What the loop calls an epoch is a fifth of all training steps, however many images
there are. Afterwards the network holds an average of its weights over the last steps.
"""

# %% name="train"
with when_ready():
    torch.manual_seed(0)
    new = train_flow(fresh("q1_flow").FlowMatching, args, images, checkpoint)
    run = new  # only now: the cells below want a trained one
    last = need(run.history, "Not one epoch is finished.")[-1]
    print(
        f"{last['step']:.0f} steps in {last['seconds'] / 60:.1f} minutes; squared error per pixel "
        f"in the last epoch: {last['loss']:.4f}"
    )

# %% name="loss-curve"
with when_ready():
    history = need(run.history, "The curve appears after the first epoch.")
    figure, axes = plt.subplots(figsize=(6, 2.8), layout="constrained")
    axes.plot([e["step"] for e in history], [e["loss"] for e in history], "k.-")
    axes.set(xlabel="training step", ylabel="squared error per pixel", title="Loss")
    axes.spines[["top", "right"]].set_visible(False)
    plt.show()

# %% name="samples-by-epoch"
with when_ready():
    by_epoch = need(
        run.samples_by_epoch, "Samples are drawn during training, once `euler_step` is filled in."
    )
    rows = torch.cat([pictures[:10] for pictures in by_epoch.values()])
    labels = [f"epoch {epoch}" for epoch in by_epoch]
    title = f"samples by epoch, from the same noise ({images.title})"
    display(show_images(rows, columns=10, row_labels=labels, title=title))

# %% [markdown]
r"""
### Picture: from noise to data

Upper rows: three samples on their way. Lower rows: where the network believes the way to end,
$\hat x_0 = x_t - t\, v_\theta(x_t, t)$, which is a single Euler step to $t = 0$.
"""

# %% name="way"
with when_ready(), torch.no_grad():
    count, kept = args.sample_steps, []
    flow = fresh("q1_flow").FlowMatching(run.model, args.device)
    walk(flow.euler_step, starting_noise(3, args), count, kept)
    taken = sorted({round(count * share / 8) for share in range(9)} - {count})
    ends = [flow.euler_step(kept[s].to(args.device), 1 - s / count, s / count - 1) for s in taken]
    labels = [f"t = {1 - s / count:.2f}" for s in taken]
    for steps, title in (([kept[s] for s in taken], "on the way"), (ends, "believed ends")):
        rows = torch.stack([x.cpu() for x in steps], dim=1).flatten(0, 1)
        title = f"{title} ({images.title})"
        display(show_images(rows, columns=len(taken), column_labels=labels, title=title))

# %% [markdown] question="q1.written_theory"
r"""
## Flow matching and diffusion (`q1.written_theory`)

(a) Why may the network be trained on the velocities of single lines, although a sampler needs the mean
velocity $v(x, t)$? (b) A DDPM predicts noise. What does the velocity network predict beyond that, and
how can one be turned into the other? (c) Compare forward process, loss and sampling of the two: what
is chosen by hand in each, and where does chance enter? (d) Lines from noise to data are straight. Why
is the way of a sample not?
"""

# %% [markdown] answer="q1.written_theory"
r"""
**Your answer** (`q1.written_theory`):

### BEGIN SOLUTION
(a) A squared error is smallest at the conditional mean. At a given $x_t$ and $t$ the network is shown
the velocities of all lines that pass there, each as often as it occurs, so its best answer is their
mean, which is $v(x, t)$. The two losses (against single velocities, and against the mean) differ by a
number that does not depend on the network, hence have the same gradient (Lipman et al., theorem 2).
That number, the spread of the velocities, is why the loss does not go to 0. *(1.5)*

(b) From $x_t = (1 - t)\, x_0 + t\, x_1$ and $v = x_1 - x_0$ follow the expected image
$\hat x_0 = x_t - t v$ and the expected noise $\hat x_1 = x_t + (1 - t) v$: given $x_t$ and $t$, noise,
image and velocity are three forms of one guess. They differ in how errors at each time are weighted,
and in that predicted noise says nothing at $t = 1$, where it is $x_t$ itself. *(1.5)*

(c) DDPM: a schedule $\beta_t$ and a thousand discrete times by hand, a curved path
($\sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\,\varepsilon$) that ends near noise but not quite
there, a loss that drops the weights of a likelihood bound, and new noise in each step of sampling.
Flow matching: the path by hand, here a straight one which ends in noise exactly, any real time, a
plain regression, and an ordinary differential equation: chance enters at the start only. So the same
noise always gives the same image, and the number of steps is chosen after training. *(1)*

(d) Lines are straight for a *given pair* of noise and image. Pairs are drawn independently, so lines
cross, and at a crossing the flow follows a mean. Far out at $t = 1$ nothing is known of the image, and
the mean points from $x_t$ to the mean of all data; nearer to the data it turns to one of them. *(1)*
### END SOLUTION
"""

# %% [markdown]
r"""
## Experiment: steps and evaluations

What costs time is the evaluation of the network: one for each step of Euler's method, two for each of
the midpoint method. So the two are compared at *equal numbers of evaluations*, from the same noise.
What they should both come to is the solution of the equation, here by many midpoint steps.
"""

# %% name="methods"
reference_steps = 8 * args.sample_steps
budgets = [n for n in (2, 4, 10, 20, 50, 100) if n <= 4 * args.sample_steps]
with when_ready(), torch.no_grad():
    flow = fresh("q1_flow").FlowMatching(run.model, args.device)
    noise = starting_noise(10, args, seed=1)
    solution = walk(flow.midpoint_step, noise, reference_steps)
    methods = {"Euler": (flow.euler_step, 1), "midpoint": (flow.midpoint_step, 2)}
    made, errors, seconds = {}, {}, {}
    for name, (step, cost) in methods.items():
        for budget in budgets:
            begun = time.perf_counter()
            made[name, budget] = walk(step, noise, budget // cost)
            seconds[name, budget] = time.perf_counter() - begun
            off = (made[name, budget] - solution).square().mean().sqrt()
            errors[name, budget] = float(off)
    print("evaluations   error of Euler   of midpoint   seconds of Euler   of midpoint")
    for budget in budgets:
        told = [table[name, budget] for table in (errors, seconds) for name in methods]
        print(f"{budget:11d} {told[0]:16.4f} {told[1]:13.4f} {told[2]:18.2f} {told[3]:13.2f}")
    each = seconds["Euler", budgets[-1]] / budgets[-1]
    print(f"1000 evaluations, as in DDPM, would take {1000 * each:.0f} s for {len(noise)} images.")

# %% name="methods-images"
with when_ready():
    for name, (_, cost) in methods.items():
        rows = torch.cat([made[name, budget] for budget in budgets] + [solution])
        labels = [f"{n} evaluations" for n in budgets] + [f"solution ({2 * reference_steps})"]
        title = f"{name}, {cost} evaluation(s) a step ({images.title})"
        display(show_images(rows, columns=10, row_labels=labels, title=title))

# %% name="methods-errors"
with when_ready():
    figure, axes = plt.subplots(figsize=(5, 3.2), layout="constrained")
    for name, color in (("Euler", "#2a6f97"), ("midpoint", "#c8553d")):
        axes.loglog(budgets, [errors[name, n] for n in budgets], "o-", color=color, label=name)
    axes.set(xlabel="evaluations of the network", ylabel="error (root mean square)")
    axes.set_title("distance to the solution", fontsize=10)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    plt.show()

# %% [markdown] question="q1.written_samplers"
r"""
## Steps, evaluations, quality (`q1.written_samplers`)

Say first which images and which profile you used. (a) How do samples by Euler's method change from 2
to 100 steps? Why are those of few steps blurred? (b) Compare Euler and midpoint at equal numbers of
evaluations: from where on does the midpoint method pay, and with which power of the number of steps do
the errors fall? (c) A DDPM takes 1000 evaluations. With how many would you sample here, in how much
time, and why does flow matching need fewer? (d) A sampler without any error: would it make perfect
images?
"""

# %% [markdown] answer="q1.written_samplers"
r"""
**Your answer** (`q1.written_samplers`):

### BEGIN SOLUTION
These numbers are of the `cpu` profile on the digits that stand in for Fashion-MNIST; with other images
they differ, the arguments do not.

(a) With 2 steps images are grey and blurred, with 10 they have clear strokes, and from 20 to 50 on
hardly anything changes. In a first step from pure noise the velocity points to the mean of all images
that are still possible. With few steps that mean is followed too far, and ends in an average instead
of one image. One in ten even became another one: nearly a 6 after 4 steps, a 0 after 10. *(1.5)*

(b) The distance to the solution was, for 2, 4, 10, 20, 50 and 100 evaluations, 0.34, 0.21, 0.085,
0.053, 0.025 and 0.012 by Euler's method, and 0.42, 0.18, 0.038, 0.013, 0.007 and 0.002 by the midpoint
method. With 2 evaluations, one step of the midpoint method, it is the
worse one: it follows for the whole way a velocity that holds in the middle only. From 4 on it pays, and
with 10 to 50 it is two to four times nearer. Euler's error about halves when steps double, the first
power; the midpoint's falls by three to four at first, nearly the second power, and later less evenly,
since `predict_velocity` cuts times to whole thousandths. *(1.5)*

(c) Twenty evaluations, as ten midpoint steps: to the eye they are the solution, in a fiftieth of the
time of a DDPM with the same network (0.8 s of one core for ten images
where 1000 evaluations would take 39 s). A DDPM's steps are draws with little noise each, and
the Gaussian that it draws from is only right for short steps. Here the way is smooth and nearly
straight for most of the time, and a method for differential equations may take long steps on such a
way. *(1)*

(d) No. It would give exactly what the network's velocity field makes of the noise, and that field has
errors of its own: of limited training, of few images, of a small network. Shapes that are no
digits are in the row of the solution too. More steps cannot mend them; training can. *(1)*
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
4. In a terminal, in the assignment's folder: `bash collect_submission.sh flow`. It packs what
   you hand in and tells what is missing. (In Colab, in a cell of its own:
   `!bash "{HOME}/collect_submission.sh" flow`.)
"""

# %% name="check-all"
check("q1")

# %% name="report"
from homework.pdf import make_pdf

report = make_pdf("flow", HOME / "report.pdf")
