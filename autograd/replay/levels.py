"""When each statement is computed: one level above its highest operand, or later, to be among its like.

Statements of one level do not depend on one another, so equal ones can be computed together. The
first of many rows is often a step shorter than the others, as a sum of one term needs no
addition; then all that follows in it would stay a level lower, and be computed apart.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias

from autograd.replay.folds import foldable

if TYPE_CHECKING:
    from collections.abc import Collection

    from autograd.replay.fuse import Fusing, Statement

Kind: TypeAlias = "tuple[int, Any, Any]"
"""The level of statements, their family, and their length."""

REACH = 8
"""So many levels of its family are looked at for a group to move to."""

SUM = (None, False, False, True, False)
"""The family of sums of terms alone."""


class Levels:
    """Sorts statements by level, and each level by families: equal statements, but for their lengths.

    Parameters
    ----------
    fusing
        The statements; copies may be added.
    inputs
        How many slots are inputs.
    batched
        The inputs that vary from lane to lane.

    Attributes
    ----------
    groups
        The slots of each level and family, in order, those of each length apart.
    varying
        The slots that vary from lane to lane.
    """

    def __init__(self, fusing: Fusing, inputs: int, batched: Collection[int]) -> None:
        self.fusing = fusing
        self.statements = fusing.statements
        self.varying = set(batched)
        self.level = dict.fromkeys(range(inputs), 0)
        self.reads: dict[int, list[int]] = {}
        found: dict[Kind, list[int]] = {}
        for slot, statement in self.statements.items():
            reads = self.reads[slot] = statement.slots
            if batched and not self.varying.isdisjoint(reads):
                self.varying.add(slot)
            here = self.level[slot] = 1 + max([self.level[x] for x in reads], default=0)
            found.setdefault((here, *self.family(statement)), []).append(slot)
        self.groups = self.settled(found)
        if not batched:
            for (_, family), groups in list(self.groups.items()):
                if family[0] is not None and not family[0].variadic:
                    self.even_up(groups[0])

    def family(self, statement: Statement) -> tuple[Any, tuple[int, ...]]:
        """Say what statement it is; and apart from that its length, by what is added up."""
        folds = foldable(statement.row)
        if statement.row is not None and not folds:
            return (statement.row, *[self.kind(x) for x in statement.operands]), ()
        if self.varying or folds:
            found = sorted(statement.bundles(self.varying).items())
            return (
                (statement.row, *[name for name, _ in found], statement.constant != 0),
                tuple([len(x) for _, x in found]),
            )
        pairs, scaled, terms = len(statement.pairs), len(statement.scaled), len(statement.terms)
        family = None, pairs > 0, scaled > 0, terms > 0, statement.constant != 0
        return family, (pairs, scaled, terms)

    def kind(self, x: object) -> str:
        """Say what an operand is."""
        return "constant" if not isinstance(x, int) else "varying" if x in self.varying else "shared"

    def settled(self, found: dict[Kind, list[int]]) -> dict[tuple[int, Any], list[list[int]]]:
        """Sort groups by level and family, once they are at the levels where they are to be computed."""
        size: Counter[tuple[int, Any]] = Counter()
        for (here, family, _), slots in found.items():
            size[here, family] += len(slots)
        places: dict[Any, list[int]] = {}
        for here, family in sorted(size, key=lambda key: key[0]):
            places.setdefault(family, []).append(here)
        if any(len({size[here, family] for here in levels}) > 1 for family, levels in places.items()):
            self.put_off(found, size, places)
        groups: dict[tuple[int, Any], list[list[int]]] = {}
        for (here, family, _), slots in sorted(found.items(), key=lambda item: item[0][0]):
            groups.setdefault((here, family), []).append(slots)
        return groups

    def put_off(
        self, found: dict[Kind, list[int]], size: Counter[tuple[int, Any]], places: dict[Any, list[int]]
    ) -> None:
        """Move groups to later levels, where more of their family are, as far as what reads them allows.

        Parameters
        ----------
        found
            The groups, which are moved.
        size
            How many statements of a family are at a level; kept up to date.
        places
            The levels of each family, in order.
        """
        latest = [len(size)] * len(self.fusing.uses)
        for here, family, length in sorted(found, key=lambda key: key[0], reverse=True):
            slots = found[here, family, length]
            later = places[family]
            after = bisect_right(later, here)
            last = min([latest[slot] for slot in slots]) if after < len(later) else here
            for there in later[after : after + REACH]:
                if there <= last and size[there, family] > len(slots):
                    found[there, family, length] = sorted(found.get((there, family, length), []) + slots)
                    size.update({(there, family): len(slots), (here, family): -len(slots)})
                    self.level.update(dict.fromkeys(slots, there))
                    del found[here, family, length]
                    break
            for slot in slots:
                before = self.level[slot] - 1
                for x in self.reads[slot]:
                    latest[x] = min(latest[x], before)

    def even_up(self, slots: list[int]) -> None:
        """Let statements that read a number, where most of their like read a sum, read a sum of that one.

        A sum of one term is no operation: where a row of numbers has only one, what divides by the sum
        of the row divides by the number itself. A copy of it among the sums, which are of several lengths
        anyway, lets all be read as one array. It is done only where most are sums of one level.
        """
        for place in range(len(self.statements[slots[0]].operands)):
            operands = [self.statements[slot].operands[place] for slot in slots]
            sums = Counter(self.level[x] for x in operands if isinstance(x, int) and self.is_sum(x))
            for there, count in sums.most_common(1):
                lower = [
                    slot
                    for slot, x in zip(slots, operands, strict=True)
                    if isinstance(x, int) and self.level[x] < there
                ]
                lengths = len(self.groups[there, SUM])
                if lower and len(lower) + count == len(slots) and len(lower) < count and lengths > 1:
                    self.copy(lower, place, there)

    def is_sum(self, x: int) -> bool:
        """Whether a slot is a sum of terms."""
        return x in self.statements and self.family(self.statements[x])[0] == SUM

    def copy(self, slots: list[int], place: int, level: int) -> None:
        """Let statements read, instead of the operand at a place, a sum of it alone, computed at a level."""
        copies: dict[int | float, int] = {}
        for slot in slots:
            statement = self.statements[slot]
            x = statement.operands[place]
            if x not in copies:
                total = self.fusing.total()
                total.terms.append(int(x))
                copies[x] = self.fusing.added(total)
                self.level[copies[x]] = level
            statement.operands = (*statement.operands[:place], copies[x], *statement.operands[place + 1 :])
        self.groups[level, SUM].append(list(copies.values()))
