"""Where a computation, or its gradient, first left the finite numbers, and why.

Room: views. A finiteness check in each operation would make all of them slower; looking
afterwards costs nothing until it is needed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from autograd.graph import origin, topological_order
from autograd.value import Value, gradients
from autograd.views.local import local_derivatives, row_of


class Nonfinite(NamedTuple):
    """The first number that is nan or inf; made by `first_nonfinite`, to be printed."""

    value: Value
    backward: bool
    """Whether it is the gradient of that Value, its data being finite."""
    explanation: str

    def __str__(self) -> str:
        return self.explanation


def first_nonfinite(output: Value) -> Nonfinite | None:
    """Find the first nan or inf on the way to a Value, or on the way back in its gradient.

    Parameters
    ----------
    output
        The Value whose computation, and then whose gradient, is looked at.

    Returns
    -------
    Nonfinite or None
        The Value where it began, and an explanation; None if everything is finite.

    Raises
    ------
    OperandError
        If `output` is not a Value.
    DomainError
        If a partial derivative is not defined; within `ieee()`, that is found too.

    Notes
    -----
    Costs one gradient; touches no `grad`.

    Examples
    --------
    >>> x = Value(0.0, label="x")
    >>> print(first_nonfinite(x * (x + 1000).exp()))
    exp gave inf at x = 1000.0 (x = 0.0 → add): the result is larger than any float
    >>> print(first_nonfinite(x * x.sqrt()))
    the gradient of x became nan: sqrt hands it 0.0 × inf, its own gradient times its slope
    """
    interior, leaves = topological_order(output)
    for node in (*leaves, *interior):
        if not math.isfinite(node.data):
            return Nonfinite(node, backward=False, explanation=_forward(node))
    order = [*leaves, *interior]
    adjoints = dict(zip(order, gradients(output, order), strict=True))
    for node in reversed(order):
        if not math.isfinite(adjoints[node]):
            return Nonfinite(node, backward=True, explanation=_backward(node, interior, adjoints))
    return None


def _forward(node: Value) -> str:
    """Say how finite operands, or infinite constants, gave what is not finite."""
    if node.primitive is None:
        return f"{node.label or 'a leaf without a label'} was given as {node.data!r}"
    row = row_of(node)
    numbers = [x.data if isinstance(x, Value) else x for x in node.operands]
    what = f"{row.name} gave {node.data!r} at {row.shown(node.operands)}"
    if row.domain is not None and row.domain.outside(*numbers):
        return f"{what}: outside its domain, {row.domain.text}; {row.domain.remedy}"
    if not all(map(math.isfinite, numbers)):
        return f"{what}: a constant operand is not finite"
    return f"{what}: the result is larger than any float"


def _backward(node: Value, interior: list[Value], adjoints: dict[Value, float]) -> str:
    """Say which share of the gradient is not finite, or that they add up to what is not."""
    name = node.label or f"the result of {row_of(node).name}{origin(node)}" if node.primitive else "a leaf"
    what = f"the gradient of {node.label or name} became {adjoints[node]!r}"
    for user in reversed(interior):
        for x, slope in zip(user.operands, local_derivatives(user), strict=True):
            if x is node and slope is not None and not math.isfinite(adjoints[user] * slope):
                product = f"{adjoints[user]!r} × {slope!r}"
                return f"{what}: {row_of(user).name} hands it {product}, its own gradient times its slope"
    return f"{what}: the finite shares that it gets add up to that"
