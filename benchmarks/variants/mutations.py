"""Random wrong edits of a solution: what students get wrong, one small slip or two at a time.

Each operator looks at one node of the syntax tree and gives the nodes that may take its place.
Whether an edit is really wrong is not decided here: see `truth`.
"""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable, Iterator, Sequence

from benchmarks.variants import course
from benchmarks.variants.course import Variant

Replacements = Iterator[tuple[str, ast.AST]]
_TWICE = 0.2  # share of variants with a second slip

_OTHER_OPERATORS: dict[type, tuple[type, ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Mult),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult, ast.Sub),
    ast.Pow: (ast.Mult,),
}
_OTHER_NAMES = {
    "sum": ("mean", "prod"), "mean": ("sum",), "max": ("min",), "exp": ("expm1", "log"),
    "log": ("log1p", "log10", "log2", "exp"), "log1p": ("log",), "expm1": ("exp",),
    "sqrt": ("square", "rsqrt"), "sigmoid": ("tanh", "exp"), "tan": ("tanh", "atan"),
    "atan": ("tanh", "tan"), "normal_like": ("uniform_like",), "normal": ("uniform",),
    "alpha_bar": ("alpha", "beta"), "alpha": ("alpha_bar", "beta"), "beta": ("alpha", "sigma2"),
    "sigma2": ("alpha", "alpha_bar"), "sigma_q": ("sigma_q_x", "sigma_lambda"),
    "sigma_q_x": ("sigma_q",), "alpha_lambda": ("sigma_lambda",),
    "sigma_lambda": ("alpha_lambda",), "lambda_min": ("lambda_max",),
    "lambda_max": ("lambda_min",), "get_lambda": ("alpha_lambda",),
    "zeros_like": ("ones_like",), "shape": ("stride",), "squeeze": ("unsqueeze",),
}  # fmt: skip
_NOT_NAMES = {"torch", "math", "self", "randomizer", "tqdm", "np", "range", "len"}


def wrong_edits(task_id: str, state: random.Random) -> Iterator[Variant]:
    """Different wrong edits of one task's solution, without end unless there are no more."""
    seen, misses = {course.unparsed(course.parsed(course.solution(task_id)).body)}, 0
    names = set(course.parameters(task_id)) - {"self"}
    while misses < 200:
        tree = course.parsed(course.solution(task_id))
        slips = 2 if state.random() < _TWICE else 1
        made = tuple(_edit(tree, names, state) for _ in range(slips))
        body = course.unparsed(tree.body) if tree.body else "pass"
        if body in seen or not all(made):
            misses += 1
            continue
        seen.add(body)
        yield Variant(task_id, made, body)


def _edit(tree: ast.Module, names: set[str], state: random.Random) -> str:
    """Change the tree at one random place; says how, or nothing where it cannot be changed."""
    local = names | {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} - _NOT_NAMES
    operators = [*OPERATORS, *STATEMENTS]
    state.shuffle(operators)
    for operator in operators:
        edits = list(_places(tree, operator, sorted(local)))
        if edits:
            said, apply = state.choice(edits)
            apply()
            ast.fix_missing_locations(tree)
            return said
    return ""


def _places(
    tree: ast.Module, operator: Callable[..., Replacements], local: Sequence[str]
) -> Iterator[tuple[str, Callable[[], None]]]:
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if isinstance(value, list):
                for index, node in enumerate(value):
                    if operator in STATEMENTS:
                        yield from _statement_edits(operator, value, index)
                    elif isinstance(node, ast.expr):
                        for said, new in operator(node, local):
                            yield said, _setter(value, index, new)
            elif isinstance(value, ast.expr) and operator in OPERATORS:
                for said, new in operator(value, local):
                    yield said, lambda p=parent, f=field, n=new: setattr(p, f, n)


def _setter(items: list, index: int, new: ast.AST) -> Callable[[], None]:
    return lambda: items.__setitem__(index, new)


