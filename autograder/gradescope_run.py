"""What happens inside a Gradescope zip when one submission is graded.

Theory of operation. Gradescope calls ``run_autograder``, which first copies a ready-made "fault of
the grader, not yours" answer to ``results/results.json`` and then starts this module. From there:

1. ``run_judge``: a process of its own runs our sandboxed judge on the student's folder and writes
   its results (Gradescope's form) to a private file.
2. Those results replace the fault, atomically. They are final from here on.
3. ``run_otter``: otter-grader runs as the harness on a folder *of ours*: an empty notebook, an
   otter configuration and our plugin (`autograder.otter_plugin`), which hands it the judge's
   results. Otter never sees a path of the student's: it would unpickle ``.OTTER_LOG``, start a
   kernel in the submission's folder (where an ``ipykernel_launcher.py`` or ``otter.py`` of the
   student's would be imported with the grader's rights), let a student's folder shadow ours, and
   give up on a submission with no notebook or with two.

The judge and otter run one after the other, so the memory needed is the larger of the two, not the
sum. This module needs only the standard library: it must be able to report that all else is broken.

``otter run -a ZIP SUBMISSION`` does not call ``run_autograder``. It unpacks the student's files
itself and reaches us at the plugin, which calls the same ``run_judge``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

# The environment variable through which the Gradescope run tells the plugin that the judge has
# already run, and where its results are.
RESULTS_VARIABLE = "AUTOGRADER_JUDGE_RESULTS"
# Gradescope stops a submission after 10 minutes unless told otherwise; leave otter its share.
JUDGE_SECONDS = 480.0
OTTER_SECONDS = 90.0
LOG_TAIL_BYTES = 4000
OTTER_MAIN = "import sys; from otter.run.run_autograder import main; main(sys.argv[1], logo=False)"


class GraderFault(Exception):
    """Something of ours broke; the message is one sentence for instructor and student."""


def fault_results(catalogue: dict[str, Any], why: str = "") -> dict[str, Any]:
    """Gradescope results which say that the grader broke and no task was judged.

    Every automatically graded task is listed with 0 points, so that the page keeps its total.
    `catalogue` is an assignment's catalogue (keys ``tasks``: ``id``, ``title``, ``points``).
    """
    text = (
        "**The grader stopped before it finished. This is a fault of the grader, not yours.** "
        "No task was judged, and the zeros below say nothing about your work. Your files are "
        "saved: please tell your instructor, who can grade them again."
    )
    tests = [
        {
            "number": task["id"],
            "name": task.get("title", task["id"]),
            "score": 0.0,
            "max_score": float(task.get("points", 0)),
            "status": "failed",
            "output": "Not judged: a fault of the grader, not yours.",
            "output_format": "md",
            "visibility": "visible",
            "tags": ["grader fault"],
            "extra_data": {"status": "grader fault"},
        }
        for task in catalogue.get("tasks", [])
    ]
    return {
        "score": 0.0,
        "output": f"{text}\n\nWhat happened: {why}" if why else text,
        "output_format": "md",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def with_note(results: dict[str, Any], note: str) -> dict[str, Any]:
    """A copy of `results` whose text begins with `note`."""
    text = str(results.get("output") or "")
    return {**results, "output": f"{note}\n\n{text}".strip()}


def load_results(path: Path) -> dict[str, Any]:
    """Read and check results in Gradescope's form.

    Raises GraderFault when they are missing, not JSON (NaN is not JSON), or inconsistent: every
    test needs a name, a number of its own and 0 <= score <= max_score, and the total is their sum.
    """
    try:
        results = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise GraderFault(f"The judge left no readable results ({error}).") from None
    tests = results.get("tests") if isinstance(results, dict) else None
    if not isinstance(tests, list) or not all(_is_test(test) for test in tests):
        raise GraderFault("The judge's results are not in Gradescope's form.")
    if len({test["number"] for test in tests}) != len(tests):
        raise GraderFault("The judge's results name a task twice.")
    total = results.get("score")
    if not _is_number(total) or not math.isclose(
        total, sum(test["score"] for test in tests), abs_tol=1e-6
    ):
        raise GraderFault("The judge's total is not the sum of its tasks.")
    return results


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_test(test: object) -> bool:
    if not isinstance(test, dict):
        return False
    texts = all(isinstance(test.get(key), str) for key in ("number", "name", "output", "status"))
    numbers = _is_number(test.get("score")) and _is_number(test.get("max_score"))
    return texts and numbers and 0 <= test["score"] <= test["max_score"] + 1e-9


def write_atomically(path: Path, results: dict[str, Any]) -> None:
    """Replace `path` in one step: a reader sees the old results or the new ones, never a part."""
    handle, name = tempfile.mkstemp(prefix=".results-", suffix=".json", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1, allow_nan=False)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def run_judge(kit: Path, submission: Path, assignment: str, out: Path) -> dict[str, Any]:
    """Judge the folder `submission` with the code and the hidden fixtures in `kit`.

    A process of its own: it always runs the code inside the zip, whatever is installed, and its
    end, however it comes, is not ours. Raises GraderFault when it leaves no proper results.
    """
    command = [*_python(), "-m", "autograder.gradescope_run", "judge"]
    command += [str(submission), assignment, str(kit / "fixtures"), str(out)]
    limit = float(os.environ.get("AUTOGRADER_JUDGE_SECONDS", JUDGE_SECONDS))
    _run(command, limit, "The judge", _environment(kit), cwd=kit)
    return load_results(out)


def run_otter(source: Path, judged: Path, work: Path) -> dict[str, Any]:
    """Run otter-grader as the harness on a folder of ours and return what it reports."""
    harness = work / "harness"
    for name in ("submission", "results", "source", "home"):
        (harness / name).mkdir(parents=True)
    shutil.copy(source / "otter_config.json", harness / "source")
    for name in ("tests", "files"):
        shutil.copytree(source / name, harness / "source" / name)
    (harness / "submission_metadata.json").write_text("{}", encoding="utf-8")
    environment = _environment(source / "kit")
    environment[RESULTS_VARIABLE] = str(judged)
    # Nothing from the machine's own Jupyter or IPython set-up.
    environment["HOME"] = str(harness / "home")
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR"):
        environment[name] = str(harness / "home" / name.lower())
    command = [*_python(), "-c", OTTER_MAIN, str(harness)]
    limit = float(os.environ.get("AUTOGRADER_OTTER_SECONDS", OTTER_SECONDS))
    _run(command, limit, "otter-grader", environment, cwd=harness)
    return load_results(harness / "results" / "results.json")


def _python() -> list[str]:
    # -P: never import from the current folder; -s: nor from a user's own packages.
    return [sys.executable, "-P", "-s", "-B"]


def _environment(kit: Path) -> dict[str, str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment["PYTHONPATH"] = os.pathsep.join([str(kit), str(kit / "student_src")])
    environment.setdefault("OMP_NUM_THREADS", "1")
    return environment


def _run(command: list[str], limit: float, who: str, env: dict[str, str], cwd: Path) -> None:
    """Run `command` in a session of its own, at most `limit` seconds; GraderFault if it fails."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            raise GraderFault(f"{who} did not finish within {limit:.0f} s.") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if code != 0:
            _print_tail(log, who)
            raise GraderFault(f"{who} stopped with exit status {code}.")


