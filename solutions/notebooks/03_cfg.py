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
# Classifier-free guidance
"""

# %% [markdown]
r"""
### Set up

The first cell finds the assignment's files. In Colab: unzip the assignment in your Google Drive, or
set `COLAB_FILES = "upload"` and choose the zip when asked. Your answers to the tasks go into the
files in `student_src` (in Colab: the folder symbol on the left, then double-click a file). Save a
file, run a cell again, and the new code counts: nothing has to be restarted.
"""

# %% name="setup"
# Run this cell first, every time.
import os
import sys
from pathlib import Path

MARK = "student_src/q3_cfg_diffusion.py"
COLAB_FILES = "drive"  # in Colab: "drive" if you unzipped the assignment in Drive, or "upload"


def find_home():
    """The folder that holds student_src: named, here, above, below, or in Google Drive."""
    here = Path.cwd()
    places = [Path(os.environ.get("HOMEWORK_HOME", here)), here, *here.parents]
    for above in (here, Path("/content/drive/MyDrive")):
        places += [*sorted(above.glob("*/")), *sorted(above.glob("*/*/"))]
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
            zipfile.ZipFile(io.BytesIO(content)).extractall()
    HOME = find_home()
if HOME is None:
    raise FileNotFoundError(
        f"{MARK} was not found at, above or below {Path.cwd()}. Start Jupyter in the folder of "
        "the unzipped assignment, or name that folder in the environment variable HOMEWORK_HOME."
    )
sys.path.insert(0, str(HOME / "student_src"))

from homework.notebook import fresh, points, start, when_ready

start()  # edited files count at once, pictures appear in the notebook
print(f"working in {HOME}")

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

from homework import datasets, metrics, profiles
from homework.check import check
from homework.plots import show_images

args = profiles.settings("cfg", PROFILE)
checkpoint = HOME / "runs" / f"cfg-{args.profile}.safetensors" if RESUME else None
if checkpoint:
    checkpoint.parent.mkdir(exist_ok=True)
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
## Noise level of a time (2 points, `q3.get_lambda`)
"""

# %% nbgrader={"grade": true, "grade_id": "q3-get_lambda", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["q3.get_lambda"]
points(check("q3.get_lambda"))

# %% [markdown]
r"""
## Share of the signal (2 points, `q3.alpha_lambda`)
"""

# %% nbgrader={"grade": true, "grade_id": "q3-alpha_lambda", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["q3.alpha_lambda"]
points(check("q3.alpha_lambda"))

# %% [markdown]
r"""
## Standard deviation of the noise (2 points, `q3.sigma_lambda`)
"""

# %% nbgrader={"grade": true, "grade_id": "q3-sigma_lambda", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["q3.sigma_lambda"]
points(check("q3.sigma_lambda"))

# %% [markdown]
r"""
## Noisy image at a level (2 points, `q3.q_sample`)
"""

# %% nbgrader={"grade": true, "grade_id": "q3-q_sample", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["q3.q_sample"]
points(check("q3.q_sample"))

# %% [markdown]
r"""
## Standard deviation of the forward step (2 points, `q3.sigma_q`)
"""

# %% nbgrader={"grade": true, "grade_id": "q3-sigma_q", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["q3.sigma_q"]
points(check("q3.sigma_q"))

# %% [markdown]
r"""
## Standard deviation of the posterior step (2 points, `q3.sigma_q_x`)
"""

# %% nbgrader={"grade": true, "grade_id": "q3-sigma_q_x", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["q3.sigma_q_x"]
points(check("q3.sigma_q_x"))

# %% [markdown]
r"""
## Mean of the reverse step (2 points, `q3.mu_p_theta`)
"""

# %% nbgrader={"grade": true, "grade_id": "q3-mu_p_theta", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["q3.mu_p_theta"]
points(check("q3.mu_p_theta"))

# %% [markdown]
r"""
## Variance of the reverse step (2 points, `q3.var_p_theta`)
"""

# %% nbgrader={"grade": true, "grade_id": "q3-var_p_theta", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["q3.var_p_theta"]
points(check("q3.var_p_theta"))

# %% [markdown]
r"""
## Draw from the reverse step (2 points, `q3.p_sample`)
"""

# %% nbgrader={"grade": true, "grade_id": "q3-p_sample", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["q3.p_sample"]
points(check("q3.p_sample"))

# %% [markdown]
r"""
## Training loss (2 points, `q3.loss`)
"""

# %% nbgrader={"grade": true, "grade_id": "q3-loss", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["q3.loss"]
points(check("q3.loss"))

# %% [markdown]
r"""
## Guided sampling (10 points, `q3.sample`)
"""

# %% nbgrader={"grade": true, "grade_id": "q3-sample", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false} tags=["q3.sample"]
points(check("q3.sample"))

# %% [markdown] nbgrader={"grade": false, "grade_id": "q3-written_elbo-question", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["q3.written_elbo"]
r"""
### Question: from the ELBO to the noise-prediction loss (10 points, `q3.written_elbo`)

Describe what you see.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "q3-written_elbo", "locked": false, "points": 10, "schema_version": 3, "solution": true, "task": false} tags=["q3.written_elbo"]
r"""
**Your answer** (`q3.written_elbo`):

### BEGIN SOLUTION
A model answer.
### END SOLUTION
"""

# %% [markdown] nbgrader={"grade": false, "grade_id": "q3-written_guidance-question", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["q3.written_guidance"]
r"""
### Question: what guidance changes (10 points, `q3.written_guidance`)

Describe what you see.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "q3-written_guidance", "locked": false, "points": 10, "schema_version": 3, "solution": true, "task": false} tags=["q3.written_guidance"]
r"""
**Your answer** (`q3.written_guidance`):

### BEGIN SOLUTION
A model answer.
### END SOLUTION
"""

# %% [markdown] nbgrader={"grade": false, "grade_id": "q3-written_report-question", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["q3.written_report"]
r"""
### Samples by label and guidance weight (5 points, `q3.written_report`)

Describe what you see.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "q3-written_report", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false} tags=["q3.written_report"]
r"""
**Your answer** (`q3.written_report`):

### BEGIN SOLUTION
A model answer.
### END SOLUTION
"""
