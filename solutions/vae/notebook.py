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
# Assignment 1: a variational autoencoder

@BADGE@

A variational autoencoder (VAE) learns two things at once: how to squeeze an image $x$ into a few
numbers $z$, and how to draw an image from such numbers. Afterwards you can make new digits by
drawing $z$ at random. In this assignment you write the densities and divergences that it is made
of, join them into its loss, train it on handwritten digits, and look at what the numbers mean.

**How to work.** Go from top to bottom. Each task names a function in `student_src` that you fill
in; the cell below the task checks it and tells you what it sees. Cells that need a function which
is not there yet say so and do no harm. Questions with points end in a cell for your answer, which
people grade. @POINTS@ points in all.

Read along: Kingma & Welling 2014, *Auto-Encoding Variational Bayes* (arXiv:1312.6114).
"""

# %% name="setup"
@SETUP@

# %% [markdown]
r"""
### How much to compute

| profile | made for | what you get |
|---|---|---|
| `smoke` | seconds | everything runs once; the results mean nothing |
| `cpu` | a laptop without a GPU | the course's settings, some minutes |
| `full` | any machine | the settings of the course |

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

args = profiles.settings("vae", PROFILE)
checkpoint = HOME / "runs" / f"vae-{args.profile}.safetensors" if RESUME else None
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

Think of each image as made in two steps: draw a short vector $z$ from a *prior*
$p(z) = \mathcal N(0, I)$, then draw the pixels from $p_\theta(x \mid z)$, whose means a network, the
**decoder**, computes from $z$. To train this we would like to raise

$$\log p_\theta(x) = \log \int p_\theta(x \mid z)\, p(z)\, dz,$$

but the integral runs over all $z$, and nearly all of them have nothing to do with this $x$. So a
second network, the **encoder**, looks at $x$ and proposes where to search: a Gaussian
$q_\phi(z \mid x) = \mathcal N(\mu(x), \operatorname{diag} \sigma^2(x))$. For any such $q$,

$$\log p_\theta(x) \;=\; \underbrace{\mathbb E_{q}[\log p_\theta(x \mid z)] - \mathrm{KL}\big(q_\phi(z \mid x)\,\|\,p(z)\big)}_{\text{ELBO}} \;+\; \mathrm{KL}\big(q_\phi(z\mid x)\,\|\,p_\theta(z \mid x)\big),$$

and since the last term is never negative, the ELBO (*evidence lower bound*) is a bound that we can
compute and raise. Its first term wants $z$ to say all about the image; its second wants $z$ to say
nothing. The tasks build these terms one by one.

Three conventions hold throughout: the first axis is the batch and each function returns one number
for each of its rows; networks give the *logarithm of the variance*, `logvar`, because any real
number is allowed there; logarithms are natural, so that results are in *nats*.
"""

# %% [markdown]
r"""
## Log-likelihood of Bernoulli pixels (`q1.log_likelihood_bernoulli`)

The decoder gives each pixel a probability $m_i$ of being ink. If pixels are independent given $z$,
the log-likelihood of an image is a sum over its pixels:

$$\log p(x \mid z) = \sum_i \big[ x_i \log m_i + (1 - x_i) \log (1 - m_i) \big].$$

Fill in `log_likelihood_bernoulli` in `student_src/q1_vae.py`. It must sum over pixels, not average:
averaging would make the image count 784 times less against the KL term.
"""

# %% check="q1.log_likelihood_bernoulli"

# %% [markdown]
r"""
## Log-density of a diagonal Gaussian (`q1.log_likelihood_normal`)

For independent features with mean $\mu_i$ and variance $\sigma_i^2 = e^{\text{logvar}_i}$,

$$\log \mathcal N(z; \mu, \operatorname{diag} \sigma^2) = -\tfrac12 \sum_i \Big[ \log 2\pi + \log \sigma_i^2 + \frac{(z_i - \mu_i)^2}{\sigma_i^2} \Big].$$

Fill in `log_likelihood_normal`.
"""

# %% check="q1.log_likelihood_normal"

# %% [markdown]
r"""
## Stable log-mean-exp (`q1.log_mean_exp`)

