"""The whole of a program in loops: values, guards, the chain rule, and a test for what is not finite."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.primitives import TABLE
from autograd.replay.access import Access, Constants
from autograd.replay.emit import share_of, violated, without_edge
from autograd.replay.folds import foldable
from autograd.replay.loops.nests import Nests
from autograd.replay.ragged import columns_of
from autograd.replay.schedule import families_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd.primitives import Primitive
    from autograd.replay.fuse import Statement
    from autograd.replay.schedule import Group, Schedule


class Loops(Nests):
    """Prints a schedule as loops.

    Raises
    ------
    PrimitiveError
        If a row cannot be written down.
    """

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        self.wengert = schedule.wengert
        self.groups = [self.whole(group) for group in schedule.groups]

    def whole(self, group: Group) -> Group:
        """Return a group with its families of operands, if it is of a row of any number of them."""
        if group.parts or not foldable(group.row):
            return group
        schedule = self.schedule
        members = [schedule.statements[slot] for slot in group.slots]
        columns = columns_of(members, schedule.address, [], schedule.varying)
        return group._replace(parts=families_of(columns, lanes=group.lanes))

    def source(self, *, gradient: bool, name: str = "program") -> str:
        """Print `def program(inputs, …)`, which returns the value and leaves the gradient in `g` and `h`."""
        schedule, inputs = self.schedule, len(self.wengert.inputs)
        varying = sorted(schedule.address[slot] for slot in schedule.varying)
        batched = runs(schedule.batched)
        row = 0
        for start, end in batched:
            self.line(f"u[{start}:{end}, :] = batch[{row}:{row + end - start}, :]")
            row += end - start
        self.line(f"v[:{inputs}] = inputs")
        for group in self.groups:
            self.forward(group)
        for guard in self.wengert.guards:
            with self.each_lane(guard.left in schedule.varying or guard.right in schedule.varying):
                self.line(f"if {violated(guard, self.number)}: return nan")
        self.output(gradient=gradient)
        if gradient:
            for group in reversed(self.groups):
                self.backward(group)
        self.line("size = value * value")
        if gradient:
            with self.nest((0,), (inputs,)):
                self.line("size += g[i] * g[i]")
            for start, end in batched:
                with self.nest((0, 1), (end - start,)):
                    self.line(f"size += h[{start} + i, lane] * h[{start} + i, lane]")
        self.line("return value if size < inf else nan")
        constants = "".join(f", c{k + 1}" for k in range(len(self.constants)))
        return "\n".join(
            [
                *self.dialect.definitions(),
                f"def {name}(inputs, batch, weight, v, g, u, h{constants}):",
                "    lanes = u.shape[1]",
                *["    g[:] = 0.0"] * gradient,
                *[f"    h[{start}:{end}, :] = 0.0" for start, end in runs(varying) if gradient],
                *self.lines,
                "",
            ]
        )

    def output(self, *, gradient: bool) -> None:
        """Add up the value, and give the output its adjoint."""
        output = self.wengert.output
        lanes = output in self.schedule.varying
        self.line("value = 0.0")
        if not lanes:
            self.line("weight = weight * lanes")
        with self.each_lane(lanes):
            self.line(f"value += {self.number(output)} * weight")
            if gradient and isinstance(output, int):
                self.line(f"{self.number(output, 'gh')} += weight")

    # Forward --------------------------------------------------------------------------------------

    def forward(self, group: Group) -> None:
        """Print a group's values."""
        if not group.parts:
            for slot in group.slots:
                self.forward_alone(slot, self.schedule.statements[slot])
        elif foldable(group.row):
            self.forward_folded(group, group.row)
        elif group.row is not None:
            (part,) = group.parts
            with self.nest(part.result_axes, part.sizes):
                symbols = self.symbols(part)
                self.inside(group.row, symbols)
                target = self.at(part.result(group.start), part.sizes)
                self.line(f"{target} = {self.dialect.value(group.row, symbols)}")
        else:
            self.forward_sum(group)

    def forward_alone(self, slot: int, statement: Statement) -> None:
        """Print one statement."""
        if statement.row is None:
            terms = [f"{self.number(x)} * {self.number(y)}" for x, y in (*statement.pairs, *statement.scaled)]
            terms += [*map(self.number, statement.terms), self.number(statement.constant)]
            self.line(f"{self.number(slot)} = {' + '.join(terms)}")
        else:
            symbols = [
                self.dialect.term(self.number(x)) if isinstance(x, int) else x for x in statement.operands
            ]
            self.inside(statement.row, symbols)
            self.line(f"{self.number(slot)} = {self.dialect.value(statement.row, symbols)}")

    def inside(self, row: Primitive, symbols: Sequence[object]) -> None:
        """Print the test of a domain."""
        outside = self.dialect.outside(row, symbols)
        if outside:
            self.line(f"if {outside}: return nan")

    def forward_folded(self, group: Group, row: Primitive) -> None:
        """Print a row of any number of operands."""
        with self.folding(group) as (folds, operands):
            self.line(f"{self.result(group)} = {folds.value(row, operands)}")

    def forward_sum(self, group: Group) -> None:
        """Print a sum of products and terms, part by part."""
        shapes = {part.sizes[: len(part.sizes) - part.summed] for part in group.parts}
        if len(shapes) == 1 and not group.lanes and isinstance(group.constant, float):
            self.forward_in_one(group, shapes.pop())
            return
        flat = (group.room,)
        start = Access(group.start, (1,), lanes=group.lanes)
        with self.nest((0, 1) if group.lanes else (0,), flat):
            constant = Constants(group.constant, () if isinstance(group.constant, float) else (0,))
            self.line(f"{self.at(start, flat)} = {self.at(constant, flat)}")
        for part in group.parts:
            whole = part._replace(lanes=group.lanes)
            product = " * ".join(self.at(x, part.sizes) for x in part.operands)
            self.accumulate(whole.result(group.start), whole, "vu", product)

    def forward_in_one(self, group: Group, sizes: tuple[int, ...]) -> None:
        """Print a sum whose parts have the same axes as one nest, with the sum in a register."""
        with self.nest(range(len(sizes)), sizes):
            self.line(f"s = {self.at(Constants(group.constant), sizes)}")
            for part in sorted(group.parts, key=lambda part: part.summed):
                with self.nest(range(len(sizes), len(part.sizes)), part.sizes):
                    self.line(f"s += {' * '.join(self.at(x, part.sizes) for x in part.operands)}")
            self.line(f"{self.at(group.parts[0].result(group.start), group.parts[0].sizes)} = s")

    # Backward -------------------------------------------------------------------------------------

    def backward(self, group: Group) -> None:
        """Print the chain rule for a group."""
        if not group.parts:
            for slot in reversed(group.slots):
                self.backward_alone(slot, self.schedule.statements[slot])
        if foldable(group.row):
            self.backward_folded(group, group.row)
            return
        for part in group.parts:
            whole = part._replace(lanes=group.lanes)
            result = whole.result(group.start)
            z_bar = self.dialect.term(self.at(result, part.sizes, "gh"))
            z = self.dialect.term(self.at(result, part.sizes))
            row = group.row or TABLE["add" if part.kind == "terms" else "mul"]
            symbols = self.symbols(part) if part.kind != "terms" else [*self.symbols(part), z]
            for i, x in enumerate(part.operands):
                if isinstance(x, Access):
                    partial = self.dialect.partial(row, i, z, symbols)
                    if without_edge(row, partial):
                        continue
                    share = share_of(z_bar, partial)
                    reads = (result, *part.operands)
                    self.accumulate(x, whole._replace(operands=reads), "gh", str(share))

    def backward_folded(self, group: Group, row: Primitive) -> None:
        """Print the chain rule for a row of any number of operands."""
        with self.folding(group) as (folds, operands):
            z, z_bar = (folds.term(self.result(group, memory)) for memory in ("vu", "gh"))
            slopes = folds.slopes(row, z, operands)
            for k, (part, target) in enumerate(zip(group.parts, self.families(group, "gh"), strict=True)):
                if isinstance(part.operands[0], Access):
                    if part.folded:
                        self.line(f"for i{k} in range({part.sizes[0]}):")
                    self.line(f"{'    ' * part.folded}{target} += {share_of(z_bar, slopes[k])}")

    def backward_alone(self, slot: int, statement: Statement) -> None:
        """Print the chain rule for one statement."""
        z, z_bar = (self.dialect.term(self.number(slot, memory)) for memory in ("vu", "gh"))
        products = [(TABLE["mul"], pair) for pair in (*statement.pairs, *statement.scaled)]
        sums = [(TABLE["add"], (x, 0.0)) for x in statement.terms]
        rows: list[tuple[Any, Any]] = (
            [*products, *sums] if statement.row is None else [(statement.row, statement.operands)]
        )
        for row, operands in rows:
            symbols = [self.dialect.term(self.number(x)) if isinstance(x, int) else x for x in operands]
            for i, x in enumerate(operands):
                if isinstance(x, int):
                    partial = self.dialect.partial(row, i, z, symbols)
                    if not without_edge(row, partial):
                        self.line(f"{self.number(x, 'gh')} += {share_of(z_bar, partial)}")


def runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return where runs of numbers in order begin, and before what they end.

    >>> runs([2, 3, 4, 7, 8])
    [(2, 5), (7, 9)]
    """
    ends = [k + 1 for k, (x, y) in enumerate(pairwise(numbers)) if y != x + 1]
    cuts = pairwise([0, *ends, len(numbers)] if numbers else [])
    return [(numbers[a], numbers[b - 1] + 1) for a, b in cuts]


def typed(constants: Sequence[Any]) -> list[Any]:
    """Return constant arrays as the compiler is told they are."""
    return [np.ascontiguousarray(values) for values in constants]
