"""Steps of a rewrite that put one expression in the place of another."""

from __future__ import annotations

import ast
import random

from benchmarks.variants import course, forms
from benchmarks.variants.draft import Draft, Step, changed, expression


def commuted(draft: Draft, state: random.Random) -> bool:
    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mult)):
            return ast.BinOp(node.right, node.op, node.left)
        return None

    return changed(draft, state, change)


def minus_as_plus(draft: Draft, state: random.Random) -> bool:
    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            return ast.BinOp(node.left, ast.Add(), ast.UnaryOp(ast.USub(), node.right))
        return None

    return changed(draft, state, change, 0.4)


def turned_difference(draft: Draft, state: random.Random) -> bool:
    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            return ast.UnaryOp(ast.USub(), ast.BinOp(node.right, ast.Sub(), node.left))
        return None

    return changed(draft, state, change, 0.4)


def power_as_product(draft: Draft, state: random.Random) -> bool:
    ways = ("({0}) * ({0})", "torch.square({0})", "torch.pow({0}, 2)", "({0}).pow(2)",
            "({0}) ** 2.0", "({0}).square()")  # fmt: skip

    def change(node: ast.AST) -> ast.AST | None:
        square = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)
        if square and isinstance(node.right, ast.Constant) and node.right.value == 2:
            if any(isinstance(n, ast.Attribute) and n.attr.startswith("randn")
                   for n in ast.walk(node.left)):  # fmt: skip
                return None
            return expression(state.choice(ways).format(ast.unparse(node.left)))
        return None

    return changed(draft, state, change)


_BOTH = {"exp", "log", "log1p", "expm1", "sqrt", "sum", "mean", "sigmoid", "tan", "square", "abs"}


def methods_as_functions(draft: Draft, state: random.Random) -> bool:
    def change(node: ast.AST) -> ast.AST | None:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            return None
        func = node.func
        if func.attr not in _BOTH:
            return None
        if isinstance(func.value, ast.Name) and func.value.id == "torch":
            receiver, *rest = node.args
            return ast.Call(ast.Attribute(receiver, func.attr, ast.Load()), rest, node.keywords)
        if isinstance(func.value, ast.Name) and func.value.id in ("math", "np", "F"):
            return None
        torch = ast.Attribute(ast.Name("torch", ast.Load()), func.attr, ast.Load())
        return ast.Call(torch, [func.value, *node.args], node.keywords)

    return changed(draft, state, change)


def root_as_power(draft: Draft, state: random.Random) -> bool:
    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "sqrt":
                own = isinstance(node.func.value, ast.Name) and node.func.value.id == "torch"
                inner = node.args[0] if own else node.func.value
                if isinstance(node.func.value, ast.Name) and node.func.value.id in ("math", "np"):
                    return None
                way = state.choice(("({0}) ** 0.5", "torch.pow({0}, 0.5)", "({0}).pow(1 / 2)"))
                return expression(way.format(ast.unparse(inner)))
        return None

    return changed(draft, state, change)


def other_axes(draft: Draft, state: random.Random) -> bool:
    """dim=1 as axis=1, as a tuple, or positional."""

    def change(node: ast.AST) -> ast.AST | None:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            return None
        plain = node.func.attr in ("sum", "mean")
        if plain and len(node.keywords) == 1 and node.keywords[0].arg in ("dim", "axis"):
            value = node.keywords[0].value
            single = isinstance(value, (ast.Constant, ast.UnaryOp))
            tuples = ast.Tuple([value], ast.Load()) if single else value
            way = state.randrange(3)
            if way == 0:
                return ast.Call(node.func, node.args, [ast.keyword("axis", value)])
            if way == 1:
                return ast.Call(node.func, node.args, [ast.keyword("dim", tuples)])
            return ast.Call(node.func, [*node.args, value], [])
        return None

    return changed(draft, state, change)


def other_reshapes(draft: Draft, state: random.Random) -> bool:
    levels = (
        "{0}.view(-1, 1, 1, 1)",
        "{0}[:, None, None, None]",
        "{0}.view({0}.shape[0], 1, 1, 1)",
        "{0}.unsqueeze(1).unsqueeze(2).unsqueeze(3)",
        "torch.reshape({0}, (-1, 1, 1, 1))",
    )
    rows = ("{0}.flatten(1)", "{0}.contiguous().view({1}, -1)", "torch.flatten({0}, start_dim=1)",
            "{0}.reshape(len({0}), -1)")  # fmt: skip

    def change(node: ast.AST) -> ast.AST | None:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            return None
        if node.func.attr != "reshape" or node.keywords:
            return None
        arguments = ast.unparse(ast.Tuple(node.args, ast.Load()))
        receiver = f"({ast.unparse(node.func.value)})"
        if arguments == "(-1, 1, 1, 1)":
            return expression(state.choice(levels).format(receiver))
        if arguments == "(batch, -1)":
            return expression(state.choice(rows).format(receiver, "batch"))
        return None

    return changed(draft, state, change)


def other_noise(draft: Draft, state: random.Random) -> bool:
    """Draws by torch, numpy or a distribution instead of the kit's randomizer."""
    draft_needs = forms.HELPERS["noise"]
    ways = ("torch.randn_like({0})", "torch.randn({0}.shape, device={0}.device)",
            "torch.randn(*{0}.size()).to({0})", "torch.empty_like({0}).normal_()",
            "torch.normal(torch.zeros_like({0}), torch.ones_like({0}))",
            "torch.normal(0.0, 1.0, size={0}.shape)", "_by_numpy({0})", "_by_distribution({0})",
            "torch.zeros_like({0}).normal_(0, 1)", "_by_rows({0})",
            "_by_generator({0})")  # fmt: skip

    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "randomizer.normal_like":
            return expression(state.choice(ways).format(ast.unparse(node.args[0])))
        return None

    if not changed(draft, state, change, 1.0):
        return False
    draft.extra.append(draft_needs)
    return True


def by_keywords(draft: Draft, state: random.Random) -> bool:
    """Calls of the file's own methods with names for the arguments."""
    group = draft.task.split(".")[0]
    pairs = (task.split(".") for task in course.tasks())
    known = {name: course.parameters(f"{g}.{name}") for g, name in pairs if g == group}

    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            names = known.get(node.func.attr)
            if owner in ("self", "self.diffusion") and names and names[0] == "self":
                pairs = zip(names[1:], node.args, strict=False)
                given = [ast.keyword(name, value) for name, value in pairs]
                return ast.Call(node.func, [], [*given, *node.keywords])
        return None

    return changed(draft, state, change, 1.0)


STEPS: tuple[Step, ...] = (
    commuted, minus_as_plus, turned_difference, power_as_product, methods_as_functions,
    root_as_power, other_axes, other_reshapes, other_noise, by_keywords,
)  # fmt: skip
