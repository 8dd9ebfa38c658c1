"""Steps of a rewrite that rearrange statements, or put others around them."""

from __future__ import annotations

import ast
import builtins
import random
import textwrap

from benchmarks.variants import course, forms
from benchmarks.variants.draft import Draft, Step, expression


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


def in_double(draft: Draft, state: random.Random) -> bool:
    """All in double precision, and back in the end."""
    names = forms.IN_DOUBLE.get(draft.task)
    last = draft.tree.body[-1]
    if not names or not isinstance(last, ast.Return) or last.value is None:
        return False
    head = "\n".join(f"{name} = {name}.double()" for name in names)
    if draft.task not in forms.TWO_RESULTS:
        back = f"({ast.unparse(last.value)}){state.choice(('.float()', '.to(torch.float32)', ''))}"
        draft.tree.body[-1] = ast.Return(expression(back))
    draft.tree.body[0:0] = ast.parse(head).body
    return True


def by_rows(draft: Draft, state: random.Random) -> bool:
    """One row of the batch at a time, put together in the end."""
    names = forms.BY_ROWS.get(draft.task)
    used = {node.id for node in ast.walk(draft.tree) if isinstance(node, ast.Name)}
    if not names or "return" not in draft.body or used & course.names_outside(draft.task):
        return False  # sizes of the whole batch are not those of a row
    rest = [name for name in draft.arguments if name not in names]
    arguments = ", ".join([*names, *rest])
    text = f"def _one_row({arguments}):\n{textwrap.indent(draft.body, '    ')}"
    parts = ", ".join([*(f"{name}[i:i + 1]" for name in names), *rest])
    loop = f"return torch.cat([_one_row({parts}) for i in range({names[0]}.shape[0])], dim=0)"
    draft.extra.append(text)
    draft.tree = ast.parse(loop)
    return True


STEPS: tuple[Step, ...] = (
    renamed, outlined, returned_by_name, harmless, further_draws, nested_block, own_function,
    in_double, by_rows,
)  # fmt: skip
