"""Arguments: numbers in nested lists, tuples, dictionaries and arrays, laid out in one row and back.

A layout describes a structure without its numbers, and can be a dictionary key:

>>> numbers = []
>>> layout = flatten({"w": [1.0, 2.0], "b": 3.0}, numbers)
>>> numbers
[1.0, 2.0, 3.0]
>>> names(layout, "p")
['p_w_0', 'p_w_1', 'p_b']
>>> build(layout, Row([10.0, 20.0, 30.0]))
{'w': [10.0, 20.0], 'b': 30.0}
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.conversion import to_float
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


class Layout(NamedTuple):
    """The structure of an argument: its kind, its keys or shape, and its parts."""

    kind: str  # number | list | tuple | dict | array
    keys: tuple[Hashable, ...] = ()
    parts: tuple[Layout, ...] = ()
    named: Any = None  # the class of a named tuple

    @property
    def size(self) -> int:
        """How many numbers it takes."""
        if self.kind == "number":
            return 1
        if self.kind == "array":
            return math.prod(self.keys)  # type: ignore[arg-type]
        return sum(part.size for part in self.parts)


NUMBER = Layout("number")


class Row:
    """Numbers in order, of which one part is taken after another: a list, or an array."""

    def __init__(self, numbers: Sequence[Any]) -> None:
        self.numbers, self.start = numbers, 0

    def part(self, count: int) -> Any:  # noqa: ANN401 - a list, or an array
        """Take the next numbers."""
        self.start += count
        return self.numbers[self.start - count : self.start]

    def listed(self, count: int) -> list[Any]:
        """Take the next numbers as a list."""
        part = self.part(count)
        return part if isinstance(part, list) else part.tolist()


def flatten(x: Any, numbers: list[Any], *, whole: bool = False) -> Layout:  # noqa: ANN401 - any structure
    """Append the numbers of a structure, Values as they are, and return its layout.

    Where arrays of floats may stay `whole`, each is appended as one row; see `joined`.

    Raises
    ------
    OperandError
        If a part is neither a number nor one of the structures.
    """
    if type(x) in {Value, float}:
        numbers.append(x)
        return NUMBER
    if isinstance(x, list | tuple):
        kind = "list" if isinstance(x, list) else "tuple"
        if {Value, float}.issuperset(map(type, x)):
            numbers.extend(x)
            parts = (NUMBER,) * len(x)
        else:
            parts = tuple([flatten(part, numbers, whole=whole) for part in x])
        return Layout(kind, x._fields, parts, type(x)) if hasattr(x, "_fields") else Layout(kind, (), parts)
    if isinstance(x, dict):
        parts = tuple([flatten(part, numbers, whole=whole) for part in x.values()])
        return Layout("dict", tuple(x), parts)
    if is_array(x):
        row = x.ravel()
        if not all_floats(x):
            numbers.extend(map(_operand, row.tolist()))
        elif whole:
            numbers.append(row)
        else:
            numbers.extend(row.tolist())
        return Layout("array", tuple(x.shape))
    numbers.append(to_float(x))
    return NUMBER


def joined(numbers: list[Any]) -> Sequence[float]:
    """Return one row of the numbers alone, an array if there are arrays among them."""
    kinds = {*map(type, numbers)}
    if kinds <= {Value, float}:
        return [x._data if type(x) is Value else x for x in numbers] if Value in kinds else numbers
    import numpy as np

    rows = [list(rows) for _, rows in groupby(numbers, is_array)]
    parts = [part for row in rows for part in (row if is_array(row[0]) else [joined(row)])]
    return np.concatenate(parts, dtype=float) if len(parts) > 1 else np.asarray(parts[0], dtype=float)  # type: ignore[return-value]


def is_array(x: object) -> bool:
    """Whether `x` is a numpy array or similar, with at least one axis."""
    return hasattr(x, "__array__") and getattr(x, "shape", ()) != ()


def all_floats(x: object) -> bool:
    """Whether `x` is an array of floats that a Python float can hold, none of them masked."""
    return getattr(getattr(x, "dtype", None), "char", "") in {*"efd"} and not hasattr(x, "mask")


def build(layout: Layout, row: Row) -> Any:  # noqa: ANN401 - any structure
    """Put numbers, or Values, into a structure; of an array of numbers, arrays are views."""
    if layout.kind == "number":
        return row.listed(1)[0]
    if layout.kind == "array":
        part = row.part(layout.size)
        return (_array(part) if isinstance(part, list) else part).reshape(layout.keys)
    count = len(layout.parts)
    parts = (
        row.listed(count)
        if layout.parts.count(NUMBER) == count
        else [build(part, row) for part in layout.parts]
    )
    if layout.kind == "dict":
        return dict(zip(layout.keys, parts, strict=True))
    if layout.named is not None:
        return layout.named(*parts)
    return parts if layout.kind == "list" else tuple(parts)


def names(layout: Layout, name: str) -> list[str]:
    """Name every number by the way to it: `w_0_1` for ``w[0][1]``."""
    if layout.kind == "number":
        return [name]
    if layout.kind == "array":
        keys: Any = range(layout.size)
        parts: Any = [NUMBER] * layout.size
    else:
        keys, parts = layout.keys or range(len(layout.parts)), layout.parts
    return [found for key, part in zip(keys, parts, strict=True) for found in names(part, f"{name}_{key}")]


def describe(layout: Layout) -> str:
    """Say in words what an argument looks like, for messages."""
    if layout.kind == "number":
        return "a number"
    if layout.kind == "array":
        return f"an array of shape {layout.keys}"
    if layout.kind == "dict":
        return f"a dict with the keys {', '.join(map(repr, layout.keys))}"
    kinds = [*dict.fromkeys(map(describe, layout.parts))]
    parts = f": {kinds[0]}; {kinds[1]}; …" if len(kinds) > 1 else ", each ".join(["", *kinds])
    return f"a {layout.named.__name__ if layout.named else layout.kind} of {len(layout.parts)}{parts}"


def number(x: Value | float) -> float:
    """Return the number alone."""
    return x._data if type(x) is Value else x  # type: ignore[return-value]


def _operand(item: object) -> Value | float:
    return item if type(item) is Value else to_float(item)


def _array(items: list[Any]) -> Any:  # noqa: ANN401 - a numpy array
    import numpy as np

    return np.array(items, dtype=object if any(type(item) is Value for item in items) else float)
