"""Finds the notebook, makes the report, puts it in place, and tells what was made."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homework import handin
from homework.pdf import Made
from homework.pdf.cells import Notebook, ReportError
from homework.pdf.questions import parse
from homework.pdf.typst_text import Piece, clean

if TYPE_CHECKING:
    from homework.pdf.typeset import Typesetter

COURSE = "Generative models"
LARGEST = 90_000_000  # bytes; Gradescope takes 100 MB
TEXT_SECONDS, MOST_WARNINGS = 120, 100
PINNED = "pypandoc_binary==1.17 typst==0.15.2"


def attempt(notebook: str | Path | None, out: Path, course: str | None) -> Made:
    """As `make_pdf`, but print nothing."""
    made = Made()
    try:
        _need_packages()
        content, folder, made.source = find(notebook)
        parsed = parse(content, folder, _catalogues())
        parsed.course = course or os.environ.get("HOMEWORK_COURSE") or parsed.course or COURSE
        with tempfile.TemporaryDirectory() as scratch:
            pdf = _typeset(parsed, Path(scratch), made)
        made.path = _put(pdf, out)
    except ReportError as error:
        made.problem = str(error)
    except (OSError, MemoryError, RecursionError) as error:
        made.problem = (
            f"the report could not be made ({type(error).__name__}: {error}): see that there is "
            "free disk space and memory, restart the kernel, and call this again"
        )
    except Exception as error:
        made.problem = (
            f"the report could not be made ({type(error).__name__}: {error}); this is not the "
            "fault of your answers: tell your instructor, and print the notebook instead"
        )
    return made


def _need_packages() -> None:
    from homework.pdf import pandoc

    try:
        found = importlib.util.find_spec("typst") is not None and bool(pandoc.program())
    except (ImportError, OSError, ValueError):
        found = False
    if not found:
        raise ReportError(
            "the report needs two packages that are not here: run `pip install "
            f"{PINNED}` (in a notebook: `%pip install {PINNED}`) and call this again"
        )


# ---------------------------------------------------------------------------- which notebook


def _catalogues() -> list[dict[str, Any]]:
    from homework import collect

    with suppress(collect.Stop):
        return list(collect.catalogues().values())
    return []


def find(notebook: str | Path | None) -> tuple[bytes, Path, str]:
    """The notebook's bytes, its folder, and its name in words; raises `ReportError`."""
    known = {str(c["assignment"]): str(c["notebook"]) for c in _catalogues()}
    if notebook is not None and str(notebook).lower() not in known:
        return _read(Path(notebook).expanduser())
    open_here = _open_in_colab()
    if open_here is not None:
        return open_here, Path.cwd(), "the notebook that is open"
    return _read(_path(str(notebook).lower() if notebook else None, known))


def _path(assignment: str | None, known: dict[str, str]) -> Path:
    from homework import collect

    session = _session()
    if session and (not assignment or session.name.startswith(Path(known[assignment]).stem)):
        return session
    try:
        chosen = collect.choose(collect.catalogues(), [assignment] if assignment else [])
    except collect.Stop:
        raise ReportError(
            'say which notebook to take: make_pdf("assignments/00_toy.ipynb") or make_pdf("toy")'
        ) from None
    return collect.ROOT / "assignments" / str(chosen["notebook"])


def _session() -> Path | None:
    """The notebook that is open in Jupyter or VS Code, where they tell."""
    shell = sys.modules.get("IPython")
    running = shell.get_ipython() if shell else None
    told = running.user_ns.get("__vsc_ipynb_file__") if running else None
    path = Path(str(told or os.environ.get("JPY_SESSION_NAME") or ""))
    return path if path.suffix == ".ipynb" and path.is_file() else None


def _open_in_colab() -> bytes | None:
    """The notebook that is open in Colab, with what has not been saved yet."""
    if "google.colab" not in sys.modules:
        return None
    try:
        from google.colab import _message

        answer = _message.blocking_request("get_ipynb", request="", timeout_sec=60)
        return json.dumps(answer["ipynb"]).encode()
    except Exception:  # not documented, so it may change: then the saved file is read
        return None


def _read(path: Path) -> tuple[bytes, Path, str]:
    try:
        info = path.stat()
        saved = time.strftime("%Y-%m-%d %H:%M", time.localtime(info.st_mtime))
        if not (path.is_file() or path.is_dir()):
            raise ReportError(f"{path} is no file, but a pipe or a device: name a notebook")
        if info.st_size > handin.LARGEST[".ipynb"]:
            raise ReportError(
                f"{path} has {info.st_size:,} bytes, too many for a report: clear outputs that you "
                "do not need, save it, and call this again"
            )
        return path.read_bytes(), path.resolve().parent, f"{path}, as saved {saved}"
    except FileNotFoundError:
        raise ReportError(f"there is no notebook {path}: name the file that you saved") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ReportError(f"{path} cannot be read ({why}); name a notebook") from None


