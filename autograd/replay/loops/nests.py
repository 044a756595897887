"""Loops in one another as text, and what stands inside them: operands, rows, sums.

A nest is ordered so that the innermost axis is one along which the target lies one after another, or
is one number, which is added up in a register.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

from autograd.replay.access import Access, Constants
from autograd.replay.folds import LoopFolds
from autograd.replay.loops.rows import Called
from autograd.symbols import Source, Symbol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autograd.replay.access import Part
    from autograd.replay.lower import Operand
    from autograd.replay.schedule import Group, Schedule

AXES = "ijkmnopq"
"""What the variables of loops are called, from the outermost axis in."""


class Nests:
    """Prints loop nests, and what stands in them; the base of `Loops`.

    Attributes
    ----------
    lines
        What is printed so far.
    constants
        The arrays of constants that are read.
    dialect
        Writes rows, and keeps those that are to be defined.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.dialect = Called()
        self.lines: list[str] = []
        self.depth = 1
        self.constants: list[Any] = []
        self.names = (f"t{k}" for k in count(1))

    # Lines ----------------------------------------------------------------------------------------

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

    # Operands -------------------------------------------------------------------------------------

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

    def symbols(self, part: Part) -> list[Any]:
        """Return the operands of a part as symbols, single constants as they are."""
        return [
            x.values
            if isinstance(x, Constants) and not x.along
            else self.dialect.term(self.at(x, part.sizes))
            for x in part.operands
        ]

    # Rows of any number of operands ---------------------------------------------------------------

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

    # Sums -----------------------------------------------------------------------------------------

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
