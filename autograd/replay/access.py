"""How a group of statements reads memory: along axes, with strides, or else by index.

The addresses of an operand, for all statements of a group, are a row of numbers. Where the row
is regular it is a view of memory:

>>> loops(np.array([0, 1, 2, 10, 11, 12]))
[(2, 10), (3, 1)]

which says: twice, 10 apart, three numbers, 1 apart. The axes are chosen so that they
serve all operands; one that does not move along an axis has stride 0 there. Two operands
that move along different axes, and are added up along one they share, are a matrix product.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from math import prod
from operator import mul
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

DEEPEST = 4
"""More loops in one another are read by index."""


class Access(NamedTuple):
    """How an operand moves through memory: from `start` with a stride for each axis, or by index.

    One that varies from lane to lane has the lanes as a last axis, after all others.
    """

    start: int
    strides: tuple[int, ...]
    index: Any = None  # an array of addresses, over all axes
    lanes: bool = False

    def same_as(self, other: Access | Constants) -> bool:
        """Whether another operand is known to be read at the same places."""
        if isinstance(other, Constants) or self.index is not None or other.index is not None:
            return False
        return self == other

    def axes(self) -> tuple[int, ...]:
        """Return the axes along which it moves."""
        regular = range(len(self.strides)) if self.index is not None else _moving(self.strides)
        return (*regular, len(self.strides)) if self.lanes else tuple(regular)

    def addresses(self, sizes: tuple[int, ...]) -> Any:  # noqa: ANN401 - an array
        """Return the addresses it is at, over its own axes but the lanes."""
        if self.index is not None:
            return self.index
        found = np.array(self.start)
        for axis in _moving(self.strides):
            found = found[..., None] + self.strides[axis] * np.arange(sizes[axis])
        return found


class Constants(NamedTuple):
    """Constant operands of a group: an array over some of the axes, or one number."""

    values: Any
    along: tuple[int, ...] = ()

    def axes(self) -> tuple[int, ...]:
        """Return the axes along which they change."""
        return self.along


class Part(NamedTuple):
    """A loop nest over operands: the result's axes first, then `summed` axes that are added up.

    Before them come `folded` axes, along which lie the many operands of one row.
    """

    kind: str  # pairs | scaled | terms | row
    operands: tuple[Access | Constants, ...]
    sizes: tuple[int, ...]
    summed: int = 0
    lanes: bool = False  # whether the result has lanes
    folded: int = 0

    @property
    def axes(self) -> tuple[int, ...]:
        """All axes, and the lanes of the result."""
        return tuple(range(len(self.sizes) + self.lanes))

    @property
    def shape(self) -> tuple[int, ...]:
        """How long the result's own axes are."""
        return self.sizes[self.folded : len(self.sizes) - self.summed]

    @property
    def result_axes(self) -> tuple[int, ...]:
        """The axes of the result."""
        axes = tuple(range(self.folded, len(self.sizes) - self.summed))
        return (*axes, len(self.sizes)) if self.lanes else axes

    def result(self, start: int) -> Access:
        """Return how results are written that begin at an address."""
        strides = [0] * len(self.sizes)
        step = 1
        for axis in reversed(range(self.folded, len(self.sizes) - self.summed)):
            strides[axis], step = step, step * self.sizes[axis]
        return Access(start, tuple(strides), lanes=self.lanes)


