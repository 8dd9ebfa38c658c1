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

# %% [markdown]
r"""
# Variational autoencoder
"""

# %% name="setup"
# Run this cell first, every time. It finds the assignment's folder, also when this notebook was
# opened from another folder or in Colab.
import os
import sys
from pathlib import Path

MARK = "student_src/q1_vae.py"
COLAB_FILES = "drive"  # in Colab: "drive" if you unzipped the assignment in Drive, or "upload"


def find_home():
    """The folder that holds student_src: named, here, above, below, or in Google Drive."""
    here = Path.cwd()
    places = [Path(os.environ.get("HOMEWORK_HOME", here)), here, *here.parents]
    for start in (here, Path("/content/drive/MyDrive")):
        places += [*sorted(start.glob("*/")), *sorted(start.glob("*/*/"))]
    return next((place for place in places if os.path.isfile(place / MARK)), None)


HOME = find_home()
if HOME is None and "google.colab" in sys.modules:
    if COLAB_FILES == "drive":
        from google.colab import drive

        drive.mount("/content/drive")
    else:
        import io
        import zipfile

        from google.colab import files

        print("Choose the assignment's zip file.")
        for content in files.upload().values():
            zipfile.ZipFile(io.BytesIO(content)).extractall(Path.cwd())
    HOME = find_home()
if HOME is None:
    raise SystemExit(
        f"{MARK} was not found at, above or below {Path.cwd()}. Start Jupyter in the unzipped "
        "assignment, or set the environment variable HOMEWORK_HOME to its folder."
    )
sys.path[:0] = [str(HOME / "student_src")]

from homework.notebook import fresh, start, when_ready  # noqa: E402

start()  # edits of your files count at once, pictures appear here; versions are printed
print(f"working in {HOME}")

# %% [markdown]
r"""
### How much to compute

| profile | for | what you get |
|---|---|---|
| `smoke` | seconds | everything runs once, the results mean nothing |
| `cpu` | a laptop without a GPU | an honest result |
| `full` | a GPU | the settings of the course |

`None` takes the profile that the environment variable `HOMEWORK_PROFILE` names, and without it
`full` where there is a GPU and `cpu` where there is none.
"""

# %% name="profile"
PROFILE = None  # "smoke", "cpu", "full", or None

import torch  # noqa: E402
from IPython.display import display  # noqa: E402
from matplotlib import pyplot as plt  # noqa: E402

from homework import metrics, profiles  # noqa: E402
from homework.check import check  # noqa: E402
from homework.plots import show_images  # noqa: E402

args = profiles.settings("vae", PROFILE)
print(f"profile {args.profile}: {args.epochs} epochs at most, on {args.device}")

# %% [markdown] name="agreement-text" tags=["agreement"]
r"""
## Agreement

I have read the course's rules on working together and on using tools. What I hand in is my own
work; people, sources and tools that helped me are named in my answers. By filling in my name and
my student number I confirm this.
"""

# %% name="agreement" tags=["agreement"]
NAME = ""
STUDENT_ID = ""

# %% [markdown]
r"""
## Log-likelihood of Bernoulli pixels (6 points, `q1.log_likelihood_bernoulli`)
"""

# %% nbgrader={"grade": true, "grade_id": "q1-log_likelihood_bernoulli", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false} tags=["q1.log_likelihood_bernoulli"]
check("q1.log_likelihood_bernoulli").score

# %% [markdown]
r"""
## Log-density of a diagonal Gaussian (6 points, `q1.log_likelihood_normal`)
"""

# %% nbgrader={"grade": true, "grade_id": "q1-log_likelihood_normal", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false} tags=["q1.log_likelihood_normal"]
check("q1.log_likelihood_normal").score

# %% [markdown]
r"""
## Stable log-mean-exp (8 points, `q1.log_mean_exp`)
"""

# %% nbgrader={"grade": true, "grade_id": "q1-log_mean_exp", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false} tags=["q1.log_mean_exp"]
check("q1.log_mean_exp").score

# %% [markdown]
r"""
## KL divergence of two Gaussians, closed form (6 points, `q1.kl_gaussian_gaussian_analytic`)
"""

# %% nbgrader={"grade": true, "grade_id": "q1-kl_gaussian_gaussian_analytic", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false} tags=["q1.kl_gaussian_gaussian_analytic"]
check("q1.kl_gaussian_gaussian_analytic").score

# %% [markdown]
r"""
## KL divergence of two Gaussians, Monte Carlo (6 points, `q1.kl_gaussian_gaussian_mc`)
"""

# %% nbgrader={"grade": true, "grade_id": "q1-kl_gaussian_gaussian_mc", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false} tags=["q1.kl_gaussian_gaussian_mc"]
check("q1.kl_gaussian_gaussian_mc").score

# %% [markdown]
r"""
## Loss of the VAE: the negative ELBO (3 points, `q1.loss_function`)
"""

# %% nbgrader={"grade": true, "grade_id": "q1-loss_function", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false} tags=["q1.loss_function"]
check("q1.loss_function").score

# %% [markdown] nbgrader={"grade": false, "grade_id": "q1-written_training-question", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["q1.written_training"]
r"""
### Training and loss curve (5 points, `q1.written_training`)

Describe what you see.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "q1-written_training", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false} tags=["q1.written_training"]
r"""
**Your answer** (`q1.written_training`):

### BEGIN SOLUTION
A model answer.
### END SOLUTION
"""

# %% [markdown] nbgrader={"grade": false, "grade_id": "q1-written_samples-question", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["q1.written_samples"]
r"""
### Samples (6 points, `q1.written_samples`)

Describe what you see.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "q1-written_samples", "locked": false, "points": 6, "schema_version": 3, "solution": true, "task": false} tags=["q1.written_samples"]
r"""
**Your answer** (`q1.written_samples`):

### BEGIN SOLUTION
A model answer.
### END SOLUTION
"""

# %% [markdown] nbgrader={"grade": false, "grade_id": "q1-written_latent_traversals-question", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["q1.written_latent_traversals"]
r"""
### Latent traversals (12 points, `q1.written_latent_traversals`)

Describe what you see.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "q1-written_latent_traversals", "locked": false, "points": 12, "schema_version": 3, "solution": true, "task": false} tags=["q1.written_latent_traversals"]
r"""
**Your answer** (`q1.written_latent_traversals`):

### BEGIN SOLUTION
A model answer.
### END SOLUTION
"""

# %% [markdown] nbgrader={"grade": false, "grade_id": "q1-written_interpolation-question", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["q1.written_interpolation"]
r"""
### Interpolation (10 points, `q1.written_interpolation`)

Describe what you see.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "q1-written_interpolation", "locked": false, "points": 10, "schema_version": 3, "solution": true, "task": false} tags=["q1.written_interpolation"]
r"""
**Your answer** (`q1.written_interpolation`):

### BEGIN SOLUTION
A model answer.
### END SOLUTION
"""