Averages of probabilities have to be taken *outside* of the logarithm: $\log \frac1S \sum_s e^{y_s}$.
Taken literally this fails, because with $y_s = -1000$ every $e^{y_s}$ is 0 in floating point and the
logarithm is $-\infty$. Pull the largest value out first:

$$\log \frac1S \sum_{s=1}^S e^{y_s} = a + \log \frac1S \sum_{s=1}^S e^{y_s - a}, \qquad a = \max_s y_s.$$

Now the largest exponent is 0. Fill in `log_mean_exp`; mind that `(batch, 1)` plus `(batch,)` is
`(batch, batch)`. You will use this function below to measure how tight the bound is.
"""

# %% check="q1.log_mean_exp"

# %% [markdown]
r"""
## KL divergence of two Gaussians, closed form (`q1.kl_gaussian_gaussian_analytic`)

How far is $q$ from $p$? The Kullback-Leibler divergence $\mathrm{KL}(q \| p) = \mathbb E_q[\log q(z) - \log p(z)]$
says it in nats. For diagonal Gaussians the expectation can be worked out:

$$\mathrm{KL}(q \| p) = \tfrac12 \sum_i \Big[ \log \frac{\sigma_{p,i}^2}{\sigma_{q,i}^2} - 1 + \frac{\sigma_{q,i}^2 + (\mu_{q,i} - \mu_{p,i})^2}{\sigma_{p,i}^2} \Big].$$

Fill in `kl_gaussian_gaussian_analytic`. The order matters: $\mathrm{KL}(q\|p) \ne \mathrm{KL}(p\|q)$.
"""

# %% check="q1.kl_gaussian_gaussian_analytic"

# %% [markdown]
r"""
## KL divergence of two Gaussians, Monte Carlo (`q1.kl_gaussian_gaussian_mc`)

When no formula is at hand, an average over draws will do. With $z_s = \mu_q + \sigma_q\, \varepsilon_s$
and $\varepsilon_s \sim \mathcal N(0, I)$,

$$\mathrm{KL}(q \| p) \approx \frac1S \sum_{s=1}^S \big[\log q(z_s) - \log p(z_s)\big].$$

Fill in `kl_gaussian_gaussian_mc`. Every row, feature and sample needs noise of its own.
"""

# %% check="q1.kl_gaussian_gaussian_mc"

# %% [markdown]
r"""
## Loss of the VAE: the negative ELBO (`q1.loss_function`)

The loss is minus the ELBO with one drawn $z$ for each image, summed over the batch:

$$\mathcal L = \sum_{x \in \text{batch}} \Big[ -\log p_\theta(x \mid z) + \mathrm{KL}\big(q_\phi(z\mid x)\,\|\,\mathcal N(0, I)\big)\Big].$$

Fill in `loss_function` in `student_src/q1_train_vae.py`, using your functions from `q1_vae.py`. The
network hands you `recon_x` (the means $m$), `mu` and `logvar`.
"""

# %% check="q1.loss_function"

# %% [markdown]
r"""
## Picture: what the two terms do

One number $x = 1.5$, one latent $z$ with prior $\mathcal N(0, 1)$, and a decoder that says
$x \sim \mathcal N(z, 0.5^2)$. Here everything can be drawn. On the left the encoder's mean $\mu$
moves, on the right its standard deviation $\sigma$. The curves use your closed form, the dots your
Monte Carlo estimate with 100 draws each.

