"""Equivalent rewrites of a solution: another way of writing that changes nothing but roundings.

A rewrite starts from one of the forms of its task (the reference, and those in `forms`) and goes
through some of the steps below, chosen at random. Every step keeps the meaning of any code that
these forms hold; it is not meant for any code at all.
"""

from __future__ import annotations

import ast
import builtins
import random
import textwrap
from collections.abc import Callable, Iterator

from benchmarks.variants import course, forms
from benchmarks.variants.course import Variant

Step = Callable[["Draft", random.Random], bool]
_MOST_STEPS = 6


class Draft:
    """A solution on its way: its statements, and module-level code that it needs."""

    def __init__(self, task_id: str, body: str) -> None:
        self.task = task_id
        self.tree = course.parsed(body)
        self.extra: list[str] = []
        self.arguments = course.parameters(task_id)
        self.in_loop = course.in_loop(task_id)

    @property
    def body(self) -> str:
        return course.unparsed(self.tree.body)

    def stored(self) -> list[str]:
        """Names that the statements assign and that nothing outside of them uses."""
        outside = course.names_outside(self.task)
        names = {
            node.id
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        return sorted(names - outside - set(self.arguments))


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


def _changed(draft: Draft, state: random.Random, change: Callable, share: float = 0.6) -> bool:
    """Offer each expression to `change`, which gives another one or None; whether any changed."""
    done = []

    class Walk(ast.NodeTransformer):
        def generic_visit(self, node: ast.AST) -> ast.AST:
            super().generic_visit(node)
            if isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", None), ast.Store):
                return node
            new = change(node) if state.random() < share else None
            if new is None:
                return node
            done.append(new)
            return new

    draft.tree = Walk().visit(draft.tree)
    return bool(done)


def _is_number(node: ast.AST) -> bool:
    if isinstance(node, ast.UnaryOp):
        return _is_number(node.operand)
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float))


def commuted(draft: Draft, state: random.Random) -> bool:
    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mult)):
            return ast.BinOp(node.right, node.op, node.left)
        return None

    return _changed(draft, state, change)


def minus_as_plus(draft: Draft, state: random.Random) -> bool:
    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            return ast.BinOp(node.left, ast.Add(), ast.UnaryOp(ast.USub(), node.right))
        return None

    return _changed(draft, state, change, 0.4)


def turned_difference(draft: Draft, state: random.Random) -> bool:
    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            return ast.UnaryOp(ast.USub(), ast.BinOp(node.right, ast.Sub(), node.left))
        return None

    return _changed(draft, state, change, 0.4)


def power_as_product(draft: Draft, state: random.Random) -> bool:
    ways = ("({0}) * ({0})", "torch.square({0})", "torch.pow({0}, 2)", "({0}).pow(2)",
            "({0}) ** 2.0", "({0}).square()")  # fmt: skip

    def change(node: ast.AST) -> ast.AST | None:
        square = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)
        if square and isinstance(node.right, ast.Constant) and node.right.value == 2:
            if any(isinstance(n, ast.Attribute) and n.attr.startswith("randn")
                   for n in ast.walk(node.left)):  # fmt: skip
                return None
            return _expression(state.choice(ways).format(ast.unparse(node.left)))
        return None

    return _changed(draft, state, change)


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


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

    return _changed(draft, state, change)


def root_as_power(draft: Draft, state: random.Random) -> bool:
    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "sqrt":
                own = isinstance(node.func.value, ast.Name) and node.func.value.id == "torch"
                inner = node.args[0] if own else node.func.value
                if isinstance(node.func.value, ast.Name) and node.func.value.id in ("math", "np"):
                    return None
                way = state.choice(("({0}) ** 0.5", "torch.pow({0}, 0.5)", "({0}).pow(1 / 2)"))
                return _expression(way.format(ast.unparse(inner)))
        return None

    return _changed(draft, state, change)


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

    return _changed(draft, state, change)


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
            return _expression(state.choice(levels).format(receiver))
        if arguments == "(batch, -1)":
            return _expression(state.choice(rows).format(receiver, "batch"))
        return None

    return _changed(draft, state, change)


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
            return _expression(state.choice(ways).format(ast.unparse(node.args[0])))
        return None

    if not _changed(draft, state, change, 1.0):
        return False
    draft.extra.append(draft_needs)
    return True


def renamed(draft: Draft, state: random.Random) -> bool:
    names = draft.stored()
    if not names:
        return False
    fresh = ["a", "b1", "tmp", "out_", "res", "foo", "val", "x1", "y_hat", "coef", "my_value", "q"]
    state.shuffle(fresh)
    used = {node.id for node in ast.walk(draft.tree) if isinstance(node, ast.Name)}
    used |= course.names_outside(draft.task) | set(draft.arguments)
    chosen = dict(zip(names, [name for name in fresh if name not in used], strict=False))
    for node in ast.walk(draft.tree):
        if isinstance(node, ast.Name):
            node.id = chosen.get(node.id, node.id)
    return True


def outlined(draft: Draft, state: random.Random) -> bool:
    """Parts of a straight statement as temporaries."""
    made, found = [], False
    for statement in draft.tree.body:
        value = getattr(statement, "value", None)
        plain = isinstance(statement, (ast.Assign, ast.Return)) and isinstance(value, ast.BinOp)
        if plain and not isinstance(value.left, (ast.Name, ast.Constant)) and state.random() < 0.7:
            name = f"part{len(made)}"
            made.append(ast.Assign([ast.Name(name, ast.Store())], value.left))
            value.left, found = ast.Name(name, ast.Load()), True
        made.append(statement)
    draft.tree.body = made
    return found