def _statement_edits(operator, items, index) -> Iterator[tuple[str, Callable[[], None]]]:
    if isinstance(items[index], ast.stmt):
        yield from operator(items, index)


def _loaded(node: ast.expr) -> bool:
    return isinstance(getattr(node, "ctx", ast.Load()), ast.Load)


def _of(text: str, node: ast.expr) -> ast.expr:
    """The expression `text`, with the node in the place of `_`."""
    tree = ast.parse(text, mode="eval").body

    class Fill(ast.NodeTransformer):
        def visit_Name(self, name: ast.Name) -> ast.AST:
            return copy.deepcopy(node) if name.id == "_" else name

    return Fill().visit(tree)


def other_operator(node: ast.expr, local: Sequence[str]) -> Replacements:
    if isinstance(node, ast.BinOp):
        for other in _OTHER_OPERATORS.get(type(node.op), ()):
            yield "operator", ast.BinOp(node.left, other(), node.right)


def dropped_operand(node: ast.expr, local: Sequence[str]) -> Replacements:
    if isinstance(node, ast.BinOp):
        yield "dropped term", node.left
        if not isinstance(node.op, ast.Pow):
            yield "dropped term", node.right


def exchanged_operands(node: ast.expr, local: Sequence[str]) -> Replacements:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Div, ast.Pow)):
        yield "exchanged operands", ast.BinOp(node.right, node.op, node.left)


