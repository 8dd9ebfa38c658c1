"""What a zygote is started with: where code lies, and a clean environment."""

from __future__ import annotations

import os
from pathlib import Path

from autograder.judge import hugepages


def import_paths() -> tuple[Path, ...]:
    """Folders that hold the packages `autograder` and `homework`."""
    return tuple(dict.fromkeys(path.parent for path in packages()))


def packages() -> tuple[Path, ...]:
    """The two packages themselves, which the zygote imports."""
    import autograder
    import homework

    files = (autograder.__file__, homework.__file__)
    return tuple(Path(str(file)).resolve().parent for file in files)


def code_paths() -> tuple[Path, ...]:
    """The provided code that students' files may import, for modules imported late."""
    import homework

    return (Path(str(homework.__file__)).resolve().parent,)


def font_cache() -> Path | None:
    """Where matplotlib keeps its list of fonts, which takes it a third of a second to make.

    The zygote may write it; its children may not.
    """
    try:
        folder = Path.home().resolve() / ".cache" / "matplotlib"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # no home, or one that may not be written
        return None
    return folder if os.access(folder, os.W_OK) else None


def environment() -> dict[str, str]:
    """The environment of a zygote, with nothing of the grader's own that it does not need."""
    fonts = font_cache()
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return (
        kept
        | ({"MPLCONFIGDIR": str(fonts)} if fonts else {})
        | hugepages.ENVIRONMENT
        | {
            # One thread each: for models this small, starting threads costs more than they save.
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "CUDA_VISIBLE_DEVICES": "",
            "MPLBACKEND": "Agg",
            "LANG": "C.UTF-8",
            "USER": "grader",  # parts of torch ask for it; in namespaces there is no list of users
            "PYTHONHASHSEED": "0",
            "PYTHONWARNINGS": "ignore",
            "TORCHDYNAMO_DISABLE": "1",
            "TQDM_DISABLE": "1",  # nobody sees the bars of a graded run
        }
    )
