"""From a schedule to loops over memory, for a compiler: the same statements as in numpy, number by number.

Every number is in memory, every loop has its bounds and strides written out, and adjoints
start at zero and are added to. A loop nest is ordered so that the innermost axis is one along
which the target lies one after another, or is one number. What is out of the ordinary ends the program
with nan: eager evaluation has to say what it is.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.errors import PrimitiveError
from autograd.primitives import TABLE
from autograd.replay.access import Access, Constants
from autograd.replay.dialects import Dialect, Steps
from autograd.replay.emit import share_of, violated, without_edge
from autograd.replay.folds import LoopFolds, foldable
from autograd.replay.ragged import columns_of
from autograd.replay.schedule import families_of
from autograd.replay.tracing import Unwritable
from autograd.symbols import Source, Symbol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autograd.primitives import Primitive
    from autograd.replay.access import Part
    from autograd.replay.fuse import Statement
    from autograd.replay.lower import Operand
    from autograd.replay.schedule import Group, Schedule

AXES = "ijkmnopq"

UNKNOWN = {"fmod"}
"""Functions of `math` that numba has not."""


class CompiledSteps(Steps):
    """Steps that numba can compile."""

    def call(self, kind: type[Symbol], name: str, operands: Sequence[object]) -> Any:  # noqa: ANN401
        """Refuse a function that numba has not."""
        if name in UNKNOWN:
            raise Unwritable
        return super().call(kind, name, operands)


class Called(Dialect):
    """A dialect that keeps the rows it calls, which are to be defined beside the program."""

    def __init__(self) -> None:
        super().__init__()
        self.called: dict[str, Primitive] = {}

    def row_call(self, row: Primitive, operands: Sequence[object]) -> Symbol:
        """Write a call of the row, and remember it."""
        if row.variadic:
            raise PrimitiveError(f"{row.name} takes any number of operands, and cannot be compiled")
        self.called[row.name] = row
        return super().row_call(row, operands)

    def definitions(self) -> Iterator[str]:
        """Define the rows that are called."""
        for name, row in self.called.items():
            steps = CompiledSteps()
            names = "xyuwv"[: len(row.partials)]
            try:
                result = steps.explored(row.function, [steps.term(x) for x in names])
            except Unwritable as error:
                raise PrimitiveError(f"{name} cannot be written down, and so not compiled") from error
            yield f"def {name}({', '.join(names)}):"
            yield from (f"    {step} = {text}" for text, step in steps.lines.items())
            yield f"    return {result}"
            yield ""


class Loops:
    """Prints a schedule as loops.

    Raises
    ------
    PrimitiveError
        If a row cannot be written down.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.wengert = schedule.wengert
        self.dialect = Called()
        self.lines: list[str] = []
        self.depth = 1
        self.constants: list[Any] = []
        self.groups = [self.whole(group) for group in schedule.groups]
        self.names = (f"t{k}" for k in count(1))

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

    def line(self, text: str) -> None:
        """Print a line at the present depth."""
        self.lines.append("    " * self.depth + text)

    @contextmanager
    def nest(self, axes: Sequence[int], sizes: tuple[int, ...]) -> Iterator[None]:
        """Print loops along axes, the last the innermost; what is printed inside is their body."""
        for axis in axes:
            self.line(
                f"for {self.axis(axis, sizes)} in range({'lanes' if axis == len(sizes) else sizes[axis]}):"
            )
            self.depth += 1
        yield
        self.depth -= len(axes)

    @contextmanager
    def each_lane(self, lanes: bool) -> Iterator[None]:  # noqa: FBT001
        """Print a loop over lanes, if there are any."""
        with self.nest((0,) if lanes else (), ()):
            yield

    @staticmethod
    def axis(axis: int, sizes: tuple[int, ...]) -> str:
        """Name the variable of a loop."""
        return "lane" if axis == len(sizes) else AXES[axis]

    # Numbers --------------------------------------------------------------------------------------

    def number(self, x: Operand, memory: str = "vu") -> str:
        """Write one operand."""
        if not isinstance(x, int):
            return Source("").number(x)
        address = self.schedule.address[x]
        return f"{memory[1]}[{address}, lane]" if x in self.schedule.varying else f"{memory[0]}[{address}]"

    def at(
        self, x: Access | Constants, sizes: tuple[int, ...], memory: str = "vu", names: Sequence[str] = AXES
    ) -> str:
        """Write an operand inside its loops."""
        if isinstance(x, Constants):
            if not x.along:
                return Source("").number(x.values)
            return f"{self.constant(x.values)}[{', '.join(names[axis] for axis in x.along)}]"
        if x.index is not None:
            where = f"{self.constant(x.index)}[{', '.join(names[: len(sizes)])}]"
        else:
            steps = [
                f"{n} * {name}" if n > 1 else name for n, name in zip(x.strides, names, strict=False) if n
            ]
            where = " + ".join([str(x.start), *steps])
        return f"{memory[1]}[{where}, lane]" if x.lanes else f"{memory[0]}[{where}]"

    def constant(self, values: Any) -> str:  # noqa: ANN401 - an array
        """Name a constant array."""
        for k, known in enumerate(self.constants):
            if known is values:
                return f"c{k + 1}"
        self.constants.append(values)
        return f"c{len(self.constants)}"

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

    def symbols(self, part: Part) -> list[Any]:
        """Return the operands of a part as symbols, single constants as they are."""
        return [
            x.values
            if isinstance(x, Constants) and not x.along
            else self.dialect.term(self.at(x, part.sizes))
            for x in part.operands
        ]

    @contextmanager
    def folding(self, group: Group) -> Iterator[tuple[LoopFolds, list[Symbol]]]:
        """Print loops over rows of any number of operands; inside, yield these as symbols."""
        part = group.parts[0]
        counts = {f"i{k}": part.sizes[0] for k, part in enumerate(group.parts) if part.folded}
        folds = LoopFolds(counts, self.dialect, self.line, self.names)
        with self.nest(range(len(part.shape) + part.lanes), part.shape):
            yield folds, [folds.term(text) for text in self.families(group, "vu")]

    def families(self, group: Group, memory: str) -> list[str]:
        """Write the operands of a row of any number of them: the k-th many inside a loop of `ik`."""
        return [
            self.at(part.operands[0], part.sizes, memory, [f"i{k}", *AXES] if part.folded else AXES)
            for k, part in enumerate(group.parts)
        ]

    def result(self, group: Group, memory: str = "vu") -> str:
        """Write the result of a row of any number of operands."""
        part = group.parts[0]
        return self.at(part.result(group.start), part.sizes, memory, ["", *AXES] if part.folded else AXES)

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

    def accumulate(self, target: Access, part: Part, memory: str, share: str) -> None:
        """Print a loop nest that adds shares to a target, in an order that suits a compiler."""
        lanes = (
            (len(part.sizes),)
            if part.lanes or any(isinstance(x, Access) and x.lanes for x in part.operands)
            else ()
        )
        name = self.at(target, part.sizes, memory)
        moving = target.axes()

        def suits(axis: int) -> tuple[bool, bool, bool]:
            stride = 1 if axis in lanes else target.strides[axis]
            near = all(  # one after another in memory; what has lanes is so along them
                axis in lanes or not isinstance(x, Access) or x.strides[axis] <= (not x.lanes)
                for x in part.operands
            )
            return near and stride == 1 and axis in moving, near, axis not in moving

        axes = sorted((*range(len(part.sizes)), *lanes), key=suits)
        if not axes or axes[-1] in moving or target.index is not None:
            with self.nest(axes, part.sizes):
                self.line(f"{name} += {share}")
            return
        inner = [axis for axis in axes if axis not in moving][-1:]
        with self.nest([axis for axis in axes if axis not in inner], part.sizes):
            self.line("s = 0.0")
            with self.nest(inner, part.sizes):
                self.line(f"s += {share}")
            self.line(f"{name} += s")

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
