"""The report PDF: really made, and read back."""

from __future__ import annotations

import base64
import io
import json
import re
import struct
import subprocess
import sys
import types
import zlib
from pathlib import Path
from typing import Any

import pytest
from nbformat import v4
from pypdf import PdfReader

from homework.pdf import Made, make_pdf, outputs, pandoc, typeset, typst_text
from homework.pdf.pictures import Pictures
from homework.pdf.typeset import Typesetter

ROOT = Path(__file__).resolve().parents[1]
pytest.importorskip("typst")
pytest.importorskip("pypandoc")


def png(width: int = 30, height: int = 20) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(range(width)) for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


FIGURE = base64.b64encode(png()).decode()


def code(source: str, *outputs: Any, tags: tuple[str, ...] = (), run: bool = True) -> Any:
    data = {"tags": list(tags)} if tags else {}
    count = 1 if run else None
    return v4.new_code_cell(source, outputs=list(outputs), execution_count=count, metadata=data)


def printed(text: str, name: str = "stdout") -> Any:
    return v4.new_output("stream", name=name, text=text)


def shown(**data: Any) -> Any:
    forms = {kind.replace("__", "+").replace("_", "/"): value for kind, value in data.items()}
    return v4.new_output("display_data", data=forms)


def question(name: str, answer: str, points: int = 5, attachments: Any = None) -> list[Any]:
    """The text and the answer of a question, with metadata as in the masters."""
    grade_id = name.replace(".", "-", 1)
    given = {"grade": False, "grade_id": f"{grade_id}-question", "solution": False}
    asked = {"grade": True, "grade_id": grade_id, "solution": True, "points": points}
    heading = f"### Title of {name[3:]} ({points} points, `{name}`)\n\nWhy is it so?"
    cells = [
        v4.new_markdown_cell(heading, metadata={"nbgrader": given}),
        v4.new_markdown_cell(
            f"**Your answer** (`{name}`):\n\n{answer}", metadata={"nbgrader": asked}
        ),
    ]
    if attachments:
        cells[1].attachments = attachments
    return cells


def signed(name: str = "Ada Lovelace", number: str = "2025") -> list[Any]:
    data = {"tags": ["agreement"]}
    source = f'NAME = "{name}"\nSTUDENT_ID = "{number}"'
    return [
        v4.new_markdown_cell("# Assignment 9: things", metadata={"name": "title"}),
        v4.new_markdown_cell("### Agreement\n\nI know the rules.", metadata=data),
        v4.new_code_cell(source, metadata=data, execution_count=1),
    ]


def save(folder: Path, *cells: Any) -> Path:
    path = folder / "my notebook.ipynb"
    path.write_text(json.dumps(v4.new_notebook(cells=[*cells])), encoding="utf-8")
    return path


def made(folder: Path, *cells: Any) -> tuple[Made, list[str]]:
    """The report of a notebook with these cells, and the text of its pages."""
    result = make_pdf(save(folder, *signed(), *cells), folder / "report.pdf", quiet=True)
    assert result.path == folder / "report.pdf", result.problem
    return result, pages(result.path)


def pages(path: Path) -> list[str]:
    texts = (page.extract_text() for page in PdfReader(io.BytesIO(path.read_bytes())).pages)
    return [" ".join(text.replace("\u200b", "").split()) for text in texts]


# ------------------------------------------------------------------------------ the whole


def whole() -> list[Any]:
    long = "\n".join(f"number {i}" for i in range(90))
    return [
        *signed(),
        code("first = 'wordless'", printed("of no question"), tags=("kit",)),
        code("one = 'work_one'", shown(image_png=FIGURE), tags=("q9.one",)),
        *question(
            "q9.one", "Alpha is $\\alpha_1 = \\frac{1}{2}$.\n\n| a | b |\n|---|---|\n| 1 | 2 |"
        ),
        *question("q9.two", "", 7),
        code("two = 'work_two'", printed(long), tags=("q9.two",)),
        code("late = 'also_one'", tags=("q9.one",)),
        *question("q9.three", "Gamma."),
    ]