# ------------------------------------------------------------------------------- the report


def _typeset(notebook: Notebook, scratch: Path, made: Made) -> bytes:
    """The PDF's bytes; fills in pages and warnings."""
    from homework.pdf import pandoc, typeset
    from homework.pdf.compose import Composer
    from homework.pdf.pictures import Pictures

    pandoc.allow(TEXT_SECONDS)
    with typeset.Typesetter(scratch) as setter:
        composer = Composer(notebook, Pictures(scratch, notebook.folder, setter.accepts))
        agreement = composer.agreement()
        sections = [composer.section(question) for question in notebook.questions]
        first = _unsigned(notebook) + _left_out(notebook)

        def whole() -> str:
            said = list(dict.fromkeys(first + composer.warnings))
            more = len(said) - MOST_WARNINGS
            made.warnings = said[:MOST_WARNINGS] + [f"and {more:,} more"] * (more > 0)
            return typeset.document(notebook, agreement, sections, made.warnings)

        missing = setter.missing(typeset.literals(whole()))
        if missing:
            first.append(
                f"no font here has these characters, so they are shown as boxes: {missing} "
                "(install fonts that have them, such as Noto Sans CJK or Noto Emoji)"
            )
        pieces = [piece for section in sections for piece in section.pieces]
        try:
            pdf = _set(setter, whole, agreement, pieces, composer.warnings)
            ids = (section.question.id for section in sections)
            made.pages = dict(zip(ids, setter.pages(whole())))
        except typeset.TypesetError as error:
            raise ReportError(
                f"the report cannot be set ({error}): shorten long outputs, show fewer and smaller "
                "figures, save the notebook, and call this again"
            ) from None
        if len(pdf) > LARGEST:
            made.warnings.append("the PDF is larger than Gradescope takes: show fewer figures")
        return pdf


def _set(
    setter: Typesetter, whole: Callable[[], str], agreement: Sequence[Piece],
    pieces: Sequence[Piece], warnings: list[str],
) -> bytes:  # fmt: skip
    """The PDF, if need be with its parts repaired; raises `TypesetError`."""
    from homework.pdf import typeset

    try:
        return setter.pdf(whole())
    except typeset.TypesetError:
        warnings += typeset.repair(setter, [*agreement, *pieces])
        return typeset.pdf_at_all_costs(setter, whole, pieces, warnings)


def _unsigned(notebook: Notebook) -> list[str]:
    pairs = (("NAME", notebook.name), ("STUDENT_ID", notebook.student_id))
    empty = [name for name, value in pairs if not value]
    return [f"the agreement is not signed: fill in {' and '.join(empty)}, save"] if empty else []


def _left_out(notebook: Notebook) -> list[str]:
    cells = notebook.left_out
    if not cells:
        return []
    shown = "; ".join(cell.first_line for cell in cells[:3])
    many = f"{len(cells)} cells of yours belong" if len(cells) > 1 else "a cell of yours belongs"
    return [f"{many} to no question, so not to this report: {shown}"]


def _put(content: bytes, out: Path) -> Path:
    """Write the PDF beside its place, then put it there; raises `ReportError`."""
    out = out.expanduser().absolute()
    part = None
    try:
        handle, name = tempfile.mkstemp(".part", out.name, out.parent)
        part = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        with suppress(OSError):
            part.chmod(0o666 & ~mask)
        os.replace(part, out)
    except OSError as error:
        raise ReportError(
            f"{out} cannot be written ({error.strerror}): close what has it open, or name another "
            'place, as in make_pdf(out="report2.pdf")'
        ) from None
    finally:
        if part is not None:
            with suppress(OSError):
                part.unlink()
    return out


def show(made: Made) -> None:
    """Print where the report is, the pages of each question, and what to look at."""
    if made.path is None:
        print(f"No report was made: {made.problem}")
        return
    count = max(last for _, last in made.pages.values())
    print(f"Report: {made.path} ({count} pages)\nMade from {made.source}.")
    print("On Gradescope, assign these pages:")
    width = max(len(_line(name)) for name in made.pages)
    for name, (first, last) in made.pages.items():
        where = f"page {first}" if first == last else f"pages {first}-{last}"
        print(f"  {_line(name):<{width}}  {where}")
    if made.warnings:
        print("Look at these before you hand it in:")
        for warning in made.warnings:
            print(f"  - {_line(warning)}")


def _line(text: str) -> str:
    """Words of a notebook for a terminal, which obeys control characters."""
    return " ".join(clean(text).split())
