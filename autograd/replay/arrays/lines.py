"""What every line of a numpy program is made of: names for operands, and a place for the result."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from autograd.replay.access import Access, Constants
from autograd.replay.arrays.calls import Call, stacked
from autograd.replay.dialects import PYTHON
from autograd.symbols import Source

if TYPE_CHECKING:
    from autograd.replay.access import Part
    from autograd.replay.arrays.memory import Memory, Order
    from autograd.replay.arrays.rows import ArrayRows
    from autograd.replay.lower import Operand
    from autograd.replay.schedule import Group, Schedule


class Lines:
    """Prints lines of a numpy program; the base of `Forward` and `Backward`.

    Parameters
    ----------
    schedule
        What is computed together.
    memory
        The names of all numbers, and the lines printed so far.
    dialect
        Writes rows of the table for arrays.
    """

    def __init__(self, schedule: Schedule, memory: Memory, dialect: ArrayRows) -> None:
        self.schedule = schedule
        self.memory = memory
        self.lines = memory.lines
        self.dialect = dialect

    # Operands -------------------------------------------------------------------------------------

    def row(self, memory: str, address: int) -> str:
        """Name a number that has lanes."""
        return self.memory.view(memory, Access(address, (), lanes=True), (), (0,))

    def name_of(self, x: Operand) -> str:
        """Name one operand, or write its number."""
        if not isinstance(x, int):
            return Source("").number(x)
        address = self.schedule.address[x]
        return self.row("v", address) if x in self.schedule.varying else self.memory.element(address)

    def symbols(self, operands: tuple[Operand, ...]) -> list[Any]:
        """Return operands of one statement as symbols, constants as they are."""
        return [PYTHON.term(self.name_of(x)) if isinstance(x, int) else x for x in operands]

    def array_symbols(self, part: Part) -> list[Any]:
        """Return operands of a row as symbols that broadcast over its axes, single numbers as they are."""
        return [
            x.values
            if isinstance(x, Constants) and not x.along
            else self.dialect.term(self.memory.spread(x, part.sizes, part.result_axes))
            for x in part.operands
        ]

    def families(self, group: Group) -> list[str]:
        """Name the operands of a row of any number of them: many lie along a first axis."""
        return [self.memory.spread(part.operands[0], part.sizes, part.axes) for part in group.parts]

    # Results --------------------------------------------------------------------------------------

    @staticmethod
    def whole(group: Group, part: Part) -> Part:
        """Return a part with all the axes of its group's results: terms may lack lanes."""
        return part._replace(lanes=group.lanes)

    def target(self, group: Group, part: Part, order: Order | None = None) -> str:
        """Name where a part of a group writes: a variable if the group is one number."""
        if group.single:
            return self.memory.variables[group.start]
        whole = self.whole(group, part)
        if order is not None:
            return self.memory.arranged("v", whole.result(group.start), part.sizes, order)
        return self.memory.view("v", whole.result(group.start), part.sizes, whole.result_axes)

    def stack(
        self,
        a: tuple[str, Access | Constants],
        b: tuple[str, Access | Constants],
        sizes: tuple[int, ...],
        wanted: tuple[int, ...],
    ) -> tuple[Any, Order | None]:
        """Write a stack of matrix products, and the order of its axes; or None twice if it is not one."""
        orders = stacked(a[1].axes(), b[1].axes(), wanted)
        gathered = any(isinstance(x, Access) and (x.lanes or x.index is not None) for _, x in (a, b))
        if orders is None or gathered:
            return None, None
        *factors, order = orders
        names = [
            self.memory.arranged(memory, x, sizes, factor)
            for (memory, x), factor in zip((a, b), factors, strict=True)
        ]
        return Call("np.matmul", ", ".join(names)), order

    def write(self, target: str, call: Any, *, adding: bool) -> None:  # noqa: ANN401 - a call or a text
        """Print a line that puts a result into a view, or a variable."""
        if target in self.memory.variable_names:
            text = f"float({call})" if re.search(r"np\.|\.sum\(", str(call)) else call
            self.lines.append(f"{target} {'+=' if adding else '='} {text}")
        elif adding:
            self.lines.append(f"np.add({target}, {call}, out={target})")
        elif isinstance(call, Call):
            self.lines.append(f"{call.function}({call.arguments}{', ' * bool(call.arguments)}out={target})")
        else:
            self.lines.append(f"{target}[...] = {call}")