def _print_tail(log: Any, who: str) -> None:
    """Show the instructor (Gradescope hides it from students) the end of what a process said."""
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - LOG_TAIL_BYTES))
    text = log.read().decode("utf-8", "replace")
    print(f"--- the end of what {who} printed:\n{text}", file=sys.stderr)


def close_to_others(root: Path) -> None:
    """Make the hidden fixtures and the student's record readable by the owner (root) alone.

    The judge's children run under another user id. Best effort here: the judge's own sandbox
    keeps them out as well.
    """
    private = [root / "source" / "kit" / "fixtures", root / "submission_metadata.json"]
    for path in private:
        with contextlib.suppress(OSError):
            path.chmod(0o700 if path.is_dir() else 0o600)
    with contextlib.suppress(OSError):
        results = root / "results"
        results.chmod(stat.S_IMODE(results.stat().st_mode) & ~0o022)


def grade_on_gradescope(root: Path) -> None:
    """Grade ``root/submission`` into ``root/results/results.json``, which is valid at every moment.

    `root` has the layout of Gradescope's ``/autograder``: ``source/`` is the unpacked zip.
    """
    source, target = root / "source", root / "results" / "results.json"
    catalogue = json.loads((source / "kit" / "catalogue.json").read_text(encoding="utf-8"))
    target.parent.mkdir(exist_ok=True)
    write_atomically(target, fault_results(catalogue))
    close_to_others(root)
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
        work = Path(folder)
        judged = work / "judged.json"
        try:
            results = run_judge(
                source / "kit", root / "submission", catalogue["assignment"], judged
            )
        except Exception as error:
            write_atomically(target, fault_results(catalogue, sentence(error)))
            raise
        write_atomically(target, results)
        try:
            harnessed = run_otter(source, judged, work)
            if harnessed != results:
                raise GraderFault("otter-grader changed the judge's results.")
        except Exception as error:
            note = (
                f"*Note for the instructor: {sentence(error)} This is a fault of the grader; "
                "the scores below come from the judge, which had finished, and are complete.*"
            )
            write_atomically(target, with_note(results, note))
            raise
        write_atomically(target, harnessed)


def sentence(error: Exception) -> str:
    """What to tell of `error` in one line."""
    if isinstance(error, GraderFault):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _judge(submission: Path, assignment: str, fixtures: Path, out: Path) -> None:
    from autograder.grade import grade_to_results

    start = time.monotonic()
    found = grade_to_results(submission, assignment, fixtures)
    write_atomically(out, found | {"execution_time": round(time.monotonic() - start, 2)})


def main(argv: list[str] | None = None) -> int:
    """``run ROOT`` (Gradescope) or ``judge SUBMISSION ASSIGNMENT FIXTURES OUT`` (one process)."""
    parser = argparse.ArgumentParser(prog="autograder.gradescope_run")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run").add_argument("root", type=Path)
    judge = commands.add_parser("judge")
    judge.add_argument("submission", type=Path)
    judge.add_argument("assignment")
    judge.add_argument("fixtures", type=Path)
    judge.add_argument("out", type=Path)
    options = parser.parse_args(argv)
    if options.command == "judge":
        _judge(options.submission, options.assignment, options.fixtures, options.out)
        return 0
    try:
        grade_on_gradescope(options.root.resolve())
    except Exception as error:  # results.json already says so; the log is for the instructor
        print(f"autograder: {sentence(error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