def returned_by_name(draft: Draft, state: random.Random) -> bool:
    last = draft.tree.body[-1]
    if not isinstance(last, ast.Return) or isinstance(last.value, ast.Name):
        return False
    store = ast.Name("result", ast.Store())
    draft.tree.body[-1:] = [
        ast.Assign([store], last.value),
        ast.Return(ast.Name("result", ast.Load())),
    ]
    return True


def harmless(draft: Draft, state: random.Random) -> bool:
    """Prints, assertions, comments as strings, unused values, in between."""
    lines = [
        'print("here")', "assert True", '"""A note."""', "unused = 3", "if False:\n    pass",
        "_seen = []\n_seen.append(1)", "import math as _m", "pass", "for _ in range(2):\n    pass",
        "unused: int = 0", "print(torch.zeros(2).shape)",
        "try:\n    pass\nexcept ValueError:\n    raise",
    ]  # fmt: skip
    tensors = [name for name in draft.arguments if name in forms.TENSORS]
    if tensors and not draft.in_loop:
        name = state.choice(tensors)
        lines += [f"assert isinstance({name}, torch.Tensor)", f"print({name}.shape)",
                  f"assert torch.isfinite({name}).all()", f"unused = {name}.clone()",
                  f"{name} = {name} + 0.0" if name not in ("t", "labels") else "pass",
                  f"{name} = {name}.clone()"]  # fmt: skip
    for text in state.sample(lines, state.randint(1, 3)):
        draft.tree.body[0:0] = ast.parse(text).body
    return True


def further_draws(draft: Draft, state: random.Random) -> bool:
    """Draws that nothing uses, of kinds that the task does not draw itself."""
    if draft.task not in forms.STRAY_DRAWS:
        return False
    draft.tree.body[0:0] = ast.parse(state.choice(forms.STRAY_DRAWS[draft.task])).body
    return True


def nested_block(draft: Draft, state: random.Random) -> bool:
    if draft.in_loop or not isinstance(draft.tree.body[-1], ast.Return):
        return False
    heads = ["if True:", "with torch.enable_grad():", "while True:", "for _once in range(1):",
             "try:"]  # fmt: skip
    if draft.task in forms.NO_GRADIENT:
        heads = ["if True:", "with torch.no_grad():", "while True:", "with torch.inference_mode():"]
    head = state.choice(heads)
    tail = "\nfinally:\n    pass" if head == "try:" else ""
    draft.tree = ast.parse(f"{head}\n{textwrap.indent(draft.body, '    ')}{tail}")
    return True


def own_function(draft: Draft, state: random.Random) -> bool:
    """The whole body as a function of the module, or as a nested one."""
    if draft.in_loop or not isinstance(draft.tree.body[-1], ast.Return):
        return False
    outside = sorted(course.names_outside(draft.task) - set(dir(builtins)))
    arguments = ", ".join(dict.fromkeys([*draft.arguments, *outside]))
    name = state.choice(("_helper", "compute", f"my_{draft.task.split('.')[1]}"))
    text = f"def {name}({arguments}):\n{textwrap.indent(draft.body, '    ')}"
    call = f"return {name}({arguments})"
    if state.random() < 0.5:
        draft.tree = ast.parse(f"{text}\n{call}")
    else:
        draft.extra.append(text)
        draft.tree = ast.parse(call)
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

    return _changed(draft, state, change, 1.0)


def in_double(draft: Draft, state: random.Random) -> bool:
    """All in double precision, and back in the end."""
    names = forms.IN_DOUBLE.get(draft.task)
    last = draft.tree.body[-1]
    if not names or not isinstance(last, ast.Return) or last.value is None:
        return False
    head = "\n".join(f"{name} = {name}.double()" for name in names)
    if draft.task not in forms.TWO_RESULTS:
        back = f"({ast.unparse(last.value)}){state.choice(('.float()', '.to(torch.float32)', ''))}"
        draft.tree.body[-1] = ast.Return(_expression(back))
    draft.tree.body[0:0] = ast.parse(head).body
    return True


def by_rows(draft: Draft, state: random.Random) -> bool:
    """One row of the batch at a time, put together in the end."""
    names = forms.BY_ROWS.get(draft.task)
    if not names or "return" not in draft.body:
        return False
    rest = [name for name in draft.arguments if name not in names]
    arguments = ", ".join([*names, *rest])
    text = f"def _one_row({arguments}):\n{textwrap.indent(draft.body, '    ')}"
    parts = ", ".join([*(f"{name}[i:i + 1]" for name in names), *rest])
    loop = f"return torch.cat([_one_row({parts}) for i in range({names[0]}.shape[0])], dim=0)"
    draft.extra.append(text)
    draft.tree = ast.parse(loop)
    return True


STEPS: tuple[Step, ...] = (
    commuted, minus_as_plus, turned_difference, power_as_product, methods_as_functions,
    root_as_power, other_axes, other_reshapes, other_noise, renamed, outlined, returned_by_name,
    harmless, further_draws, nested_block, own_function, by_keywords, in_double, by_rows,
)  # fmt: skip