def part_of(
    kind: str, columns: Sequence[tuple[Any, bool]], shapes: dict[int, tuple[int, ...]], *, lanes: bool
) -> Part:
    """Find axes for the operands of a part.

    Parameters
    ----------
    kind
        What the part does with them.
    columns
        For each operand an array, of addresses if of integers, else of constants, by statement
        and by place in the sum; and whether it has lanes.
    shapes
        The axes of groups by their first address: results that are read in the order they
        were computed in keep their axes.
    lanes
        Whether the results have lanes.
    """
    shape = columns[0][0].shape
    inside = shape[1] if len(shape) > 1 else 1
    cuts, kept = {inside, prod(shape)}, set[int]()
    for column, _ in columns:
        if column.dtype.kind == "i":
            row = column.reshape(-1)
            found = loops(row) or []
            known = shapes.get(int(row[0]), ())
            if found == [(len(row), 1)] and prod(known) == len(row):
                found = [(n, 0) for n in known]
                kept |= sizes_of(found)
            if divisible(cuts | sizes_of(found)):
                cuts |= sizes_of(found)
    ordered = sorted(cuts | {1})
    sizes = tuple([high // low for low, high in pairwise(ordered)])[::-1]
    summed = sum(1 < high <= inside for high in ordered)
    operands: list[Any] = [
        access_of(column.reshape(sizes), lanes=has_lanes)
        if column.dtype.kind == "i"
        else constants_of(column.reshape(sizes))
        for column, has_lanes in columns
    ]
    moving = {axis for x in operands for axis in x.axes()}
    if summed and not moving.issuperset(
        range(len(sizes) - summed, len(sizes))
    ):  # the same is added many times
        column, has_lanes = columns[0]
        operands[0] = Access(operands[0].start, (1,) * len(sizes), column.reshape(sizes), has_lanes)
    return merged(Part(kind, tuple(operands), sizes, summed, lanes), kept)


def family_of(column: Any, *, varies: bool, lanes: bool) -> Part:  # noqa: ANN401 - an array
    """Describe many operands of equal rows: addresses, or constants, by statement and by place."""
    table = column.T.reshape([n for n in column.T.shape if n > 1])
    folded = int(column.shape[1] > 1)
    if table.dtype.kind == "i":
        x: Access | Constants = access_of(table, lanes=varies)
        if folded and 0 not in x.axes():  # the same many times
            x = Access(int(table.flat[0]), (1,) * table.ndim, table, varies)
    else:
        x = constants_of(table)
        if folded and 0 not in x.axes():
            x = Constants(table, tuple(range(table.ndim)))
    return Part("row", (x,), table.shape, lanes=lanes, folded=folded)


def sizes_of(found: list[tuple[int, int]]) -> set[int]:
    """Return after how many steps each loop is over, from the inmost out."""
    return set(accumulate((n for n, _ in reversed(found)), mul))


def divisible(cuts: set[int]) -> bool:
    """Whether each size divides the next."""
    return all(high % low == 0 for low, high in pairwise(sorted(cuts)))


def loops(row: Any) -> list[tuple[int, int]] | None:  # noqa: ANN401 - an array of addresses
    """Describe a row of addresses as loops in one another, or None if it is irregular."""
    found: list[tuple[int, int]] = []
    while len(row) > 1:
        stride = row[1] - row[0]
        breaks = np.flatnonzero(np.diff(row) != stride)
        count = int(breaks[0]) + 1 if breaks.size else len(row)
        if len(row) % count or len(found) == DEEPEST:
            return None
        rows = row.reshape(-1, count)
        if (rows != rows[:, :1] + stride * np.arange(count)).any():
            return None
        found.append((count, int(stride)))
        row = rows[:, 0]
    return found[::-1]


def access_of(index: Any, *, lanes: bool) -> Access:  # noqa: ANN401 - an array of addresses
    """Describe addresses by strides, if they are regular along the axes of the array."""
    start = int(index.flat[0])
    regular = np.full(index.shape, start)
    strides = []
    for axis, n in enumerate(index.shape):
        stride = int(np.moveaxis(index, axis, 0).reshape(n, -1)[1, 0]) - start if n > 1 else 0
        regular = regular + stride * np.arange(n).reshape([n if k == axis else 1 for k in range(index.ndim)])
        strides.append(stride)
    if (regular == index).all() and min(strides, default=0) >= 0:
        return Access(start, tuple(strides), lanes=lanes)
    return Access(start, (1,) * index.ndim, index, lanes)


def constants_of(values: Any) -> Constants:  # noqa: ANN401 - an array
    """Drop the axes along which constants stay the same, to the last bit."""
    bits = values.view(np.int64)
    along = tuple([axis for axis in range(values.ndim) if (bits != bits.take([0], axis)).any()])
    reduced = values[tuple([slice(None) if axis in along else 0 for axis in range(values.ndim)])]
    return Constants(np.ascontiguousarray(reduced) if along else float(reduced), along)


def merged(part: Part, kept: set[int]) -> Part:
    """Join neighbouring axes that every operand moves along as if they were one."""
    for axis in reversed(range(len(part.sizes) - 1)):
        border = axis + 1 == len(part.sizes) - part.summed  # between the result's axes and those added up
        inner = prod(part.sizes[axis + 1 :])
        if not border and inner not in kept and all(_joinable(x, axis, part.sizes) for x in part.operands):
            sizes = (*part.sizes[:axis], part.sizes[axis] * part.sizes[axis + 1], *part.sizes[axis + 2 :])
            part = part._replace(
                operands=tuple([_joined(x, axis, sizes) for x in part.operands]),
                summed=part.summed - (axis >= len(part.sizes) - part.summed),
                sizes=sizes,
            )
    return part


def _moving(strides: tuple[int, ...]) -> list[int]:
    return [axis for axis, stride in enumerate(strides) if stride]


def _joinable(x: Access | Constants, axis: int, sizes: tuple[int, ...]) -> bool:
    if isinstance(x, Constants):
        return (axis in x.along) == (axis + 1 in x.along)
    return x.index is not None or x.strides[axis] == x.strides[axis + 1] * sizes[axis + 1]


def _joined(x: Access | Constants, axis: int, sizes: tuple[int, ...]) -> Access | Constants:
    if isinstance(x, Constants):
        along = tuple(sorted({a if a <= axis else a - 1 for a in x.along}))
        return Constants(x.values.reshape([sizes[a] for a in along]) if along else x.values, along)
    strides = (*x.strides[:axis], *x.strides[axis + 1 :])
    return x._replace(strides=strides, index=None if x.index is None else x.index.reshape(sizes))
