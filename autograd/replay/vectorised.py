"""Runs a schedule in numpy: compiles what `arrays` prints, and looks whether all results are finite."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.errors import OUT_OF_THE_ORDINARY
from autograd.replay import emit
from autograd.replay.arrays.printer import Arrays
from autograd.replay.workspaces import Workspaces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Vectorised(Workspaces):
    """A schedule in numpy."""

    backend = "numpy"

    def printer(self) -> Arrays:
        """Return what prints the schedule as numpy."""
        return Arrays(self.schedule)

    def explain(self) -> str:
        """Say what was fused into what."""
        _, arrays = self.text(gradient=True)
        alone = self.schedule.statements_alone
        lines = [f"{len(self.schedule.wengert.rows):,} statements", *arrays.notes()]
        return "\n".join([*lines, f"{alone} statements one by one"] if alone else lines)

    def bound(
        self,
        arrays: Sequence[Any],
        slopes: Any,  # noqa: ANN401 - an array
        eagerly: Callable[[], float],
    ) -> Callable[[], float]:
        """Return a function of what is in flat arrays: `choose.Executor.bound`."""
        run = self.gradient
        numbers = arrays[0] if len(arrays) == 1 else np.empty(len(slopes))

        def bound() -> float:
            if len(arrays) > 1:
                np.concatenate(arrays, out=numbers)
            try:
                value, found = run(numbers)
            except OUT_OF_THE_ORDINARY:
                return eagerly()
            slopes[:] = found
            return value

        return bound

    def workspace(self, lanes: int, *, gradient: bool) -> Callable[..., Any]:
        """Allocate memory, and return the program that runs in it and raises if a result is not finite."""
        program = self.unchecked(lanes, gradient=gradient)

        def checked(*inputs: Any) -> Any:  # noqa: ANN401 - numbers and arrays
            with np.errstate(all="ignore"):
                results = program(*inputs)
                if not all(map(finite, results if type(results) is tuple else [results])):
                    raise FloatingPointError
            return results

        return checked

    def unchecked(self, lanes: int, *, gradient: bool) -> Callable[..., Any]:
        """Return the program alone: its caller keeps numpy from warning, and looks at the results."""
        source, arrays = self.text(gradient=gradient)
        rows = self.schedule.wengert.rows
        names = emit.namespace(rows)
        names.update({f"{row.name}_partials": row.partials_at for row in rows if row.variadic})
        names.update(arrays.called, np=np, view=view, finite=finite)
        make = emit.made(source, names)["workspace"]
        constants = arrays.constants
        return make(constants, lanes) if lanes else make(constants)  # type: ignore[no-any-return]


def finite(x: Any) -> bool:  # noqa: ANN401 - a number or an array
    """Whether all of x is finite: if Σ x is, which is quicker to find; it may also overflow.

    A product of x with itself would be no slower, but may wait for threads.
    """
    if isinstance(x, float):
        return math.isfinite(x)
    return math.isfinite(np.add.reduce(x, axis=None)) or bool(np.isfinite(x).all())


def view(memory: Any, start: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:  # noqa: ANN401 - arrays
    """Return numbers, or rows, of `memory` at `start` + Σ index · stride, as an array that shares them."""
    step = memory.strides[0]
    return np.lib.stride_tricks.as_strided(
        memory[start:],
        (*shape, *memory.shape[1:]),
        (*[step * n for n in strides], *memory.strides[1:]),
    )
