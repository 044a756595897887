"""The order of the statements in a group, and what makes a box of rows of unequal length.

A group is a column of addresses for each operand, a row for each statement. Where the columns
are irregular, the statements may be taken in another order. The statements of a triangle, such
as the products of each query with the keys up to it, are rows that end early: they are continued
to the same length, and fill a box.

So numbers are computed that nobody asked for: a box holds at most `WASTE` times as many as were. What was
asked for reads them with a factor of 0 only. If one is not finite, so may a result be, and is
evaluated eagerly then: that costs time, and changes nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.replay.access import loops
from autograd.replay.folds import foldable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from autograd.replay.fuse import Statement

FEW = 3
"""So many terms may be added one by one."""

WASTE = 2
"""A box may be as many times as large as what was asked for."""


class Columns(NamedTuple):
    """The operands of equal statements: what is added up, by kind; for each operand an array and its lanes.

    An array has a row for each statement, and a column for each term; it holds addresses, which are
    integers, or constants.
    """

    bundles: dict[str, list[tuple[Any, bool]]]
    constants: Any  # what is added to each statement

    @property
    def apart(self) -> dict[str, list[tuple[Any, bool]]]:
        """The bundles, but few terms at irregular addresses one by one, if some of them are regular."""
        found = {}
        for name, bundle in self.bundles.items():
            ((x, lanes), *others) = bundle
            places = [x[:, place : place + 1] for place in range(x.shape[1])]
            if name.startswith("terms") and 1 < len(places) <= FEW and loops(x.reshape(-1)) is None:
                regular = sum(loops(place.reshape(-1)) is not None for place in places)
                if regular:
                    found.update({f"{name} {k}": [(place, lanes)] for k, place in enumerate(places)})
                    continue
            found[name] = [(x, lanes), *others]
        return found

    @property
    def addresses(self) -> list[Any]:
        """The arrays of addresses."""
        return [x for bundle in self.bundles.values() for x, _ in bundle if x.dtype.kind == "i"]

    @property
    def irregular(self) -> int:
        """How many operands are at no regular addresses."""
        return sum(loops(x.reshape(-1)) is None for x in self.addresses)

    def taken(self, order: Any) -> Columns:  # noqa: ANN401 - an array
        """Put the statements in another order."""
        return self.each(lambda x: x[order])

    def each(self, change: Callable[[Any], Any]) -> Columns:
        """Change every array."""
        bundles = {name: [(change(x), lanes) for x, lanes in bundle] for name, bundle in self.bundles.items()}
        return Columns(bundles, change(self.constants[:, None])[:, 0])


class Box(NamedTuple):
    """Where the statements of a group are among rows of one length."""

    longest: int
    cells: Any  # of each statement
    room: int  # how many cells there are


def columns_of(
    members: list[Statement],
    address: dict[int, int],
    starts: list[int],
    varying: Collection[int],
) -> Columns:
    """Put the operands of statements into columns."""

    def column(operands: list[Any]) -> tuple[Any, bool]:
        if isinstance(operands[0][0], int):
            found = np.array([[address[x] for x in xs] for xs in operands])
            return found, operands[0][0] in varying
        return np.array(operands, dtype=float), False

    constants = np.array([member.constant for member in members])
    if members[0].row is not None and not foldable(members[0].row):
        operands = zip(*[member.operands for member in members], strict=True)
        return Columns({"row": [column([(x,) for x in xs]) for xs in operands]}, constants)
    found = [member.bundles(varying) for member in members]
    bundles = {}
    for name, first in found[0].items():
        places = range(len(first[0]))
        columns = [column([[xs[place] for xs in bundle[name]] for bundle in found]) for place in places]
        if name in {"pairs 0", "pairs 2"}:  # what was computed earlier comes first
            (left, lanes), (right, _) = columns
            low, high = np.minimum(left, right), np.maximum(left, right)
            if not bisect_right(starts, low.min()) == bisect_right(starts, high.max()) > 0:
                columns = [(low, lanes), (high, lanes)]  # but in one group the order may have a meaning
        bundles[name] = columns
    return Columns(bundles, constants)


def in_order(columns: Columns) -> Any:  # noqa: ANN401 - an array
    """Return the order of the statements in which most operands are at regular addresses."""
    best, order = columns.irregular, np.arange(len(columns.constants))
    if best:
        keys = [x[:, 0] for x in columns.addresses]
        for first in reversed(range(len(keys))):
            others = keys[:first] + keys[first + 1 :]
            tried = np.lexsort([*reversed(others), keys[first]])
            irregular = columns.taken(tried).irregular
            if irregular < best:
                best, order = irregular, tried
    return order


def box_in(columns: Columns, start: int) -> Box | None:
    """Find rows that all operands go through in equal steps, and that end early.

    Only statements in order of their operands are looked at, and addresses before `start`.
    """
    heads = np.stack([x[:, 0] for x in columns.addresses], axis=1)
    if not columns.irregular or len(heads) < len("abc"):
        return None
    steps = np.diff(heads, axis=0)
    found, counts = np.unique(steps, axis=0, return_counts=True)
    ends = np.flatnonzero((steps != found[counts.argmax()]).any(axis=1)) + 1
    box = box_of(np.diff([0, *ends, len(heads)]))
    if box.room > WASTE * len(heads):
        return None
    whole = filled(columns, box, start)
    return None if whole.irregular else box


def box_of(lengths: Any) -> Box:  # noqa: ANN401 - an array
    """Return a box for rows of these lengths."""
    longest = int(lengths.max())
    cells = np.concatenate([row * longest + np.arange(n) for row, n in enumerate(lengths)])
    return Box(longest, cells, len(lengths) * longest)


def filled(columns: Columns, box: Box, start: int) -> Columns:
    """Give the cells of a box that no statement has operands too.

    Their addresses go on in equal steps if they can, among the numbers before `start`; otherwise any
    number will do.
    """

    def fill(x: Any) -> Any:  # noqa: ANN401 - an array
        found = continued(x, box)
        if found is not None and found.min() >= 0 and found.max() < start:
            return found
        found = np.repeat(x[:1], box.room, axis=0)
        found[box.cells] = x
        return found

    return columns.each(fill)


def continued(x: Any, box: Box) -> Any:  # noqa: ANN401 - an array of addresses
    """Return addresses for all cells of a box, if those that are known go on in equal steps."""
    if x.dtype.kind != "i" or (x - x[:, :1] != x[0] - x[0, 0]).any():
        return None
    places = box.cells % box.longest
    within = np.flatnonzero(places[1:])
    steps = (x[1:, 0] - x[:-1, 0])[within]
    if not steps.size or (steps != steps[0]).any():
        return None
    rows = x[places == 0, 0][:, None] + steps[0] * np.arange(box.longest)
    return rows.reshape(-1, 1) + (x[0] - x[0, 0])


def lengthened(x: Any, longest: int, step: int) -> Any:  # noqa: ANN401 - arrays of addresses
    """Continue the terms of sums to a length."""
    return x[:, :1] + step * np.arange(longest)


def step_of(pieces: list[Any]) -> int | None:
    """Return the step between the terms of sums, if it is the same everywhere."""
    steps = np.concatenate([np.diff(x, axis=1).reshape(-1) for x in pieces])
    return int(steps[0]) if steps.size and (steps == steps[0]).all() else None


def of_one_length(pieces: list[Columns], start: int, masked: Callable[[Any, Any], Any]) -> Columns | None:
    """Bring sums of different lengths to the longest: what is too much counts nothing.

    Terms get a weight, 1 or 0. For products, `masked` returns the addresses of an operand where those
    that are too much are 0; or None if it cannot.
    """
    names = {tuple(piece.bundles) for piece in pieces}
    (names_of_one,) = names if len(names) == 1 else [()]
    name = names_of_one[0] if len(names_of_one) == 1 else ""
    if not name.startswith(("pairs", "terms")):
        return None
    bundles = [piece.bundles[name] for piece in pieces]
    lengths = np.repeat([x.shape[1] for ((x, _), *_) in bundles], [len(x) for ((x, _), *_) in bundles])
    longest = int(lengths.max())
    steps = [step_of([x for x, _ in column]) for column in zip(*bundles, strict=True)]
    if len(lengths) * longest > WASTE * lengths.sum() or None in steps:
        return None
    whole = [
        (np.concatenate([lengthened(x, longest, step or 0) for x, _ in column]), column[0][1])
        for column, step in zip(zip(*bundles, strict=True), steps, strict=True)
    ]
    if any(x.min() < 0 or x.max() >= start for x, _ in whole):
        return None
    asked = np.arange(longest) < lengths[:, None]
    constants = np.concatenate([piece.constants for piece in pieces])
    if name.startswith("terms"):
        return Columns({name.replace("terms", "scaled"): [*whole, (asked.astype(float), False)]}, constants)
    for place, (x, lanes) in enumerate(whole):
        zero_where_not_asked = masked(x, asked)
        if zero_where_not_asked is not None:
            whole[place] = zero_where_not_asked, lanes
            return Columns({name: whole}, constants)
    return None