Look for: the reconstruction term is best at $\mu = x$ with $\sigma \to 0$; the KL term is best at
$\mu = 0$, $\sigma = 1$; their sum has its minimum in between, and that minimum is the true posterior.
"""

# %% name="two-terms"
def expected_reconstruction(mu, std, x=1.5, noise=0.5):
    """-E[log p(x | z)] for z ~ N(mu, std^2), up to a constant."""
    return ((x - mu) ** 2 + std**2) / (2 * noise**2)


with when_ready():
    q1 = fresh("q1_vae")
    moving_mu, moving_std = torch.linspace(-1, 3, 81), torch.linspace(0.1, 1.6, 76)
    figure, both = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained", sharey=True)
    for axes, mu, std, along, name in (
        (both[0], moving_mu, torch.full((81,), 0.45), moving_mu, "mean of q"),
        (both[1], torch.full((76,), 1.2), moving_std, moving_std, "standard deviation of q"),
    ):
        zeros, logvar = torch.zeros(len(mu), 1), 2 * std.log()[:, None]
        kl = q1.kl_gaussian_gaussian_analytic(mu[:, None], logvar, zeros, zeros)
        estimate = q1.kl_gaussian_gaussian_mc(mu[:, None], logvar, zeros, zeros, 100)
        reconstruction = expected_reconstruction(mu, std)
        axes.plot(along, reconstruction, "#2a6f97", label="reconstruction term")
        axes.plot(along, kl, "#c8553d", label="KL term")
        axes.plot(along[::4], estimate[::4], ".", color="#c8553d", label="KL, 100 draws")
        axes.plot(along, reconstruction + kl, "k", label="sum: minus the ELBO")
        best = along[(reconstruction + kl).argmin()]
        axes.axvline(best, color="#b8c4d6", zorder=0)
        axes.set(xlabel=name, ylim=(-0.5, 8))
        axes.spines[["top", "right"]].set_visible(False)
    both[0].set_ylabel("nats")
    both[1].legend(frameon=False, fontsize=8)
    plt.show()

# %% [markdown]
r"""
## Training

The training set is MNIST: 60,000 handwritten digits of 28 x 28 pixels in [0, 1]. Without network
and without a folder of your own (environment variable `HOMEWORK_DATA`), 6,000 digits that came with
the assignment are used; the line below the cell says which. Encoder and decoder are two small fully
connected networks with 20 latent numbers between them (`homework/vae_model.py`), trained by
Adam with learning rate 1e-3 for 20 epochs in batches of 128.
"""

# %% name="train" tags=["q1.written_training"]
images = profiles.images(args)
with when_ready():
    from homework.vae_training import train_vae

    torch.manual_seed(0)
    loss_function = fresh("q1_train_vae").loss_function
    run = train_vae(loss_function, args, images, checkpoint=checkpoint)
    vae = run.model.eval()
    need(run.history, "Not one epoch is finished: run this cell again.")
    print(f"validation loss after {len(run.history)} epochs: {run.validation_loss:.1f} nats")

# %% name="loss-curves" tags=["q1.written_training"]
with when_ready():
    history = need(run.history, "The curves appear after the first epoch.")
    epochs = [entry["epoch"] for entry in history]
    validation = [entry["validation_loss"] for entry in history]
    figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
    axes.plot(epochs, [entry["loss"] for entry in history], "k.-", label="training")
    axes.plot(epochs, validation, ".-", color="#c8553d", label="validation")
    axes.axhline(104, color="#b8c4d6", label="104, to be reached on MNIST")
    axes.set(xlabel="epoch", ylabel="minus ELBO, nats per image", title="Loss curves")
    axes.locator_params(axis="x", integer=True)
    if len(epochs) > 5:  # the first epochs' high values would press the others flat
        axes.set_ylim(top=history[2]["loss"])
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    plt.show()

# %% [markdown] question="q1.written_training"
r"""
### Training and loss curve (`q1.written_training`)

Train for 20 epochs on MNIST and keep the output and the loss curve above in your notebook; a
validation loss of at most 104 nats per image is expected. Write down (a) the loss you reached,
(b) whether the two curves drift apart, and what that tells you, and (c) why the loss can stop
falling although reconstructions are still blurred.
"""

# %% [markdown] answer="q1.written_training"
r"""
**Your answer** (`q1.written_training`):

### BEGIN SOLUTION
(a) With the course's settings the validation loss is about 102 nats after 20 epochs; 104 is passed
after about thirteen.

