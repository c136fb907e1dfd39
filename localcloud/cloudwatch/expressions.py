# SPDX-License-Identifier: GPL-3.0-or-later
"""Metric math, as far as alarms of this stack use it. Pure.

A series is one value a period, None where there is no datapoint. An expression may have numbers, ids of other queries,
+ - * /, comparisons (1 or 0), parentheses, and the functions FILL (with a number), IF, ABS, and MAX, MIN, SUM, AVG over
a list; https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html has the rest.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

type Series = list[float | None]
type Value = Series | list[Series]

_ARITHMETIC: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: dict[type, Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_OVER_LISTS: dict[str, Callable[[list[float]], float]] = {
    "MAX": max,
    "MIN": min,
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
}


class UnsupportedError(ValueError):
    """The expression has something that is not modeled."""


def evaluate(expression: str, known: Mapping[str, Series], length: int) -> Series:
    """The series of an expression over the series of other queries, each of this length."""
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except SyntaxError as error:
        raise UnsupportedError(f"{expression!r}: {error.msg}") from None
    return _Evaluation(known, length).series(tree)


class _Evaluation:
    def __init__(self, known: Mapping[str, Series], length: int) -> None:
        self._known, self._length = known, length

    def series(self, node: ast.expr) -> Series:
        value = self._number(node)
        if value is not None:
            return [value] * self._length
        if isinstance(node, ast.Name) and node.id in self._known:
            return self._known[node.id]
        if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
            return self._apply(_ARITHMETIC[type(node.op)], node.left, node.right)
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARISONS:
            return self._apply(_COMPARISONS[type(node.ops[0])], node.left, node.comparators[0])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return self._call(node.func.id, node.args)
        raise UnsupportedError(f"{ast.unparse(node)!r} is not modeled")

    @staticmethod
    def _number(node: ast.expr) -> float | None:
        sign = 1.0
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            sign, node = -1.0, node.operand
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return sign * node.value
        return None

    def _apply(self, function: Callable[[float, float], float], left: ast.expr, right: ast.expr) -> Series:
        pairs = zip(self.series(left), self.series(right), strict=True)
        return [None if a is None or b is None else _safe(function, a, b) for a, b in pairs]

    def _call(self, name: str, arguments: list[ast.expr]) -> Series:
        if name == "FILL" and len(arguments) == 2:
            fill = self._number(arguments[1])
            if fill is not None:
                return [fill if value is None else value for value in self.series(arguments[0])]
        if name == "IF" and len(arguments) == 3:
            choices = zip(*map(self.series, arguments), strict=True)
            return [None if asked is None else (yes if asked else no) for asked, yes, no in choices]
        if name == "ABS" and len(arguments) == 1:
            return [None if value is None else abs(value) for value in self.series(arguments[0])]
        if name in _OVER_LISTS and len(arguments) == 1 and isinstance(arguments[0], ast.List):
            return [self._over(name, values) for values in zip(*map(self.series, arguments[0].elts), strict=True)]
        raise UnsupportedError(f"{name} with {', '.join(map(ast.unparse, arguments))} is not modeled")

    @staticmethod
    def _over(name: str, values: tuple[float | None, ...]) -> float | None:
        there = [value for value in values if value is not None]
        return _OVER_LISTS[name](there) if there else None


def _safe(function: Callable[[float, float], float], left: float, right: float) -> float | None:
    """A division by zero is no datapoint."""
    try:
        return float(function(left, right))
    except ZeroDivisionError:
        return None
