"""The check for finished implementations: what it finds, what it lets be, what is done about it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from autograder import course, named, results, static_checks
from autograder.grade import Grading
from autograder.intake.submission import Submission
from autograder.rubric import Rubric, RubricError
from cases import ROOT, reference_file
from homework.fixtures import Assignment, Task
from homework.verdict import FAILED, NOT_RUN, PASSED, CaseResult, TaskResult, Verdict

LSE, KL = "torch.logsumexp", "torch.distributions.kl_divergence"
BCE, METHOD = "torch.nn.functional.binary_cross_entropy", "torch.Tensor.logsumexp"
KNOWN = (LSE, METHOD, KL, BCE, "torch.nn.BCELoss", "torch.distributions.Normal")
BOMBS = ("-" * 900_000 + "1", "a" + ".b" * 300_000, "(" * 90_000, "if 1:\n" * 9, "\0")


def found(text: str, function: str = "f") -> dict[str, int]:
    return named.named(text, function, KNOWN)


@pytest.mark.parametrize(
    "text, name, line",
    [
        ("import torch\ndef f(y): return torch.logsumexp(y, 1)", LSE, 2),
        ("import torch as t\ndef f(y): return t.logsumexp(y, 1)", LSE, 2),
        ("from torch import logsumexp as lse\ndef f(y): return lse(y, 1)", LSE, 2),
        ("from torch import *\ndef f(y): return logsumexp(y, 1)", LSE, 2),
        ("from torch.special import logsumexp\ndef f(y): return logsumexp(y, 1)", LSE, 2),
        ("def f(y):\n    import torch\n    return torch.logsumexp(y, 1)", LSE, 3),
        ("def f(y):\n    return (y * 2).logsumexp(dim=1)", METHOD, 2),
        ("import torch\nlse = torch.logsumexp\ndef f(y): return lse(y, 1)", LSE, 3),
        ("import torch\ndef f(y):\n    g = torch.logsumexp\n    return g(y, 1)", LSE, 3),
        ("import torch\ndef f(y): return getattr(torch, 'logsumexp')(y, 1)", LSE, 2),
        ("def f(y): return __import__('torch').logsumexp(y, 1)", LSE, 1),
        ("import importlib\nt = importlib.import_module('torch')\ndef f(y): t.logsumexp", LSE, 3),
        ("import torch.nn.functional as F\ndef f(p): F.binary_cross_entropy(p, p)", BCE, 2),
        ("from torch.nn import functional as F\ndef f(p): F.binary_cross_entropy(p)", BCE, 2),
        ("from torch import nn\ndef f(p): return nn.functional.binary_cross_entropy(p)", BCE, 2),
        ("from torch import nn\nbce = nn.BCELoss()\ndef f(p): bce(p)", "torch.nn.BCELoss", 2),
        ("from torch.distributions import kl_divergence as kl\ndef f(p): return kl(p)", KL, 2),
        ("from torch.distributions.kl import kl_divergence\ndef f(p): kl_divergence(p)", KL, 2),
        ("import torch\ndef f(p): return torch.distributions.kl.kl_divergence(p)", KL, 2),
        ("import torch.distributions as D\ndef f(p): D.Normal(p, p).log_prob(p)", KNOWN[-1], 2),
        ("try:\n    from torch import logsumexp\nexcept ImportError: pass\ndef f(y): logsumexp(y)",
         LSE, 4),
        ("import torch\ndef f(y): return g(y)\ndef g(y): return h(y)\ndef h(y): torch.logsumexp(y)",
         LSE, 4),
        ("import torch\nclass A:\n    def f(self, y): return self.g(y)\n"
         "    def g(self, y): return torch.logsumexp(y, 1)", LSE, 4),
        ("import torch\nclass A:\n    def g(y): return torch.logsumexp(y, 1)\n"
         "def f(y): return A.g(y)", LSE, 3),
        ("import torch\ng, h = torch.logsumexp, 1\ndef f(y): return g(y, 1)", LSE, 3),
        ("import torch\ng: object = torch.logsumexp\ndef f(y): return g(y, 1)", LSE, 3),
        ("import torch\nN = 'logsumexp'\ndef f(y): return getattr(torch, N)(y, 1)", LSE, 2),
        ("import torch\ndef f(y): return torch.__dict__['logsumexp'](y, 1)", LSE, 2),
        ("import torch\ndef f(y): return vars(torch)['logsumexp'](y, 1)", LSE, 2),
        ("import torch\ndef f(y): return getattr(y, 'logsumexp')(1)", LSE, 2),
        ("import torch\ndef f(y): return eval('torch.logsumexp(y, 1)')", LSE, 2),
    ],
)  # fmt: skip
def test_names_are_found(text: str, name: str, line: int) -> None:
    assert found(text) == {name: line}


@pytest.mark.parametrize(
    "text",
    [
        "import torch\ndef f(y): return y.exp().mean(1).log()",
        "import torch\ndef other(y): return torch.logsumexp(y, 1)\ndef f(y): return y",
        "from torch import logsumexp\ndef f(y): return y",
        "def f(y):\n    'torch.logsumexp would do this'\n    return y  # torch.logsumexp",
        "def logsumexp(y): return y\ndef f(y): return logsumexp(y)",
        "import mine\ndef f(y): return mine.logsumexp(y)",
        "import torch\ndef f(y): return getattr(torch, 'logsum' + 'exp')(y)",  # it can be fooled
        "def f(y): return f(y)",
        "import torch\ndef f(y): raise ValueError('logsumexp of nothing')",
        "def f(y): return y['logsumexp']",  # of nothing that is imported
        "",
    ],
)
def test_what_is_not_named_is_not_found(text: str) -> None:
    assert found(text) == {}


def _task(hidden: Path, name: str) -> Task:
    return next(task for task in Assignment(hidden, "vae").tasks if task.id == name)


def test_the_release_carries_what_the_rubric_says(hidden: Path) -> None:
    item = course.load(ROOT / "solutions", "vae")
    release = Assignment(hidden, "vae")
    assert {t.id: t.finished for t in release.tasks} == {t.id: t.finished for t in item.tasks}
    assert release.finished_policy == static_checks.NOTE
    public = Assignment(ROOT / "test_resources", "vae")
    assert not any(task.finished for task in public.tasks)


@pytest.mark.parametrize("item", course.load_all(ROOT / "solutions"), ids=lambda r: r.assignment)
def test_the_reference_names_none_and_starts_no_process(
    item: Rubric, hidden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(static_checks, "_ask", None)
    files = {name: reference_file(name).read_bytes() for name in item.files}
    assert static_checks.findings(Assignment(hidden, item.assignment).tasks, files) == {}


@pytest.mark.parametrize(
    "case, tasks",
    [
        ("right_functional", {"q1.log_likelihood_bernoulli"}),
        ("right_distributions", {"q1.kl_gaussian_gaussian_analytic", "q1.log_likelihood_normal"}),
        ("right_numpy_noise", set()),
    ],
)
def test_example_submissions(case: str, tasks: set[str], hidden: Path) -> None:
    folder = ROOT / "tests" / "submissions" / case
    files = {p.name.replace(".append", ""): p.read_bytes() for p in folder.glob("q1_*.py")}
    found = static_checks.findings(Assignment(hidden, "vae").tasks, files)
    assert tasks <= set(found) if tasks else not found


@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
def test_text_that_breaks_the_parser_has_no_findings(bomb: str, hidden: Path) -> None:
    task = _task(hidden, "q1.log_mean_exp")
    text = f"import torch\ndef log_mean_exp(y): return torch.logsumexp(y, 1)\nx = {bomb}"
    assert static_checks.findings([task], {task.file: text.encode()}) == {}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_letters_that_python_takes_for_ascii_hide_nothing(encoding: str, hidden: Path) -> None:
    task = _task(hidden, "q1.log_mean_exp")
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in "logsumexp")
    text = f"# coding: {encoding}\nimport torch\ndef log_mean_exp(y): return torch.{wide}(y, 1)"
    found = static_checks.findings([task], {task.file: text.encode(encoding)})
    assert [finding.name for finding in found[task.id]] == [LSE]


def test_what_is_said_is_honest(hidden: Path) -> None:
    task = _task(hidden, "q1.log_mean_exp")
    text = b"import torch\n\n\ndef log_mean_exp(y):\n    return torch.logsumexp(y, 1)\n"
    found = static_checks.findings([task], {task.file: text})
    (said,) = static_checks.remarks(found, static_checks.NOTE)[task.id]
    assert said == (
        "line 5 of q1_vae.py names torch.logsumexp, which does what this task asks you to write; "
        "no points were taken for this, but an instructor may look at it"
    )
    assert static_checks.remarks(found, static_checks.ALLOW) == {}
    assert "gets no points" in static_checks.remarks(found, static_checks.REFUSE)[task.id][0]


def test_a_refused_task_gets_nothing_and_is_told_why(hidden: Path) -> None:
    cases = [
        CaseResult("ordinary", "ordinary values", False, 1.0, Verdict(PASSED)),
        CaseResult("late", "not reached", False, 1.0, Verdict(NOT_RUN, "no time was left")),
    ]
    result = TaskResult("q1.log_mean_exp", "title", 8, cases)
    refused = static_checks.refused(
        result, [static_checks.Finding("torch.logsumexp", "q1_vae.py", 5)]
    )
    assert (result.score, refused.score, refused.status) == (4, 0, FAILED)
    assert "names torch.logsumexp" in refused.worst.rationale
    assert "can be wrong" in refused.worst.help
    assert refused.cases[1] == cases[1]


@pytest.mark.parametrize("policy", static_checks.POLICIES)
def test_policies(policy: str, hidden: Path) -> None:
    release = Assignment(hidden, "vae")
    release.finished_policy = policy
    text = b"import torch\ndef log_mean_exp(y): return torch.logsumexp(y, 1)\n"
    passed = [CaseResult("ordinary", "ordinary values", False, 1.0, Verdict(PASSED))]
    tasks = [TaskResult(task.id, task.title, task.points, passed) for task in release.tasks]
    results_before = list(tasks)
    static_checks.consider(tasks, [release], {"q1_vae.py": text})
    changed = {new.task for new, old in zip(tasks, results_before) if new != old}
    assert changed == (set() if policy == "allow" else {"q1.log_mean_exp"})
    task = next(task for task in tasks if task.task == "q1.log_mean_exp")
    assert task.score == (0 if policy == "refuse" else task.points)
    assert len(task.remarks) == (policy != "allow")


def test_students_and_instructors_read_the_remark() -> None:
    files = {"q1_vae.py": b"x"}
    said = "line 1 of q1_vae.py names torch.logsumexp, which may be fine"
    passed = [CaseResult("ordinary", "ordinary values", False, 1.0, Verdict(PASSED))]
    task = TaskResult("q1.log_mean_exp", "title", 8, passed, remarks=[said])
    submission = Submission("ada", Path("ada"), files, (), {}, (), "digest")
    grading = Grading(submission, [task], "isolation", "release")
    assert "Line 1 of q1_vae.py names torch.logsumexp" in results.feedback(grading)
    (test,) = results.gradescope(grading)["tests"]
    assert test["extra_data"]["remarks"] == [said]
    assert (test["score"], test["status"]) == (8, "passed")


def test_a_rubric_with_an_unknown_policy_is_refused() -> None:
    item = course.load(ROOT / "solutions", "vae")
    with pytest.raises(RubricError, match="allow, note, refuse"):
        course.check(dataclasses.replace(item, finished_policy="maybe"))
