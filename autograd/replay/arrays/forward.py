"""The values of a numpy program: a group of statements is one line, or a line for each part of its sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.replay.access import Access, Part
from autograd.replay.arrays.calls import Call, call_in, contraction, sum_call
from autograd.replay.arrays.lines import Lines
from autograd.replay.arrays.rows import ArrayRows
from autograd.replay.dialects import PYTHON
from autograd.replay.emit import built_in
from autograd.replay.folds import foldable
from autograd.symbols import OPERATORS

if TYPE_CHECKING:
    from autograd.primitives import Primitive
    from autograd.replay.arrays.memory import Memory, Order
    from autograd.replay.fuse import Statement
    from autograd.replay.schedule import Group, Schedule

UFUNCS = {
    "-": ("np.negative", "np.subtract"),
    "/": ("", "np.divide"),
    "+": ("", "np.add"),
    "*": ("", "np.multiply"),
}
"""What numpy calls Python's operators, of one operand and of two."""


class Forward(Lines):
    """Prints the values of groups.

    Attributes
    ----------
    told
        Whether numbers in memory that are not finite tell of operands outside a domain, so that one
        test at the end does for many.
    """

    def __init__(self, schedule: Schedule, memory: Memory) -> None:
        super().__init__(schedule, memory, ArrayRows("values", "<=>?"))
        self.stored = memory.read_in_arrays() & set(memory.variables)
        self.told = False

    def group(self, group: Group) -> None:
        """Print a group's values."""
        if not group.parts:
            for k, slot in enumerate(group.slots):
                self.alone(group.start + k, self.schedule.statements[slot])
        elif foldable(group.row):
            self.folded(group, group.row)
        elif group.row is not None:
            self.row_over_arrays(group, group.row, group.parts[0])
        else:
            self.sum(group)

    def alone(self, address: int, statement: Statement) -> None:
        """Print one statement in plain Python."""
        name = self.memory.variables[address]
        if statement.row is None:
            terms = [
                f"{self.name_of(x)} * {self.name_of(y)}" for x, y in (*statement.pairs, *statement.scaled)
            ]
            terms += [self.name_of(x) for x in statement.terms]
            if statement.constant != 0 or not terms:
                terms.append(self.name_of(statement.constant))
            self.lines.append(f"{name} = {' + '.join(terms)}")
        else:
            symbols = self.symbols(statement.operands)
            outside = PYTHON.outside(statement.row, symbols)
            if outside:
                self.lines.append(f"if {outside}: raise DomainError")
            self.lines.append(f"{name} = {PYTHON.value(statement.row, symbols)}")
        if address in self.stored:
            self.lines.append(f"v[{address}] = {name}")

    def row_over_arrays(self, group: Group, row: Primitive, part: Part) -> None:
        """Print a row of the table over arrays."""
        symbols = self.array_symbols(part)
        if row.function in OPERATORS:
            function = UFUNCS[OPERATORS[row.function]][len(symbols) - 1]
            call: Any = Call(function, ", ".join(self.dialect.term("").operand(x, 0) for x in symbols))
        else:
            call = call_in(str(self.dialect.value(row, symbols)))
        outside = self.dialect.outside(row, symbols)
        if outside and isinstance(call, Call) and not (group.single or group.lanes) and tells(row, part):
            self.told = True
        elif outside:
            self.lines.append(f"if np.any({outside}): raise DomainError")
        self.write(self.target(group, part), call, adding=False)

    def folded(self, group: Group, row: Primitive) -> None:
        """Print a row of any number of operands over arrays."""
        name = self.dialect.fold(row, [part.folded for part in group.parts])
        call = f"{name}({', '.join(self.families(group))})"
        call = f"float({call})" if group.single else call
        self.write(self.target(group, group.parts[0]), call, adding=False)
        self.store(group)

    def sum(self, group: Group) -> None:
        """Print a sum of products and terms, part by part, those of the most axes first."""
        adding = False
        for part in sorted(group.parts, key=lambda part: part.lanes < group.lanes):
            over, order = self.whole(group, part).result_axes, None
            if not part.summed:
                names = [self.memory.spread(x, part.sizes, over) for x in part.operands]
                product = Call("np.multiply", ", ".join(names)) if over else " * ".join(names)
                call: Any = product if part.kind != "terms" else names[0]
            else:
                call, order = self.sum_over(part)
                call = f"np.asarray({call})[..., None]" if part.lanes < group.lanes else call
            self.write(self.target(group, part, order), call, adding=adding)
            adding = True
        if not isinstance(group.constant, float) or group.constant != 0:
            part = Part("terms", (), (group.room,), lanes=group.lanes)
            shape = [-1, 1] if group.lanes else None
            self.write(self.target(group, part), self.memory.constant(group.constant, shape), adding=True)
        self.store(group)

    def store(self, group: Group) -> None:
        """Put a number that is a variable into memory too, if it is read as part of an array."""
        if group.single and group.start in self.stored:
            self.lines.append(f"v[{group.start}] = {self.memory.variables[group.start]}")

    def sum_over(self, part: Part) -> tuple[Any, Order | None]:
        """Write a part's products, or terms, added up along its summed axes; and the order of the axes left.

        None is the order of the result's axes.
        """
        x = part.operands[0]
        if part.kind == "terms":
            return sum_call(self.memory.own(x, part.sizes), x.axes(), part.result_axes), None
        y = part.operands[1]
        call, order = self.stack(("v", x), ("v", y), part.sizes, part.result_axes)
        if order is not None:
            return call, order
        x_name, y_name = (self.memory.own(operand, part.sizes) for operand in (x, y))
        return contraction(x_name, x.axes(), y_name, y.axes(), part.result_axes), None


def tells(row: Primitive, part: Part) -> bool:
    """Whether what lies in memory is not all finite if an operand is outside the domain.

    Outside, numpy's functions give nan or an infinity, if they are not given one. That holds for
    the rows of the table, not for what somebody adds: the square root of a number may be refused
    where numpy has one.
    """
    seen = all(x.axes() if isinstance(x, Access) else np.isfinite(x.values).all() for x in part.operands)
    return seen and built_in(row)
