"""Makes what students hand in, for the tests: folders and zips."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from autograder.intake.submission import IntakeError, Submission, open_submission

EXPECTED = ("q1_vae.py", "q1_train_vae.py", "q2_ddpm.py", "q2_trainer_ddpm.py")
CODE = b"def log_mean_exp(y):\n    return y\n"
OTHER = b"x = 1\n"
Files = dict[str, bytes]


def make_zip(path: Path, files: Files, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 5, 1, 12, 0, 0)), data, method)
    return path


def make_folder(path: Path, files: Files) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def refusal(path: Path) -> str:
    """The one sentence with which `path` is refused."""
    with pytest.raises(IntakeError) as caught:
        open_submission(path, EXPECTED)
    text = str(caught.value)
    assert path.name in text and text.endswith(".") and "\n" not in text and ": " in text
    return text


def notes(submission: Submission) -> str:
    return "\n".join(submission.notes)
