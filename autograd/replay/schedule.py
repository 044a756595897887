"""From a Wengert list to a schedule: what is computed together, and where it lies in memory.

Statements are sorted by level: each stands at least one above its highest operand. Equal statements of
one level are a group. Every number gets an address, those of a group one after another,
so that later groups find their operands in regular places.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.replay.access import Part, family_of, part_of
from autograd.replay.dialects import PYTHON
from autograd.replay.emit import built_in
from autograd.replay.folds import foldable
from autograd.replay.fuse import Fusing, Statement
from autograd.replay.levels import Levels
from autograd.replay.lower import collector_paused
from autograd.replay.ragged import Box, Columns, box_in, columns_of, filled, in_order, of_one_length

if TYPE_CHECKING:
    from collections.abc import Collection

    from autograd.primitives import Primitive
    from autograd.replay.lower import WengertList

WIDE = 16
"""Fewer operations than this are quicker one by one."""

DEAR = 3
"""So many times as dear is an operation at most for operands out of arrays: it has two."""

MANY = 64
"""Fewer operands than this, where rows take any number of them."""

FEW = 4
"""So few sums are not brought to one length."""


class Group(NamedTuple):
    """Equal statements of one level, computed together or, if they are few, one by one."""

    row: Primitive | None
    slots: list[int]  # none: what another group has computed, where it was asked for, else 0
    start: int  # address of the first result; the others follow
    parts: tuple[Part, ...] = ()  # none: one by one; of a row: one, or its families; of a sum: its terms
    constant: Any = 0.0  # to add to a sum: a number, or one for each result
    lanes: bool = False
    box: Box | None = None  # where the statements are among the results, if not one after another

    @property
    def room(self) -> int:
        """How many results there are, those that nobody asked for included."""
        return len(self.slots) if self.box is None else self.box.room

    @property
    def end(self) -> int:
        """The address after the last result."""
        return self.start + self.room

    @property
    def single(self) -> bool:
        """Whether the results are variables, not memory: one number, or numbers one by one."""
        return not self.lanes and (not self.parts or self.room == 1)


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
        return self.groups[-1].end if self.groups else len(self.address)

    @property
    def batched(self) -> list[int]:
        """The inputs that have a number for each lane."""
        return sorted(slot for slot in self.varying if slot < len(self.wengert.inputs))

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
    with collector_paused():
        fusing = Fusing(wengert)
        levels = Levels(fusing, len(wengert.inputs), batched)
        layout = Layout(levels, len(wengert.inputs))
        for family in levels.groups.values():
            layout.add(family)
    return Schedule(wengert, fusing.statements, layout.groups, layout.address, frozenset(levels.varying))


class Layout:
    """Lays out groups one after another, from the first level to the last."""

    def __init__(self, levels: Levels, inputs: int) -> None:
        self.statements = levels.statements
        self.varying = levels.varying
        self.address = {slot: slot for slot in range(inputs)}
        self.inputs = inputs
        self.groups: list[Group] = []
        self.starts: list[int] = []
        self.alone: set[int] = set()  # slots that are computed one by one
        self.shapes: dict[int, tuple[int, ...]] = {}  # the axes of groups by their first address
        self.boxes: dict[int, Group] = {}  # groups with numbers that nobody asked for, likewise
        self.masks: dict[int, Group] = {}  # copies of these, where such numbers are 0

    @property
    def start(self) -> int:
        """The first free address."""
        return self.groups[-1].end if self.groups else self.inputs

    def add(self, family: list[list[int]]) -> None:
        """Lay out the statements of a family: together, or those of each length apart."""
        slots = [slot for alike in family for slot in alike]
        if len(family) > 1 and len(slots) >= FEW and self.statements[slots[0]].row is None:
            columns = of_one_length([self.columns(alike) for alike in family], self.start, self.masked)
            if columns is not None:
                self.add_columns(slots, columns)
                return
        for alike in family:
            self.add_equal(alike)

    def add_equal(self, slots: list[int]) -> None:
        """Lay out equal statements, one by one if that is quicker."""
        first = self.statements[slots[0]]
        if slots[0] in self.varying or not self.narrow(slots, first):
            self.add_columns(slots, self.columns(slots))
            return
        start = self.start
        self.address.update(zip(slots, range(start, start + len(slots)), strict=True))
        self.alone.update(slots)
        self.append(Group(first.row, slots, start))

    def narrow(self, slots: list[int], first: Statement) -> bool:
        """Whether statements are so few that they are quicker one by one."""
        work = len(slots) * first.work
        if first.row is not None and first.row.variadic:
            return work < MANY or not foldable(first.row)
        if work < WIDE <= DEAR * work:  # numbers are slow to get out of arrays
            work += sum(x not in self.alone for slot in slots for x in self.statements[slot].slots)
        return work < WIDE

    def columns(self, slots: list[int]) -> Columns:
        """Return the operands of equal statements."""
        members = [self.statements[slot] for slot in slots]
        return columns_of(members, self.address, self.starts, self.varying)

    def add_columns(self, slots: list[int], columns: Columns) -> None:
        """Lay out statements together, in the order and in the box that suit their operands."""
        order, box = self.adopted(columns)
        if order is None:
            order = in_order(columns)
        columns = columns.taken(order)
        slots = [slots[k] for k in order.tolist()]
        start = self.start
        box = box or box_in(columns, start)
        cells = range(len(slots))
        if box is not None:
            whole = filled(columns, box, start)
            if harmless(self.statements[slots[0]].row, columns, whole):
                columns, cells = whole, box.cells.tolist()
            else:
                box = None
        self.address.update(zip(slots, [start + cell for cell in cells], strict=True))
        row, lanes = self.statements[slots[0]].row, slots[0] in self.varying
        if foldable(row):
            parts = families_of(columns, lanes=lanes)
        else:
            parts = tuple([self.part(name, bundle, lanes=lanes) for name, bundle in columns.apart.items()])
        constants = columns.constants
        constant = float(constants[0]) if (constants == constants[0]).all() else constants
        self.append(Group(row, slots, start, parts, constant, lanes, box))

    def part(self, name: str, bundle: list[tuple[Any, bool]], *, lanes: bool) -> Part:
        """Find the axes along which the operands of equal statements are regular."""
        kind, *counts = name.split()
        return part_of(kind, bundle, self.shapes, lanes=lanes and "0" not in counts[:1])

    def append(self, group: Group) -> None:
        """Take a group in."""
        self.groups.append(group)
        self.starts.append(group.start)
        for part in group.parts[:1]:
            self.shapes[group.start] = part.shape
        if group.box is not None:
            self.boxes[group.start] = group

    def adopted(self, columns: Columns) -> tuple[Any, Box | None]:
        """Return order and box of the group whose numbers statements read each once, if it has a box."""
        for x in columns.addresses:
            group = self.group_of(int(x[0, 0])) if x.shape[1] == 1 else None
            if group is not None and group.box is not None and len(x) == len(group.slots):
                order = np.argsort(x[:, 0])
                if np.array_equal(x[order, 0], group.start + group.box.cells):
                    return order, group.box
        return None, None

    def group_of(self, address: int) -> Group | None:
        """Return the group with a box that an address is in."""
        return next((group for group in self.boxes.values() if group.start <= address < group.end), None)

    def masked(self, addresses: Any, asked: Any) -> Any:  # noqa: ANN401 - arrays
        """Return where the same numbers are, with 0 for those that are not asked for; or None.

        What is not asked for must be what nobody asks for.
        """
        group = self.group_of(int(addresses.flat[0]))
        if group is None or group.box is None:
            return None
        if addresses.min() < group.start or addresses.max() >= group.end:
            return None
        weights = np.zeros(group.room)
        weights[group.box.cells] = 1.0
        if (weights[addresses - group.start] != asked).any():
            return None
        if group.start not in self.masks:
            start = self.start
            here = np.arange(group.start, group.end)[:, None]
            name = f"scaled {int(group.lanes)}"
            part = self.part(name, [(here, group.lanes), (weights[:, None], False)], lanes=group.lanes)
            mask = self.masks[group.start] = Group(None, [], start, (part,), 0.0, group.lanes, group.box)
            self.append(mask)
        return addresses - group.start + self.masks[group.start].start


def harmless(row: Primitive | None, columns: Columns, whole: Columns) -> bool:
    """Whether a row may be computed for numbers that nobody asked for.

    Not one that somebody adds, which may do anything; and only if what its domain looks at is asked for.
    """
    if row is None or foldable(row):
        return True
    if not built_in(row):
        return False
    asked, filled_in = ([x for x, _ in each.bundles["row"]] for each in (columns, whole))
    operands = [
        x[0, 0].item() if x.dtype.kind == "f" and (x == x[0]).all() else PYTHON.term(f"x{k}")
        for k, x in enumerate(asked)
    ]
    looked_at = re.findall(r"\bx(\d+)\b", PYTHON.outside(row, operands))
    return all(np.isin(filled_in[int(k)], asked[int(k)]).all() for k in looked_at)


def families_of(columns: Columns, *, lanes: bool) -> tuple[Part, ...]:
    """Describe the operands of rows that take any number of them."""
    found = [bundle[0] for bundle in columns.bundles.values()]
    return tuple([family_of(x, varies=varies, lanes=lanes) for x, varies in found])