def test_each_question_has_its_own_pages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(tmp_path, *whole())
    result = make_pdf(path, tmp_path / "report.pdf", course="Course 101")
    assert result.path, result.problem
    text = pages(result.path)
    for part in ("Course 101", "Ada Lovelace", "2025", "I know the rules.", "Signed by Ada"):
        assert part in text[0]
    assert result.pages == {"q9.one": (2, 2), "q9.two": (3, 4), "q9.three": (5, 5)}
    words = {"q9.one": "Alpha work_one also_one", "q9.two": "work_two number", "q9.three": "Gamma"}
    for name, (first, last) in result.pages.items():
        own = text[first - 1 : last]
        assert f"Title of {name[3:]}" in own[0] and "points" in own[0] and "Why is it so?" in own[0]
        for other, marks in words.items():
            for word in marks.split():
                assert (word in " ".join(own)) == (other == name), (name, word)
            assert all((other in page) == (other == name) for page in own)
        shown_as = str(first) if first == last else f"{first}–{last}"
        assert f"{name} {7 if name == 'q9.two' else 5} {shown_as}" in text[0]
    assert len(text) == 5 and "of no question" not in " ".join(text)
    assert [len(page.images) for page in PdfReader(result.path).pages] == [0, 1, 0, 0, 0]
    assert result.warnings == ["q9.two: there is no answer"] and "no answer" in text[2]
    output = capsys.readouterr().out
    assert "q9.two    pages 3-4" in output and "there is no answer" in output


def test_the_same_notebook_gives_the_same_bytes(tmp_path: Path) -> None:
    path = save(tmp_path, *whole())
    files = [make_pdf(path, tmp_path / name, quiet=True).path for name in ("a.pdf", "b.pdf")]
    contents = [file.read_bytes() for file in files if file]
    assert len(contents) == 2 and contents[0] == contents[1]


# --------------------------------------------------------------------------- answers' texts


def test_a_broken_formula_is_shown_as_its_source(tmp_path: Path) -> None:
    answer = r"Before $\frac{a$ between $$\nosuchthing{x}$$ and $b^2$ after"
    result, text = made(tmp_path, *question("q9.one", answer))
    assert r"\frac{a" in text[1] and r"\nosuchthing{x}" in text[1]
    assert "Before" in text[1] and "between" in text[1] and "after" in text[1]
    assert len(result.warnings) == 2 and all("formula" in w for w in result.warnings)


# What MathJax sets, of the kinds that pandoc or Typst once refused.
JUPYTER_TEX = r"""
\odot \otimes \ominus \cap \bigcap \bigodot \bigotimes \sqcap \Cap \circleddash \thickapprox \surd
a\!b \thinspace{}a \cfrac{a}{b} \tbinom{n}{k} \bcancel{a} \hphantom{a} \vphantom{a} \smash{a} \bmod
\textcolor{red}{x} \colorbox{yellow}{x} \fcolorbox{red}{white}{x} \class{c}{x} \raise1pt{a} \rlap{a}
\begin{vmatrix}a&b\\c&d\end{vmatrix} \begin{Vmatrix}a&b\\c&d\end{Vmatrix}
\begin{rcases}a&b\\c&d\end{rcases} \begin{dcases}a&b\\c&d\end{dcases} {\alpha\over\beta}
\mathbbm{1} \bold{x} \hbox{a} \textnormal{a} \unicode{x3b1} \xlongequal{d} \prescript{a}{b}{c}
\mathbb{E}_q\!\left[\log\!p\right] \textcolor{red}{\smash{\cfrac{a}{\textcolor{blue}{b}}}}
a\parallel{}b \varlimsup_n \begin{subarray}{c}a\\b\end{subarray} \S
"""


