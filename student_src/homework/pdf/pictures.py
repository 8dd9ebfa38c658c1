"""Pictures of a report: from outputs, attachments, data addresses and files beside the notebook.

Nothing is fetched from the web, and no file outside of the notebook's folder is read.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import math
import re
import urllib.parse
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from homework.pdf.cells import joined
from homework.pdf.typst_text import as_text, call, literal, note

LARGEST, MOST_PIXELS = 30_000_000, 60_000_000  # bytes of a file; pixels
MOST_TOGETHER = 5 * MOST_PIXELS  # of a report
_BADGE = re.compile(r"https://colab\.research\.google\.com/assets/colab-badge\.svg")


class Pictures:
    """Puts pictures into the folder that Typst may read, under names of ours.

    Args:
        folder: that folder.
        beside: the notebook's folder, where files named in answers are looked for.
        accepts: tells whether Typst accepts this code.
    """

    def __init__(self, folder: Path, beside: Path, accepts: Callable[[str], bool]) -> None:
        self.folder, self.beside, self.accepts = folder, beside, accepts
        self.warnings: list[str] = []
        self._known: dict[str, bool] = {}
        self._room = MOST_TOGETHER

    def add(self, content: bytes, alt: str = "") -> str | None:
        """Code that shows a picture; None if it is no picture that can be shown."""
        ending = _ending(content)
        if not ending or len(content) > LARGEST:
            return None
        name = f"{hashlib.sha256(content).hexdigest()[:16]}.{ending}"
        if name not in self._known:
            pixels = _pixels(content)
            if pixels > min(MOST_PIXELS, self._room):
                return None
            self._room -= pixels
            (self.folder / name).write_bytes(content)
            self._known[name] = self.accepts(call("image", literal(name)))
        return call("picture", literal(name), as_text(alt)) if self._known[name] else None

    def from_output(self, data: Mapping[str, Any]) -> str | None:
        """Code for the picture among an output's forms; None if there is none to show."""
        for kind in ("image/png", "image/jpeg", "image/svg+xml", "image/webp", "image/gif"):
            if kind in data:
                text = joined(data[kind])
                content = text.encode("utf-8", "replace") if "svg" in kind else _decoded(text)
                code = self.add(content)
                if code:
                    return code
        return None

    def named(self, address: str, alt: str, attachments: Mapping[str, Any], where: str) -> str:
        """Code for a picture in Markdown; a sentence and a warning if it cannot be shown."""
        if _BADGE.match(address):
            return ""
        content, why = self._read(address, attachments)
        code = self.add(content, alt) if content else None
        if code:
            return code
        shown = address if len(address) < 80 else address[:77] + "..."
        why = why or "it is damaged, too large, or not PNG, JPEG, GIF, WebP or SVG"
        self.warnings.append(f"{where}: the picture {shown} is not included: {why}")
        return note(f"[picture {alt or shown} not included: {why}]")

    def _read(self, address: str, attachments: Mapping[str, Any]) -> tuple[bytes, str]:
        """The bytes at an address, or why they are not to be had."""
        if address.startswith("attachment:"):
            name = urllib.parse.unquote(address.removeprefix("attachment:"))
            data = attachments.get(name)
            for kind, text in data.items() if isinstance(data, dict) else ():
                plain = joined(text)
                svg = "svg" in str(kind) and plain.lstrip().startswith("<")
                return plain.encode("utf-8", "replace") if svg else _decoded(plain), ""
            return b"", "the notebook holds no attachment of this name; paste it in again"
        if address.startswith("data:"):
            head, _, body = address.partition(",")
            text = urllib.parse.unquote(body)
            return _decoded(text) if ";base64" in head else text.encode("utf-8", "replace"), ""
        if re.match(r"[a-zA-Z][\w+.-]+:|//", address):
            return b"", "it is on the web; paste the picture itself into the cell"
        return self._file(urllib.parse.unquote(address))

    def _file(self, name: str) -> tuple[bytes, str]:
        try:
            path = (self.beside / name).resolve()
            if not path.is_relative_to(self.beside.resolve()) or not path.is_file():
                return b"", "there is no such file in the notebook's folder"
            if path.stat().st_size > LARGEST:
                return b"", "the file is too large"
            return path.read_bytes(), ""
        except (OSError, ValueError):
            return b"", "the file cannot be read"


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""


def _ending(content: bytes) -> str:
    """What kind of picture this is, by its first bytes."""
    begins = {b"\x89PNG\r\n": "png", b"\xff\xd8\xff": "jpg", b"GIF8": "gif"}
    for start, ending in begins.items():
        if content.startswith(start):
            return ending
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    return "svg" if re.search(rb"<svg[\s>]", content[:4000]) else ""


def _pixels(content: bytes) -> int:
    """The pixels of a picture by its header; 0 for drawings, which have none."""
    if _ending(content) == "svg":
        return 0
    from PIL import Image

    with warnings.catch_warnings(), suppress(Exception):  # a damaged header can bring any
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(content)) as picture:
            return math.prod(picture.size)
    return MOST_PIXELS + 1  # it is damaged, or far too large