(b) Early on the validation loss is the lower one: the training loss of an epoch is a mean over the
epoch, while the model was still worse, and validation comes after it. From about the seventeenth
epoch on training is ahead, by a few tenths of a nat. That gap is the part of the improvement that
does not carry over to unseen digits (overfitting). It is small beside the loss, and both curves still
fall, so longer training would still help, slowly.

(c) The loss is a sum of two prices. Sharper images need a $z$ that says more, and every nat it says
costs a nat of KL; training stops where one more nat of information saves less than a nat of
reconstruction. Besides, the decoder gives pixels that are independent given $z$: where a stroke
might lie a pixel further left or right, the best such model can do is to answer grey. A bound that
is not tight (the KL between $q$ and the true posterior) adds to the loss as well.
### END SOLUTION
"""

# %% [markdown]
r"""
## Experiment: each term alone

Three small models, trained briefly: with the reconstruction term alone, with both terms, and with
ten times the KL term. The last row of each shows what the
decoder makes of draws from the prior.
"""

# %% name="each-term-alone"
from dataclasses import replace

with when_ready():
    from homework.args import with_settings
    from homework.vae_training import train_vae

    q1 = fresh("q1_vae")
    brief = with_settings(args, epochs=min(5, args.epochs), show_every_n_epochs=0)
    fewer = replace(images, train=images.train.first(20_000))

    def weighted(weight):
        def loss(recon_x, x, mu, logvar):
            prior = torch.zeros_like(mu)  # its mean, and the logarithm of its variance
            kl = q1.kl_gaussian_gaussian_analytic(mu, logvar, prior, prior)
            return (weight * kl - q1.log_likelihood_bernoulli(recon_x, x.flatten(1))).sum()

        return loss

    some = images.test.images(slice(0, 10))
    for weight, name in ((0, "reconstruction alone"), (1, "the ELBO"), (10, "ten times the KL")):
        small = train_vae(weighted(weight), brief, fewer, show=False).model.eval()
        with torch.no_grad():
            back = small.decode(small.encode(some)[0]).reshape(some.shape)
        rows = torch.cat([some, back, small.sample(10)])
        labels = ["test digits", "come back as", "from the prior"]
        display(show_images(rows, "unit", columns=10, title=name, row_labels=labels, zoom=1.6))

# %% [markdown]
r"""
Without the KL term the model reconstructs best, but the prior's draws land where no image was ever
encoded. With too much of it $z$ carries little, and digits come back as one of a few blurred shapes.
"""

# %% [markdown]
r"""
## Experiment: how tight is the bound?

With many draws from $q$, an importance-weighted average estimates $\log p(x)$ itself:

$$\log p(x) \approx \log \frac1S \sum_{s=1}^S \frac{p(x \mid z_s)\, p(z_s)}{q(z_s \mid x)}, \qquad z_s \sim q(z \mid x).$$

This is where `log_mean_exp` and `log_likelihood_normal` earn their keep. For $S = 1$ the average of
this is the ELBO; as $S$ grows it rises towards $\log p(x)$ (Burda et al. 2016, arXiv:1509.00519).
"""

# %% name="how-tight"
with when_ready(), torch.no_grad():
    q1 = fresh("q1_vae")
    x = images.test.images(slice(0, 50))
    mu, logvar = vae.encode(x)
    zeros, draws = torch.zeros_like(mu), 200
    log_weights = []
    for _ in range(draws):
        z = vae.reparameterize(mu, logvar)
        log_weights.append(
            q1.log_likelihood_bernoulli(vae.decode(z), x.flatten(1))
            + q1.log_likelihood_normal(zeros, zeros, z)
            - q1.log_likelihood_normal(mu, logvar, z)
        )
    log_weights = torch.stack(log_weights, dim=1)  # (images, draws)
    for count in (1, 10, draws):
        groups = log_weights.reshape(len(x) * draws // count, count)
        value = q1.log_mean_exp(groups).mean()
        print(f"S = {count:3d}: log p(x) is estimated as {value:.1f} nats")

# %% [markdown]
r"""
## Samples
"""

# %% name="samples-by-epoch" tags=["q1.written_samples"]
with when_ready():
    for epoch, pictures in run.samples_by_epoch.items():
        display(show_images(pictures[:20], "unit", title=f"samples after epoch {epoch}", zoom=1.6))

# %% name="reconstructions" tags=["q1.written_samples"]
with when_ready(), torch.no_grad():
    originals = images.test.images(slice(10, 20))
    means = vae.decode(vae.encode(originals)[0]).reshape(originals.shape)
    labels = ["test digits", "come back as"]
    display(show_images(torch.cat([originals, means]), "unit", columns=10, row_labels=labels))
    print(metrics.measure(vae.sample(args.metric_samples), scale="unit"))

# %% [markdown] question="q1.written_samples"
r"""
### Samples (`q1.written_samples`)

