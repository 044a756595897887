"""Runs a schedule in numpy: compiles what `arrays` prints, and lends a workspace to each caller."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.errors import OUT_OF_THE_ORDINARY
from autograd.replay import emit
from autograd.replay.arrays.printer import Arrays

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.replay.schedule import Schedule

IDLE = 8
"""How many workspaces of a kind are kept for later callers, and how many kinds."""


class Vectorised:
    """A schedule in numpy; threads may share it, since each is in a workspace of its own."""

    backend = "numpy"

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self._idle: dict[tuple[bool, int], list[Callable[..., Any]]] = {}

    @property
    def source(self) -> str:
        """The text of the value and gradient."""
        return self._gradient_text[0]

    @cached_property
    def _gradient_text(self) -> tuple[str, Arrays]:
        arrays = Arrays(self.schedule)
        return arrays.source(gradient=True), arrays

    @cached_property
    def _value_text(self) -> tuple[str, Arrays]:
        arrays = Arrays(self.schedule)
        return arrays.source(gradient=False), arrays

    def explain(self) -> str:
        """Say what was fused into what."""
        alone = self.schedule.statements_alone
        lines = [f"{len(self.schedule.wengert.rows):,} statements", *self._gradient_text[1].notes()]
        return "\n".join([*lines, f"{alone} statements one by one"] if alone else lines)

    @cached_property
    def gradient(self) -> Callable[[Any], tuple[float, Any]]:
        """The value and the gradient, as a function of the inputs; it is printed before it is run."""
        _ = self._gradient_text
        return self._gradient

    @cached_property
    def value(self) -> Callable[[Any], float]:
        """The value alone."""
        _ = self._value_text
        return self._value

    def bound(
        self,
        arrays: Sequence[Any],
        slopes: Any,  # noqa: ANN401 - an array
        eagerly: Callable[[], float],
    ) -> Callable[[], float]:
        """Return a function of what is in flat arrays, which leaves the slopes in another."""
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

    @cached_property
    def batch(self) -> Callable[[Any, Any, float], tuple[float, Any, Any]]:
        """The weighted sum over lanes, and its gradients."""
        _ = self._gradient_text
        return self._batch

    def _gradient(self, numbers: Any) -> tuple[float, Any]:  # noqa: ANN401 - a sequence or array
        """Return the value and the gradient.

        Raises
        ------
        FloatingPointError
            If a result is not finite: eager evaluation has to say what it is.
        """
        return self._run(0, numbers, gradient=True)  # type: ignore[no-any-return]

    def _value(self, numbers: Any) -> float:  # noqa: ANN401 - a sequence or array
        """Return the value alone; errors as those of `gradient`."""
        return self._run(0, numbers, gradient=False)  # type: ignore[no-any-return]

    def _batch(self, numbers: Any, batch: Any, weight: float) -> tuple[float, Any, Any]:  # noqa: ANN401 - arrays
        """Return the weighted sum of the values over all lanes, and its gradients.

        Parameters
        ----------
        numbers
            The inputs, of which those that have lanes are ignored.
        batch
            For each input that has lanes, a row with a number for each lane.
        weight
            What each lane counts.
        """
        return self._run(batch.shape[1], numbers, batch, weight, gradient=True)  # type: ignore[no-any-return]

    def _run(self, lanes: int, *inputs: Any, gradient: bool) -> Any:  # noqa: ANN401
        if len(self._idle) > IDLE:
            self._idle.clear()
        idle = self._idle.setdefault((gradient, lanes), [])
        try:
            program = idle.pop()
        except IndexError:
            program = self._workspace(lanes, gradient=gradient)
        try:
            return self._finite(program, inputs)
        finally:
            if len(idle) < IDLE:
                idle.append(program)

    @staticmethod
    def _finite(program: Callable[..., Any], inputs: tuple[Any, ...]) -> Any:  # noqa: ANN401
        with np.errstate(all="ignore"):
            results = program(*inputs)
            if not all(map(finite, results if type(results) is tuple else [results])):
                raise FloatingPointError
        return results

    def _workspace(self, lanes: int, *, gradient: bool) -> Callable[..., Any]:
        source, arrays = self._gradient_text if gradient else self._value_text
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
