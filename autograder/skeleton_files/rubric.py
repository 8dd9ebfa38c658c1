"""Rubric of @NAME@. FILL IN: what it is about, and where which tasks are."""

from __future__ import annotations

from autograder.rubric import Written

TASKS = ()
WRITTEN = (
    # FILL IN: what people grade.
    Written("@PREFIX@.written_report", "Report", 5),
)