Look at samples and reconstructions. Which digits come out well and which do not? Why are samples
worse than reconstructions, and why are both softer than real digits? Refer to the terms of the loss.
"""

# %% [markdown] answer="q1.written_samples"
r"""
**Your answer** (`q1.written_samples`):

### BEGIN SOLUTION
Round and simple shapes (0, 1, 3, 6, 9) are mostly clear; 2, 4, 5 and 8 are more often broken, and
some samples lie between two digits, a mixture of 4 and 9 or of 3, 5 and 8.

A reconstruction starts from a $z$ that the encoder found for a real image, a place where the decoder
was trained. A sample starts from the prior. The KL term pulls each $q(z\mid x)$ towards the prior,
but their mixture over all images does not equal the prior: it has holes between the digits, and a
draw that falls there gives something between digits.

Both are soft because pixels are independent given $z$: uncertainty about where an edge lies comes
out as grey. The pictures also show means $m$, not draws of the pixels.
### END SOLUTION
"""

# %% [markdown]
r"""
## Latent traversals

Encode one test digit, then change a single latent number and leave the others as they are: one
column for each of the 20 factors, with five values from -3 to 3 from top to bottom. Above
them, how many nats of KL each factor costs on average: a factor that costs nothing says nothing.
"""

# %% name="nats-by-factor" tags=["q1.written_latent_traversals"]
with when_ready(), torch.no_grad():
    q1 = fresh("q1_vae")
    mu, logvar = vae.encode(images.test.images(slice(0, 1000)))
    factor = [value.reshape(-1, 1) for value in (mu, logvar)]  # each factor as a row of its own
    zeros = torch.zeros_like(factor[0])
    nats = q1.kl_gaussian_gaussian_analytic(*factor, zeros, zeros).reshape(mu.shape).mean(0)
    figure, axes = plt.subplots(figsize=(9, 1.8), layout="constrained")
    axes.bar(range(vae.latent), nats.cpu(), color="#2a6f97")
    axes.set(ylabel="nats", xlabel="latent factor", xlim=(-0.5, vae.latent - 0.5))
    axes.set_xticks(range(vae.latent))
    axes.spines[["top", "right"]].set_visible(False)
    plt.show()

# %% name="traversals" tags=["q1.written_latent_traversals"]
def traverse(model, image, values):
    """(values, factors) grid of images: one latent number set to each of the values."""
    z = model.encode(image)[0]
    rows = []
    for value in values:
        changed = z.repeat(model.latent, 1)  # one row for each factor
        changed.fill_diagonal_(value)
        rows.append(model.decode(changed).reshape(-1, 1, 28, 28))
    return torch.cat(rows)


with when_ready(), torch.no_grad():
    values = (-3.0, -1.5, 0.0, 1.5, 3.0)
    for number in (0, 1):
        image = images.test.images(slice(number, number + 1))
        grid = traverse(vae, image, values)
        display(
            show_images(
                grid,
                "unit",
                columns=vae.latent,
                title=f"traversals of test digit {images.test.labels[number]}",
                row_labels=[f"{value:+.1f}" for value in values],
                column_labels=[str(i) for i in range(vae.latent)],
                zoom=1.7,
            )
        )

# %% [markdown] question="q1.written_latent_traversals"
r"""
### Latent traversals (`q1.written_latent_traversals`)

