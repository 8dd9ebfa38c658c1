"""The same checks of the VAE assignment, made ready for this judge and for other graders.

* `course`: the chosen checks as fixtures, and submissions, right and wrong.
* `body`: one check, as the other graders call it in a test that a course would write.
* `judge`, `tools`: this judge, and the others; each grades folders and says what it found.
* `loops`: what runs in one warm process: the checks alone, or this judge's `Grader`.
* `usage`: time, processor time and memory of a command with all its descendants.
* `inside`: where the time of one further submission goes in this judge.
* `summary`: medians, ratios, and goals that are met or missed.
"""
