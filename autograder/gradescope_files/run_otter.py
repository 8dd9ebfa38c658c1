"""Grades the one submission in a Gradescope container; called by run_autograder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "kit"))

from autograder.gradescope_run import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(["run", sys.argv[1] if len(sys.argv) > 1 else "/autograder"]))