def test_formulas_of_jupyter_are_set(tmp_path: Path) -> None:
    formulas = re.split(r"(?<!\\text) +|\n", JUPYTER_TEX.strip())
    result, _ = made(tmp_path, *question("q9.one", "\n\n".join(f"${tex}$" for tex in formulas)))
    assert len(formulas) > 40 and not [w for w in result.warnings if "q9" in w]


def test_a_formula_that_only_typst_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(formulas: Any, definitions: str = "") -> list[str | None]:
        return ["nosuchname(" if tex == "bad" else "x" for tex in formulas]

    monkeypatch.setattr(pandoc, "typst_formulas", wrong)
    cells = [*question("q9.one", "Left $bad$ $$bad$$ right"), *question("q9.two", "Fine $y$")]
    result, text = made(tmp_path, *cells)
    assert "Left" in text[1] and "bad" in text[1] and "right" in text[1] and "Fine" in text[2]
    assert [w[:7] for w in result.warnings] == ["q9.one:"] * len(result.warnings) != []


UNTRUSTED = [
    '#read("secret.txt")',
    '`#read("secret.txt")`{=typst}',
    '```{=typst}\n#read("secret.txt")\n```',
    '$#read("secret.txt")$ $\\text{"#read("secret.txt")}$',
    '"); #read("secret.txt") //',
    '[x](javascript:1) [y]("#read) <a href="#set page(width: 1pt)">z</a>',
    '<!-- x --> <script>alert("#")</script> <div onclick="#read">d',
    '#set page(width: 1pt) #pagebreak() #import "@preview/x:1.0.0": *',
    "@label <label> \\ ~ * _ ` ] } ) $ // /* ' \" = + - /",
    "![](secret.txt) ![](../secret.txt) ![](/etc/hostname) ![](file:///etc/hostname)",
    '\\newcommand{\\x}{#read} $\\x$ \\begin{align} #read("secret.txt") \\end{align}',
    "&#xe000;0&#xe001; \x00\x07\x1b[31m \ud83d \ufffe",
]


