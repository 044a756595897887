"""The whole of a numpy program: definitions, a workspace, values, guards, the chain rule, the results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.replay.arrays.backward import Backward
from autograd.replay.arrays.forward import Forward
from autograd.replay.arrays.memory import Memory
from autograd.replay.emit import violated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from autograd.replay.fuse import Statement
    from autograd.replay.schedule import Schedule


class Arrays:
    """Prints a schedule as numpy.

    The text defines `workspace(constants)`, or `workspace(constants, lanes)`, which allocates memory once
    and returns a function of the inputs that runs in it.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.wengert = schedule.wengert
        self.lines: list[str] = []
        self.memory = Memory(schedule, self.lines)
        self.forward = Forward(schedule, self.memory)
        self.backward = Backward(schedule, self.memory)

    @property
    def constants(self) -> list[Any]:
        """The arrays of constants that the workspace is given."""
        return [*self.memory.constants.values()]

    @property
    def called(self) -> dict[str, Callable[..., Any]]:
        """The functions that the text calls for want of a form of a row for arrays, by name."""
        return {**self.forward.dialect.called, **self.backward.dialect.called}

    def source(self, *, gradient: bool) -> str:
        """Print a function that allocates memory and returns the program."""
        schedule, count = self.schedule, len(self.wengert.inputs)
        lanes = len(schedule.varying) > 0
        where = self.memory.constant(np.array(schedule.batched)) if lanes else ""
        for group in schedule.groups:
            self.forward.group(group)
        if self.forward.told:
            self.lines.append("if not finite(v): raise FloatingPointError")
        for number, guard in enumerate(self.wengert.guards):
            lanes_differ = not {guard.left, guard.right}.isdisjoint(schedule.varying)
            test = violated(guard, self.forward.name_of, arrays=lanes_differ)
            self.lines.append(f"if {test}: raise StaleProgram({number})")
        end_of_values = len(self.lines)
        value = self.value()
        if gradient:
            if isinstance(self.wengert.output, int):
                self.backward.seed(self.wengert.output)
            for group in reversed(schedule.groups):
                self.backward.group(group)
            self.backward.complete(np.arange(count))
            self.lines[end_of_values:end_of_values] = self.backward.zero_lines()
        results = [value, f"g[:{count}].copy()", f"h[{where}]"]
        body = [
            f"v[:{count}] = inputs",
            *([f"u[{where}] = batch"] if lanes else []),
            *self.lines,
            f"return {', '.join(results[: 1 + (1 + lanes) * gradient])}",
        ]
        constants = "".join(f"{name}, " for name in self.memory.constants)
        memory = [f"{name} = np.zeros({schedule.size})" for name in ("vg" if gradient else "v")]
        if lanes:
            memory += [f"{name} = np.zeros(({schedule.size}, lanes))" for name in ("uh" if gradient else "u")]
        lines = [
            *self.forward.dialect.definitions(),
            *self.backward.dialect.definitions(),
            f"def workspace(constants{', lanes' * lanes}):",
            *([f"    {constants.rstrip()} = constants"] if constants else []),
            *(f"    {line}" for line in (*memory, *self.memory.setup)),
            "",
            f"    def program(inputs{', batch, weight' * lanes}):",
            *(f"        {line}" for line in body),
            "",
            "    return program",
        ]
        return "\n".join(lines) + "\n"

    def value(self) -> str:
        """Write the value: of many lanes, what they add up to."""
        output = self.wengert.output
        name = self.forward.name_of(output)
        if output in self.schedule.varying:
            return f"float({name}.sum()) * weight"
        return f"{name} * weight * lanes" if self.schedule.varying else name

    def notes(self) -> Iterator[str]:
        """Say what became of each group, once the program is printed."""
        for group in self.schedule.groups:
            if group.parts and group.slots:
                statement = self.schedule.statements[group.slots[0]]
                among = f" among {group.room:,}" if group.room > len(group.slots) else ""
                yield f"{self.memory.title(group)}: {len(group.slots):,} × {described(statement)}{among}"
        alone = self.forward.dialect.alone | self.backward.dialect.alone
        if alone:
            yield f"number by number, for want of a form for arrays: {', '.join(sorted(alone))}"


def described(statement: Statement) -> str:
    """Say what a statement is: its row, or how much a sum adds up."""
    if statement.row is not None:
        return statement.row.name
    counts = (
        (len(statement.pairs) + len(statement.scaled), "product"),
        (len(statement.terms), "term"),
        (int(statement.constant != 0), "constant"),
    )
    return "sum of " + " and ".join(f"{n} {word}{'s' * (n > 1)}" for n, word in counts if n)
