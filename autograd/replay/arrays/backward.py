"""The chain rule of a numpy program, from the last group up: each hands shares of its adjoint down.

A sum of products takes its partials from the rows `mul` and `add`: the share of an operand is the
adjoint times the other operand, added up along the axes on which the operand stays the same.
So the chain rule for a matrix product is the one for `mul`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.primitives import TABLE
from autograd.replay.access import Access, Part
from autograd.replay.arrays.calls import Call, contraction, share_call, summed
from autograd.replay.arrays.lines import Lines
from autograd.replay.arrays.memory import LANES
from autograd.replay.arrays.rows import ArrayRows
from autograd.replay.dialects import PYTHON
from autograd.replay.emit import share_of, without_edge
from autograd.replay.folds import foldable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograd.primitives import Primitive
    from autograd.replay.arrays.memory import Memory, Order
    from autograd.replay.fuse import Statement
    from autograd.replay.lower import Operand
    from autograd.replay.schedule import Group, Schedule

NEAR = 1000
"""Runs of adjoints that are no farther apart are set to zero as one: a line costs as much as more numbers."""


class Backward(Lines):
    """Prints the chain rule for groups, in reverse.

    While it prints it knows which adjoints are set: the first share is written, later ones are added.
    """

    def __init__(self, schedule: Schedule, memory: Memory) -> None:
        super().__init__(schedule, memory, ArrayRows("array", "<=>"))
        self.bars: set[int] = set()  # addresses whose adjoint is a variable that is set
        self.touched = np.zeros(schedule.size, dtype=bool)  # adjoints in memory that are set
        self.zeros = np.zeros(schedule.size, dtype=bool)  # those to be set to zero beforehand
        self.varying = np.zeros(schedule.size, dtype=bool)
        self.varying[schedule.batched] = True
        for group in schedule.groups:
            self.varying[group.start : group.end] = group.lanes

    def seed(self, output: int) -> None:
        """Give the output its adjoint: what each lane counts, or 1."""
        address = self.schedule.address[output]
        if output in self.schedule.varying:
            self.write(self.row("g", address), "weight", adding=False)
            self.touched[address] = True
        else:
            self.add_alone(address, "weight * lanes" if self.schedule.varying else "1.0")

    # Groups ---------------------------------------------------------------------------------------

    def group(self, group: Group) -> None:
        """Print the chain rule for a group, unless nothing depends on it."""
        if not group.parts:
            for k in reversed(range(len(group.slots))):
                if self.collected(group.start + k):
                    self.alone(group.start + k, self.schedule.statements[group.slots[k]])
            return
        where = np.arange(group.start, group.end)
        if group.single:
            if not self.collected(group.start):
                return
        elif self.touched[where].any():
            self.complete(where)
        else:
            return
        self.together(group)

    def together(self, group: Group) -> None:
        """Print the chain rule for statements computed together."""
        if foldable(group.row):
            self.folded(group, group.row)
            return
        for part in group.parts:
            if part.kind == "row":
                self.row_over_arrays(group, part)
            elif part.kind == "terms":
                self.terms(group, part)
            else:
                self.products(group, part)

    def alone(self, address: int, statement: Statement) -> None:
        """Print the chain rule for one statement in plain Python."""
        z = PYTHON.term(self.memory.variables[address])
        z_bar = PYTHON.term(f"{z}_bar")
        shares: list[tuple[Operand, Any]] = []
        if statement.row is None:
            for pair in (*statement.pairs, *statement.scaled):
                symbols = self.symbols(pair)
                shares += [(x, PYTHON.partial(TABLE["mul"], i, z, symbols)) for i, x in enumerate(pair)]
            shares += [(x, PYTHON.partial(TABLE["add"], 0, z, (z, z))) for x in statement.terms]
        elif statement.row.variadic:
            partials = self.memory.fresh("partials")
            names = ", ".join(map(self.name_of, statement.operands))
            self.lines.append(f"{partials} = {statement.row.name}_partials({z}, [{names}])")
            shares = [(x, PYTHON.term(f"{partials}[{i}]")) for i, x in enumerate(statement.operands)]
        else:
            symbols = self.symbols(statement.operands)
            shares = [
                (x, PYTHON.partial(statement.row, i, z, symbols))
                for i, x in enumerate(statement.operands)
                if isinstance(x, int)
            ]
        for x, partial in shares:
            if isinstance(x, int) and not (statement.row and without_edge(statement.row, partial)):
                self.add_alone(self.schedule.address[x], str(share_of(z_bar, partial)))

    def bar(self, group: Group, part: Part, over: tuple[int, ...]) -> str:
        """Name the adjoint of a group so that it broadcasts over axes."""
        if group.single:
            return f"{self.memory.variables[group.start]}_bar"
        return self.memory.view("g", self.whole(group, part).result(group.start), part.sizes, over)

    def row_over_arrays(self, group: Group, part: Part) -> None:
        """Print the chain rule for a row over arrays."""
        row = group.row
        symbols = self.array_symbols(part)
        z = self.dialect.term(self.target(group, part))
        z_bar = self.bar(group, part, part.result_axes)
        if row is not None and row.variadic:
            partials = self.memory.fresh("partials")
            self.lines.append(f"{partials} = {self.dialect.partials_call(row, z, symbols)}")
        for i, x in enumerate(part.operands):
            if isinstance(x, Access) and row is not None:
                if row.variadic:
                    partial = self.dialect.term(f"{partials}[{i}]")
                else:
                    partial = self.dialect.partial(row, i, z, symbols)
                if not without_edge(row, partial):
                    self.hand_down(x, part, share_call(z_bar, partial), part.result_axes)

    def folded(self, group: Group, row: Primitive) -> None:
        """Print the chain rule for a row of any number of operands."""
        wanted = [isinstance(part.operands[0], Access) for part in group.parts]
        name = self.dialect.fold(row, [part.folded for part in group.parts], wanted)
        slopes = [self.memory.fresh("slopes") for part in group.parts if isinstance(part.operands[0], Access)]
        operands = [self.target(group, group.parts[0]), *self.families(group)]
        self.lines.append(f"{', '.join(slopes)} = {name}({', '.join(operands)})")
        for part in group.parts:
            (x,) = part.operands
            if isinstance(x, Access):
                z_bar = self.bar(group, part, part.result_axes)
                self.hand_down(x, part, share_call(z_bar, self.dialect.term(slopes.pop(0))), part.axes)

    def terms(self, group: Group, part: Part) -> None:
        """Print the chain rule for the terms of a sum."""
        (x,) = part.operands
        result = self.whole(group, part).result_axes
        every = tuple(range(len(part.sizes) + 1)) if group.lanes else tuple(range(len(part.sizes)))
        spread = result if set(x.axes()) <= set(result) else every  # every term of a sum gets the same
        z_bar = self.bar(group, part, spread)
        partial = self.dialect.partial(TABLE["add"], 0, self.dialect.term("z"), [self.dialect.term("x")] * 2)
        if isinstance(x, Access):
            first = min(self.whole(group, part).result(group.start).axes(), default=0)
            axes = () if group.single else tuple([axis for axis in spread if axis >= first])
            self.hand_down(x, part, share_call(z_bar, partial), axes, full=spread is result)

    def products(self, group: Group, part: Part) -> None:
        """Print the chain rule for the products of a sum."""
        result = self.whole(group, part).result(group.start)
        axes = () if group.single else result.axes()
        symbols = [self.dialect.term(name) for name in ("{0}", "{1}")]
        left, right = part.operands
        square = isinstance(left, Access) and left.same_as(right) and set(axes) <= set(left.axes())
        for i, x in enumerate(part.operands):
            if isinstance(x, Access) and not (square and i):
                partial = self.dialect.partial(TABLE["mul"], i, self.dialect.term("z"), symbols)
                other = part.operands[[str(symbol) for symbol in symbols].index(str(partial))]
                gone = {*axes, *other.axes()} - {*x.axes()}
                name = self.bar(group, part, axes if gone else x.axes())
                name = f"2.0 * {name}" if square else name  # both shares at once
                order = None
                if gone and not group.single and x.index is None and self.distinct(x, part):
                    call, order = self.stack(("g", result), ("v", other), part.sizes, x.axes())
                if gone and order is None:
                    own = self.memory.own(other, part.sizes)
                    call = contraction(name, axes, own, other.axes(), x.axes())
                elif not gone:
                    call = Call("np.multiply", f"{name}, {self.memory.spread(other, part.sizes, x.axes())}")
                self.hand_down(x, part, call, x.axes(), order=order)

    # Shares ---------------------------------------------------------------------------------------

    @staticmethod
    def distinct(x: Access, part: Part) -> bool:
        """Whether an operand is at no address twice."""
        where = x.addresses(part.sizes)
        return bool(np.unique(where).size == where.size)

    def hand_down(
        self,
        x: Access,
        part: Part,
        call: Any,  # noqa: ANN401 - a call or a text
        axes: tuple[int, ...],
        *,
        full: bool = True,
        order: Order | None = None,
    ) -> None:
        """Add a share to the adjoint of an operand: up first, along axes that the operand has not.

        Parameters
        ----------
        x, part
            The operand, and the part that it belongs to.
        call
            The share.
        axes
            Its axes, in order.
        full
            Whether it is as long as the part along each of them; it may have length 1 otherwise.
        order
            The order of its axes, if it is a stack of matrix products.
        """
        own = x.axes()
        gone = tuple([k for k, axis in enumerate(axes) if axis not in own])
        if not own:
            self.add_alone(x.start, f"float({summed(call)})" if gone else str(call))
            return
        if gone:
            call = summed(call, gone)
            call = call if full else str(call)
        where = x.addresses(part.sizes)
        distinct = self.distinct(x, part)
        if not distinct:
            self.complete(where)
        adding = bool(self.touched[where].any())
        if adding:
            self.complete(where)
        self.touched[where] = True
        if x.index is None and distinct:
            arranged = self.memory.arranged("g", x, part.sizes, order) if order else None
            self.write(arranged or self.memory.view("g", x, part.sizes, own), call, adding=adding)
            return
        memory = LANES["g"] if x.lanes else "g"
        index = self.memory.constant(where)
        if distinct:
            self.lines.append(f"{memory}[{index}] {'+=' if adding else '='} {call}")
        else:
            self.lines.append(f"np.add.at({memory}, {index}, {call})")

    # Adjoints -------------------------------------------------------------------------------------

    def collected(self, address: int) -> bool:
        """Bring together the adjoint of a number computed alone; false if there is none."""
        if self.touched[address]:
            self.add_alone(address, f"g.item({address})")
        return address in self.bars

    def add_alone(self, address: int, share: str) -> None:
        """Add to the adjoint of one number."""
        if address in self.memory.variables:
            name = f"{self.memory.variables[address]}_bar"
            self.lines.append(f"{name} {'+=' if address in self.bars else '='} {share}")
            self.bars.add(address)
        else:
            self.lines.append(f"g[{address}] {'+=' if self.touched[address] else '='} {share}")
            self.touched[address] = True

    def complete(self, where: Any) -> None:  # noqa: ANN401 - an array of addresses
        """Have adjoints that nothing has added to be zero from the start."""
        self.zeros[where] |= ~self.touched[where]
        self.touched[where] = True

    def zero_lines(self) -> Iterator[str]:
        """Print what sets adjoints to zero, in runs."""
        for memory, chosen in (("g", self.zeros & ~self.varying), ("h", self.zeros & self.varying)):
            edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen.astype(int), [0]])))
            near = NEAR if memory == "g" else 0
            inner = [k for k in range(1, len(edges) - 1, 2) if edges[k + 1] - edges[k] <= near]
            edges = np.delete(edges, [*inner, *(k + 1 for k in inner)])
            yield from (f"{memory}[{a}:{b}] = 0.0" for a, b in zip(edges[::2], edges[1::2], strict=True))