def test_text_stays_text(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("opensesame", encoding="utf-8")
    cells = [c for i, text in enumerate(UNTRUSTED) for c in question(f"q9.u{i:02}", text)]
    result, text = made(tmp_path, *cells, code("#read", printed('#read("secret.txt")')))
    assert "opensesame" not in " ".join(text)
    assert list(result.pages.values()) == [(i + 2, i + 2) for i in range(len(UNTRUSTED))]
    assert '#read("secret.txt")' in text[1] and "#set page(width: 1pt) #pagebreak()" in text[8]


HARD = {
    "quotes": ("> " * 500 + "deep", "deep"),
    "html": ("<div>" * 300 + "inside", "inside"),
    "table": ("|" + "a|" * 60 + "\n|" + "-|" * 60 + "\n|" + "cell|" * 60, "cell"),
    "braces": ("$" + "{" * 500 + "x" + "}" * 500 + "$ follows", "follows"),
    "fractions": ("$" + "\\frac{" * 200 + "x" + "}{y}" * 200 + "$ follows", "follows"),
    "word": ("x" * 3000 + " `" + "y" * 3000 + "` end", "end"),
    "unclosed": ("**bold `tick $5 and <div and [link](", "bold"),
    "fence": ("````\n```python\ninner\n```\n````\nouter", "inner"),
    "html5": ("<details><summary>S</summary>\n\n*in*\n\n</details>\n<b>x</b><br>", "S"),
    "macro": (r"$\newcommand{\E}{\mathbb{E}}$ $$\begin{align}a&=\E b\tag{7}\end{align}$$", "(7)"),
    "scripts": ("Привет Ελλάδα עברית العربية ∀∈ℝ 😀", "Привет"),
}  # fmt: skip


def test_hard_texts_are_set(tmp_path: Path) -> None:
    cells = [c for name, (text, _) in HARD.items() for c in question(f"q9.{name}", text)]
    result, text = made(tmp_path, *cells)
    for name, (_, word) in HARD.items():
        first, last = result.pages[f"q9.{name}"]
        assert word in " ".join(text[first - 1 : last]), name
    fallen = {w.split(":")[0] for w in result.warnings if "source" in w}
    assert fallen <= {"q9.quotes", "q9.html", "q9.table", "q9.braces", "q9.fractions"}


def test_characters_without_a_font_are_named(tmp_path: Path) -> None:
    unassigned_shape = "\U00012000"  # cuneiform: in no font that is usual
    result, _ = made(tmp_path, *question("q9.one", f"Look: {unassigned_shape}"))
    assert any(unassigned_shape in w and "boxes" in w for w in result.warnings)


# ------------------------------------------------------------------------ pictures, outputs


def test_pictures_in_answers(tmp_path: Path) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    (folder / "a b.png").write_bytes(png(31))
    (tmp_path / "outside.png").write_bytes(png(32))
    (folder / "broken.png").write_bytes(png()[:60])
    (folder / "link.png").symlink_to(tmp_path / "outside.png")
    answer = (
        f"![](attachment:c.png) ![](<a b.png>) ![](data:image/png;base64,{FIGURE}) "
        "![](../outside.png) ![](link.png) ![](broken.png) ![](none.png) "
        '![](https://example.org/x.png) <img src="a%20b.png" width="3">'
    )
    attached = {"c.png": {"image/png": base64.b64encode(png(33)).decode()}}
    result, text = made(folder, *question("q9.one", answer, attachments=attached))
    assert result.path and len(PdfReader(result.path).pages[1].images) == 3  # one is used twice
    assert text[1].count("not included") == len(result.warnings) == 5
    assert any("on the web" in warning for warning in result.warnings)


def test_pictures_that_would_fill_the_memory(tmp_path: Path) -> None:
    """A few bytes of file, and gigabytes once a picture is unpacked."""
    setter = Pictures(tmp_path, tmp_path, lambda code: pytest.fail("it was unpacked"))
    gif = b"GIF89a" + struct.pack("<HH", 65_000, 65_000) + bytes(3) + b"," + bytes(9) + b"\x08\0;"
    frame = struct.pack(">BHHB", 8, 65_000, 65_000, 1) + b"\x01\x11\0"
    jpeg = b"\xff\xd8\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame + b"\xff\xd9"
    webp = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + (16_000).to_bytes(3, "little") * 2
    riff = b"RIFF" + struct.pack("<I", len(webp)) + webp
    for content in (png()[:16] + b"\xff" * 8 + png()[24:], gif, jpeg, riff):
        assert setter.add(content) is None


def test_what_was_taken_back_takes_no_time() -> None:
    assert outputs.shown("12\b3\b\b4") == "4"
    assert outputs.shown("x" * 200_000 + "\b" * 200_000 + "y") == "y"


def test_outputs(tmp_path: Path) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>'
    error = v4.new_output("error", ename="ValueError", evalue="bad", traceback=["\x1b[31mtrace"])
    outputs = [
        printed("\n".join(f"row{i}" for i in range(1000)) + "\n" + "w" * 5000),
        printed("\r 1%|#\r100%|##\n", "stderr"),
        printed("\x1b[1;31mred\x1b[0m `tick` ``` $x$\n", "stderr"),
        shown(image_svg__xml=svg),
        shown(image_jpeg="AAAA"),
        shown(text_html="<table><tr><td>frame</td></tr></table>", text_plain="   frame"),
        shown(text_html="<p>only <b>html</b></p>"),
        shown(text_latex="$$\\int_0^1 x$$"),
        shown(text_plain="HBox(children)") | {"data": {
            "application/vnd.jupyter.widget-view+json": {}, "text/plain": "HBox(children)"}},
        error,
    ]  # fmt: skip
    work = [
        code("run()", *outputs, tags=("q9.one",)),
        code("left = 1", run=False, tags=("q9.one",)),
    ]
    result, text = made(tmp_path, *question("q9.one", "Yes."), *work)
    everything = " ".join(text[1:])
    for word in ("row0", "row79", "lines left out", "100%|##", "red `tick` ``` $x$", "frame",
                 "only html", "trace", "left = 1"):  # fmt: skip
        assert word in everything, word
    for word in ("row500", " 1%", "\x1b", "[31m", "HBox"):
        assert word not in everything, word
    said = " / ".join(result.warnings)
    for part in ("cut short", "ended in ValueError: bad", "not been run: left = 1", "damaged"):
        assert part in said


def test_no_figure_is_lost_without_a_word(tmp_path: Path) -> None:
    display = "<IPython.core.display.HTML object>"
    lost = [
        shown(application_pdf="JVBERi0=", text_plain="<Figure size 640x480 with 1 Axes>"),
        shown(text_html="<video controls><source></video>", text_plain=display),
        shown(text_html="<div><script>plot()</script></div>") | {
            "data": {"application/vnd.plotly.v1+json": {}, "text/html": "<div></div>"}},
    ]  # fmt: skip
    kept = shown(text_html=f"<img src='data:image/png;base64,{FIGURE}'>", text_plain=display)
    work = code("show()", *lost, kept, tags=("q9.one",))
    result, text = made(tmp_path, *question("q9.one", "See below."), work)
    said = [w for w in result.warnings if "not in the report" in w]
    assert len(said) == 3 == text[1].count("cannot show") and display not in text[1]
    assert len(PdfReader(str(result.path)).pages[1].images) == 1


# ------------------------------------------------------------------- whose is a cell


def test_inserted_cells_go_with_their_neighbours(tmp_path: Path) -> None:
    kit = v4.new_markdown_cell("## Ours, of no question", id="ours-text")
    cells = [
        code("stray = 1"),
        kit,
        code("kit_work = 1", tags=("q9.one", "q9.two")),
        code("more_work = 1"),
        *question("q9.one", ""),
        v4.new_markdown_cell("My answer is further down."),
        *question("q9.two", "Two."),
        v4.new_markdown_cell("## Ours again", id="ours-again-text"),
    ]
    result, text = made(tmp_path, *cells)
    assert "My answer is further down." in text[1] and "more_work" in text[1]
    assert "kit_work" in text[1] and "kit_work" in text[2] and "more_work" in text[2]
    assert "Ours" not in " ".join(text) and "stray" not in " ".join(text[1:])
    assert result.warnings == [
        "a cell of yours belongs to no question, so not to this report: stray = 1"
    ]


def test_lost_metadata(tmp_path: Path) -> None:
    cells = question("q9.one", "Said anyway.")
    for cell in cells:
        cell.metadata = {}
    _, text = made(tmp_path, *cells, v4.new_markdown_cell("### Next part\n\nnot mine"))
    assert "Said anyway." in text[1] and "not mine" not in " ".join(text)


def test_the_kits_own_notebook(tmp_path: Path) -> None:
    path = ROOT / "assignments" / "01_vae.ipynb"
    result = make_pdf(path, tmp_path / "report.pdf", quiet=True)
    assert result.path, result.problem
    catalogue = json.loads((ROOT / "test_resources" / "vae.json").read_text("utf-8"))
    assert list(result.pages) == [item["id"] for item in catalogue["written"]]
    assert sum("no answer" in warning for warning in result.warnings) == len(result.pages)
    assert any("not signed" in warning for warning in result.warnings)
    assert any("no cell has been run" in warning for warning in result.warnings)
    assert "not signed" in pages(result.path)[0]


# ------------------------------------------------------------------------------- troubles


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("no json", "not a notebook"),
        ('{"cells": 3}', "not a notebook"),
        ("[1]", "not a notebook"),
        ("[" * 100_000, "not a notebook"),
        ('{"worksheets": [], "nbformat": 3}', "old format"),
        ('{"cells": [], "nbformat": 4}', "no graded questions"),
        ('{"cells": [3, {"source": 5, "metadata": []}], "metadata": 1}', "no graded questions"),
    ],
)
def test_bad_notebooks(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(content, encoding="utf-8")
    result = make_pdf(path, tmp_path / "report.pdf", quiet=True)
    assert result.path is None and said in result.problem and "\n" not in result.problem
    assert [file.name for file in tmp_path.iterdir()] == ["n.ipynb"]


def test_places_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no notebook" in make_pdf(tmp_path / "x.ipynb").problem
    assert "cannot be read" in make_pdf(tmp_path).problem
    path = save(tmp_path, *question("q9.one", "Yes."))
    (tmp_path / "taken").mkdir()
    for out in (tmp_path / "taken", tmp_path / "none" / "report.pdf"):
        assert "cannot be written" in make_pdf(path, out).problem
    assert sorted(file.name for file in tmp_path.iterdir()) == [path.name, "taken"]
    assert capsys.readouterr().out.count("No report was made: ") == 4


def test_an_older_report_stays_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, out = save(tmp_path, *question("q9.one", "Yes.")), tmp_path / "report.pdf"
    out.write_bytes(b"the old one")

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "is open elsewhere")

    monkeypatch.setattr("os.replace", refuse)
    result = make_pdf(path, out, quiet=True)
    assert result.path is None and "is open elsewhere): close what has it open" in result.problem
    assert out.read_bytes() == b"the old one"
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([path.name, out.name])