def regrouped(node: ast.expr, local: Sequence[str]) -> Replacements:
    """Brackets forgotten: a * (b + c) as a * b + c."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        left, right = node.left, node.right
        if isinstance(left, ast.BinOp) and isinstance(left.op, (ast.Add, ast.Sub)):
            yield "brackets", ast.BinOp(left.left, left.op, ast.BinOp(left.right, node.op, right))
        if isinstance(right, ast.BinOp) and isinstance(right.op, (ast.Add, ast.Sub)):
            yield "brackets", ast.BinOp(ast.BinOp(left, node.op, right.left), right.op, right.right)


def sign(node: ast.expr, local: Sequence[str]) -> Replacements:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign", node.operand
    elif isinstance(node, (ast.BinOp, ast.Call)) and _loaded(node):
        yield "sign", ast.UnaryOp(ast.USub(), node)


def constant(node: ast.expr, local: Sequence[str]) -> Replacements:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        value = node.value
        others = {0.5: (1, 0.25, 2), 2: (1, 3, 4), 1: (0, 2), 0: (1,)}.get(value, (2 * value,))
        for other in (*others, -value):
            yield "constant", ast.Constant(type(value)(other) if value != 0.5 else float(other))


def other_name(node: ast.expr, local: Sequence[str]) -> Replacements:
    if isinstance(node, ast.Attribute) and _loaded(node):
        for other in _OTHER_NAMES.get(node.attr, ()):
            yield "other function", ast.Attribute(node.value, other, node.ctx)


def other_variable(node: ast.expr, local: Sequence[str]) -> Replacements:
    if isinstance(node, ast.Name) and _loaded(node) and node.id in local:
        for other in local:
            if other != node.id:
                yield "wrong variable", ast.Name(other, ast.Load())


def exchanged_arguments(node: ast.expr, local: Sequence[str]) -> Replacements:
    if isinstance(node, ast.Call):
        for i in range(len(node.args)):
            for j in range(i):
                args = list(node.args)
                args[i], args[j] = args[j], args[i]
                yield "exchanged arguments", ast.Call(node.func, args, node.keywords)


def dropped_call(node: ast.expr, local: Sequence[str]) -> Replacements:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if isinstance(node.func.value, ast.Name) and node.func.value.id in _NOT_NAMES:
            if len(node.args) == 1:
                yield "dropped function", node.args[0]
        else:
            yield "dropped method", node.func.value


def dropped_argument(node: ast.expr, local: Sequence[str]) -> Replacements:
    if isinstance(node, ast.Call):
        for i in range(len(node.args)):
            yield (
                "dropped argument",
                ast.Call(node.func, node.args[:i] + node.args[i + 1 :], node.keywords),
            )
        for i, keyword in enumerate(node.keywords):
            rest = node.keywords[:i] + node.keywords[i + 1 :]
            yield f"dropped {keyword.arg}", ast.Call(node.func, node.args, rest)


def kept_axis(node: ast.expr, local: Sequence[str]) -> Replacements:
    if isinstance(node, ast.Call):
        names = {keyword.arg for keyword in node.keywords}
        if "dim" in names and "keepdim" not in names:
            keep = ast.keyword("keepdim", ast.Constant(True))
            yield "keepdim", ast.Call(node.func, node.args, [*node.keywords, keep])


def wrapped(node: ast.expr, local: Sequence[str]) -> Replacements:
    """A function too many: a square, a root, a detach, one row for all, rounding."""
    if isinstance(node, ast.Name) and _loaded(node) and node.id in local:
        for text in ("_ ** 2", "_.sqrt()", "_[:1]", "_.mean()", "_.detach()", "torch.exp(_)",
                     "torch.exp(0.5 * _)", "_.round()", "_[0]", "_.clamp(-1, 1)", "_.flip(0)",
                     "_ - 1", "_ + 1", "2 * _", "_.abs()", "1 - _"):  # fmt: skip
            yield f"{text} too many", _of(text, node)


def other_noise(node: ast.expr, local: Sequence[str]) -> Replacements:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "normal_like":
            x = node.args[0]
            for text in ("torch.zeros_like(_)", "torch.ones_like(_)", "torch.rand_like(_)",
                         "torch.randn_like(_[:1])", "torch.randn(1)", "2 * torch.randn_like(_)",
                         "torch.randn(_.shape[0], 1, 1, 1)", "torch.randn_like(_).abs()",
                         "torch.randn_like(_[:, :1])", "torch.randn_like(_[..., :1])"):  # fmt: skip
                yield "other noise", _of(text, x)


def other_comparison(node: ast.expr, local: Sequence[str]) -> Replacements:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in (ast.GtE(), ast.Lt(), ast.NotEq(), ast.Eq(), ast.LtE()):
            if type(other) is not type(node.ops[0]):
                yield "comparison", ast.Compare(node.left, [other], node.comparators)


def in_place(node: ast.expr, local: Sequence[str]) -> Replacements:
    methods = {ast.Add: "add_", ast.Sub: "sub_", ast.Mult: "mul_", ast.Div: "div_"}
    if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Name):
        name = methods.get(type(node.op))
        if name and node.left.id in local:
            yield "in place", ast.Call(ast.Attribute(node.left, name, ast.Load()), [node.right], [])


def dropped_statement(items: list[ast.stmt], index: int) -> Iterator[tuple[str, Callable]]:
    if isinstance(items[index], (ast.Assign, ast.If)) and len(items) > 1:
        yield "dropped statement", lambda: items.__delitem__(index)


def unconditional(items: list[ast.stmt], index: int) -> Iterator[tuple[str, Callable]]:
    node = items[index]
    if isinstance(node, ast.If):
        yield "condition dropped", lambda: items.__setitem__(slice(index, index + 1), node.body)


def half_returned(items: list[ast.stmt], index: int) -> Iterator[tuple[str, Callable]]:
    node = items[index]
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        first, *rest = node.value.elts
        yield "one result only", lambda: setattr(node, "value", first)
        yield "results exchanged", lambda: setattr(node.value, "elts", [*rest, first])
    elif isinstance(node, ast.Return):
        yield "nothing returned", lambda: items.__setitem__(index, ast.Expr(node.value))


STATEMENTS = (dropped_statement, unconditional, half_returned)
OPERATORS = (
    other_operator, dropped_operand, exchanged_operands, regrouped, sign, constant, other_name,
    other_variable, exchanged_arguments, dropped_call, dropped_argument, kept_axis, wrapped,
    other_noise, other_comparison, in_place,
)  # fmt: skip
