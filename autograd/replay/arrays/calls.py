"""Calls of numpy as text: products that are added up, sums along axes, a share of an adjoint.

A call of a ufunc or a product can be told where to write, so it is kept as a `Call` until it is
known where that is; everything else is a text.

>>> print(contraction("w", (0, 2), "x", (1, 2), (0, 1)))
np.matmul(w, x.T)
>>> print(contraction("w", (0, 1), "x", (0, 1), (0,)))
np.einsum("ij,ij->i", w, x)
>>> print(sum_call("x", (0, 1), (1,)))
x.sum(axis=0)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.symbols import Source, Symbol

if TYPE_CHECKING:
    from autograd.replay.arrays.memory import Order

MASK = re.compile(r"np\.where\((\w+) (<=|>=|<|>) (\S+), 0\.0, 1\.0\)")
"""A partial that is 0 or 1: multiplying by the test is quicker than choosing numbers first."""

OPPOSITE = {"<=": ">", ">=": "<", "<": ">=", ">": "<="}
"""The test for the other outcome; partials need not tell nan apart (`dialects.NumpyDialect`)."""


class Call(NamedTuple):
    """A numpy call that can be told where to write."""

    function: str
    arguments: str

    def __str__(self) -> str:
        return f"{self.function}({self.arguments})"


def call_in(text: str) -> Any:  # noqa: ANN401 - a call or a text
    """Return a text as a call if it is one, of a function that can be told where to write."""
    found = re.fullmatch(r"(np\.(\w+))\((.*)\)", text)
    if found is None or not isinstance(getattr(np, found[2], None), np.ufunc):
        return text
    depth = 0
    for sign in found[3]:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return text
    return Call(found[1], found[3])


def contraction(
    a: str, a_axes: tuple[int, ...], b: str, b_axes: tuple[int, ...], wanted: tuple[int, ...]
) -> Any:  # noqa: ANN401
    """Write the product of two operands, added up along the axes that are not wanted.

    A matrix product where there is one axis to add up and one or none beside it; otherwise einsum.
    """
    missing = [axis for axis in wanted if axis not in {*a_axes, *b_axes}]
    if missing:
        present = tuple([axis for axis in wanted if axis not in missing])
        return stretched(contraction(a, a_axes, b, b_axes, present), missing, wanted)
    if not a_axes or not b_axes:
        text, axes, scale = (a, a_axes, b) if a_axes else (b, b_axes, a)
        return f"{sum_call(text, axes, wanted)} * {scale}"
    gone = sorted({*a_axes, *b_axes} - {*wanted})
    i, j = (tuple([axis for axis in axes if axis not in gone]) for axes in (a_axes, b_axes))
    shared = len(gone) == 1 and gone[0] in a_axes and gone[0] in b_axes
    if shared and max(len(i), len(j)) <= 1 and wanted in {i + j, j + i}:
        if wanted != i + j:
            (a, a_axes, i), (b, b_axes, j) = (b, b_axes, j), (a, a_axes, i)
        a = a if a_axes == (*i, gone[0]) else f"{a}.T"
        b = b if b_axes == (gone[0], *j) else f"{b}.T"
        return Call("np.matmul" if wanted else "np.dot", f"{a}, {b}")
    term = ["".join("ijklmnopq"[axis] for axis in axes) for axes in (a_axes, b_axes, wanted)]
    return Call("np.einsum", f'"{term[0]},{term[1]}->{term[2]}", {a}, {b}')


def stacked(
    a_axes: tuple[int, ...], b_axes: tuple[int, ...], wanted: tuple[int, ...]
) -> tuple[Order, Order, Order] | None:
    """Return the orders of axes in which a product of two operands is a stack of matrix products.

    That is if they share axes that the result has too, and one along which it is added up.
    """
    gone = sorted({*a_axes, *b_axes} - {*wanted})
    both = [axis for axis in wanted if axis in a_axes and axis in b_axes]
    others = [axis for axis in wanted if axis not in both]
    rows, columns = ([axis for axis in others if axis in own] for own in (a_axes, b_axes))
    if (
        not both
        or len(gone) != 1
        or gone[0] not in a_axes
        or gone[0] not in b_axes
        or max(len(rows), len(columns)) > 1
        or len(both) + len(rows) + len(columns) != len(wanted)
    ):
        return None
    row, column = (axes[0] if axes else None for axes in (rows, columns))
    return (*both, row, gone[0]), (*both, gone[0], column), (*both, row, column)


def summed(call: object, gone: tuple[int, ...] = ()) -> Call:
    """Write the sum of all, or along axes."""
    text = str(call)
    text = text if re.fullmatch(r"\w+|np\.\w+\(.*\)", text) and not text.count(") ") else f"({text})"
    return Call(f"{text}.sum", f"axis={gone[0] if len(gone) == 1 else gone}" if gone else "")


def sum_call(text: str, axes: tuple[int, ...], wanted: tuple[int, ...]) -> Any:  # noqa: ANN401 - a call or a text
    """Write a sum over the axes that are not wanted."""
    gone = tuple([position for position, axis in enumerate(axes) if axis not in wanted])
    whole = len(gone) == len(axes)
    call = summed(text, () if whole else gone)
    missing = [axis for axis in wanted if axis not in axes]
    return stretched(call, missing, wanted) if missing else call


def stretched(call: object, missing: list[int], wanted: tuple[int, ...]) -> str:
    """Write a result with length 1 along the axes that it is missing: there it stays the same."""
    return f"np.asarray({call})[{', '.join('None' if axis in missing else ':' for axis in wanted)}]"


def share_call(z_bar: str, partial: Any) -> Any:  # noqa: ANN401 - a call or a text
    """Write an adjoint times a partial; by a mask where that is 0 or 1."""
    if isinstance(partial, Symbol):
        mask = MASK.fullmatch(str(partial))
        test = f"{mask[1]} {OPPOSITE[mask[2]]} {mask[3]}" if mask else str(partial)
        return Call("np.multiply", f"{z_bar}, {test}")
    if partial in {1, -1}:
        return z_bar if partial == 1 else Call("np.negative", z_bar)
    return Call("np.multiply", f"{z_bar}, {Source('').number(partial)}")
