"""Equivalent rewrites of a solution: another way of writing that changes nothing but roundings.

A rewrite starts from one of the forms of its task (the reference, and those in `forms`) and goes
through some of the steps below, chosen at random. Every step keeps the meaning of any code that
these forms hold; it is not meant for any code at all.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator

from benchmarks.variants import blocks, course, expressions, forms
from benchmarks.variants.course import Variant
from benchmarks.variants.draft import Draft

STEPS = (*expressions.STEPS, *blocks.STEPS)
_MOST_STEPS = 6


def rewrites(task_id: str, state: random.Random) -> Iterator[Variant]:
    """Different equivalent rewrites of one task's solution."""
    seen, misses = set(), 0
    all_forms = [course.solution(task_id), *forms.FORMS[task_id]]
    while misses < 300:
        index = state.randrange(len(all_forms))
        draft = Draft(task_id, all_forms[index])
        made = [f"form {index}"]
        steps = list(STEPS)
        state.shuffle(steps)
        for step in steps[: state.randint(0, _MOST_STEPS)]:
            if step(draft, state):
                made.append(step.__name__)
                ast.fix_missing_locations(draft.tree)
        key = draft.body, *draft.extra
        if key in seen:
            misses += 1
            continue
        seen.add(key)
        yield Variant(task_id, tuple(made), draft.body, "\n\n".join(draft.extra))
