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
# Assignment 1: Flow

@BADGE@

FILL IN: what students learn, and what to read.

**How to work.** Go from top to bottom. Each task names a function in `student_src` that you fill in;
the cell below the task checks it and tells you what it sees. @POINTS@ points in all.
"""

# %% name="setup"
@SETUP@

# %% name="profile"
PROFILE = None  # "smoke", "cpu", "full" or None

from homework import profiles
from homework.check import check

args = profiles.settings("flow", PROFILE)
print(f"profile {args.profile}: {args.epochs} epochs, on {args.device}")

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
## First task (`q1.first_task`)

FILL IN: what to do, with the formula. Fill in `first_task` in `student_src/q1_flow.py`.
"""

# %% check="q1.first_task"

# %% [markdown] question="q1.written_report"
r"""
## Report (`q1.written_report`)

FILL IN: the question.
"""

# %% [markdown] answer="q1.written_report"
r"""
**Your answer** (`q1.written_report`):

### BEGIN SOLUTION
FILL IN: a model answer, and what gives how many points.
### END SOLUTION
"""
