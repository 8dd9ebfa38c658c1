"""Named tensors in a file, without pickle: the safetensors format, read and written plainly.

The format is 8 bytes with the length of a JSON header, the header that gives each tensor's dtype,
shape and place, and then the bytes of all tensors. Files can be opened with the `safetensors`
package too, but do not need it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_LARGEST_HEADER = 100_000_000  # as in the safetensors package


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Write the tensors; the file at `path` is replaced at once or not at all.

    Raises TypeError for a dtype the format lacks here, OSError when the disk is full.
    """
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    chunks, offset = [], 0
    for name, tensor in sorted(tensors.items()):
        if tensor.dtype not in _NAMES:
            raise TypeError(f"cannot store {name}: {tensor.dtype}")
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        chunk = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
        header[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + len(chunk)],
        }
        chunks.append(chunk)
        offset += len(chunk)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for chunk in chunks:
                file.write(chunk)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of the file, by name, on the CPU. Raises ValueError when it is damaged."""
    header, content = _read(path)
    try:
        return {name: _tensor(content, **entry) for name, entry in header.items()}
    except (KeyError, ValueError, TypeError, RuntimeError):  # no such dtype, or sizes that disagree
        raise _damaged(path) from None


def _tensor(content: bytes, dtype: str, shape: list[int], data_offsets: list[int]) -> Tensor:
    start, end = data_offsets
    kind, chunk = _DTYPES[dtype], bytearray(content[start:end])
    flat = torch.frombuffer(chunk, dtype=kind) if chunk else torch.empty(0, dtype=kind)
    return flat.reshape(shape)


def read_metadata(path: Path) -> dict[str, str]:
    """The texts stored beside the tensors. Raises ValueError when the file is damaged."""
    return _read(path, keep_metadata=True)[0].get("__metadata__", {})


def _read(path: Path, keep_metadata: bool = False) -> tuple[dict, bytes]:
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(_LARGEST_HEADER, len(content) - 8):
        raise _damaged(path)
    try:
        header = json.loads(content[8 : 8 + length])
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name[:2] != "__"]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        raise _damaged(path) from None
    if max(ends, default=0) > len(content) - 8 - length:
        raise _damaged(path)
    if not keep_metadata:
        header.pop("__metadata__", None)
    return header, content[8 + length :]


def _damaged(path: Path) -> ValueError:
    return ValueError(f"{path} is damaged or no safetensors file: delete it and make it again")
