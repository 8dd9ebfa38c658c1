"""Tells what in a submission's text cannot work where it is graded, and so why it failed.

The sentences are those of `homework.preflight`, which the check and the collector tell at home.
What is said depends on the text alone, and on nothing that the code did with a hidden case.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from homework import helpers
from homework.allowed import beyond, is_taken
from homework.fixtures import Assignment
from homework.preflight import Finding
from homework.verdict import ERROR, TaskResult, Verdict

# What the calls that are looked for cannot do without.
_CALLS = re.compile(
    rb"\b(?:breakpoint|set_trace|post_mortem|pdb|interact|__import__|import_module)\b"
    rb"|(?<![.\w])input\s*\("
    # Of lines that are run at import: reading, writing, calling out, stopping without a GPU.
    rb"|^[A-Za-z_][^\n#]*(?:\bopen|load\w*|read_\w+|\bdatasets\.\w+|\burl\w+)\s*\("
    rb"|^[ \t]*assert\b[^\n]*cuda",
    re.MULTILINE,
)


def modules_beside(assignments: Iterable[Assignment], files: Iterable[str]) -> list[str]:
    """First parts of the names of modules that a submission's files may import of its own."""
    given = [path for a in assignments for path in (*a.files, *a.provided)]
    return sorted(helpers.modules([*files, *given]))


def suspicious(
    results: Iterable[TaskResult], assignments: Sequence[Assignment], files: Mapping[str, bytes]
) -> dict[str, str]:
    """Texts that may hold an obstacle, by file: next to none of those that pass."""
    broken = _broken(results, assignments)
    own = modules_beside(assignments, files)
    return {
        file: content.decode("utf-8", errors="replace")
        for file, content in files.items()
        if file in broken or _CALLS.search(content) or _imports_others(file, content, own)
    }


def explain(
    results: list[TaskResult],
    assignments: Sequence[Assignment],
    found: Mapping[str, Sequence[Finding]],
) -> list[str]:
    """Put what keeps a file from being imported in the place of what its tasks raised.

    Returns:
        What else was found: sentences on the submission.
    """
    broken = _broken(results, assignments)
    causes = {file: next(filter(_prevents, some), None) for file, some in found.items()}
    causes = {file: cause for file, cause in causes.items() if cause and file in broken}
    files = {task.id: task.file for assignment in assignments for task in assignment.tasks}
    for place, result in enumerate(results):
        cause = causes.get(files[result.task])
        if cause:
            verdict = Verdict(ERROR, cause.sentence, file=files[result.task], line=cause.line)
            cases = [replace(case, verdict=verdict) for case in result.cases]
            results[place] = replace(result, cases=cases)
    told = [remark for result in results for remark in result.remarks]
    return [
        one.sentence
        for file, some in found.items()
        for one in some
        if one not in causes.values()
        and not (one.seen and any(f"line {one.line} of {file}" in remark for remark in told))
    ]


def _broken(results: Iterable[TaskResult], assignments: Iterable[Assignment]) -> set[str]:
    """Files of which no task came to more than an exception."""
    files = {task.id: task.file for assignment in assignments for task in assignment.tasks}
    right: dict[str, bool] = {}
    for result in results:
        failed = all(case.verdict.status == ERROR for case in result.cases)
        right[files[result.task]] = right.get(files[result.task], True) and failed
    return {file for file, failed in right.items() if failed}


def _imports_others(file: str, content: bytes, own: Sequence[str]) -> bool:
    names = [".".join(parts) for parts in helpers.imported(content, file)]
    tops = {name.partition(".")[0] for name in names}
    return any(map(beyond, names)) or any(not is_taken(top) and top not in own for top in tops)


def _prevents(finding: Finding) -> bool:
    """Whether a finding keeps its file from being imported here."""
    if not finding.module:
        return finding.fatal
    try:
        return finding.fatal and importlib.util.find_spec(finding.module) is None
    except (ImportError, ValueError):
        return False
