"""Where and how to compute: the device, the threads, the memory allocator, the precision.

All four are chosen once, before training, by `prepare`. What was measured on a two-core machine
for the small networks here is in `benchmarks/training.py`, which measures it again on yours.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from contextlib import AbstractContextManager

import torch

# glibc's mallopt, see `keep_freed_memory`.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def choose_device(wish: str | torch.device = "auto") -> torch.device:
    """The device to train on: the wish, or with "auto" CUDA, else MPS (Apple), else the CPU.

    Raises ValueError when the wished device is not there, with what to use instead.
    """
    has_cuda = torch.cuda.is_available()
    has_mps = torch.backends.mps.is_available()
    if str(wish) == "auto":
        return torch.device("cuda" if has_cuda else "mps" if has_mps else "cpu")
    try:
        device = torch.device(wish)
    except RuntimeError as error:
        raise ValueError(f"{wish!r} is no device: use 'cpu', 'cuda', 'mps' or 'auto'") from error
    if device.type == "cuda" and not has_cuda:
        raise ValueError("no CUDA GPU is visible here: use device='auto' or device='cpu'")
    if device.type == "mps" and not has_mps:
        raise ValueError("no Apple GPU (MPS) is visible here: use device='auto' or device='cpu'")
    return device


def prepare(wish: str | torch.device = "auto", threads: int | None = 1) -> torch.device:
    """Choose the device and set this process up to train small networks fast.

    threads: of the CPU. One is enough for networks this small: a second one gains nothing, since
    the layers are so short that threads wait for each other. None leaves torch's own choice.
    """
    device = choose_device(wish)
    if threads is not None:
        torch.set_num_threads(threads)
    if device.type == "cpu":
        keep_freed_memory()
    elif device.type == "cuda":
        torch.backends.cudnn.benchmark = True  # shapes never change here
    return device


def keep_freed_memory() -> bool:
    """Tell the C library to reuse large blocks instead of handing them back to the system.

    torch allocates each activation again. By default glibc gets blocks of many megabytes from the
    system and returns them at once, and the system clears every page again: that can cost as much
    as the arithmetic. Returns whether it could be told (Linux with glibc).
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library, such as musl
        return False
    never = 2**31 - 1
    return bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, never))


def autocast(device: torch.device, enabled: bool = True) -> AbstractContextManager[object]:
    """Mixed precision where it pays: bfloat16 on hardware that multiplies it, else full precision.

    That is: CUDA devices since 2020, and CPUs with AVX512-BF16, where training was 1.3 times as
    fast. bfloat16 has float32's range, so that no loss scaling is needed.
    """
    if enabled and _has_fast_bfloat16(device):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


def _has_fast_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8  # older ones emulate it
    if device.type == "cpu":
        asks = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
        return bool(asks and asks())
    return False


def synchronize(device: torch.device) -> None:
    """Wait until the device has done what it was asked: before a clock is read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def describe(device: torch.device) -> str:
    """A short name for tables, such as "cpu, 1 thread" or "cuda (NVIDIA A100)"."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    if device.type == "cpu":
        threads = torch.get_num_threads()
        return f"cpu, {threads} thread{'s' if threads > 1 else ''}"
    return device.type
