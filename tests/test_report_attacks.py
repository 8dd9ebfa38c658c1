"""Notebooks that attack whoever makes a report of them: time, memory, files, the terminal."""

from __future__ import annotations

import base64
import io
import json
import os
import resource
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbformat import v4
from pypdf import PdfReader

from homework import handin
from homework.pdf import cells, compose, make_pdf, making, outputs, pandoc, typeset, typst_text
from homework.pdf.pictures import Pictures
from homework.pdf.questions import parse
from homework.pdf.typeset import Typesetter
from test_pdf import code, made, png, question, save, shown, signed


def seconds(work: Callable[[], Any]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def notebook(*some: Any) -> bytes:
    return json.dumps(v4.new_notebook(cells=[*signed(), *some])).encode()


def answer(text: str) -> Callable[[], Any]:
    """Everything that is asked of a text before it is cut to what a report takes."""

    def work() -> None:
        book = parse(notebook(*question("q9.one", text)), Path())
        for cell in book.all_cells:
            cell.text, cell.first_line  # noqa: B018
            compose._HEADING.sub("", cell.text, count=1)

    return work


def signature(text: str) -> Callable[[], Any]:
    return lambda: handin.signature(text)


def heading(text: str) -> Callable[[], Any]:
    return answer(f"{text}\n\n## x\n")


def formulas(text: str) -> Callable[[], Any]:
    return lambda: pandoc.take_formulas(text[: compose.MOST_TEXT])


def folded(text: str) -> Callable[[], Any]:
    return lambda: typst_text.folded(text)


def streams(count: int) -> Callable[[], Any]:
    some = [{"output_type": "stream", "name": "stdout", "text": "x" * 50}] * count
    return lambda: outputs.merged(some)


SLOW = {
    "comments that do not end": answer("<!--" * 100_000),
    "spaces before a heading": heading("\n" * 100_000 + " " * 100_000),
    "a heading of spaces": answer("# x" + " " * 100_000 + "y"),
    "lines before a signature": signature("\n" * 100_000),
    "parentheses that do not end": formulas("\\\\(" * 100_000),
    "brackets that do not end": formulas("\\\\[" * 100_000),
    "environments that do not end": formulas("\\begin{align}" * 10_000),
    "ticks of all lengths": formulas(" ".join("`" * n for n in range(1, 400))),
    "a line without an end": folded("x" * 1_000_000),
    "marks on one letter": folded("x" + "\u0301" * 500_000),
    "pieces of a stream": streams(100_000),
    "escapes without an end": lambda: outputs.shown("\x1b]" * 200_000 + "\x1b[0" * 200_000),
}


@pytest.mark.parametrize("work", SLOW.values(), ids=SLOW)
def test_no_text_takes_long(work: Callable[[], Any]) -> None:
    assert seconds(work) < 3


def test_a_million_of_anything_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "MOST_ALL", 20_000)
    many = [shown(text_plain=f"out {n}") for n in range(2_000)]
    flood = code("run()", *many, tags=("q9.one",))
    long = [code(f"'{'x ' * 400}'\n" * 5, tags=("q9.two",)) for _ in range(100)]
    some = [*question("q9.one", "Yes."), flood, *question("q9.two", "Words."), *long]
    begin = time.monotonic()
    result, text = made(tmp_path, *some)
    assert time.monotonic() - begin < 30
    assert "out 99" in " ".join(text) and "out 200" not in " ".join(text)
    assert any("1,900 outputs are left out" in warning for warning in result.warnings)
    assert any("too long" in warning for warning in result.warnings)
    with pytest.raises(cells.ReportError, match="cells"):
        parse(notebook(*(v4.new_code_cell("1") for _ in range(3_000))), tmp_path)


