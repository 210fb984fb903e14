"""Evaluating a method's formula for the number of its parameters."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
}


def evaluate(formula: str, names: Mapping[str, float]) -> float:
    """The value of a formula in numbers, names, brackets and + - * // **.

    Raises ValueError that names what is neither.
    """
    try:
        return _value(ast.parse(formula, mode="eval").body, names)
    except SyntaxError:
        raise ValueError(f"{formula!r} is no formula") from None


def _value(node: ast.expr, names: Mapping[str, float]) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    if isinstance(node, ast.Name) and node.id in names:
        return names[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, names), _value(node.right, names))
    raise ValueError(f"{ast.unparse(node)!r} is not allowed here (allowed: {', '.join(names)})")
