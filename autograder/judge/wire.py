"""Plain messages between the parent and a child: a JSON head, then raw array bytes.

Nothing is unpickled or evaluated, and every size is checked before memory is taken. A message is
an 8-byte length of the head, the head, and the bytes of its arrays one after the other.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from homework import sentences

MAX_HEAD = 1 << 16
MAX_ARRAYS = 1 << 25
MAX_AXES = 16
MAX_NAMES = 256  # arrays in one message
PIPE = 1 << 16  # bytes that a pipe holds: no read gives more
DTYPES = {
    name: np.dtype(name)
    for name in (
        "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool "
        "complex64 complex128"
    ).split()
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}

# Only code that meddles with what sends results can bring this about.
MALFORMED = sentences.INTERFERES
TOO_MUCH = sentences.TOO_MUCH_DATA
Described = tuple[str, np.dtype[Any], tuple[int, ...], int]


class WireError(Exception):
    """A message is malformed or too large."""


def pack(head: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """One message. `WireError` if an array is of a type that is not sent."""
    described = []
    for name, array in arrays.items():
        if array.dtype not in NAMES:
            raise WireError(f"arrays of dtype {array.dtype} are not sent")
        described.append([name, NAMES[array.dtype], array.shape])
    text = json.dumps({**head, "arrays": described}).encode()
    body = [array.tobytes() for array in arrays.values()]
    return b"".join([len(text).to_bytes(8, "little"), text, *body])


class Reader:
    """Takes messages apart as their bytes arrive."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._begun: tuple[dict[str, Any], list[Described]] | None = None

    def feed(self, data: bytes) -> Iterator[tuple[dict[str, Any], dict[str, np.ndarray]]]:
        """Add bytes and yield every message that is complete; `WireError` if one is malformed."""
        self._buffer += data
        while True:
            message = self._next()
            if message is None:
                return
            yield message

    def _next(self) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        if self._begun is None and not self._begin():
            return None
        assert self._begun is not None
        head, described = self._begun
        total = sum(count * dtype.itemsize for _, dtype, _, count in described)
        if len(self._buffer) < total:
            return None
        arrays, place = {}, 0
        for name, dtype, shape, count in described:
            end = place + count * dtype.itemsize
            flat = np.frombuffer(self._buffer[place:end], dtype=dtype)
            try:
                arrays[name] = flat.reshape(shape)
            except ValueError:
                raise WireError(MALFORMED) from None
            place = end
        del self._buffer[:place]
        self._begun = None
        return head, arrays

    def _begin(self) -> bool:
        """Take the head off, once it is there."""
        if len(self._buffer) < 8:
            return False
        size = int.from_bytes(self._buffer[:8], "little")
        if size > MAX_HEAD:
            raise WireError(TOO_MUCH)
        if len(self._buffer) < 8 + size:
            return False
        head = _head(bytes(self._buffer[8 : 8 + size]))
        described = [_described(entry) for entry in head.pop("arrays", [])]
        total = sum(count * dtype.itemsize for _, dtype, _, count in described)
        if total > MAX_ARRAYS or len(described) > MAX_NAMES:
            raise WireError(TOO_MUCH)
        del self._buffer[: 8 + size]
        self._begun = head, described
        return True


def _head(text: bytes) -> dict[str, Any]:
    try:
        head = json.loads(text)
    except (ValueError, RecursionError):
        raise WireError(MALFORMED) from None
    if not isinstance(head, dict) or not isinstance(head.get("arrays", []), list):
        raise WireError(MALFORMED)
    return head


def _described(entry: Any) -> Described:
    try:
        name, dtype, shape = entry
        sizes = tuple(int(size) for size in shape)
        if not isinstance(name, str) or len(sizes) > MAX_AXES or min(sizes, default=0) < 0:
            raise ValueError(name)
        # An axis of size 0 makes an array small, but numpy refuses the other axes all the same.
        if math.prod(size for size in sizes if size) > MAX_ARRAYS:
            raise ValueError(name)
        return name, DTYPES[dtype], sizes, math.prod(sizes)
    except (KeyError, OverflowError, TypeError, ValueError):
        raise WireError(MALFORMED) from None
