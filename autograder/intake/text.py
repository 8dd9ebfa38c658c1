"""Tells whether the bytes of a student's `.py` file are Python source text, and if not, why."""

from __future__ import annotations

import codecs
import io
import tokenize

from autograder.intake.names import shown

# Beginnings of the encodings that a file may declare. Some of Python's other codecs take minutes
# for 1 MB, and some turn harmless text into other code.
_UNICODE = ("utf-8", "ascii")
_WESTERN = ("iso8859-", "cp125", "cp437", "cp850", "koi8-", "mac-roman")
_ASIAN = ("gb", "big5", "cp932", "cp949", "cp950", "shift_jis", "euc_")
_ENCODINGS = _UNICODE + _WESTERN + _ASIAN


def text_fault(data: bytes) -> str | None:
    """A clause that follows the file's name, or None if `data` is text in a known encoding."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "is UTF-16 text: save it as UTF-8"
    if b"\0" in data:
        return "is not a Python file, it holds binary data: hand in the code itself"
    try:
        declared, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:
        return _undeclared(data)
    encoding = codecs.lookup(declared).name
    if not encoding.startswith(_ENCODINGS):
        return f"declares the encoding {shown(encoding, 20)}: save it as UTF-8"
    return _undecodable(data, encoding)


def _undeclared(data: bytes) -> str:
    """Why `detect_encoding` fails: by the first two lines, or by what they declare."""
    fault = _undecodable(b"\n".join(data.split(b"\n", 2)[:2]), "utf-8")
    return fault or "declares an encoding that it does not have: save it as UTF-8"


def _undecodable(data: bytes, encoding: str) -> str | None:
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return f"is not {encoding.upper()} text (line {line}): save it as UTF-8"
    return None
