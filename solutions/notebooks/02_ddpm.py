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
# Denoising diffusion probabilistic model
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

MARK = "student_src/q2_ddpm.py"
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

args = profiles.settings("ddpm", PROFILE)
checkpoint = HOME / "runs" / f"ddpm-{args.profile}.safetensors" if RESUME else None
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
## Mean and variance of the forward process (3 points, `q2.q_xt_x0`)
"""

# %% nbgrader={"grade": true, "grade_id": "q2-q_xt_x0", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false} tags=["q2.q_xt_x0"]
points(check("q2.q_xt_x0"))

# %% [markdown]
r"""
## Sampling from the forward process (3 points, `q2.q_sample`)
"""

# %% nbgrader={"grade": true, "grade_id": "q2-q_sample", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false} tags=["q2.q_sample"]
points(check("q2.q_sample"))

# %% [markdown]
r"""
## Mean and variance of a reverse step (3 points, `q2.p_xt_prev_xt`)
"""

# %% nbgrader={"grade": true, "grade_id": "q2-p_xt_prev_xt", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false} tags=["q2.p_xt_prev_xt"]
points(check("q2.p_xt_prev_xt"))

# %% [markdown]
r"""
## One step of the reverse process (3 points, `q2.p_sample`)
"""

# %% nbgrader={"grade": true, "grade_id": "q2-p_sample", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false} tags=["q2.p_sample"]
points(check("q2.p_sample"))

# %% [markdown]
r"""
## Training loss (3 points, `q2.loss`)
"""

# %% nbgrader={"grade": true, "grade_id": "q2-loss", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false} tags=["q2.loss"]
points(check("q2.loss"))

# %% [markdown]
r"""
## Sampling loop of the trainer (5 points, `q2.sample`)
"""

# %% nbgrader={"grade": true, "grade_id": "q2-sample", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false} tags=["q2.sample"]
points(check("q2.sample"))

# %% [markdown]
r"""
## Images at chosen steps of the reverse process (5 points, `q2.generate_intermediate_samples`)
"""

# %% nbgrader={"grade": true, "grade_id": "q2-generate_intermediate_samples", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false} tags=["q2.generate_intermediate_samples"]
points(check("q2.generate_intermediate_samples"))

# %% [markdown] nbgrader={"grade": false, "grade_id": "q2-written_trained-question", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["q2.written_trained"]
r"""
### Trained within 20 epochs (10 points, `q2.written_trained`)

Describe what you see.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "q2-written_trained", "locked": false, "points": 10, "schema_version": 3, "solution": true, "task": false} tags=["q2.written_trained"]
r"""
**Your answer** (`q2.written_trained`):

### BEGIN SOLUTION
A model answer.
### END SOLUTION
"""

# %% [markdown] nbgrader={"grade": false, "grade_id": "q2-written_samples-question", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["q2.written_samples"]
r"""
### Samples (5 points, `q2.written_samples`)

Describe what you see.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "q2-written_samples", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false} tags=["q2.written_samples"]
r"""
**Your answer** (`q2.written_samples`):

### BEGIN SOLUTION
A model answer.
### END SOLUTION
"""

# %% [markdown] nbgrader={"grade": false, "grade_id": "q2-written_reverse_process-question", "locked": true, "schema_version": 3, "solution": false, "task": false} tags=["q2.written_reverse_process"]
r"""
### The reverse process, step by step (5 points, `q2.written_reverse_process`)

Describe what you see.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "q2-written_reverse_process", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false} tags=["q2.written_reverse_process"]
r"""
**Your answer** (`q2.written_reverse_process`):

### BEGIN SOLUTION
A model answer.
### END SOLUTION
"""
