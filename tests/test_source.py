"""Markers, stubs and planted mistakes."""

from __future__ import annotations

import pytest

from autograder import course, source
from autograder.description import DescriptionError
from autograder.rubric import Mistake, Task
from cases import SOLUTIONS

BEGIN, END = "    ### BEGIN SOLUTION", "    ### END SOLUTION"


def _task(name: str) -> Task:
    return Task(f"q9.{name}", "A task", 1, "q9.py", "do it", (), ())


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["def f():", BEGIN, BEGIN, "    return 1", END], "line 3: a solution begins inside"),
        (["def f():", BEGIN, "    return 1"], "line 2: this solution has no"),
        (["def f():", "    return 1", END], "line 3: a solution ends that never began"),
        (["def f():", "    # BEGIN SOLUTION", "    return 1", END], "line 2: write `### BEGIN"),
        (["def f():", "    ### begin solution", "    return 1", END], "line 2: write `### BEGIN"),
        (["### BEGIN SOLUTION", "x = 1", "### END SOLUTION"], "line 1: this solution is outside"),
    ],
)
def test_bad_markers_name_file_and_line(lines: list[str], said: str) -> None:
    with pytest.raises(source.MarkerError, match="q9.py, ") as caught:
        source.regions("\n".join(lines) + "\n", "q9.py")
    assert said in str(caught.value)


def test_a_stub_keeps_everything_but_the_solution() -> None:
    text = f'''def f(x):
    """Doubles."""
    y = x
{BEGIN}
    y = 2 * x
{END}
    return y
'''
    made = source.stub(text, "q9.py", {"f": _task("f")})
    assert (
        made
        == '''def f(x):
    """Doubles."""
    y = x
    # TODO (q9.f): do it
    raise NotImplementedError("q9.f")
    return y
'''
    )


def test_a_region_without_a_task_and_a_task_without_a_region_are_errors() -> None:
    text = f"def f():\n{BEGIN}\n    return 1\n{END}\n"
    with pytest.raises(source.MarkerError, match="no task is named f"):
        source.stub(text, "q9.py", {})
    with pytest.raises(source.MarkerError, match="no solution is marked in g"):
        source.stub(text, "q9.py", {"f": _task("f"), "g": _task("g")})


def test_an_edit_must_fit_exactly_once() -> None:
    text = f"def f(x):\n{BEGIN}\n    return x + x\n{END}\n"
    planted = source.plant(text, "q9.py", _task("f"), Mistake("m", "hint", edits=(("x + x", "x"),)))
    assert "    return x\n" in planted
    for old in ("x", "y"):
        wrong = Mistake("m", "hint", edits=((old, "z"),))
        with pytest.raises(source.MarkerError, match="once in the solution"):
            source.plant(text, "q9.py", _task("f"), wrong)


def test_rubrics_give_the_points_of_the_handout() -> None:
    rubrics = {item.assignment: item for item in course.load_all(SOLUTIONS)}
    assert {name: item.points for name, item in rubrics.items()} == {
        "vae": 68,
        "ddpm": 45,
        "cfg": 55,
    }
    code = {
        file: sum(
            task.points for item in rubrics.values() for task in item.tasks if task.file == file
        )
        for item in rubrics.values()
        for file in item.files
    }
    assert code["q1_vae.py"] == 32
    assert (code["q2_ddpm.py"], code["q2_trainer_ddpm.py"]) == (15, 10)
    assert (code["q3_cfg_diffusion.py"], code["q3_trainer_cfg.py"]) == (20, 10)


def test_mistakes_are_many_and_hints_are_sentences() -> None:
    tasks = [task for item in course.load_all(SOLUTIONS) for task in item.tasks]
    assert sum(len(task.mistakes) for task in tasks) >= 70
    for task in tasks:
        assert len(task.mistakes) >= 4, task.id
        for mistake in task.mistakes:
            assert mistake.hint.rstrip()[-1] in ".?" and len(mistake.hint) > 20, mistake.id


def test_an_unknown_assignment_is_told() -> None:
    with pytest.raises(DescriptionError, match="gan.assignment.toml is not there"):
        course.load(SOLUTIONS, "gan")
