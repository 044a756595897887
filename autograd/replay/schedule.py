"""From a Wengert list to a schedule: what is computed together, and where it lies in memory.

Statements are sorted by level: each stands one above its highest operand. Equal statements of
one level are a group. Every number gets an address, those of a group one after another,
so that later groups find their operands in regular places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.replay.access import Part, family_of, part_of
from autograd.replay.folds import foldable
from autograd.replay.fuse import Fusing, Statement

if TYPE_CHECKING:
    from collections.abc import Collection

    from autograd.primitives import Primitive
    from autograd.replay.lower import WengertList

WIDE = 16
"""Fewer operations than this are quicker one by one."""

MANY = 64
"""Fewer operands than this, where rows take any number of them."""


class Group(NamedTuple):
    """Equal statements of one level, computed together or, if they are few, one by one."""

    row: Primitive | None
    slots: list[int]
    start: int  # address of the first result; the others follow
    parts: tuple[Part, ...] = ()  # none: one by one; of a row: one, or its families; of a sum: its terms
    constant: Any = 0.0  # to add to a sum: a number, or one for each result
    lanes: bool = False

    @property
    def end(self) -> int:
        """The address after the last result."""
        return self.start + len(self.slots)

    @property
    def single(self) -> bool:
        """Whether the results are variables, not memory: one number, or numbers one by one."""
        return not self.lanes and (not self.parts or len(self.slots) == 1)


class Schedule(NamedTuple):
    """Groups in order, and the address of every slot."""

    wengert: WengertList
    statements: dict[int, Statement]
    groups: list[Group]
    address: dict[int, int]
    varying: frozenset[int]  # slots that have a number for each lane

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return len(self.address)

    @property
    def statements_alone(self) -> int:
        """How many statements are computed one by one."""
        return sum(len(group.slots) for group in self.groups if not group.parts)

    @property
    def lines(self) -> float:
        """How many lines of numpy it takes, a statement in plain Python being a small part of one."""
        return sum(len(group.parts) or len(group.slots) / 8 for group in self.groups)


def scheduled(wengert: WengertList, batched: Collection[int] = ()) -> Schedule:
    """Fuse, group by level, and lay the numbers out in memory.

    Parameters
    ----------
    wengert
        What to compute.
    batched
        The inputs that have a number for each of many lanes; what depends on them has too.
    """
    statements = Fusing(wengert).statements
    varying = set(batched)
    level = dict.fromkeys(range(len(wengert.inputs)), 0)
    by_kind: dict[tuple[Any, ...], list[int]] = {}
    for slot, statement in statements.items():
        reads = statement.slots
        if batched and not varying.isdisjoint(reads):
            varying.add(slot)
        here = level[slot] = 1 + max([level[x] for x in reads], default=0)
        folds = foldable(statement.row)
        if statement.row is not None and not folds:
            kind: tuple[Any, ...] = (statement.row, *[_kind(x, varying) for x in statement.operands])
        elif folds or batched:
            sizes = {name: len(found) for name, found in statement.bundles(varying).items()}
            kind = statement.row, *sorted(sizes.items()), statement.constant != 0
        else:
            kind = (
                None,
                len(statement.pairs),
                len(statement.scaled),
                len(statement.terms),
                statement.constant != 0,
            )
        by_kind.setdefault((here, kind), []).append(slot)
    address = {slot: slot for slot in range(len(wengert.inputs))}
    groups: list[Group] = []
    shapes: dict[int, tuple[int, ...]] = {}
    for _, slots in sorted(by_kind.items(), key=lambda item: item[0][0]):
        start = len(address)
        first = statements[slots[0]]
        address.update(zip(slots, range(start, start + len(slots)), strict=True))
        lanes = slots[0] in varying
        group = Group(first.row, slots, start, lanes=lanes)
        narrow = len(slots) * first.work < (MANY if foldable(first.row) else WIDE)
        narrow = narrow or (first.row is not None and first.row.variadic and not foldable(first.row))
        if lanes or not narrow:
            group = together(group, [statements[slot] for slot in slots], address, shapes, varying)
            shapes[start] = group.parts[0].shape
        groups.append(group)
    return Schedule(wengert, statements, groups, address, frozenset(varying))


def together(
    group: Group,
    members: list[Statement],
    address: dict[int, int],
    shapes: dict[int, tuple[int, ...]],
    varying: Collection[int],
) -> Group:
    """Find the axes along which the operands of equal statements are regular."""

    def column(operands: list[Any]) -> tuple[Any, bool]:
        flat = operands[0] if isinstance(operands[0], list) else operands
        if isinstance(flat[0], int):
            found = [[address[x] for x in xs] if isinstance(xs, list) else address[xs] for xs in operands]
            return np.array(found), flat[0] in varying
        return np.array(operands, dtype=float), False

    if group.row is not None and not foldable(group.row):
        columns = [column(list(xs)) for xs in zip(*[member.operands for member in members], strict=True)]
        return group._replace(parts=(part_of("row", columns, shapes, lanes=group.lanes),))
    bundles = [member.bundles(varying) for member in members]
    parts = []
    for name in bundles[0]:
        places = range(len(bundles[0][name][0]))
        columns = [column([[xs[place] for xs in bundle[name]] for bundle in bundles]) for place in places]
        if foldable(group.row):
            ((family, varies),) = columns
            parts.append(family_of(family, varies=varies, lanes=group.lanes))
            continue
        if name in {"pairs 0", "pairs 2"}:  # what was computed earlier comes first
            (left, lanes), (right, _) = columns
            columns = [(np.minimum(left, right), lanes), (np.maximum(left, right), lanes)]
        parts.append(part_of(name.split()[0], columns, shapes, lanes=group.lanes and not name.endswith("0")))
    constants = np.array([member.constant for member in members])
    constant = float(constants[0]) if (constants == constants[0]).all() else constants
    return group._replace(parts=tuple(parts), constant=constant)


def _kind(x: object, varying: Collection[int]) -> str:
    return "constant" if not isinstance(x, int) else "varying" if x in varying else "shared"
