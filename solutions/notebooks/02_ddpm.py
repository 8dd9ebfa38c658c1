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

# %% name="setup"
# Run this cell first, every time. It finds the assignment's folder, also when this notebook was
# opened from another folder or in Colab.
import os
import sys
from pathlib import Path

MARK = "student_src/q2_ddpm.py"
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

args = profiles.settings("ddpm", PROFILE)
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
## Mean and variance of the forward process (3 points, `q2.q_xt_x0`)
"""

# %% nbgrader={"grade": true, "grade_id": "q2-q_xt_x0", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false} tags=["q2.q_xt_x0"]
check("q2.q_xt_x0").score

# %% [markdown]
r"""
## Sampling from the forward process (3 points, `q2.q_sample`)
"""

# %% nbgrader={"grade": true, "grade_id": "q2-q_sample", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false} tags=["q2.q_sample"]
check("q2.q_sample").score

# %% [markdown]
r"""
## Mean and variance of a reverse step (3 points, `q2.p_xt_prev_xt`)
"""

# %% nbgrader={"grade": true, "grade_id": "q2-p_xt_prev_xt", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false} tags=["q2.p_xt_prev_xt"]
check("q2.p_xt_prev_xt").score

# %% [markdown]
r"""
## One step of the reverse process (3 points, `q2.p_sample`)
"""

# %% nbgrader={"grade": true, "grade_id": "q2-p_sample", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false} tags=["q2.p_sample"]
check("q2.p_sample").score

# %% [markdown]
r"""
## Training loss (3 points, `q2.loss`)
"""

# %% nbgrader={"grade": true, "grade_id": "q2-loss", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false} tags=["q2.loss"]
check("q2.loss").score

# %% [markdown]
r"""
## Sampling loop of the trainer (5 points, `q2.sample`)
"""

# %% nbgrader={"grade": true, "grade_id": "q2-sample", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false} tags=["q2.sample"]
check("q2.sample").score

# %% [markdown]
r"""
## Images at chosen steps of the reverse process (5 points, `q2.generate_intermediate_samples`)
"""

# %% nbgrader={"grade": true, "grade_id": "q2-generate_intermediate_samples", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false} tags=["q2.generate_intermediate_samples"]
check("q2.generate_intermediate_samples").score

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
