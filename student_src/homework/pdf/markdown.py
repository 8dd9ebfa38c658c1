"""Turns a cell of Markdown into Typst code, by way of pandoc's tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

from homework.pdf import pandoc
from homework.pdf.typst_text import Piece, as_text, block, call, formula, listing, literal

DEEPEST, WIDEST = 40, 24  # levels of nesting; columns of a table
Picture = Callable[[str, str], str]  # (address, what it shows) -> Typst code
Node = dict[str, Any]

_WRAPPED = {
    "Emph": "emph", "Strong": "strong", "Underline": "underline", "Strikeout": "strike",
    "Superscript": "super", "Subscript": "sub", "SmallCaps": "smallcaps",
}  # fmt: skip
_TAGS = {
    "b": "strong", "strong": "strong", "i": "emph", "em": "emph", "u": "underline",
    "ins": "underline", "s": "strike", "del": "strike", "sub": "sub", "sup": "super",
}  # fmt: skip
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)\b[^>]*>", re.I)
_ALIGN = {"AlignLeft": "left", "AlignRight": "right", "AlignCenter": "center"}


class TooDeep(Exception):
    """Nested deeper, or wider, than anything that fits on a page."""


def convert(text: str, picture: Picture, definitions: str = "", where: str = "") -> Piece:
    """A piece of the report.

    Args:
        picture: finds a picture by its address; returns code that shows it, or says why not.
        definitions: macros for formulas.

    Raises:
        PandocError, TooDeep: it cannot be converted; show the source.
    """
    marked, formulas = pandoc.take_formulas(text)
    codes = pandoc.typst_formulas([tex for tex, _ in formulas], definitions)
    writer = _Writer(formulas, codes, picture)
    code = writer.blocks(pandoc.blocks(marked), 0)
    return Piece(code, text, where, writer.used)


def convert_html(text: str, picture: Picture, where: str = "") -> Piece:
    """As `convert`, for HTML."""
    writer = _Writer([], [], picture)
    return Piece(writer.blocks(pandoc.blocks(text, pandoc.HTML), 0), text, where)


def broken(tex: str) -> str:
    """A formula that cannot be set, as it was written."""
    return call("broken", as_text(tex))


class _Writer:
    def __init__(
        self, formulas: list[tuple[str, bool]], codes: list[str | None], picture: Picture
    ) -> None:
        self.formulas, self.codes, self.picture = formulas, codes, picture
        self.used: list[tuple[str, str]] = []

    # ---------------------------------------------------------------------------- blocks

    def blocks(self, nodes: Sequence[Node], depth: int) -> str:
        if depth > DEEPEST:
            raise TooDeep
        parts = []
        for node in nodes:
            parts.append(self._block(node, depth + 1))
            if node["t"] in ("Plain", "Para"):
                parts.append("parbreak()")
        return block([part for part in parts if part])

    def _block(self, node: Node, depth: int) -> str:
        kind, content = _parts(node)
        # Not the function `par`: it drops formulas and pictures that stand by themselves.
        if kind in ("Plain", "Para"):
            return self.inlines(content, depth)
        if kind == "CodeBlock":
            python = {"python", "py", "ipython", "python3"} & set(content[0][1])
            return listing(self._restored(content[1]), "code", "python" if python else "")
        if kind == "RawBlock":
            return self._html(content) if content[0] == "html" else ""
        if kind == "BlockQuote":
            return call("quote", self.blocks(content, depth), block="true")
        if kind == "BulletList":
            return call("list", *(self.blocks(item, depth) for item in content))
        if kind == "OrderedList":
            items = [self.blocks(item, depth) for item in content[1]]
            return call("enum", *items, start=str(max(0, int(content[0][0]))))
        if kind == "Header":
            return call("title-line", str(int(content[0])), self.inlines(content[2], depth))
        if kind == "HorizontalRule":
            return call("rule")
        return self._rarer_block(kind, content, depth)

    def _rarer_block(self, kind: str, content: Any, depth: int) -> str:
        if kind == "Div":
            return self.blocks(content[1], depth)
        if kind == "Figure":
            return block([self.blocks(content[2], depth), self.blocks(content[1][1], depth)])
        if kind == "LineBlock":
            lines = [self.inlines(line, depth) for line in content]
            return block([f"{line}; linebreak()" for line in lines])
        if kind == "DefinitionList":
            parts = []
            for term, meanings in content:
                meaning = block([self.blocks(item, depth) for item in meanings])
                parts.append(call("terms.item", self.inlines(term, depth), meaning))
            return call("terms", *parts)
        return self._table(content, depth) if kind == "Table" else ""

    def _html(self, content: Sequence[str]) -> str:
        inner = pandoc.blocks(content[1], pandoc.HTML)
        # What pandoc keeps as raw HTML even there has no place on paper.
        return self.blocks([node for node in inner if node["t"] != "RawBlock"], 1) if inner else ""

    def _table(self, content: Any, depth: int) -> str:
        _, _, columns, head, bodies, foot = content
        if not columns or len(columns) > WIDEST:
            raise TooDeep
        header = self._rows(head[1], columns, depth)
        rows = [row for body in bodies for row in (*body[2], *body[3])] + foot[1]
        parts = [call("table.header", *header)] if header else []
        align = "(" + "".join(f"{_ALIGN.get(c[0]['t'], 'left')}, " for c in columns) + ")"
        count = str(len(columns))
        return call("sheet", count, align, *parts, *self._rows(rows, columns, depth))

    def _rows(self, rows: Any, columns: Any, depth: int) -> list[str]:
        cells = []
        for row in rows:
            for _, _, height, width, content in row[1]:
                spans = {"rowspan": str(int(height)), "colspan": str(min(int(width), len(columns)))}
                cells.append(call("table.cell", self.blocks(content, depth), **spans))
        return cells

    # --------------------------------------------------------------------------- inlines

    def inlines(self, nodes: Sequence[Node], depth: int) -> str:
        if depth > DEEPEST:
            raise TooDeep
        parts, index = [], 0
        while index < len(nodes):
            node = nodes[index]
            tag = _TAG.fullmatch(node["c"][1]) if node["t"] == "RawInline" else None
            end = _closing(nodes, index, tag[2]) if tag and not tag[1] else None
            if tag and end is not None:
                inner = self.inlines(nodes[index + 1 : end], depth + 1)
                parts.append(call(_TAGS[tag[2].lower()], inner))
                index = end
            else:
                parts.append(self._inline(node, depth + 1))
            index += 1
        return block([part for part in parts if part])

    def _inline(self, node: Node, depth: int) -> str:
        kind, content = _parts(node)
        if kind == "Str":
            return self._text(content)
        if kind in ("Space", "SoftBreak"):
            return '" "'
        if kind == "LineBreak":
            return "linebreak()"
        if kind in _WRAPPED:
            return call(_WRAPPED[kind], self.inlines(content, depth))
        if kind == "Code":
            return call("raw", as_text(self._restored(content[1])))
        if kind == "Link":
            return self._link(self.inlines(content[1], depth), self._restored(content[2][0]))
        if kind == "Image":
            return self.picture(self._restored(content[2][0]), self._plain(content[1]))
        if kind == "Note":
            return call("footnote", self.blocks(content, depth))
        if kind == "Quoted":
            return block(['"“"', self.inlines(content[1], depth), '"”"'])
        if kind in ("Span", "Cite"):
            return self.inlines(content[1], depth)
        return self._raw(content[1]) if kind == "RawInline" and content[0] == "html" else ""

    def _text(self, text: str) -> str:
        """A text with marks of formulas in it."""
        parts = []
        for index, part in enumerate(pandoc.MARK.split(text)):
            if index % 2:
                parts.append(self._formula(int(part)))
            elif part:
                parts.append(as_text(part))
        return "; ".join(parts)

    def _formula(self, number: int) -> str:
        (tex, displayed), code = self.formulas[number], self.codes[number]
        if code is None:
            self.used.append(("", tex))
            return broken(tex)
        written = formula(code, displayed)
        self.used.append((written, tex))
        return written

    def _link(self, text: str, address: str) -> str:
        if re.match(r"(https?://|mailto:)\S+$", address) and len(address) < 2000:
            return call("link", literal(address), text)
        return text

    def _raw(self, html: str) -> str:
        name = (_TAG.match(html) or ["", "", ""])[2].lower()
        if name == "br":
            return "linebreak()"
        if name == "img":
            found = attributes(html)
            return self.picture(self._restored(found.get("src", "")), found.get("alt", ""))
        return ""

    def _plain(self, nodes: Sequence[Node]) -> str:
        texts = (node["c"] if node["t"] == "Str" else " " for node in nodes)
        return self._restored("".join(texts))

    def _restored(self, text: str) -> str:
        return pandoc.put_back(text, self.formulas)


def _parts(node: Node) -> tuple[str, Any]:
    return node["t"], node.get("c")


def _closing(nodes: Sequence[Node], index: int, name: str) -> int | None:
    """Where the tag that opens at `index` is closed, if it is one that we know."""
    if name.lower() not in _TAGS:
        return None
    for other in range(index + 1, min(index + 200, len(nodes))):
        if nodes[other]["t"] == "RawInline":
            tag = _TAG.fullmatch(nodes[other]["c"][1])
            if tag and tag[1] and tag[2].lower() == name.lower():
                return other
    return None


def attributes(html: str) -> Mapping[str, str]:
    """The attributes of the first tag."""
    found: dict[str, str] = {}

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
            for name, value in pairs:
                found.setdefault(name, value or "")

    Parser().feed(html)
    return found
