"""A Wengert list as a person reads it, and as eager evaluation does.

Whatever a compiled program does not do itself is done here, on Values, one recorded
operation after another: so it is what eager evaluation does.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autograd.errors import StaleProgram
from autograd.replay.arguments import number
from autograd.replay.emit import variable_names
from autograd.symbols import Symbol
from autograd.value import Value, gradients

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.replay.lower import Guard, Operand, WengertList

SHOWN = 60
"""How many statements of a list are printed; of longer ones the beginning and the end."""

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y,
}


class Reading:
    """Writes a Wengert list out, and evaluates it on Values."""

    def __init__(self, wengert: WengertList) -> None:
        self.wengert = wengert
        self.names = variable_names(wengert)

    # Text -----------------------------------------------------------------------------------------

    def __str__(self) -> str:
        lines = [f"inputs {listed(self.wengert.inputs)}"]
        slots = range(len(self.wengert.inputs), len(self.names))
        lines += [self.statement(slot) for slot in (slots if len(slots) <= SHOWN else slots[: SHOWN // 2])]
        if len(slots) > SHOWN:
            lines.append(f"… {len(slots) - SHOWN} statements …")
            lines += [self.statement(slot) for slot in slots[-SHOWN // 2 :]]
        lines += [f"expects {self.comparison(guard)}" for guard in self.wengert.guards[:SHOWN]]
        return "\n".join(lines)

    def statement(self, slot: int) -> str:
        """Write a statement."""
        k = slot - len(self.wengert.inputs)
        row, operands = self.wengert.rows[k], self.wengert.operands[k]
        symbols = [Symbol(self.operand(x)) for x in operands]
        long = len(operands) > 6  # noqa: PLR2004 - more fill the line
        text = (
            f"{row.name}({listed([str(x) for x in symbols])})"
            if long
            else Symbol("").apply(row, tuple(symbols))
        )
        label = self.wengert.labels.get(slot)
        return f"{self.names[slot]} = {text}" + (f"  # {label}" if label else "")

    def operand(self, x: Operand) -> str:
        """Write an operand."""
        return self.names[x] if isinstance(x, int) else Symbol("").number(x)

    def comparison(self, guard: Guard) -> str:
        """Write what a comparison has to be."""
        return f"{self.operand(guard.left)} {guard.sign} {self.operand(guard.right)} to be {guard.outcome}"

    def described(self, slot: int, results: Sequence[Any], verb: str, found: float) -> str:
        """Say what a statement gave, and at what."""
        operands = self.wengert.operands[slot - len(self.wengert.inputs)]
        at = [
            f"{self.names[x]} = {number(results[x])!r}" for x in dict.fromkeys(operands) if isinstance(x, int)
        ]
        return f"{self.statement(slot)} {verb} {found!r}, at {listed(at)}"

    # Values ---------------------------------------------------------------------------------------

    def output(self, inputs: Sequence[Value]) -> Any:  # noqa: ANN401 - a Value, or a constant
        """Apply the recorded operations to Values.

        Raises
        ------
        StaleProgram
            If a comparison comes out otherwise than when the program was recorded.
        """
        output = self.wengert.output
        return self.results(inputs)[output] if isinstance(output, int) else output

    def results(self, inputs: Sequence[Value]) -> list[Any]:
        """Compute every slot: what a comparison needs first, since it may keep the rest inside its domain."""
        results: list[Any] = [*inputs, *[None] * len(self.wengert.rows)]
        for guard in self.wengert.guards:
            self.compute((guard.left, guard.right), results)
            left, right = [results[x] if isinstance(x, int) else x for x in (guard.left, guard.right)]
            if COMPARE[guard.sign](left, right) is not guard.outcome:
                raise StaleProgram(
                    f"{self.comparison(guard)} was recorded ({guard.place}); now it is {not guard.outcome}: "
                    f"{number(left)!r} {guard.sign} {number(right)!r}, and the function would take another "
                    "way; record it again with these arguments, or decorate it with @record",
                )
        self.compute(range(len(results)), results)
        return results

    def compute(self, wanted: Sequence[Operand], results: list[Any]) -> None:
        """Compute what is wanted, and what it needs."""
        first = len(self.wengert.inputs)
        waiting = [x for x in wanted if isinstance(x, int) and results[x] is None]
        needed: set[int] = set()
        while waiting:
            slot = waiting.pop()
            if slot not in needed:
                needed.add(slot)
                waiting += [
                    x
                    for x in self.wengert.operands[slot - first]
                    if isinstance(x, int) and results[x] is None
                ]
        for slot in sorted(needed):
            operands = [results[x] if isinstance(x, int) else x for x in self.wengert.operands[slot - first]]
            result = results[slot] = self.wengert.rows[slot - first](*operands)
            if type(result) is Value:
                result.label = self.wengert.labels.get(slot)

    def first_nonfinite(self, inputs: Sequence[Value]) -> str:
        """Name the first statement whose result is not finite, forward and then backward; or ''."""
        results = self.results(inputs)
        slots = range(len(inputs), len(results))
        for slot in slots:
            if not math.isfinite(number(results[slot])):
                return self.described(slot, results, "is", number(results[slot]))
        nodes = [x for x in results if type(x) is Value]
        output = results[self.wengert.output] if isinstance(self.wengert.output, int) else None
        if type(output) is Value:
            adjoints = dict(zip(nodes, gradients(output, nodes), strict=True))
            for slot in reversed(slots):
                for x in self.wengert.operands[slot - len(inputs)]:
                    adjoint = adjoints.get(results[x], 0.0) if isinstance(x, int) else 0.0
                    if not math.isfinite(adjoint):
                        verb = f"makes the adjoint of {self.operand(x)}"
                        return self.described(slot, results, verb, adjoint)
        return ""


def listed(texts: Sequence[str]) -> str:
    """List texts, of many the first and the last."""
    shown = texts if len(texts) <= 6 else [*texts[:3], "…", *texts[-2:]]  # noqa: PLR2004 - what fits a line
    return ", ".join(shown)
