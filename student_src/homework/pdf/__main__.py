"""`python -m homework.pdf NOTEBOOK -o report.pdf`: exit status 0 if a PDF was made, else 1."""

from __future__ import annotations

import argparse
import sys

from homework.pdf import make_pdf


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m homework.pdf", description="Make report.pdf of an executed notebook."
    )
    parser.add_argument("notebook", nargs="?", help="a notebook or an assignment, by its name")
    parser.add_argument("-o", "--out", default="report.pdf", help="the PDF (report.pdf)")
    parser.add_argument("--course", help="the course's name on the first page")
    chosen = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    return 0 if make_pdf(chosen.notebook, chosen.out, chosen.course).path else 1


if __name__ == "__main__":
    sys.exit(main())
