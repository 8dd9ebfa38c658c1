"""Writes what came out for a submission: Gradescope's `results.json`, and `feedback.md`.

Cases that students do not have are told by what they are about, what is wrong with them in a word,
and at most one sentence a task of those in `homework.sentences`. Values, lines and messages come
from public cases alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unicodedata import category

from autograder.files import replace
from autograder.grade import Grading
from homework.report import capitalized, place, told_before
from homework.verdict import GRADER_FAULT, PASSED, CaseResult, TaskResult

MARKS = {True: "✓", False: "✗"}
_STEERING = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # control characters, ends of lines


def gradescope(grading: Grading) -> dict[str, Any]:
    """The results in Gradescope's form: one visible test for each task."""
    files, told = grading.submission.files, told_before(grading.tasks)
    return {
        "score": grading.score,
        "output": _summary(grading),
        "output_format": "md",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [_test(task, files, told[task.task]) for task in grading.tasks],
        "extra_data": {
            "digest": grading.submission.digest,
            "release": grading.release,
            "isolation": grading.isolation,
            "points": grading.points,
            "remarks": grading.remarks,
        },
    }


def fault(message: str) -> dict[str, Any]:
    """Results that stand until real ones replace them: no score is lost, nobody is blamed."""
    return {
        "score": 0.0,
        "output": f"The grader failed, not you: {message} "
        "Nothing that you handed in is lost; your instructor can grade it again.",
        "output_format": "md",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [],
        "extra_data": {"grader_fault": True},
    }


def _test(task: TaskResult, files: Mapping[str, bytes], told: str) -> dict[str, Any]:
    return {
        "number": task.task,
        "name": task.title,
        "score": task.score,
        "max_score": task.points,
        "status": "passed" if task.status == PASSED else "failed",
        "output": task_text(task, files, told),
        "output_format": "md",
        "visibility": "visible",
        "tags": [task.status],
        "extra_data": {
            "status": task.status,
            "mistake": task.worst.mistake,
            "cases": {case.case: case.verdict.status for case in task.cases},
            "own_parts": task.own_parts,
            "remarks": task.remarks,
        },
    }


def task_text(task: TaskResult, files: Mapping[str, bytes], told: str = "") -> str:
    """Feedback on one task in Markdown.

    Args:
        told: id of an earlier task that ended with the same error in the same line.
    """
    if task.status == PASSED:
        return "\n\n".join(["All cases pass.", *map(_sentence, task.remarks)])
    if told:
        return f"**{_sentence(task.worst.rationale)}** It is the error shown for `{told}`."
    shown = _case_to_show(task)
    verdict = shown.verdict
    parts = [f"**{_sentence(verdict.rationale + place(verdict))}**"]
    if verdict.file and verdict.line:
        parts.append(_code(_source_line(files.get(verdict.file, b""), verdict.line)))
    if verdict.formula:
        parts.append(_sentence(verdict.formula))
    if verdict.help:
        parts.append(_sentence(verdict.help))
    if shown.public and verdict.detail:
        parts.append(_code(verdict.detail[:1000]))
    if len({(case.verdict.status, case.verdict.rationale) for case in task.cases}) > 1:
        parts.append(_case_list(task))
    parts += [_sentence(remark) for remark in task.remarks if verdict.rationale not in remark]
    return "\n\n".join(part for part in parts if part)


def _case_to_show(task: TaskResult) -> CaseResult:
    """The public case that shows what is most telling about the task, or else a hidden one."""
    worst = task.worst
    alike = [
        case
        for case in task.failing
        if (case.verdict.status, case.verdict.mistake) == (worst.status, worst.mistake)
    ]
    return max(alike or task.failing, key=lambda case: case.public)


def _case_list(task: TaskResult) -> str:
    rows = []
    for case in task.cases:
        verdict = case.verdict
        worth = "public, not scored" if case.public else f"weight {case.weight:g}"
        said = "" if verdict.status == PASSED else f": {_in_a_word(case)}"
        rows.append(f"- {MARKS[verdict.status == PASSED]} {case.about} ({worth}){said}")
    return "Cases:\n\n" + "\n".join(rows)


def _in_a_word(case: CaseResult) -> str:
    """What is wrong with a case; of a hidden one only of which class that is."""
    verdict = case.verdict
    return verdict.rationale if case.public else verdict.kind or verdict.status


def _sentence(text: str) -> str:
    return capitalized(clean(text))


def _source_line(content: bytes, number: int) -> str:
    lines = content.decode("utf-8", errors="replace").splitlines()
    return lines[number - 1].strip()[:200] if 0 < number <= len(lines) else ""


def clean(text: str) -> str:
    """Without characters that steer a terminal, turn text round, or cannot be encoded."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if category(c) in _STEERING and c not in "\n\t" else c
        for c in text
    )


def _code(text: str) -> str:
    """A code block that its content cannot end."""
    text = clean(text)
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text}\n{fence}"


def _summary(grading: Grading) -> str:
    rows = [f"{grading.score:g} of {grading.points:g} points for the code."]
    waiting = sum(item["points"] for item in grading.written)
    if waiting:
        rows.append(f"{waiting:g} further points are for written questions, which people grade.")
    submission = grading.submission
    if any(task.status == GRADER_FAULT for task in grading.tasks):
        rows.append("The grader failed at some tasks. That is not your fault: ask to be regraded.")
    if submission.missing:
        rows.append(f"Not handed in: {', '.join(submission.missing)}.")
    notes = (*submission.problems.values(), *submission.notes, *grading.remarks)
    rows += [_sentence(note) for note in notes]
    rows.append(f"Students' code ran under: {grading.isolation}.")
    return "\n\n".join(rows)


def feedback(grading: Grading) -> str:
    """Everything about one submission, to be read by its author."""
    told = told_before(grading.tasks)
    parts = [f"# Feedback: {grading.submission.name}", _summary(grading)]
    parts.append("| task | points | result |\n|---|---:|---|")
    parts[-1] += "".join(
        f"\n| `{t.task}` {t.title} | {t.score:g} / {t.points:g} | {t.status} |"
        for t in grading.tasks
    )
    for task in grading.tasks:
        if task.status != PASSED or task.remarks:
            text = task_text(task, grading.submission.files, told[task.task])
            parts.append(f"## {task.task}: {task.score:g} of {task.points:g}\n\n{text}")
    return "\n\n".join(parts) + "\n"


def unreadable(name: str, why: str) -> str:
    """Feedback on what could not be graded."""
    said = (
        f"# Feedback: {clean(name)}",
        "This submission could not be graded. Nothing in it was judged.",
        f"**{_sentence(why)}**",
        "If that is not yours to put right, ask your instructor.",
    )
    return "\n\n".join(said) + "\n"


def write(folder: Path, found: Mapping[str, Any], text: str) -> None:
    """Write `feedback.md` and then `results.json`, whose presence says that all is there."""
    replace(folder / "feedback.md", text)
    replace(folder / "results.json", json.dumps(found, indent=1) + "\n")


def write_fault(folder: Path, message: str) -> None:
    """Write the results that say the grader failed; to be replaced when it has not."""
    replace(folder / "results.json", json.dumps(fault(message), indent=1) + "\n")


def stored(folder: Path, digest: str, release: str) -> dict[str, Any] | None:
    """Results of an earlier run on the very same files and fixtures, without grader faults."""
    try:
        found = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        extra = found["extra_data"]
        same = (extra["digest"], extra["release"]) == (digest, release)
        fine = all(test["extra_data"]["status"] != GRADER_FAULT for test in found["tests"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if same and fine else None
