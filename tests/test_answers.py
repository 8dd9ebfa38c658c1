"""Which answer counts, and on which hidden cases a submission is graded."""

from __future__ import annotations

import json
from pathlib import Path

from autograder import pool, results
from autograder.grade import Grader, Grading
from autograder.intake.submission import Submission
from autograder.selection import load_assignments
from cases import reference_file
from homework.verdict import FAILED, PASSED

VAE = ("q1_vae.py", "q1_train_vae.py")
# All that may be left behind, by the first task.
LEAVES = """
import decimal, os, random, sys, tempfile, warnings
import numpy as np

_honest = log_likelihood_bernoulli

def log_likelihood_bernoulli(mu, target):
    value = _honest(mu.float(), target.float())
    torch.set_default_dtype(torch.float16)
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    torch.use_deterministic_algorithms(True)
    torch.autograd.set_detect_anomaly(True)
    torch.set_printoptions(precision=1)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    torch.nn.modules.module.register_module_forward_hook(lambda *found: torch.zeros(1))
    np.seterr(all="raise")
    np.random.seed(0)
    random.seed(0)
    warnings.simplefilter("error")
    decimal.getcontext().prec = 1
    sys.setrecursionlimit(200)
    sys.path.clear()
    os.environ.clear()
    os.chdir("/")
    return value
"""


def graded(hidden: Path, appended: dict[str, str]) -> Grading:
    files = {f: reference_file(f).read_bytes() for f in VAE}
    files |= {f: files[f] + text.encode() for f, text in appended.items()}
    with Grader(hidden, ["vae"]) as grader:
        return grader.grade(Submission("one", Path("one"), files, (), {}, (), ""))


def test_what_a_task_leaves_behind_costs_no_other_task(hidden: Path) -> None:
    found = graded(hidden, {"q1_vae.py": LEAVES})
    first, *others = [task.status for task in found.tasks]
    assert set(others) == {PASSED}
    assert first != PASSED  # which meets its own settings


def test_a_second_answer_counts_only_after_an_error_that_spreads(hidden: Path) -> None:
    """A loss that is wrong with given values, and right with a q1_vae that is wrong as well."""
    loss = """
import q1_vae

def loss_function(recon_x, x, mu, logvar):
    n, zero = len(x), torch.zeros_like(mu)
    likelihood = q1_vae.log_likelihood_bernoulli(recon_x.reshape(n, -1), x.reshape(n, -1))
    return (q1_vae.kl_gaussian_gaussian_analytic(mu, logvar, zero, zero) + likelihood).sum()
"""
    turned = """
_right = log_likelihood_bernoulli

def log_likelihood_bernoulli(mu, target):
    return -_right(mu, target)
"""
    alone = graded(hidden, {"q1_train_vae.py": loss}).tasks[-1]
    assert (alone.status, alone.own_parts) == (FAILED, {})
    spread = graded(hidden, {"q1_train_vae.py": loss, "q1_vae.py": turned})
    assert spread.tasks[-1].status == PASSED
    assert set(spread.tasks[-1].own_parts.values()) == {(FAILED, PASSED)}
    written = results.gradescope(spread)["tests"][-1]["extra_data"]["own_parts"]
    assert len(json.loads(json.dumps(written))) == len(spread.tasks[-1].own_parts)


def test_the_files_choose_the_set_and_nobody_can_tell_which(hidden: Path) -> None:
    assignment = load_assignments(hidden, ["vae"])[0]
    assert assignment.sets > 1
    texts = [b"x = %d" % number for number in range(64)]
    chosen = [pool.chosen(assignment, {"q1_vae.py": text}) for text in texts]
    assert chosen == [pool.chosen(assignment, {"q1_vae.py": text}) for text in texts]
    assert set(chosen) == set(range(assignment.sets))
    assignment.catalogue["key"] = pool.key(1)
    assert chosen != [pool.chosen(assignment, {"q1_vae.py": text}) for text in texts]
