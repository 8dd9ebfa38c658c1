"""The page on a release that instructors read: tasks, cases, mistakes, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from autograder.rubric import Rubric

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ course.name }}: release</title><style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0;
         border-bottom: 1px solid #ddd }
.n { text-align: right; white-space: nowrap } code { font-size: .9em }
.bad { color: #a00 } .good { color: #060 } summary { cursor: pointer }
</style></head><body>
<h1>{{ course.name }}: release</h1>
<p>{{ course.institution }} {{ when }}</p>
{% if problems %}<h2 class="bad">{{ problems | length }} problems</h2>
<ul>{% for problem in problems %}<li class="bad">{{ problem }}</li>{% endfor %}</ul>
{% else %}<p class="good">The release is sound: every proof holds.</p>{% endif %}
{% for item in rubrics %}
<h2>{{ item.number }}. {{ item.title }} ({{ "%g" | format(item.points) }} points)</h2>
<p>Files <code>{{ item.files | join("</code>, <code>" | safe) }}</code>; notebook
<code>{{ item.notebook }}</code>{% set dates = course.dates[item.assignment] %}{% if dates %};
released {{ dates.released }}, due {{ dates.due }}{% endif %}.</p>
<table><tr><th>task or question</th><th class="n">points</th><th>cases and mistakes</th></tr>
{% for task in item.tasks %}<tr><td><code>{{ task.id }}</code><br>{{ task.title }}</td>
<td class="n">{{ "%g" | format(task.points) }}</td><td>
<details><summary>{{ task.cases | length }} cases</summary><ul>
{% for case in task.cases %}<li>{{ case.about }}{% if case.weight != 1 %}
(weight {{ "%g" | format(case.weight) }}){% endif %}</li>{% endfor %}</ul></details>
<details><summary>{{ task.mistakes | length }} mistakes</summary><ul>
{% for mistake in task.mistakes %}<li><code>{{ mistake.id }}</code>: {{ mistake.hint }}</li>
{% endfor %}</ul></details></td></tr>{% endfor %}
{% for question in item.written %}<tr><td><code>{{ question.id }}</code><br>
{{ question.title }}</td><td class="n">{{ "%g" | format(question.points) }}</td>
<td>graded by people</td></tr>{% endfor %}
</table>{% endfor %}</body></html>
"""


def write(path: Path, rubrics: Sequence[Rubric], problems: Sequence[str]) -> None:
    """Write the page on a release that has been proven, or in which problems were found."""
    from jinja2 import Environment  # which notebooks need anyway

    template = Environment(autoescape=True, trim_blocks=True).from_string(_PAGE)
    page = template.render(
        course=rubrics[0].course,
        rubrics=rubrics,
        problems=problems,
        when=f"{datetime.now():%Y-%m-%d %H:%M}",
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