def test_the_time_for_all_texts_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of thousands of pieces of HTML has pandoc started."""
    monkeypatch.setattr(making, "TEXT_SECONDS", 2)
    begin = time.monotonic()
    result, text = made(tmp_path, *question("q9.one", "<div>\n\nx\n\n" * 1_500))
    assert time.monotonic() - begin < 30
    assert any("as its source" in warning for warning in result.warnings)


def test_the_time_for_all_documents_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typeset, "ALTOGETHER", 2)
    with Typesetter(tmp_path) as setter:
        begin = time.monotonic()
        for _ in range(100):
            setter.accepts("{ let i = 0; while true { i += 1 } }")
        assert time.monotonic() - begin < 5


# ------------------------------------------------------------ pictures


def black(side: int, width: int = 1) -> bytes:
    """A picture of few bytes and many pixels, each of one byte or eight."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(
        ">IIBBBBB", side, side, 2 * width if width > 1 else 8, 6 if width > 1 else 0, 0, 0, 0
    )
    size = side * (side * width + 1)
    blocks, rest = divmod(size, 1 << 20)
    squeeze = zlib.compressobj(9, wbits=-15)
    block = squeeze.compress(bytes(1 << 20)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    end = squeeze.compress(bytes(rest)) + squeeze.flush()
    adler = (size % 65521) << 16 | 1
    rows = b"\x78\xda" + block * blocks + end + struct.pack(">I", adler)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def drawing(body: str, head: str = "") -> str:
    return (
        f'{head}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' width="90" height="90">{body}</svg>'
    )


def doubled(levels: int) -> str:
    """A drawing of few bytes that uses each of its groups twice in the next one."""
    groups = "".join(
        f'<g id="g{n}"><use xlink:href="#g{n - 1}"/><use xlink:href="#g{n - 1}"/></g>'
        for n in range(1, levels)
    )
    return drawing(f'<rect id="g0" width="1" height="1"/>{groups}')


def laughs() -> str:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return drawing("<text>&e11;</text>", f'<!DOCTYPE svg [<!ENTITY e0 "ha">{entities}]>')


def bombs() -> dict[str, str]:
    inside = base64.b64encode(black(30_000, 8)).decode()
    return {
        "a picture inside": drawing(
            f'<image width="9" height="9" xlink:href="data:image/png;base64,{inside}"/>'
        ),
        "groups": doubled(40),
        "entities": laughs(),
        "nesting": drawing("<g>" * 100_000),
        "size": '<svg xmlns="http://www.w3.org/2000/svg" width="1e9" height="1e9">'
        '<filter id="f"><feGaussianBlur stdDeviation="1e6"/></filter>'
        '<rect width="1e9" height="1e9" filter="url(#f)"/></svg>',
    }


def test_drawings_that_would_fill_the_memory(tmp_path: Path) -> None:
    """Whatever comes of them, it takes a bounded part of the machine."""
    book = save(tmp_path, *signed(), *question("q9.one", "Yes."), *(
        code(f"'{name}'", shown(image_svg__xml=text), tags=("q9.one",))
        for name, text in bombs().items()
    ))  # fmt: skip
    begin = time.monotonic()
    result = make_pdf(book, tmp_path / "report.pdf", quiet=True)
    assert result.path or result.problem
    assert time.monotonic() - begin < 40
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert most < 4_500_000, "kB"


def test_many_large_pictures_count_together(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path, tmp_path, lambda code: True)
    kept = [bool(pictures.add(black(7_000) + bytes([n]))) for n in range(10)]
    assert kept == [True] * 6 + [False] * 4
    assert pictures.add(png())  # there is room for small ones


def test_nothing_of_the_disk_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(png(200, 200))
    (tmp_path / "secret.txt").write_text("opensesame")
    inside = tmp_path / "mine"
    inside.mkdir()
    names = ("../secret.png", "/secret.png", str(tmp_path / "secret.png"))
    names += tuple(f"file://{name}" for name in names)
    entity = f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file://{tmp_path}/secret.txt">]>'
    drawings = [
        drawing("".join(f'<image width="9" height="9" xlink:href="{n}"/>' for n in names)),
        drawing('<text x="0" y="20">&x;</text>', entity),
        drawing('<style>@import url("file:///etc/passwd");</style><rect width="9" height="9"/>'),
        drawing('<script>alert(1)</script><a xlink:href="javascript:1"><rect width="9"/></a>'),
        drawing('<foreignObject><iframe src="file:///etc/passwd"/></foreignObject>'),
    ]
    texts = [
        '<img src="file:///etc/passwd"> <object data="../secret.txt"></object>',
        '<embed src="../secret.png"><iframe src="../secret.txt"></iframe>',
        '$std.read("../secret.txt")$ $op("x", std.read("/secret.txt"))$',
        '$\\operatorname{std}.\\operatorname{read}("../secret.txt")$ $\\text{" + std.read("x")}$',
        "\\input{../secret.txt} $\\input{../secret.txt}$ $\\include{/etc/passwd}$",
        "[x](file:///etc/passwd) ![](<//localhost/etc/passwd>) ![](C:/secret.png)",
    ]
    work = [code("draw()", *(shown(image_svg__xml=d) for d in drawings), tags=("q9.one",))]
    page = [shown(text_html=text) for text in texts[:2]]
    result, text = made(inside, *question("q9.one", "\n\n".join(texts)), *work, code("p()", *page))
    everything = " ".join(text)
    assert "opensesame" not in everything and "root:" not in everything
    assert result.path is not None
    assert b"file:///etc" not in result.path.read_bytes()
    for page in PdfReader(io.BytesIO(result.path.read_bytes())).pages:
        assert all(image.image is None or image.image.size != (200, 200) for image in page.images)
        assert all("file:" not in str(note.get_object()) for note in page.get("/Annots", []))


# ------------------------------------------------------------ whoever makes it


def test_nothing_that_a_terminal_obeys_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m"
    error = v4.new_output("error", ename=f"E{evil}", evalue=evil, traceback=[])
    some = [code(f"{evil}x()", error, run=False, tags=(f"q9.one{evil}", "q9.one"))]
    some += [*question("q9.one", f"![{evil}]({evil}.png)"), *question(f"q9.t{evil}\nwo", "a")]
    some += [code(f"{evil}of_no_question()")]
    result = make_pdf(save(tmp_path, *signed(evil, evil), *some), tmp_path / "report.pdf")
    printed_text = capsys.readouterr().out
    assert result.path and result.warnings
    assert not [c for c in printed_text if c != "\n" and not c.isprintable()]


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_a_notebook_without_an_end(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "n.ipynb")
    assert "no file" in make_pdf(tmp_path / "n.ipynb", quiet=True).problem
    (tmp_path / "n.ipynb").unlink()
    with (tmp_path / "n.ipynb").open("wb") as file:
        file.truncate(40 << 30)
    assert "too many for a report" in make_pdf(tmp_path / "n.ipynb", quiet=True).problem


def test_macros_are_not_written_out_before_each_of_many_formulas() -> None:
    macro = "\\newcommand{\\x}{" + "y" * 3_900 + "}"
    definitions = pandoc.macros([f"${macro}$"])
    assert len(definitions) > 3_900
    assert seconds(lambda: pandoc.typst_formulas(["x"] * 12_000, definitions)) < 5