Choose three factors whose meaning you can see and describe each in a sentence. Do factors change one
property only (are they *disentangled*)? Are there factors that change nothing, and how does the bar
chart predict them? What in the loss would you change to get factors that are easier to read, and
what would it cost?
"""

# %% [markdown] answer="q1.written_latent_traversals"
r"""
**Your answer** (`q1.written_latent_traversals`):

### BEGIN SOLUTION
The numbering differs from run to run. Typical factors: one makes strokes thicker or thinner, one
slants the digit, one widens it from a stroke (a 1) to a circle (a 0), one closes or opens the upper
loop.

They are not disentangled: the same factor changes slant and width at once, and at the extremes the
digit itself. Nothing in the loss asks for one property a factor: the prior is the same in every
direction, so a rotation of $z$ would be as good.

Factors with next to no KL have $q(z_i \mid x) \approx \mathcal N(0, 1)$ for every image. They carry
no information, the decoder has learned to ignore them, and their column shows one and the same
image. Here that is nearly half of them: the bars without height.

A larger weight on the KL term ($\beta > 1$) makes each nat dearer, so that fewer factors are used
and each is used for something that matters in many images. The price is a worse reconstruction and
softer images; the loss is then no bound on $\log p(x)$ to be compared with others.
### END SOLUTION
"""

# %% [markdown]
r"""
## Interpolation

Two ways to get from one digit to another: mix their latent numbers and decode,
$\text{decode}\big((1-\alpha) z_0 + \alpha z_1\big)$, or decode both and mix the pixels,
$(1-\alpha)\, \hat x_0 + \alpha\, \hat x_1$.
"""

# %% name="interpolation" tags=["q1.written_interpolation"]
with when_ready(), torch.no_grad():
    alphas = torch.linspace(0, 1, 11, device=args.device)[:, None]
    labels = images.test.labels[:200].tolist()
    for first, second in ((7, 1), (2, 0), (4, 9)):
        pair = torch.stack(
            [images.test.images(labels.index(digit)) for digit in (first, second)]
        )
        z = vae.encode(pair)[0]
        latent = vae.decode((1 - alphas) * z[:1] + alphas * z[1:])
        ends = vae.decode(z)
        data = (1 - alphas) * ends[:1] + alphas * ends[1:]
        display(
            show_images(
                torch.cat([latent, data]).reshape(-1, 1, 28, 28),
                "unit",
                columns=11,
                row_labels=["in latent space", "in data space"],
                column_labels=[f"{float(alpha):.1f}" for alpha in alphas],
                title=f"from {first} to {second}",
            )
        )

# %% [markdown] question="q1.written_interpolation"
r"""
### Interpolation (`q1.written_interpolation`)

Compare the two rows of each picture. What do the images in the middle look like, and why? Would you
expect the same with an autoencoder trained without the KL term? What does the better of the two tell
you about the space of $z$?
"""

# %% [markdown] answer="q1.written_interpolation"
r"""
**Your answer** (`q1.written_interpolation`):

### BEGIN SOLUTION
Mixing pixels shows both digits on top of each other, one fading out and one fading in: the middle is
a double exposure that no one would write. Images do not form a set that contains the straight line
between two of its members.

Mixing latent numbers bends one digit into the other: strokes move, open and close, and most
images in between look like something handwritten, if sometimes like a third digit. The decoder turns
any $z$ near those it was trained on into something like an image, and a step in $z$ into a small
change of shape.

Without the KL term nothing makes the encodings fill the space: they may lie far apart with narrow
$\sigma$, and the line between two of them crosses a region where the decoder was never trained, so
that the middle is often no digit. That the latent row works says that the noise added to $z$ and the
pull towards one common prior have laid similar images next to each other without large gaps.
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
4. In a terminal, in the assignment's folder: `bash collect_submission.sh vae`. It packs what
   you hand in and tells what is missing. (In Colab, in a cell of its own:
   `!bash "{HOME}/collect_submission.sh" vae`.)
"""

# %% name="check-all"
check("q1")

# %% name="report"
from homework.pdf import make_pdf

report = make_pdf("vae", HOME / "report.pdf")
