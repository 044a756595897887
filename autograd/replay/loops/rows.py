"""Rows of the table as functions of floats that a compiler can have, which stand beside the loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.errors import PrimitiveError
from autograd.replay.dialects import Dialect, Steps
from autograd.replay.emit import called
from autograd.replay.tracing import Unwritable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autograd.primitives import Primitive
    from autograd.symbols import Symbol

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
        self.called[called(row)] = row
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
