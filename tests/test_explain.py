"""What wrong solutions are told, from all of their cases together; and how much that can tell."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from autograder import source
from autograder.rubric import Mistake
from autograder.selection import load_assignments
from autograder.verdicts import of_hidden, scored_cases
from cases import reference_file
from homework import compare, probing
from homework.diagnose import Pair, noise_problem, pattern
from homework.explain import Tried, explain
from homework.sentences import HIDDEN
from homework.student import Student
from homework.verdict import (
    ERROR,
    FAILED,
    NOT_RUN,
    PASSED,
    TIMEOUT,
    Verdict,
)
from judging import rubrics


def told(hidden: Path, folder: Path, task_id: str, body: str) -> dict[str, Verdict]:
    """Verdicts on the reference with a body of its own for one task."""
    item = next(r for r in rubrics() if any(t.id == task_id for t in r.tasks))
    task = next(t for t in item.tasks if t.id == task_id)
    for file in item.files:
        text = source.read(reference_file(file))
        if file == task.file:
            text = source.plant(text, file, task, Mistake("own", "", body=body))
        (folder / file).write_text(text, encoding="utf-8")
    assignment = next(a for a in load_assignments(hidden) if a.name == item.assignment)
    entry = next(t for t in assignment.tasks if t.id == task_id)
    student, tried = Student(folder, assignment.stems), []
    for case in filter(lambda case: case.public, entry.cases):
        answers = assignment.arrays(entry, case)
        outcome = probing.run(student, case.probe, answers.inputs)
        verdict = compare.judge(entry, case, answers, [outcome])
        tried.append(Tried(case, answers, outcome, verdict))
    return explain(entry, tried)


def said(verdicts: dict[str, Verdict]) -> str:
    return " ".join(f"{v.rationale} {v.help} {v.mistake}" for v in verdicts.values())


@pytest.mark.parametrize(
    ("task", "body"),
    [
        ("q1.log_mean_exp", "return torch.zeros(len(y))"),
        ("q3.alpha_lambda", "return torch.sqrt(torch.sigmoid(2 * lambda_t))"),
    ],
)
def test_a_mistake_that_explains_some_cases_only_is_not_told(
    task: str, body: str, hidden: Path, tmp_path: Path
) -> None:
    verdicts = told(hidden, tmp_path, task, body)
    assert any(v.status == FAILED for v in verdicts.values())
    assert not any(v.mistake or v.help for v in verdicts.values())


def test_the_reason_for_nan_is_told_with_its_line(hidden: Path, tmp_path: Path) -> None:
    verdicts = told(hidden, tmp_path, "q1.log_mean_exp", "return y.exp().mean(dim=1).log()")
    wrong = [verdict for verdict in verdicts.values() if verdict.status != PASSED]
    assert wrong and all(verdict.line and verdict.file == "q1_vae.py" for verdict in wrong)
    texts = {verdict.rationale.partition(": ")[2] for verdict in wrong}
    assert texts == {
        "exp of a large number overflows",
        "the logarithm of 0 or of a negative number is taken",
    }


@pytest.mark.parametrize(
    ("task", "body", "words"),
    [
        (
            "q1.kl_gaussian_gaussian_analytic",
            "with torch.no_grad():\n    d = (mu_q - mu_p) ** 2 + torch.exp(logvar_q)\n"
            "return 0.5 * (logvar_p - logvar_q - 1 + d * torch.exp(-logvar_p)).detach().sum(dim=1)",
            ("`logvar_p`, `logvar_q`, `mu_p` and `mu_q`", "torch.no_grad()"),
        ),
        (
            "q1.log_likelihood_normal",
            "return -0.5 * (logvar + mu + z).sum(dim=0)",
            ("it was reduced over the batch (axis 0)",),
        ),
        (
            "q1.kl_gaussian_gaussian_mc",
            "return (mu_q + logvar_q + mu_p + logvar_p).sum(dim=2).mean(dim=0)",
            ("it was reduced over the batch (axis 0)",),
        ),
        (
            "q1.kl_gaussian_gaussian_mc",
            "return kl_gaussian_gaussian_analytic(mu_q, logvar_q, mu_p, logvar_p)",
            ("the same whatever noise is drawn",),
        ),
        ("q1.log_likelihood_bernoulli", "return mu.clamp_(0, 1).sum(1)", ("compute a new tensor",)),
        (
            "q1.log_likelihood_normal",
            "return torch.tensor(mu.numpy()).sum(1)",
            ("numpy cuts the gradient",),
        ),
        (
            "q1.loss_function",
            "kl = kl_gaussian_gaussian_analytic(mu, logvar, mu * 0, mu * 0)\n"
            "return -3 * (kl - log_likelihood_bernoulli(recon_x, x)).sum()",
            ("by the same factor in every case",),
        ),
    ],
)
def test_a_sentence_says_what_was_done(
    task: str, body: str, words: tuple[str, ...], hidden: Path, tmp_path: Path
) -> None:
    verdicts = told(hidden, tmp_path, task, body)
    text = said(verdicts)
    for word in words:
        assert word in text


def test_the_line_is_of_the_file_that_the_task_is_in(hidden: Path, tmp_path: Path) -> None:
    body = "return kl_gaussian_gaussian_analytic(mu, logvar, 0, 0).sum()"
    verdicts = told(hidden, tmp_path, "q1.loss_function", body)
    assert {verdict.file for verdict in verdicts.values()} == {"q1_train_vae.py"}


def pairs(change: str) -> list[Pair]:
    state = np.random.RandomState(0)
    made = []
    for rows, features in ((3, 4), (5, 6)):
        x, t = state.normal(size=(rows, features)), np.arange(rows) % 3
        expected = x.sum(axis=1)
        actual = eval(change, {"x": x, "e": expected, "t": t, "np": np})
        made.append(Pair(actual, expected, 1e-4, 1e-5, {"x": x, "t": t}))
    return made


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("-e", "sign"),
        ("e + x.shape[0]", "offset"),
        ("2 * e", "twice"),
        ("e / x.shape[1]", "by features"),
        ("e / len(e)", "by batch"),
        ("3.65 * e", "multiple"),
        ("np.where(t == 0, 0, e)", "not t0"),
        ("np.where(t == 0, e, 0)", "only t0"),
        ("np.zeros_like(e)", ""),
        ("e * e", ""),
        ("np.sin(e)", ""),
    ],
)
def test_a_pattern_is_what_holds_everywhere(change: str, name: str) -> None:
    assert pattern(pairs(change), []) == name
    assert pattern([*pairs(change), *pairs("np.cos(e)")], []) == ""


def test_noise_that_is_shared_is_told_by_the_smallest_part_that_shares_it() -> None:
    state = np.random.RandomState(0)
    shape = (4, 6, 2, 5, 5)
    shares = {"": (), "images": (3, 4), "columns": (4,), "channels": (2,), "batch": (1,)}
    for name, axes in {**shares, "repeats": (0,)}.items():
        drawn = state.normal(size=[1 if a in axes else n for a, n in enumerate(shape)])
        noise = np.broadcast_to(drawn, shape)
        assert noise_problem(noise, np.zeros(shape), np.ones(shape))[0] == name


def test_one_image_without_noise_is_found_among_others():
    noise = np.random.RandomState(3).standard_normal((2, 12, 2, 9, 12))
    zeros, ones = np.zeros_like(noise), np.ones_like(noise)
    assert noise_problem(noise, zeros, ones)[0] == ""
    noise[:, 3] *= 0.5
    assert noise_problem(noise, zeros, ones)[0] == "small"


def test_noise_that_is_left_out_is_not_called_shared() -> None:
    for left_out in (0.0, 1e-3):  # roundings
        noise = np.random.RandomState(3).standard_normal((3, 4, 1, 5, 6))
        zeros, ones = np.zeros_like(noise), np.ones_like(noise)
        images, calls = noise.copy(), noise.copy()
        images[:, 1] *= left_out
        calls[2] *= left_out
        assert noise_problem(images, zeros, ones)[0] == "left out"
        assert noise_problem(calls, zeros, ones)[0] == "skipped"


def test_hidden_cases_tell_little_more_than_whether_they_pass(hidden: Path) -> None:
    """Whatever came of a hidden case, what is said of it is one of a few texts."""
    for copy in (None, Verdict(PASSED), Verdict(FAILED, "public"), Verdict(ERROR, "public")):
        for status in (FAILED, ERROR, TIMEOUT, NOT_RUN):
            told_of = of_hidden(Verdict(status, "mu is 0.2121", "0.2121", "0.2121"), copy)
            assert told_of.rationale in ("public", *(text for text, _ in HIDDEN.values()))
            assert "2121" not in repr(told_of)
    total = 0.0
    for assignment in load_assignments(hidden):
        for task in assignment.tasks:
            # At most: right, or wrong in one of the ways that are told.
            told = math.log2(1 + len(HIDDEN)) * len(scored_cases(task))
            codes = 1 + 2 * len(assignment.files)  # of remarks on how the code was run
            total += told + codes + 1
    print(f"{total:.0f} bits can be told about the hidden cases of one submission")
    assert total <= 400


def test_wrong_only_for_hidden_numbers_is_told_in_one_sentence(hidden: Path) -> None:
    copy = Verdict(PASSED)
    for status in (FAILED, ERROR, TIMEOUT):
        verdict = of_hidden(Verdict(status, "mu is 0.2121", line=2121), copy)
        assert (verdict.rationale, verdict.help) == HIDDEN[status] and verdict.line == 0


def test_hints_are_short() -> None:
    for item in rubrics():
        for task in item.tasks:
            for mistake in task.mistakes:
                assert len(mistake.hint.split()) <= 40, f"{task.id} {mistake.id}"