def test_without_the_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    problem = make_pdf(tmp_path / "x.ipynb", quiet=True).problem
    assert "pip install pypandoc_binary==" in problem and "typst==" in problem


def test_in_colab_the_open_notebook_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = json.loads(save(tmp_path, *signed(), *question("q9.one", "Unsaved.")).read_text())
    colab = types.ModuleType("google.colab")
    colab._message = types.SimpleNamespace(  # type: ignore[attr-defined]
        blocking_request=lambda *_, **__: {"ipynb": notebook}
    )
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    result = make_pdf("vae", tmp_path / "report.pdf", quiet=True)
    assert result.path and "Unsaved." in pages(result.path)[1]


def test_typst_is_started_again_after_a_crash(tmp_path: Path) -> None:
    with Typesetter(tmp_path) as setter:
        assert setter.accepts("[a]") and not setter.accepts("[a")
        assert setter._worker
        setter._worker.kill()
        assert not setter.accepts("[a]")
        assert setter.accepts("[a]")
        assert not setter.accepts('read("/../secret")') and not setter.accepts("panic()")


def test_when_only_the_sum_is_refused(tmp_path: Path) -> None:
    piece = typst_text.Piece("nosuchname", "plain words")
    with Typesetter(tmp_path) as setter:
        pdf = typeset.pdf_at_all_costs(
            setter, lambda: typeset._document(piece.code), [piece], warnings := []
        )
    assert pdf.startswith(b"%PDF") and "all texts" in warnings[0]


def test_from_a_shell(tmp_path: Path) -> None:
    path = save(tmp_path, *signed(), *question("q9.one", "Yes."))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "homework.pdf", *arguments]
        environment = {"PYTHONPATH": str(ROOT / "student_src"), "PATH": "/usr/bin:/bin"}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
        )

    done = run(str(path), "-o", "mine.pdf")
    assert done.returncode == 0 and done.stderr == "" and "q9.one  page 2" in done.stdout
    assert (tmp_path / "mine.pdf").read_bytes().startswith(b"%PDF")
    done = run("missing.ipynb")
    assert done.returncode == 1 and "No report was made" in done.stdout and done.stderr == ""
