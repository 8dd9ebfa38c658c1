"""What a zygote is started with: where code lies, and a clean environment."""

from __future__ import annotations

import os
from pathlib import Path

from autograder.judge import hugepages


def import_paths() -> tuple[Path, ...]:
    """Folders that hold the packages `autograder` and `homework`."""
    import autograder
    import homework

    files = (autograder.__file__, homework.__file__)
    return tuple(dict.fromkeys(Path(str(file)).resolve().parents[1] for file in files))


def code_paths() -> tuple[Path, ...]:
    """The provided code that students' files may import, for modules imported late."""
    import homework

    return (Path(str(homework.__file__)).resolve().parent,)


def environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return (
        kept
        | hugepages.ENVIRONMENT
        | {
            # One thread each: for models this small, starting threads costs more than they save.
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "CUDA_VISIBLE_DEVICES": "",
            "MPLBACKEND": "Agg",
            "LANG": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "PYTHONWARNINGS": "ignore",
            "TQDM_DISABLE": "1",  # nobody sees the bars of a graded run
        }
    )
