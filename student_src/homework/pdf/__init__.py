"""Makes `report.pdf` of an executed notebook: without LaTeX, without a browser, in Colab too.

    from homework.pdf import make_pdf
    make_pdf("toy")                                # the notebook of an assignment
    make_pdf("assignments/00_toy.ipynb")           # or a file

    python -m homework.pdf assignments/00_toy.ipynb -o report.pdf

The first page has your name, your student number, the agreement and the pages of each question,
which Gradescope asks for. Each question that people grade then begins on a page of its own. Which
cells belong to it is told in `homework/pdf/questions.py`.

How it works: `cells` and `questions` read the notebook; `compose` turns cells into pieces of Typst
code, with `markdown` (by pandoc), `outputs` and `pictures`; `typeset` makes the PDF.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Made", "make_pdf"]


@dataclass
class Made:
    """What `make_pdf` has made.

    Attributes:
        path: the PDF; None if there is none.
        pages: first and last page of each question, by its id.
        warnings: what you should look at before you hand it in.
        problem: why there is no PDF, and what to do.
        source: the notebook that was read, and when it was saved.
    """

    path: Path | None = None
    pages: dict[str, tuple[int, int]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    problem: str = ""
    source: str = ""

    def _ipython_display_(self) -> None:
        """Nothing: all has been printed when a cell ends with this object."""


def make_pdf(
    notebook: str | Path | None = None,
    out: str | Path = "report.pdf",
    course: str | None = None,
    quiet: bool = False,
) -> Made:
    """Make a PDF of a notebook's graded questions, and print which pages they are on.

    The notebook is read as it was saved: save it first. In Colab the open notebook is read.

    Args:
        notebook: a file, the name of an assignment (`toy`), or None for the notebook that is open
            or the only assignment that is here.
        out: the PDF. An older one stays whole until the new one is finished.
        course: the course's name on the first page.
        quiet: print nothing.

    Returns:
        Path, pages and warnings. If no PDF can be made, `path` is None and `problem` says what to
        do; nothing is raised.
    """
    from homework.pdf import making

    made = making.attempt(notebook, Path(out), course)
    if not quiet:
        making.show(made)
    return made
