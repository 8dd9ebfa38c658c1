# %% [markdown]
r"""
## @TASK_TITLE@ (`@PREFIX@.@TASK@`)

FILL IN: what to do, with the formula. Fill in `@TASK@` in `student_src/@FILE@`.
"""

# %% check="@PREFIX@.@TASK@"

