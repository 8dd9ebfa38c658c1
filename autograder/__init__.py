"""The instructors' side of the kit: releases, proofs of releases, and grading.

Where things are:

* command line: `cli`, `cli_grade`, `cli_common`, `doctor`
* a release: `rubric` (its vocabulary), `source`, `build_fixtures`, `notebooks`, `release`, `verify`
  (with `counterparts`, `reach`, `draws`)
* a submission comes in: `intake` (`reader` has it done by a confined child, `reading`)
* it is graded: `selection`, `pool`, `grade`, `workers`, `tasks`, `judge` (untrusted code),
  `verdicts`, `static_checks` (with `obstacles`, `named`, `read_text`), `results`, `files`
* many are graded: `batch` (what is to be done, what came out), `engines` (who does it)
* on Gradescope: `gradescope` builds the zip; `gradescope_run` and `otter_plugin` run in it
"""

__version__ = "0.1.0"
