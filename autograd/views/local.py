"""The derivative of one operation by each of its operands, at the numbers it was recorded with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from autograd.errors import DomainError, OperandError
from autograd.value import Value, gradients

if TYPE_CHECKING:
    from autograd.primitives import Primitive


def row_of(node: Value) -> Primitive:
    """Return the row of the table that computed a Value."""
    if node.primitive is None:
        raise OperandError(f"{node!r} was given, not computed")
    return node.primitive


def local_derivatives(node: Value) -> list[float | None]:
    """Return the partial by each operand of a computed Value; None for a constant.

    The operation is recorded once more, alone and on leaves of its own, so that an
    operand that stands twice has a derivative for each place.

    Examples
    --------
    >>> x = Value(3.0)
    >>> local_derivatives(x * x), local_derivatives(x**2)
    ([3.0, 3.0], [6.0, None])
    """
    row = node.primitive
    if row is None:
        return []
    operands = [Value(x.data) if isinstance(x, Value) else x for x in node.operands]
    leaves = [x for x in operands if isinstance(x, Value)]
    found = iter(_each(row(*operands), leaves))
    return [next(found) if isinstance(x, Value) else None for x in operands]


def _each(z: Value, leaves: list[Value]) -> list[float]:
    """Differentiate by each leaf; to nan where there is no derivative, as that of x**y by y at x < 0."""
    try:
        return gradients(z, leaves) if leaves else []
    except DomainError:
        return [math.nan] if len(leaves) == 1 else [d for x in leaves for d in _each(z, [x])]
